"""Scores expansions of answers by a model and by rivals that ask none, where what is right is known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clova_jax.apps import answers as app
from clova_jax.common.stop import Stopped
from clova_jax.evaluate import (
    Metric,
    Prediction,
    Records,
    character_f1,
    digest,
    exact_match,
    interval,
)
from clova_jax.tables.open_qa import trained
from clova_jax.tables.table import Row, TableRun

RIVALS = ("copied", "nearest")
SYSTEMS = (*RIVALS, "model")
SHOTS = 2  # examples in the prompt of a model that is not adapted
METRICS = ((exact_match, "em"), (character_f1, "f1"))


@dataclass(frozen=True)
class Expansion:
    """Expands the test rows of a kind by all systems.

    Args:
        kind: one of `EXPANSIONS`.
        train, test: rows of that kind.
    """

    kind: str
    train: Sequence[app.Expanded]
    test: Sequence[app.Expanded]

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows, rivals first and with the first model only; finished texts are read back."""
        test = self.test[: run.options.limit]
        rows: list[Row] = []
        known = run.found.setdefault("expansion", {})
        for system in SYSTEMS:
            name = run.model_name if system == "model" else ""
            if not name and run.model_name not in run.inputs.names[:1]:
                continue
            if run.stop.requested:
                raise Stopped(run.stop.requested)
            said = self._written(run, system, name, test)
            predictions = [Prediction(row["prediction"], tuple(row["answers"])) for row in said]
            for metric, short in METRICS:
                values = metric.statistics(predictions)
                known[self.kind, name or system, short] = values
                found = interval([values], metric.finish, seed=run.options.seed)
                rows.append(
                    {
                        "app": "answers",
                        "measure": "expansion",
                        "kind": self.kind,
                        "system": system,
                        "model": name,
                        "task": "expansions",
                        "metric": short,
                        **asdict(found),
                        "baseline": self._best(known, metric, short) if name else None,
                        "questions": len(said),
                        "trained": trained(run) if name else "",
                    }
                )
        return rows

    def _best(self, known: Mapping[Any, Any], metric: Metric, short: str) -> float:
        """Returns the score of the better rival."""
        return max(metric.finish(known[self.kind, one, short].sum(axis=0)) for one in RIVALS)

    def _written(
        self, run: TableRun, system: str, name: str, test: Sequence[app.Expanded]
    ) -> list[Row]:
        """Returns a row an expansion, `prediction` and `answers` among them; kept in `predictions.jsonl`."""
        records, key = Records(run.out), (name or system, f"expansion_{self.kind}", 0, 0)
        learnt = [text for one in self.train for text in one.values.values()]
        asked = [text for one in test for text in one.values.values()]
        settings = {"data": digest([*learnt, *asked]), "seed": run.options.seed}
        if name:
            settings["weights"] = run.model.fingerprint
        if records.find(key, settings) is None:
            examples = () if run.options.steps else self.train[:SHOTS]
            writers: Mapping[str, Callable[[], Sequence[str]]] = {
                "copied": lambda: app.copied(test),
                "nearest": lambda: app.nearest(self.train, test),
                "model": lambda: app.Expander(run.model, self.kind, examples).write(
                    [one.values for one in test]
                ),
            }
            rows = [
                {
                    "model": name,
                    "system": system,
                    "task": key[1],
                    "id": one.id,
                    "prediction": text,
                    "answers": list(one.answers),
                }
                for one, text in zip(test, writers[system](), strict=True)
            ]
            records.add(key, settings, {}, rows)
        found = records.find(key, settings)
        return list(found[1]) if found else []


def expansion_cells(data: Path) -> list[Expansion]:
    """Returns a cell for each kind of expansion that a data folder has rows of; none where it has no such file."""
    train, test = (app.read_expansions(data, split) for split in ("train", "test"))
    return [
        Expansion(kind, *([one for one in some if one.kind == kind] for some in (train, test)))
        for kind in app.EXPANSIONS
        if any(one.kind == kind for one in test)
    ]
