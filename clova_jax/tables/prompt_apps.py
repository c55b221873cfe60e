"""Scores the apps of the demo list: checks passed, outputs fit for service, and labelled data where they exist."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.apps import prompted
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import (
    Interval,
    Prediction,
    Records,
    digest,
    interval,
    proportion_of_units,
)
from clova_jax.tables.figures import draw_bars, legend, panels
from clova_jax.tables.prompt_labels import Labelled
from clova_jax.tables.table import Row, TableRun

MODEL = "prompt"
RIVALS: Mapping[str, Callable[[prompted.PromptApp, prompted.Asked], str]] = {
    "constant": prompted.constant,
    "nearest": prompted.nearest,
    "echo": prompted.echo,
}
SERVICE = 99.0  # per cent of outputs fit for service: what the talk asks of an app


@dataclass(frozen=True)
class Checks:
    """Asks an app its checks, and counts those that the answers pass.

    Args:
        app: the app.
        checker: what decides.
        samples: answers to a check, of apps that draw.
    """

    app: prompted.PromptApp
    checker: prompted.Checker
    samples: int

    def __call__(self, run: TableRun) -> Iterator[Row]:
        """Yields a row for each rival, then those of the model."""
        first = run.model_name in run.inputs.names[:1]
        for name, rival in RIVALS.items() if first else ():
            answers = [[prompted.Answer(rival(self.app, check.asked))] for check in self.app.checks]
            kept = _kept(run, self.app, "checks", name, "", partial(self._rows, answers))
            yield self._row(run, name, "", "passed", kept)
        kept = _kept(run, self.app, "checks", MODEL, run.model_name, lambda: self._asked(run))
        for metric in ("passed", "fit"):
            yield self._row(run, MODEL, run.model_name, metric, kept)

    def _asked(self, run: TableRun) -> list[Row]:
        asked = [check.asked for check in self.app.checks]
        seed = run.options.seed
        try:
            found = prompted.answer(run.model, self.app, asked, samples=self.samples, seed=seed)
        except ClovaError as error:  # no room in the model's context: the app cannot be had of it
            run.notes.append(f"{run.model_name}: {error}")
            found = [[prompted.Answer("", ended=False)] for _ in asked]
        return self._rows(found)

    def _rows(self, answers: Sequence[Sequence[prompted.Answer]]) -> list[Row]:
        return [
            {
                "input": check.asked.text,
                "variables": dict(check.asked.variables),
                "answer": given.text,
                "examples": given.examples,
                "fails": self.checker.fails(check.asked.text, given.text, check.wants),
                "unfit": prompted.unfit(given, self.app.columns),
            }
            for check, some in zip(self.app.checks, answers, strict=True)
            for given in some
        ]

    def _row(self, run: TableRun, system: str, model: str, metric: str, kept: Sequence[Row]) -> Row:
        checks: dict[str, list[bool]] = {}
        for row in kept:
            passed = not row["fails"] and not (metric == "fit" and row["unfit"])
            checks.setdefault(repr((row["input"], row["variables"])), []).append(passed)
        good = list(checks.values())
        run.found.setdefault("good", {})[self.app.file, system, model, metric] = good
        return {
            "app": self.app.file,
            "kind": "checks",
            "system": system,
            "model": model,
            "metric": metric,
            **asdict(proportion_of_units(good)),
            "items": len(kept),
        }


@dataclass(frozen=True)
class OnLabels:
    """Asks an app about labelled data.

    Args:
        app: the app.
        data: the labelled set.
    """

    app: prompted.PromptApp
    data: Labelled

    def __call__(self, run: TableRun) -> Iterator[Row]:
        """Yields a row for each rival, then that of the model."""
        items = self.data.drawn(run.options.limit, run.options.seed)
        first = run.model_name in run.inputs.names[:1]
        for name, rival in RIVALS.items() if first else ():
            texts = [rival(self.app, prompted.Asked(text)) for text, _ in items]
            yield self._row(run, name, "", items, texts)
        texts = [
            row["answer"]
            for row in _kept(
                run,
                self.app,
                self.data.source,
                MODEL,
                run.model_name,
                lambda: self._asked(run, items),
                [list(item) for item in items],
            )
        ]
        yield self._row(run, MODEL, run.model_name, items, texts)

    def _asked(self, run: TableRun, items: Sequence[tuple[str, str]]) -> list[Row]:
        asked = [prompted.Asked(text) for text, _ in items]
        short = [number for number, one in enumerate(asked) if self._fits(run, one)]
        given = prompted.answer(run.model, self.app, [asked[n] for n in short], seed=0)
        texts = dict(zip(short, (some[0].text for some in given), strict=True))
        if missing := len(asked) - len(short):
            run.notes.append(f"{self.app.file}: {missing:,} of {len(asked):,} items do not fit")
        return [
            {"input": text, "answer": texts.get(number, ""), "wanted": wanted}
            for number, (text, wanted) in enumerate(items)
        ]

    def _fits(self, run: TableRun, asked: prompted.Asked) -> bool:
        return prompted.fits(run.model, self.app, asked)

    def _row(
        self,
        run: TableRun,
        system: str,
        model: str,
        items: Sequence[tuple[str, str]],
        texts: Sequence[str],
    ) -> Row:
        metric = self.data.metric
        predictions = [Prediction(t, (gold,)) for t, (_, gold) in zip(texts, items, strict=True)]
        found = interval([metric.statistics(predictions)], metric.finish, seed=run.options.seed)
        return {
            "app": self.app.file,
            "kind": self.data.source,
            "system": system,
            "model": model,
            "metric": metric.name,
            **asdict(found),
            "items": len(items),
        }


def _kept(
    run: TableRun,
    app: prompted.PromptApp,
    kind: str,
    system: str,
    model: str,
    make: Callable[[], list[Row]],
    items: Any = None,
) -> list[Row]:
    """Returns the answers of a system, kept in `predictions.jsonl`."""
    if "records" not in run.found:
        run.found["records"] = Records(run.out)
    records, key = run.found["records"], (f"{model} {system}".strip(), f"{app.file} {kind}", 0, 0)
    settings: dict[str, Any] = {"seed": run.options.seed, "app": digest(repr(app)), "items": items}
    settings["items"] = digest([text for item in items for text in item]) if items else ""
    if system == MODEL:
        settings |= {"weights": run.model.fingerprint, "samples": run.options.samples}
    if (kept := records.find(key, settings)) is None:
        about = {"app": app.file, "kind": kind, "system": system, "model": model}
        records.add(key, settings, {}, [about | row for row in make()])
        kept = records.find(key, settings)
    return list(kept[1])


def notes(run: TableRun, apps: Sequence[prompted.PromptApp]) -> list[str]:
    """Returns how to read the rows, which apps need a larger model, and whether outputs are fit for service."""
    good: Mapping[tuple[str, str, str, str], list[list[bool]]] = run.found["good"]
    lines = [
        "passed: per cent of answers that keep all rules of their check; fit: of them, those that also end by themselves, "
        "speak for nobody else, do not repeat themselves and pass the filters; 95% intervals: Clopper-Pearson, all answers to a "
        "check as one draw, and on labelled data bootstrap over items",
        "constant: the commonest answer of the examples; nearest: that of the most similar example; echo: the input",
    ]
    for model in run.inputs.names:
        weak, strong, ratios = [], [], []
        for app in apps:
            best = max(_share(good[app.file, name, "", "passed"]) for name in RIVALS)
            own = good[app.file, MODEL, model, "passed"]
            ratios.append(_share(own) - best)
            (strong if _share(own) > best else weak).append(app.file)
        lines.append(f"{model}: above every rival: {', '.join(strong) or 'none'}")
        lines.append(f"{model}: needs a larger model: {', '.join(weak) or 'none'}")
        fit = [one for app in apps for one in good[app.file, MODEL, model, "fit"]]
        lines.append(_acceptance(model, proportion_of_units(fit), sum(map(len, fit))))
    return lines


def _share(good: Sequence[Sequence[bool]]) -> float:
    return float(np.mean([one for some in good for one in some])) if good else 0.0


def _acceptance(model: str, found: Interval, count: int) -> str:
    passes = found.low >= SERVICE
    verdict = "holds" if passes else "fails" if found.high < SERVICE else "cannot tell"
    return (
        f"{model}: acceptance test: {found.value:.1f}% ({found.low:.1f} to {found.high:.1f}) of {count:,} outputs are fit for "
        f"service; {SERVICE:g}% of them, as the talk asks: {verdict}"
    )


def draw(run: TableRun, path: Path) -> None:
    """Draws the checks passed by app: each model beside its best rival."""
    rows = [row for row in run.rows if row["kind"] == "checks" and row["metric"] == "passed"]
    names = list(dict.fromkeys(row["app"] for row in rows))
    series = {model: [row for row in rows if row["model"] == model] for model in run.inputs.names}
    rivals = [[row for row in rows if row["app"] == name and not row["model"]] for name in names]
    series["best rival"] = [max(some, key=lambda row: row["value"]) for some in rivals]
    with panels(path, size=(3 + 0.4 * len(names), 4.5)) as (axes,):
        draw_bars(axes, names, series)
        axes.tick_params(axis="x", labelrotation=60)
        axes.set(ylabel="checks passed, %")
        legend(axes)
