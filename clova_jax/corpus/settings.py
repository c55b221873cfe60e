"""Holds every setting of a run of the corpus pipeline, once: the fields are the flags of `clova corpus`.

Cleaning      which steps run, and what they do: each step's own `Settings`, flat
RunSettings   what else is compared, in which forms documents are written, and where the work is done
Job           one run: what is read, where it is written, and the settings
Selection     the mixture of documents (`data.document_mixture`)
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option, seed_option
from clova_jax.corpus.clean.step import NoSettings
from clova_jax.corpus.clean.steps import STEP_NAMES, STEPS
from clova_jax.corpus.forms import FORMS_HELP

# Bases give their fields last to first: the flags stand in the order of the steps.
_OF_STEPS = [step.Settings for step in reversed(STEPS) if step.Settings is not NoSettings]


@dataclass(frozen=True)
class Cleaning(*_OF_STEPS):  # type: ignore[misc]
    """Sets which steps run and what they do; defaults were tuned by reading what was dropped of 305 MB of Korean.

    Beside the fields below it has those of every step: `clova_jax/corpus/clean/`, the `Settings` of each file.
    """

    steps: tuple[str, ...] = option(
        tuple(step.name for step in STEPS if step.by_default),
        help=f"which steps run, always in this order: {', '.join(STEP_NAMES)}",
    )
    lowest_tier: int = option(3, least=1, most=3)
    """drop sources of a higher tier number: 1 edited, 2 published under a name, 3 casual"""
    max_characters: int = option(3_000_000, least=1)
    """characters from which a document is dropped as a dump"""
    sources: Path | None = None
    """JSON registry of your sources: name to kind and tier"""

    def __post_init__(self) -> None:
        for name in self.steps:
            if name not in STEP_NAMES:
                raise ClovaError(f"no step {name!r}; there are: {', '.join(STEP_NAMES)}")


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Sets what is compared beside the corpus itself, how documents are shown, and where the work is done."""

    executor: Literal["local", "spark", "stream"] = "local"
    """where the steps run. local: worker processes; spark: PySpark; stream: stdin to stdout"""
    workers: int | None = option(None, least=1)
    """processes (default: one a CPU)"""
    evaluation: tuple[Path, ...] = ()
    """evaluation files to keep out (default: the official ones found in --data)"""
    safety: Path | None = None
    """labelled comments to train the toxicity model on (default: safety/ in --data)"""
    similarity: float = option(0.6, least=0)
    """similarity from which documents are near duplicates, 0 to 1; 2: exact ones only"""
    against: Path | None = None
    """an existing corpus; drop the documents that it has already"""
    forms: tuple[str, ...] = option((), help=FORMS_HELP, metavar="NAME[=SHARE]")


@dataclass(frozen=True)
class Job(RunSettings):
    """Describes one run of the pipeline.

    Args:
        data: a file, a folder or a glob (`read.blocks.input_files`).
        out: where everything is written.
        cleaning: what the steps do.
    """

    data: Path
    out: Path
    cleaning: Cleaning = Cleaning()


@dataclass(frozen=True)
class Selection:
    """Sets the mixture of documents (`data.document_mixture`)."""

    weights: tuple[str, ...] = ()
    """mix the sources. natural: by size; table1: the paper's shares; auto: by tier and size; or
    source=number … (default: all, once)"""
    megabytes: float | None = option(None, above=0)
    """size of the mixture (default: that of what was kept)"""
    max_epochs: float | None = option(None, above=0)
    """no source is repeated more often than this"""
    seed: int = seed_option()
    """seed of the mixture"""


# (source numbers [n], sizes in bytes [n], source names) -> number of copies of each kept document, int32[n].
Selector = Callable[[np.ndarray, np.ndarray, list[str]], np.ndarray]
