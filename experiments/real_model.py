"""A model of real Korean text that learned to tell reviews by their stars: text, tokenizer, three trainings, NSMC.

python -m experiments.real_model --data DIR                  # hours; stopped, the same command goes on
python -m experiments.real_model --data DIR --minutes 30     # as far as half an hour goes
python -m experiments.real_model --data DIR --no-nsmc-reviews --out runs/real_clean

The text is that of `clova corpus`, shown as its sites show it (`--forms`): reviews with their stars, headlines with
their section. First short sequences of everything, which cost less; then reviews alone, `--from` that model; then some
long sequences, so that it knows the positions that the paper's 70 examples take.
"""

from dataclasses import dataclass
from pathlib import Path

from clova_jax import tables
from clova_jax.common.options import option, seed_option

FORMS = (
    "rated_reviews=1",
    "recommendations=0.5",
    "news_comments=0.8",
    "headlines=0.5",
    "petitions=0.8",
)
# Share of what is read, and the licence at the source. Reviews first: the stars are learned there. The rest for breadth;
# old magazines and manuals least.
SOURCES: dict[str, tuple[float, str]] = {
    "reviews_movie": (60, "CC0 1.0 (e9t/nsmc)"),
    "reviews_game": (4, "public domain (bab2min/corpus)"),
    "news_comments": (4, "CC BY-SA 4.0 (kocohub/korean-hate-speech)"),
    "news_headlines": (6, "CC BY-SA 4.0 (KLUE)"),
    "petitions": (6, "none stated (lovit/petitions_archive)"),
    "blogs": (6, "MIT; some state none"),
    "dialogue_qa": (2, "MIT (songys/Chatbot_data)"),
    "tutorials": (
        4,
        "PSF, CC BY, CC BY-SA, Apache-2.0, MIT, BSD; one non-commercial; some state none",
    ),
    "docs_microsoft": (3, "CC BY 4.0"),
    "docs_business": (1, "CC BY 4.0, MIT; one states none"),
    "magazines_1920s": (2, "assumed public domain"),
    "software_help": (1, "MPL-2.0, CC BY-SA 3.0, GFDL 1.2+"),
    "literature": (0.5, "MIT; the author's term has ended"),
    "law": (0.5, "statutes: no protected works; bills: public documents"),
}
OPENINGS = ("이 영화는", "배우들의 연기가", "정부는 오늘", "질문: 오늘 뭐 먹지?\n답변:")


@dataclass(frozen=True)
class Options(tables.OutOptions):
    """Trains a model on real text and asks it NSMC by the stars it has read; shows what it writes.

    Without --data the text is the embedded sample world, for a look at the way. The same command again
    goes on where it was stopped; with more --tokens a finished model is trained further.
    """

    out: Path = tables.out_option("real_model")
    data: Path | None = None
    """a folder laid out like the official data, with corpus/ and nsmc/"""
    nsmc_reviews: bool = True
    """leave the reviews of NSMC's training file in the text (those of its test file never are)"""
    minutes: float | None = option(None, above=0)
    """of training at most; the budgets are cut to what this machine does in that time"""
    kind: str = "morpheme_byte"
    """of the tokenizer"""
    vocab_size: int = option(4_096, least=257)
    """ids of the tokenizer"""
    layers: int = option(4, least=1)
    """Transformer blocks"""
    width: int = option(128, least=32)
    """numbers a token is embedded in; heads of 32"""
    learning_rate: float = option(5e-3, above=0)
    """the peak of the first training; the second one's is a half, the third one's a quarter"""
    tokens: int = option(20_000_000, least=1)
    """of the first training"""
    length: int = option(256, least=1)
    """tokens a sequence"""
    batch: int = option(16, least=1)
    """sequences a step"""
    review_tokens: int = option(40_000_000, least=1)
    """of the second training, which reads film reviews alone, in sequences half as long"""
    long_tokens: int = option(10_000_000, least=1)
    """of the third training"""
    long_length: int = option(2_048, least=1)
    """tokens a sequence"""
    limit: int | None = option(None, least=1)
    """test items of a row (all)"""
    seed: int = seed_option()
    """of everything that is drawn at random"""

    def inputs(self) -> tables.Inputs:
        """Makes what is missing of text, tokenizer, token store and model."""
        weights = {name: share for name, (share, _) in SOURCES.items()}
        return tables.make_real_model(self, FORMS, weights)


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns the cells of NSMC: by stars and by plain words, the paper's 70-shot format; then bits per byte by source."""
    return [
        tables.FewShot("nsmc_stars", 0),
        tables.FewShot("nsmc_words", 0),
        tables.FewShot("nsmc", 0),
        tables.FewShot("nsmc", 70, skip_long=True),
        validation_rows,
    ]


def validation_rows(run: tables.TableRun) -> list[tables.Row]:
    """Returns bits per byte of held-out text, by source, after each training."""
    rows = []
    for name, folder in (("short", run.out / "short"), ("long", run.inputs.models[0].parent)):
        metrics = tables.trainings.read_metrics(folder)
        *_, (tokens, last) = tables.trainings.validations(metrics)
        rows += [
            {"model": run.model_name, "task": "held-out text", "source": source}
            | {"training": name, "tokens": tokens, "metric": "bits per byte", "value": value}
            for source, value in last.items()
        ]
    return rows


def text_note(options: Options) -> str:
    """Returns what to know of the text before a score of NSMC is believed."""
    what = (
        "The text is the embedded sample world's." if options.data is None else "The text is real."
    )
    train = "stand in it" if options.nsmc_reviews else "were taken out of it"
    return (
        f"{what} Reviews of NSMC's training file {train}, those of its test file were taken out. "
        f"Documents are shown in forms: {', '.join(FORMS)}."
    )


def notes(run: tables.TableRun) -> list[str]:
    """Returns what the model has read, and what to know of the scores."""
    options = run.options
    return [
        *tables.few_shot_notes(run),
        f"{run.model.config.num_params:,} parameters, {options.kind} tokenizer of {options.vocab_size:,} ids",
        text_note(options),
    ]


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws the loss of the trainings, and bits per byte by source."""
    metrics = tables.trainings.read_metrics(run.out / "short")
    with tables.panels(path, 2, size=(5.5, 4)) as (left, right):
        tables.trainings.draw_loss(left, metrics)
        tables.trainings.draw_sources(right, metrics)


def write_card(run: tables.TableRun) -> None:
    """Writes continuations, and the model's card into its directory."""
    options, out = run.options, run.out
    tables.trainings.write_continuations(
        run.model, OPENINGS, out / "continuations.md", options.seed
    )
    licences = {name: licence for name, (_, licence) in SOURCES.items()} if options.data else {}
    held_out = (row for row in run.rows if row["task"] == "held-out text")
    tokens = sum({row["training"]: row["tokens"] for row in held_out}.values())
    tables.write_model_card(run, run.inputs.models[0], tokens, text_note(options), licences)


TABLE = tables.Table(
    "real_model",
    Options,
    cells,
    columns=(
        "model",
        "task",
        "source",
        "training",
        "metric",
        "shots",
        "value",
        "low",
        "high",
        "baseline",
    ),
    notes=notes,
    figures={"real_model.png": draw},
    extras=write_card,
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
