"""A model of real Korean text that learned to tell reviews by their stars: text, tokenizer, two trainings, NSMC.

python -m experiments.real_model --data DIR                  # hours; stopped, the same command goes on
python -m experiments.real_model --data DIR --minutes 30     # as far as half an hour goes
python -m experiments.real_model --data DIR --no-nsmc-reviews --out runs/real-clean

The text is that of `clova corpus`, shown as its sites show it (`--forms`): reviews with their stars, headlines with
their section. First short sequences, which cost less, then some long ones `--from` that model, so that it knows the
positions that the paper's 70 examples take.
"""

from dataclasses import dataclass
from pathlib import Path

from clova_jax import tables
from clova_jax.common.options import option, seed_option

FORMS = (
    "rated_reviews=0.8",
    "recommendations=0.5",
    "news_comments=0.8",
    "headlines=0.5",
    "petitions=0.8",
)
# Reviews first: the stars are learned there. The rest for breadth; old magazines and manuals least.
WEIGHTS = {
    **{"reviews_movie": 60, "reviews_game": 4, "news_comments": 4, "news_headlines": 6},
    **{"petitions": 6, "blogs": 6, "dialogue_qa": 2, "tutorials": 4, "docs_microsoft": 3},
    **{"docs_business": 1, "magazines_1920s": 2, "software_help": 1, "literature": 0.5, "law": 0.5},
}


@dataclass(frozen=True)
class Options(tables.OutOptions):
    """Trains a model on real text and asks it NSMC by the stars it has read; shows what it writes.

    Without --data the text is the embedded sample world, for a look at the way. The same command again
    goes on where it was stopped; with more --tokens a finished model is trained further.
    """

    out: Path = tables.out_option("real")
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
    width: int = option(192, least=32)
    """numbers a token is embedded in; heads of 32"""
    learning_rate: float = option(4e-3, above=0)
    """the peak of the first training; the second one's is a quarter"""
    tokens: int = option(30_000_000, least=1)
    """of the first training"""
    length: int = option(256, least=1)
    """tokens a sequence"""
    batch: int = option(32, least=1)
    """sequences a step"""
    long_tokens: int = option(3_000_000, least=1)
    """of the second training"""
    long_length: int = option(2_048, least=1)
    """tokens a sequence"""
    limit: int | None = option(None, least=1)
    """test items of a row (all)"""
    seed: int = seed_option()
    """of everything that is drawn at random"""

    def inputs(self) -> tables.Inputs:
        """Makes what is missing of text, tokenizer, token store and model."""
        return tables.make_real_model(self, FORMS, WEIGHTS)


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns the cells of NSMC, then bits per byte by source."""
    return [tables.FewShot("nsmc", 0, 1), validation_rows]


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


def notes(run: tables.TableRun) -> list[str]:
    """Returns what the model has read, and what to know of the scores."""
    options = run.options
    what = "the embedded sample world" if options.data is None else "real text"
    train = "stand in the text" if options.nsmc_reviews else "were taken out of the text"
    return [
        f"{run.model.config.num_params:,} parameters, {options.kind} tokenizer of {options.vocab_size:,}; {what}",
        f"reviews of NSMC's training file {train}, those of its test file were taken out",
        f"forms: {', '.join(FORMS)}",
    ]


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws the loss of the trainings, and bits per byte by source."""
    metrics = tables.trainings.read_metrics(run.out / "short")
    with tables.panels(path, 2, size=(5.5, 4)) as (left, right):
        tables.trainings.draw_loss(left, metrics)
        tables.trainings.draw_sources(right, metrics)


TABLE = tables.Table("real_model", Options, cells, notes=notes, figures={"real_model.png": draw})

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
