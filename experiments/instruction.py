"""Instruction tuning: what a model answers before and after it, in wordings it knows, in others, and on tasks it never saw.

python -m experiments.instruction                                   # the embedded sample
python -m experiments.instruction --model DIR --data DIR --seeds 3  # NSMC, YNAT, KorSTS, 3i4K, sae4k, translation, Chatbot_data
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clova_jax import tables
from clova_jax.common.options import option

Family = Literal[
    *("sentiment", "topic", "similarity", "intent", "query", "translation", "chat", "reading"),
    "none",
]


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Tunes a model on instructions of several tasks, and asks it in seen and unseen wordings, and tasks that were left out.

    Without --model the tiny model of the quickstart learns from its synthetic sample world. The tuned model keeps its
    chat template: the Studio chats with it. Rerun with the same --out, finished answers are read back and an unfinished training
    is resumed.
    """

    out: Path = tables.out_option("instruction")
    limit: int | None = option(None, least=1)
    """test items of a task (200; on the sample 40)"""
    left_out: tuple[Family, ...] | None = None
    """families that are left out, each in a training of its own; none leaves that system out (sentiment, similarity,
    translation; on the sample sentiment); the only one that is learned is never left out"""
    held_out: int = option(2, least=1, most=7)
    """wordings of the eight that no training has"""
    shots: int = option(4, least=0)
    """examples in the prompts of base_few; 0 leaves that system out"""
    seeds: int = option(1, least=1)
    """trainings a row, each with its own instructions and order"""
    per_task: int | None = option(None, least=1)
    """items of a task in an epoch, at most (10,000; on the sample 2,000)"""
    steps: int | None = option(None, least=1)
    """updates of a training (1,000; on the sample 300)"""
    batch_size: int = option(8, least=1)
    """rows an update"""
    length: int | None = option(None, least=32)
    """tokens of a row, and of a prompt with its answer (512; on the sample 256)"""
    learning_rate: float | None = option(None, above=0)
    """the peak (0.001; on the sample 0.003)"""
    max_new_tokens: int | None = option(None, least=4)
    """of an answer (64; on the sample 24)"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (REAL if self.model or self.data else SAMPLE).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)


REAL: dict[str, Any] = {"limit": 200, "left_out": ("sentiment", "similarity", "translation")}
REAL |= {"per_task": 10_000, "steps": 1_000, "length": 512, "learning_rate": 1e-3}
REAL |= {"max_new_tokens": 64}
SAMPLE: dict[str, Any] = {"limit": 40, "left_out": ("sentiment",), "per_task": 2_000}
SAMPLE |= {"steps": 300, "length": 256, "learning_rate": 3e-3, "max_new_tokens": 24}


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields the base model, the tuned one, and a tuned one without each family that is left out."""
    from clova_jax.align import instructions

    run.found["tasks"] = instructions.read_tasks(run.data)
    yield from tables.instruction_cells.plan(run.found["tasks"], run.options)


TABLE = tables.Table(
    "instruction",
    Options,
    cells,
    columns=(
        *("model", "system", "family", "task", "metric"),
        *("value", "low", "high", "baseline", "shown", "items"),
    ),
    notes=lambda run: tables.instruction_notes.notes(run, run.found["tasks"]),
    figures={"instruction.png": lambda run, path: tables.instruction_notes.draw(run, path)},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
