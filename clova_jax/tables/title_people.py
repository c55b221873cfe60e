"""Writes the sheets that people judge titles on, and computes what the filled ones say, beside the paper's Table 8."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from clova_jax import paper
from clova_jax.apps import titles
from clova_jax.evaluate import interval
from clova_jax.tables.table import Row, TableRun
from clova_jax.tables.title_cells import TitleStudy

# The methods that stand for those of the paper.
STANDS_FOR = {"mT5": "encoder_decoder", "HyperCLOVA": "tuned", "human": "human"}
SHARES = ("wins", "loses", "ties")


@dataclass(frozen=True)
class People:
    """Draws pairs and titles of the first model into sheets, and returns what people say of them.

    Args:
        study: the events.
    """

    study: TitleStudy

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows of the sheets that were given; sheets in the result folder are never written over."""
        if run.model_name != run.inputs.names[0]:
            return []
        found = {method: texts for (_, method), texts in run.found["titles"].items()}
        self._write(run, found)
        rows = list(self._judged(run)) if run.options.judged else []
        return rows + (list(self._annotated(run)) if run.options.annotated else [])

    def _write(self, run: TableRun, found: dict[str, list[str]]) -> None:
        options, study = run.options, self.study
        pairs = [pair for pair in comparisons() if set(pair) <= set(found)]
        drawn = {}
        if pairs:
            drawn["pairs"] = titles.draw_pairs(study.test, found, pairs, options.sheet, study.seed)
        some = {name: texts for name, texts in found.items() if name not in ("nearest", "tags")}
        if some:
            sheets = titles.annotation_sheet(study.test, some, options.sheet, study.seed)
            drawn["annotation"] = sheets
        for name, (sheet, key) in drawn.items():
            answers = ("choice",) if name == "pairs" else titles.ANSWERS
            titles.write_sheet(run.out / f"{name}.csv", sheet, answers)
            titles.write_sheet(run.out / f"{name}_key.csv", key)

    def _judged(self, run: TableRun) -> Iterator[Row]:
        judged = titles.read_judgments(run.options.judged, run.out / "pairs_key.csv")
        for pair, of_paper in comparisons().items():
            if pair not in judged.preferred:
                continue
            kappa, same = judged.agreement(pair)
            statistics = judged.statistics(pair)
            for which, name in enumerate(SHARES):
                score = interval([statistics], _share_of(which), seed=self.study.seed)
                row = {"model": run.model_name, "method": f"{pair[0]} against {pair[1]}"}
                row |= {"task": self.study.task.name, "metric": name, **asdict(score)}
                row |= {"paper": 100 * of_paper[name], "items": len(statistics)}
                yield row | {"people": len(judged.judges), "kappa": kappa, "agreement": same}
        kappa, same = judged.agreement()
        run.notes.append(f"judges: {', '.join(judged.judges)}; all pairs: {_agreed(kappa, same)}")

    def _annotated(self, run: TableRun) -> Iterator[Row]:
        found = titles.read_annotations(run.options.annotated, run.out / "annotation_key.csv")
        kappa, same = found.agreement
        for method, statistics in found.usable.items():
            score = interval([statistics], _share_of(0), seed=self.study.seed)
            row = {"model": run.model_name, "method": method, "task": self.study.task.name}
            yield (
                row
                | {"metric": "usable", **asdict(score), "items": len(statistics)}
                | {"paper": paper.TITLES_USABLE if method == "tuned" else None}
            )
        note = f"usable: the second annotator checked {len(found.second)} titles; {_agreed(kappa, same)}"
        run.notes.append(note)


def comparisons() -> dict[tuple[str, str], dict[str, Any]]:
    """Returns the paper's comparisons, each as a pair of methods of ours, with the paper's row."""
    return {(STANDS_FOR[row["first"]], STANDS_FOR[row["second"]]): row for row in paper.TABLE_8}


def _share_of(which: int) -> Callable[[np.ndarray], float]:
    """Returns what makes per cent of one column by the last."""

    def finish(total: np.ndarray) -> float:
        return 100 * float(total[which] / total[-1])

    return finish


def _agreed(kappa: float | None, same: float | None) -> str:
    if same is None:
        return "one person, no agreement to measure"
    of_kappa = "undefined (one answer alone)" if kappa is None else f"{kappa:.2f}"
    return f"{same:.1f}% of answers agree, Cohen's kappa {of_kappa}"
