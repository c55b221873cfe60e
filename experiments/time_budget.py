"""Which training learns most in a given time: shapes, lengths, batches and rates, each for the same seconds.

python -m experiments.time_budget --data TOKENS --tokenizer DIR --seconds 120 --shapes 4x128,4x192,6x192
"""

import itertools
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from clova_jax import tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option, seed_option

HEAD = 32  # numbers of an attention head
MOST = 10**12  # tokens


@dataclass(frozen=True)
class Options(tables.OutOptions):
    """Trains each choice for as many tokens as this machine reads in the given seconds, and compares held-out text.

    Bits per byte after the same time, not after the same steps: a larger model learns more of a token
    and reads fewer. Without --data it is the quickstart's tokenizer on its synthetic sample world.
    """

    out: Path = tables.out_option("time_budget")
    data: str = ""
    """a token store, or a folder of documents"""
    tokenizer: Path | None = None
    """its tokenizer"""
    weights: tuple[str, ...] = ("natural",)
    """mixture of the sources, as `clova pretrain` takes it"""
    source: str = "all"
    """the held-out text that decides"""
    seconds: float = option(20.0, above=0)
    """of training, each"""
    shapes: tuple[str, ...] = ("2x64", "2x128", "4x128")
    """LAYERSxWIDTH; heads of 32"""
    lengths: tuple[int, ...] = option((256,), least=1)
    """tokens a sequence"""
    batches: tuple[int, ...] = option((16,), least=1)
    """sequences a step"""
    rates: tuple[float, ...] = option((5e-3,), above=0)
    """peak learning rates"""
    seed: int = seed_option()
    """of the parameters and the order of the data"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for shape in self.shapes:
            if not re.fullmatch(r"[1-9]\d*x[1-9]\d*", shape) or int(shape.split("x")[1]) % HEAD:
                raise ClovaError(
                    f"--shapes: {shape!r} is not LAYERSxWIDTH with a width that {HEAD} divides, such as 4x128"
                )
        if bool(self.data) != bool(self.tokenizer):
            raise ClovaError("give --data and --tokenizer together, or neither")


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns a cell for each choice; a finished one is read back."""
    options = run.options
    data, tokenizer = options.data, options.tokenizer
    if not data:
        made = tables.sample_run()
        data, tokenizer = str(made / "sample"), made / "tokenizer"
    choices = itertools.product(options.shapes, options.lengths, options.batches, options.rates)
    return [
        tables.Kept(
            f"{shape}-{length}-{batch}-{rate:g}-{options.seconds:g}s",
            partial(measure, options, data, tokenizer, shape, length, batch, rate),
            "choice",
        )
        for shape, length, batch, rate in choices
    ]


def measure(
    options: Options, data: str, tokenizer: Path, shape: str, length: int, batch: int, rate: float
) -> list[tables.Row]:
    """Trains one choice for the seconds; returns its row."""
    layers, width = map(int, shape.split("x"))
    out = options.out / f"{shape}-{length}-{batch}-{rate:g}"
    tables.train_for(
        options.seconds,
        MOST,
        data=data,
        tokenizer=tokenizer,
        layers=layers,
        width=width,
        heads=width // HEAD,
        weights=options.weights,
        length=length,
        global_batch=batch,
        learning_rate=rate,
        seed=options.seed,
        validate_every=0,
        out=out,
    )
    *_, (tokens, last) = tables.trainings.validations(tables.trainings.read_metrics(out))
    about = {"shape": shape, "length": length, "batch": batch, "rate": rate}
    from clova_jax.model import read_config

    about |= {"core parameters": read_config(out / "model").num_core_params}
    if options.source not in last:
        raise ClovaError(f"--source: no {options.source!r} in {data}; there are: {', '.join(last)}")
    return [about | {"tokens": tokens, "bits per byte": last[options.source]}]


def notes(run: tables.TableRun) -> list[str]:
    """Returns how to read the table."""
    sample = [] if run.options.data else ["the embedded sample world: synthetic text"]
    best = min(run.rows, key=lambda row: row["bits per byte"])
    return [
        *sample,
        f"each trained for the tokens that {run.options.seconds:g} s allow, compiling left out; held-out text: {run.options.source}",
        f"best: {best['choice']}",
    ]


TABLE = tables.Table("time_budget", Options, cells, notes=notes)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
