"""Has a model rewrite queries that was tuned on pairs of a broken query and the healthy one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clova_jax.apps.queries.prompted import MOST_TOKENS, ask
from clova_jax.apps.queries.query import Asked, Broken, or_typed
from clova_jax.evaluate import Item, Task, TaskData, exact_match
from clova_jax.inference import Model
from clova_jax.tuning import TuneOptions, find_method, tune

TASK = Task(
    name="null_queries",
    files=(),
    load=lambda folder: TaskData((), ()),
    shots=0,
    trials=1,
    metrics=(exact_match,),
    source="our wording",
    max_new_tokens=MOST_TOKENS,
)


class Tuned:
    """Rewrites with a model that is tuned on pairs first, a fifth of them to stop by.

    Args:
        model: to begin with; not changed.
        pairs: training queries, healthy ones among them.
        method: as in `tuning.METHODS`.
        steps: updates, at most.
        seed: of start and order.
        out: a folder that the run is kept in, and resumed from.
        **options: more of `tune`.
    """

    def __init__(
        self,
        model: Model,
        pairs: Sequence[Broken],
        *,
        method: str = "fine_tuning",
        steps: int = 400,
        seed: int = 0,
        out: Path | None = None,
        **options: Any,
    ) -> None:
        found = find_method(method)
        items = _items([pair.asked for pair in pairs], [pair.query.text for pair in pairs])
        running = TuneOptions(steps=steps, learning_rate=found.learning_rate, seed=seed)
        config = found.usual(TASK, "lstm" if found.encoders else "")
        self.tuned = tune(model, TASK, items, config, running, out=out, **options)

    def rewrite(self, asked: Sequence[Asked]) -> list[str]:
        """Returns what the tuned model writes, greedily, up to a line break."""
        items = _items(asked, [one.text for one in asked])
        rows, _ = self.tuned.answer(TASK, items)
        return [or_typed(row["prediction"], one) for row, one in zip(rows, asked, strict=True)]


def _items(asked: Sequence[Asked], answers: Sequence[str]) -> list[Item]:
    return [
        Item(str(number), f"query {number}", ask(one), (answer,))
        for number, (one, answer) in enumerate(zip(asked, answers, strict=True))
    ]
