"""The sentiment neuron: a recurrent model of characters reads reviews, and one of its units knows whether they are positive.

python -m experiments.sentiment_neuron                            # the embedded sample
python -m experiments.sentiment_neuron --data DIR                 # a corpus of film reviews, and NSMC
python -m experiments.sentiment_neuron --data DIR --model DIR     # the same search in each layer of a decoder
python -m experiments.sentiment_neuron --data DIR --seeds 3       # three trainings, for intervals over them
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clova_jax import tables
from clova_jax.common.options import option


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Trains a character model on unlabelled reviews, finds the unit that knows their sentiment, and holds it while texts are written.

    Without --data and --model everything is of the synthetic sample world, the decoder the quickstart's. Rerun with the same --out,
    an unfinished training is resumed and finished parts are read back.
    """

    out: Path = tables.out_option("sentiment_neuron")
    kind: Literal["lstm", "mlstm"] = "lstm"
    """the cell: lstm, or mlstm, the multiplicative one"""
    units: int | None = option(None, least=1)
    """of the cell (512; on the sample 128)"""
    epochs: int | None = option(None, least=1)
    """how often each review is read (1; on the sample 3)"""
    characters: int = option(1_536, least=1)
    """of the alphabet, the most frequent ones"""
    rows: int | None = option(None, least=1)
    """streams of text in a batch (64; on the sample 32)"""
    length: int = option(64, least=1)
    """characters over which gradients reach back"""
    learning_rate: float | None = option(None, above=0)
    """the peak (0.002; on the sample 0.004)"""
    examples: int | None = option(None, least=40)
    """labelled reviews that find the unit, at most half of them (20000; on the sample 4000)"""
    texts: int | None = option(None, least=2)
    """texts written with a unit held at one value (500; on the sample 100)"""
    longest: int = option(140, least=1)
    """characters of such a text"""
    controls: int | None = option(None, least=2)
    """other units that are held alike (20; on the sample 10)"""
    seeds: int = option(1, least=1)
    """trainings of the character model, each with its own weights and order"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (REAL if self.model or self.data else SAMPLE).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    def inputs(self) -> tables.Inputs:
        """Returns models and data; with data alone there is no decoder."""
        if self.data and not self.model:
            return tables.Inputs(self.data)
        return super().inputs()


REAL: dict[str, Any] = {"units": 512, "epochs": 1, "rows": 64, "learning_rate": 2e-3}
REAL |= {"examples": 20_000, "texts": 500, "controls": 20}
SAMPLE: dict[str, Any] = {"units": 128, "epochs": 3, "rows": 32, "learning_rate": 4e-3}
SAMPLE |= {"examples": 4_000, "texts": 100, "controls": 10}


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields the search in the character model, what holding does, and the search in a decoder's layers."""
    options = run.options
    read = tables.neuron_sets.read_neuron_set
    texts = run.found["set"] = read(run.data, options.examples, options.limit, options.seed)
    yield tables.neuron_cells.Find(texts)
    yield tables.neuron_cells.Clamp(texts)
    yield tables.neuron_cells.Layers(texts)


TABLE = tables.Table(
    "sentiment_neuron",
    Options,
    cells,
    columns=(
        *("kind", "model", "layer", "system", "held", "metric"),
        *("value", "low", "high", "units"),
    ),
    notes=lambda run: tables.neuron_notes.notes(run, run.found["set"]),
    figures={
        "sentiment_neuron.png": lambda run, path: tables.neuron_plots.draw(run, path),
        "sentiment_neuron_training.png": lambda run, path: tables.neuron_plots.draw_curve(
            run, path
        ),
    },
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
