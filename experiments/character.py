"""Characters: what is recalled with memory, what is violated without control, what example turns and openings change.

python -m experiments.character                          # the embedded sample
python -m experiments.character --model DIR --data DIR   # a model of real text, on the sample world's characters

A description, facts and a manner become a prompt (the talk's prompt control unit); a detector names what does not fit, and the
model tries again. There are no real talks of characters: those of the sample world serve for every model.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clova_jax import tables
from clova_jax.common.options import option


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Has an adapted model play characters through talks of 40 turns, and judges what it says.

    Without --model and --data the tiny model of the quickstart is adapted. Rerun with the same --out, finished talks are not
    played again and an unfinished training is resumed.
    """

    out: Path = tables.out_option("character")
    systems: tuple[Literal["plain", "window", "pcu", "memory"], ...] = (
        *("plain", "window", "pcu", "memory"),
    )
    """plain: a prompt of name and line; window: of the whole persona; pcu: with the detector; memory: with what was told before"""
    window: int = option(4, least=1)
    """exchanges that a prompt shows"""
    tries: int = option(3, least=0)
    """more texts, where the detector finds something"""
    questions: int = option(100, least=1)
    """facts asked for after each opening"""
    steps: int | None = option(None, least=1)
    """of the adaptation (1,500; on the sample 600)"""
    batch: int = option(8, least=1)
    """sequences a step of it"""
    length: int = option(320, least=1)
    """tokens a sequence of it, no fewer than a prompt has"""
    learning_rate: float | None = option(None, above=0)
    """the peak of it (0.002; on the sample 0.004)"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (SAMPLE if self.data is None else REAL).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    def inputs(self) -> tables.Inputs:
        """Returns models and data; adapted models are made here, or completed."""
        return tables.characters.adapted_to_characters(self)


REAL: dict[str, Any] = {"steps": 1_500, "learning_rate": 2e-3}
SAMPLE: dict[str, Any] = {"steps": 600, "learning_rate": 4e-3}


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields a cell for each system, then those of style and knowledge."""
    options = run.options
    folder = tables.characters.characters_folder(options, run.data)
    data = tables.characters.Characters.read(folder, options.limit)
    for system in options.systems:
        yield tables.characters.Talks(data, system)
    yield tables.characters.Style(data)
    yield tables.character_notes.Knowledge(options.questions)


TABLE = tables.Table(
    "character",
    Options,
    cells,
    columns=("kind", "system", "model", "metric", "value", "low", "high", "items"),
    notes=lambda run: tables.character_notes.notes(run),
    figures={"character.png": lambda run, path: tables.character_notes.draw(run, path)},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
