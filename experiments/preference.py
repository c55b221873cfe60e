"""Preferences: what DPO, RLOO and the best of several texts gain by an independent judge, and how far they go for it.

python -m experiments.preference                                  # the embedded sample: film reviews that should be positive
python -m experiments.preference --model DIR --data DIR           # NSMC: reward from one half of its training set, judge from the other
python -m experiments.preference --model DIR --pairs pairs.jsonl  # ratings that the Studio gives as pairs
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clova_jax import tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Aligns a model with preferences, and shows judge, reward and KL of its texts for several betas.

    Without --model the tiny model of the quickstart continues reviews of its synthetic sample world, after some steps on them.
    Rerun with the same --out, finished texts are read back and an unfinished training is resumed.
    """

    out: Path = tables.out_option("preference")
    pairs: Path | None = None
    """JSON Lines of prompt, chosen, rejected in the place of NSMC; half of its prompts train, half judge"""
    methods: tuple[Literal["dpo", "rloo"], ...] = ("dpo", "rloo")
    """besides the reference and the best of several: dpo, rloo"""
    beta: tuple[float, ...] | None = option(None, above=0)
    """prices of leaving the reference (0.03, 0.1, 0.3 and 1; on the sample 0.05 and 0.3)"""
    limit: int | None = option(None, least=1)
    """prompts that are continued (400; on the sample 100)"""
    best_of: tuple[int, ...] = option((4, 16), least=1)
    """texts of the reference that the best by the reward is taken of"""
    words: int = option(1, least=1)
    """words of a review that are continued"""
    max_new_tokens: int = option(24, least=1)
    """of a text"""
    samples: int = option(4, least=2)
    """texts a prompt of RLOO, and of an aligned model that is measured"""
    seeds: int = option(1, least=1)
    """trainings a row, each with its own order and texts"""
    steps: int | None = option(None, least=1)
    """updates of an alignment (300; on the sample 40)"""
    reward_steps: int | None = option(None, least=1)
    """updates of the reward model (600; on the sample 120)"""
    adapt_steps: int | None = option(None, least=0)
    """of training on the first half before, which makes the reference (0; on the sample 150)"""
    batch_size: int = option(16, least=1)
    """pairs an update, prompts of RLOO"""
    learning_rate: float = option(3e-4, above=0)
    """the peak of reward model and alignment"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(set(self.methods)) < len(self.methods):
            raise ClovaError(f"--methods {' '.join(self.methods)}: names one twice")
        for name, value in (REAL if self.model or self.data else SAMPLE).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    def inputs(self) -> tables.Inputs:
        """Returns models and data; references are made here, or completed."""
        return tables.adapted_to_reviews(self)


REAL: dict[str, Any] = {"beta": (0.03, 0.1, 0.3, 1.0), "limit": 400}
REAL |= {"steps": 300, "reward_steps": 600, "adapt_steps": 0}
SAMPLE: dict[str, Any] = {"beta": (0.05, 0.3), "limit": 100}
SAMPLE |= {"steps": 40, "reward_steps": 120, "adapt_steps": 150}


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields the reference with the best of its texts, then a cell for each method and beta."""
    options = run.options
    chosen = tables.preference_cells.read_set(options, run.data)
    run.found["set"] = chosen
    yield tables.preference_cells.Reference(chosen, options.best_of)
    for method in options.methods:
        for beta in options.beta:
            yield tables.preference_cells.Aligned(chosen, method, beta)


TABLE = tables.Table(
    "preference",
    Options,
    cells,
    columns=("model", "task", "method", "beta", "metric", "value", "low", "high"),
    notes=lambda run: tables.preference_notes.notes(run, run.found["set"]),
    figures={"preference.png": lambda run, path: tables.preference_notes.draw(run, path)},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
