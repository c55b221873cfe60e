"""Scores systems on items of calls, keeps their answers, and compares two of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from clova_jax.common.stop import Stopped
from clova_jax.evaluate import Comparison, Interval, Records, interval
from clova_jax.tables.call_sets import CallSets
from clova_jax.tables.table import Row, TableRun

OF_MODEL = ("model", "model_normalised", "tuned", "vectors")
"""Systems that are measured with each model."""

Score = Callable[[Row], float | None]
"""What a metric gives for an item, 0 to 1; None for one that it leaves out."""


@dataclass(frozen=True)
class Measured:
    """Scores one system on one kind of item; answers are kept in `predictions.jsonl` and read back.

    Args:
        sets: what is measured on.
        kind: of the items.
        system: its name.
        compute: returns a row an item: `answer`, `prediction`, and what a metric needs.
        metrics: by name.
        baselines: what is scored without looking, by metric, from the rows.
        settings: what must not change when answers are read back.
    """

    sets: CallSets
    kind: str
    system: str
    compute: Callable[[TableRun], list[Row]]
    metrics: Mapping[str, Score]
    baselines: Callable[[Sequence[Row]], Mapping[str, float]]
    settings: Mapping[str, Any]

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns a row a metric; a system without a model is measured once, with the first one."""
        own = self.system in OF_MODEL
        if not own and run.model_name not in run.inputs.names[:1]:
            return []
        if run.stop.requested:
            raise Stopped(run.stop.requested)
        model = run.model_name if own else ""
        rows = self._answers(run, model)
        run.found.setdefault("calls", {})[model, self.system, self.kind] = rows
        baselines = self.baselines(rows)
        found = []
        for metric in self.metrics:
            statistics = self.statistics(rows, metric)
            if len(statistics):
                score = asdict(score_of(statistics, run.options.seed))
                about = {"app": "call", "kind": self.kind, "system": self.system, "model": model}
                about |= {"task": self.kind.partition(" ")[0], "metric": metric}
                found.append(
                    about | score | {"baseline": baselines.get(metric), "items": len(statistics)}
                )
        return found

    def statistics(self, rows: Sequence[Row], metric: str) -> np.ndarray:
        """Returns float64[n, 2]: what a metric gives for each item that it counts, and 1."""
        values = [self.metrics[metric](row) for row in rows]
        return np.array([(value, 1.0) for value in values if value is not None], np.float64)

    def _answers(self, run: TableRun, model: str) -> list[Row]:
        if "records" not in run.found:
            run.found["records"] = Records(run.out)
        records = run.found["records"]
        key = (f"{model} {self.system}".strip(), self.kind, 0, 0)
        settings = {"seed": run.options.seed, **self.settings}
        settings |= {"weights": run.model.fingerprint} if model else {}
        kept = records.find(key, settings)
        if kept is None:
            about = {"kind": self.kind, "system": self.system, "model": model}
            rows = [about | row for row in self.compute(run)]
            records.add(key, settings, {}, rows)
            return rows
        return list(kept[1])


def percent(total: np.ndarray) -> float:
    """Returns the share that statistics add up to, in per cent."""
    return 100 * float(total[0] / total[1])


def score_of(statistics: np.ndarray, seed: int) -> Interval:
    """Returns a share in per cent with its interval over items."""
    return interval([statistics], percent, seed=seed)


def difference(first: Sequence[Row], second: Sequence[Row], score: Score, seed: int) -> Interval:
    """Returns the first's share less the second's on the same items, with its interval."""
    compared = Comparison(percent, seed=seed)
    for name, rows in (("first", first), ("second", second)):
        values = {row["id"]: score(row) for row in rows}
        counted = {key: (value, 1.0) for key, value in values.items() if value is not None}
        compared.add(name, list(counted), np.array(list(counted.values()), np.float64))
    return compared.difference("first", "second")


def is_right(row: Row) -> float:
    """Returns 1 where the prediction is the answer."""
    return float(row["prediction"] == row["answer"])


def majority(rows: Sequence[Row]) -> dict[str, float]:
    """Returns what the commonest answer to every item scores."""
    answers = [row["answer"] for row in rows]
    return {"accuracy": 100 * max(map(answers.count, set(answers))) / len(answers)}
