"""BERT beside GPT: of equal size, pre-trained on the same text, fine-tuned on NSMC and YNAT (rows beside Tables 3 and 4).

python -m experiments.encoders              # the embedded sample world
python -m experiments.encoders --data DIR --megabytes 50 --tokens 20_000_000 --layers 6 --width 256 --examples 20000
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clova_jax import paper, tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option


@dataclass(frozen=True)
class Options(tables.DataOptions):
    """Pre-trains a BERT and a decoder from scratch on the same rows of text, and fine-tunes both on the same examples.

    Rerun with the same --out, finished rows are read back and an unfinished training is resumed.
    """

    out: Path = tables.out_option("encoders")
    data: Path | None = None
    """a folder laid out like the official data; without it the sample world's"""
    tasks: tuple[Literal["nsmc", "ynat"], ...] = ("nsmc", "ynat")
    """nsmc (Tables 3 and 4), ynat (Table 3)"""
    methods: tuple[Literal["bert", "gpt", "gpt_words"], ...] = ("bert", "gpt", "gpt_words")
    """bert, gpt: a head on a vector of the text; gpt_words: the decoder predicts the label's word"""
    layers: int = option(2, least=1)
    """Transformer blocks"""
    width: int = option(96, least=1)
    """numbers a token is embedded in"""
    heads: int = option(4, least=1)
    """attention heads"""
    vocab_size: int = option(2_048, least=1)
    """ids of the tokenizer"""
    megabytes: float = option(4.0, above=0)
    """of text to train on"""
    tokens: int = option(800_000, least=1)
    """that each model is pre-trained on"""
    length: int = option(64, least=1)
    """tokens a row, and the longest text that is classified"""
    global_batch: int = option(16, least=1)
    """rows a step of pre-training"""
    learning_rate: float = option(3e-3, above=0)
    """the peak of the decoder's pre-training"""
    bert_rate: float = option(1e-3, above=0)
    """of BERT's, which is post-norm and wants a lower one"""
    examples: int | None = option(1_000, least=1)
    """labelled examples to learn from, a fifth of them to stop by; all where there are fewer"""
    seeds: int = option(3, least=1)
    """fine-tunings a row, each with its own examples and order"""
    steps: int = option(150, least=1)
    """updates of a fine-tuning, at most"""
    batch_size: int = option(16, least=1)
    """labelled examples an update"""
    tune_rate: float = option(1e-3, above=0)
    """the peak of fine-tuning"""
    limit: int | None = option(None, least=1)
    """test items of a row (all)"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise ClovaError(f"--width {self.width}: is not a multiple of --heads {self.heads}")
        for name in ("tasks", "methods"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ClovaError(f"--{name} {' '.join(getattr(self, name))}: names one twice")

    def inputs(self) -> tables.Inputs:
        """Returns no models: those of this table are made by its cells."""
        return tables.Inputs()


def paper_rows(run: tables.TableRun) -> list[tables.Row]:
    """Returns the fine-tuned rows of Table 3, and of Table 4, which are of NSMC alone."""
    (supervised,) = (row for row in paper.TABLE_3 if row["model"] == "supervised baseline")
    found = []
    for column, (task, metric) in paper.SCORES.items():
        named = {"method": "fine_tuning", "task": task, "metric": metric}
        if task in run.options.tasks:
            found.append({"model": supervised["model"]} | named | {"value": supervised[column]})
        if task in run.options.tasks and task == "nsmc":
            found += [row | named for row in paper.TABLE_4 if row["method"] == "fine_tuning"]
    return found


TABLE = tables.Table(
    "encoders",
    Options,
    lambda run: tables.encoder_cells.encoder_cells(run),
    paper=paper_rows,
    columns=(
        *("model", "method", "start", "task", "metric", "examples", "value", "low", "high"),
        *("baseline", "seeds", "num_params", "seconds"),
    ),
    notes=lambda run: tables.encoder_cells.encoder_notes(run),
    figures={"encoders.png": lambda run, path: tables.encoder_cells.draw_encoders(run, path)},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
