"""Table 6: what the tokenizer is worth. One model per tokenizer, with equal vocabulary, shape and steps.

    python -m experiments.tokenizer_ablation                     # the embedded sample world

On real data, about 90 minutes on one core that trains on 4,500 tokens a second:

    python -m experiments.tokenizer_ablation --data DIR --vocab-size 8000 --layers 4 --width 128 --length 256
        --steps 700 --megabytes 2 --kilobytes 40 --limit 1000 --examples 2000
        --tune-steps 250 --passages 400

Perplexity cannot compare models of different tokenizers. What can: bits per byte of the same held-out text, answers to
the same questions, in context and after fine-tuning, and the talk's two measures of generated text.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clova_jax import paper, tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option
from clova_jax.sample import is_sample


@dataclass(frozen=True)
class Options(tables.DataOptions):
    """Trains one model per tokenizer and seed, and a judge, then compares them (Table 6).

    Rerun with the same --out, finished models and answers are kept; --seeds may grow.
    """

    sample_megabytes = 6.0
    out: Path = tables.out_option("tokenizer_ablation")
    tokenizers: tuple[Literal["morpheme_byte", "byte", "char"], ...] = (
        "morpheme_byte",
        "byte",
        "char",
    )
    """those compared: morpheme_byte (the paper's), byte, char"""
    seeds: int = option(3, least=1)
    """models a tokenizer, each with its own start and order of text"""
    vocab_size: int = option(2_048, least=300)
    """ids of every tokenizer"""
    layers: int = option(2, least=1)
    """Transformer blocks of every model"""
    width: int = option(96, least=1)
    """numbers a token is embedded in"""
    heads: int = option(4, least=1)
    """attention heads, which divide the width"""
    length: int = option(128, least=16)
    """tokens a sequence, and of every context"""
    steps: int = option(120, least=1)
    """training steps of every model"""
    global_batch: int = option(8, least=1)
    """sequences a step"""
    learning_rate: float | None = option(None, above=0)
    """the peak (that of the shape)"""
    megabytes: float = option(3.0, above=0)
    """of text of each source to train on, at most, and as much for the judge"""
    kilobytes: float = option(30.0, above=0)
    """of held-out text of each source, at most"""
    tasks: tuple[str, ...] = ("nsmc", "ynat", "klue_sts")
    """tasks with labels that are asked in context; those whose files are missing are left out"""
    shots: tuple[int, ...] = option((4,), least=0)
    """examples in a prompt; several are all run"""
    trials: int = option(2, least=1)
    """random sets of examples"""
    tuned: tuple[str, ...] = ("ynat", "nsmc", "korsts")
    """tasks with labels that copies of the models are fine-tuned on, likewise"""
    examples: int = option(300, least=32)
    """labelled examples of a fine-tuning, at most; a fifth of them to stop by"""
    tune_steps: int = option(60, least=1)
    """updates of a fine-tuning, at most"""
    limit: int = option(200, least=1)
    """test items of a task, at most"""
    passages: int = option(100, least=8)
    """openings that a model continues; half of them train the discriminator"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise ClovaError(f"--heads: {self.heads} do not divide a width of {self.width:,}")
        if len(set(self.tokenizers)) < 2:
            raise ClovaError(f"--tokenizers: {','.join(self.tokenizers)}: wants two or three")

    def inputs(self) -> tables.Inputs:
        """Returns data and models; text, tokenizers and models that are missing are made now."""
        tables.tokenizer_questions.check_tasks((*self.tasks, *self.tuned))
        return tables.tokenizer_models.make_models(self, super().inputs().data)


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns the one cell, which measures each model and makes the rows after the last."""
    run.found["measures"] = tables.tokenizer_measures.Measures.prepare(run)
    return [run.found["measures"]]


def notes(run: tables.TableRun) -> list[str]:
    """Returns what is equal and what is not, how to read the measures, and what they separate."""
    measures, options = run.found["measures"], run.options
    world = (
        "the embedded sample world: synthetic text; nothing here is said of real Korean"
        if is_sample(run.data)
        else f"real text and labelled sets, from {run.data.resolve().name}/; NSMC's and YNAT's training texts occur "
        "in the text that all three learned from"
    )
    return [
        f"Data: {world}.",
        f"Equal: {options.vocab_size:,} ids, {options.layers} layers of {options.width}, {options.steps:,} steps of "
        f"{options.global_batch} x {options.length} tokens, so equal computation; the documents that tokenizers and "
        "models learned from; held-out bytes, prompts, labelled items and openings. Not equal, since a tokenizer that "
        "compresses better reads more text with as many tokens: MB of text, epochs, and bytes a context (training rows; "
        "seconds are those of all tokens at the median pace of a step, on whatever else the machine did then).",
        "value, low, high: mean over seeds, 95% interval by bootstrap over items and Student's t over seeds.",
        *measures.notes(),
        "Generated text: models continue openings of held-out documents at temperature 1. discriminator: logistic "
        "regression on character 1- to 4-grams, trained on half of the passages, tested on the other half; 50 means "
        "that it cannot distinguish them, and the row of people is human text against other human text. fluency: bits "
        "per byte of the same texts by a judge, a model of this shape with a byte-level tokenizer of its own that "
        "learned from other documents; it is near that of people where text is as predictable as theirs, below where "
        "it is blander. The judge is nearest in kind to byte.",
        *measures.verdicts(),
    ]


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws bits per byte by source, task scores, and what discriminator and judge say of generated text."""
    measures = tables.tokenizer_measures
    scores = [row for row in run.rows if "low" in row]
    judged = (measures.DISCRIMINATOR, measures.FLUENCY)
    parts: list[tuple[str, str, Any]] = [
        ("held-out text", measures.BITS, lambda row: row["of"]),
        ("tasks", "%", lambda row: f"{row['of']} {row['metric']}\n{row['measure']}"),
        (measures.DISCRIMINATOR, "%; 50: not distinguished", lambda row: row["metric"]),
        (measures.FLUENCY, measures.BITS, lambda row: row["metric"]),
    ]
    with tables.panels(path, 4, size=(9, 4.6), across=2) as grid:
        for axes, (title, unit, label) in zip(grid, parts, strict=True):
            rows = [
                row
                for row in scores
                if row["measure"] == title
                or (title == "tasks" and row["measure"] not in ("held-out text", *judged))
            ]
            names = dict.fromkeys(row["tokenizer"] for row in rows)
            series = {name: [row for row in rows if row["tokenizer"] == name] for name in names}
            if rows:
                groups = list(dict.fromkeys(map(label, rows)))
                tables.draw_bars(axes, groups, series)
            axes.tick_params("x", rotation=90 if len(rows) > 12 else 0, labelsize=7)
            axes.set(ylabel=f"{title}: {unit}")
            axes.legend(fontsize=8, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))


TABLE = tables.Table(
    "tokenizer_ablation",
    Options,
    cells,
    paper=paper.TABLE_6,
    columns=(
        *("tokenizer", "measure", "of", "metric", "value", "low", "high"),
        *("baseline", "seeds", "items"),
    ),
    notes=notes,
    figures={"tokenizer_ablation.png": draw},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
