"""Declares the options that tables share, each once, and finds what they name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from clova_jax import evaluate, tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import check_numbers, mesh_option, option, seed_option
from clova_jax.config import SIZES
from clova_jax.sample import write_sample
from clova_jax.tuning import METHODS as METHODS

ENCODERS = ("lstm", "mlp")


@dataclass(frozen=True)
class Inputs:
    """Holds what a table is made from.

    Args:
        data: a folder laid out like the official data; None for a table that needs none.
        models: model directories, loaded one by one; none for a table without a model.
        names: of the models, as shown in the rows.
        mesh: devices for data, pipe and model that the models are loaded on; None for one device.
    """

    data: Path | None = None
    models: Sequence[Path] = ()
    names: Sequence[str] = ()
    mesh: tuple[int, ...] | None = None


def out_option(name: str) -> Path:
    """Declares `--out` of a table: by default `runs/NAME`."""
    return option(Path("runs") / name, help="where everything goes")


@dataclass(frozen=True)
class OutOptions:
    """Declares where a table goes."""

    out: Path = out_option("table")

    def __post_init__(self) -> None:
        check_numbers(self)

    def inputs(self) -> Inputs:
        """Finds models and data, and makes what is missing."""
        return Inputs()


@dataclass(frozen=True)
class DataOptions(OutOptions):
    """Declares the options of a table on documents; without --data it writes the sample world."""

    data: Path | None = None
    """a folder with documents"""
    seed: int = seed_option()
    """of everything that is drawn at random"""
    sample_megabytes: ClassVar[float] = 10.0

    def inputs(self) -> Inputs:
        """Returns the data folder; without one, writes the sample world into `out`."""
        return Inputs(
            self.data or write_sample(self.out / "sample", self.sample_megabytes, self.seed)
        )


@dataclass(frozen=True)
class SourceOptions(DataOptions):
    """Says which models are trained on each corpus of a study of corpus sources: one shape, as many tokens."""

    seeds: int = option(2, least=1)
    """models a corpus, each with its own start and order"""
    layers: int = option(2, least=1)
    """Transformer blocks"""
    width: int = option(64, least=1)
    """numbers a token is embedded in"""
    heads: int = option(2, least=1)
    """attention heads"""
    vocab_size: int = option(2_048, least=1)
    """ids of the tokenizer, which is the same for all"""
    tokens: int = option(200_000, least=1)
    """training tokens of a model"""
    length: int = option(128, least=1)
    """tokens a sequence, and the longest prompt"""
    global_batch: int = option(8, least=1)
    """sequences a step"""
    learning_rate: float = option(3e-3, above=0)
    """the peak"""
    megabytes: float = option(8.0, above=0)
    """of text in a corpus; all of it where there is less"""
    kilobytes: float = option(20.0, above=0)
    """of text held out of each source"""

    def inputs(self) -> Inputs:
        """Returns data and models, which are trained here, or completed."""
        return tables.train_by_source(self)


@dataclass(frozen=True)
class ModelOptions(OutOptions):
    """Declares the options of a table on models; without --model it takes the quickstart's, on its sample world."""

    model: tuple[Path | str, ...] = ()
    """model directories, their URLs (s3://…, gs://…), or names on the Hugging Face Hub: ORG/NAME[@REVISION]"""
    data: Path | None = None
    """a folder laid out like the official data"""
    limit: int | None = option(None, least=1)
    """test items of a row (all)"""
    mesh: tuple[int, ...] = mesh_option()
    seed: int = seed_option()
    """of everything that is drawn at random"""

    def asked_tasks(self) -> tuple[str, ...]:
        """Returns the tasks that were asked for by name or by file."""
        return ()

    def inputs(self) -> Inputs:
        """Returns models and data; without a model, the quickstart's, trained now if it is missing.

        Tasks that are files of the user's own need no data folder.
        """
        data = self.data or evaluate.folder_of(self.asked_tasks())
        return tables.find_models(self.model, data, self.mesh)


@dataclass(frozen=True)
class TuneOptions(ModelOptions):
    """Declares the options of a table on tuned models."""

    seeds: int = option(3, least=1)
    """runs a row, each with its own examples, start and order"""
    steps: int = option(1000, least=1)
    """updates a run, at most"""
    batch_size: int = option(16, least=1)
    """labelled examples an update"""


@dataclass(frozen=True)
class MethodOptions(TuneOptions):
    """Declares the options of a table that compares methods on one labelled task."""

    task: str = "nsmc"
    """a task with labels: nsmc, ynat, klue_sts, klue_nli, korsts, or your own: NAME.json"""
    shots: int | None = option(None, least=0)
    """examples in the prompt of few_shot (the paper's)"""
    trials: int | None = option(None, least=1)
    """random sets of examples of few_shot (the paper's)"""

    def asked_tasks(self) -> tuple[str, ...]:
        """Returns the one task."""
        return (self.task,)


@dataclass(frozen=True)
class MakingOptions(OutOptions):
    """Says what text a small model reads, what shape it has and how long it trains."""

    out: Path = out_option("quickstart")
    data: Path | None = None
    """a folder laid out like the official data"""
    size: str = option("tiny", help=f"one of {', '.join(SIZES)}")
    megabytes: float = option(10.0, above=0)
    """of text to train on"""
    steps: int = option(1200, least=1)
    """training steps"""
    global_batch: int = option(8, least=1)
    """sequences a step"""
    length: int = option(128, least=1)
    """tokens a sequence"""
    mesh: tuple[int, ...] = mesh_option()
    seed: int = seed_option()
    """of everything that is drawn at random"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size not in SIZES:
            raise ClovaError(f"--size: {self.size!r} is not one of {', '.join(SIZES)}")

    def inputs(self) -> Inputs:
        """Returns data and model, which are made here, or completed."""
        return tables.make_model(self)


@dataclass(frozen=True)
class GridOptions(DataOptions):
    """Says which models of a grid of sizes and token budgets are trained, and on what; they share tokenizer and tokens."""

    data: Path | None = None
    """a folder with documents; without it the sample world's"""
    shapes: tuple[str, ...] = option((), metavar="LAYERSxWIDTH")
    """the sizes: Transformer blocks x width, such as 5x192; heads are 32 wide"""
    tokens: tuple[int, ...] = option((), least=1)
    """the budgets: training tokens, each with a schedule of its own"""
    most_flops: float | None = option(None, above=0)
    """leave out models of more operations, 6 x parameters x tokens"""
    vocab_size: int = option(4_096, least=1)
    """ids of the tokenizer"""
    megabytes: float = option(10.0, above=0)
    """of text to train on"""
    global_batch: int = option(4, least=1)
    """sequences a step"""
    length: int = option(128, least=1)
    """tokens a sequence"""

    def inputs(self) -> Inputs:
        """Returns data and models, which are trained here, or completed."""
        return tables.train_grid(self)
