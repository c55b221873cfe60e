"""Computes the rows of Table 8's stand-in: titles by each method, measured on the same events."""

import shutil
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from clova_jax.apps import titles
from clova_jax.evaluate import (
    Records,
    Task,
    TaskData,
    digest,
    draw_items,
    interval,
    measure,
    prompt_of,
)
from clova_jax.tables.recipes import make_cell
from clova_jax.tables.table import Row, TableRun
from clova_jax.tables.tuned import TunedCell, label_of, tuned_row
from clova_jax.tuning import TuneOptions, train_writer

WRITTEN = ("few_shot", "tuned", "encoder_decoder")  # by a model
RATE = 1e-3  # of the encoder-decoder, which starts from scratch


@dataclass(frozen=True)
class TitleStudy:
    """Holds the events of a table, and how they are asked for.

    Args:
        events: of the data folder.
        prompt: the form, with the theme.
        task: of both.
        limit, seed: of the test events.
    """

    events: titles.Events
    prompt: titles.TitlePrompt
    task: Task
    limit: int | None
    seed: int

    @classmethod
    def read(cls, run: TableRun) -> "TitleStudy":
        """Reads the data folder; the tags of petitions are kept in the result folder."""
        options = run.options
        events = titles.read_events(run.data, run.out / "tags.json")
        prompt = titles.TitlePrompt(events.products, options.theme)
        task = titles.title_task(prompt, events)
        return cls(events, prompt, task, options.limit, options.seed)

    @cached_property
    def data(self) -> TaskData:
        """Returns the items of the test, and those of training."""
        return self.task.load(Path())

    @cached_property
    def test(self) -> list[titles.Event]:
        """Returns the test events that are asked for, in their order."""
        by_id = {event.id: event for event in self.events.test}
        return [by_id[item.id] for item in draw_items(self.data, self.task, self.limit, self.seed)]

    @cached_property
    def measures(self) -> titles.TitleMeasures:
        """Returns what measures titles of the test events."""
        known = [event.title for event in self.events.train]
        return titles.TitleMeasures(self.test, known, self.prompt.theme)

    @cached_property
    def baselines(self) -> dict[str, float]:
        """Returns BLEU of the tags alone, and the other measures of people's own titles."""
        own = self.measures([event.title for event in self.test])
        own["bleu"] = self.measures(titles.joined_tags(self.test))["bleu"]
        return {name: self.measures.finish(name)(rows.sum(axis=0)) for name, rows in own.items()}


@dataclass(frozen=True)
class TitleCell:
    """Measures the titles of a method, a row a measure; those that a model writes are kept and read back.

    Args:
        study: the events.
        method: few_shot, tuned, encoder_decoder, nearest, tags or human.
    """

    study: TitleStudy
    method: str

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; for what no model writes, with the first model alone."""
        if self.method not in WRITTEN and run.model_name != run.inputs.names[0]:
            return []
        run.found[run.model_name] = run.model.config.num_params
        trials, shown = self._titles(run)
        model = run.model_name if self.method in WRITTEN else ""
        run.found.setdefault("titles", {})[model, self.method] = trials[0]
        measures, study = self.study.measures, self.study
        pairs = zip(trials, shown, strict=True)
        found = [measures(some, examples) for some, examples in pairs]
        rows = []
        for name in found[0]:
            if (self.method, name) == ("human", "bleu"):
                continue
            score = interval([one[name] for one in found], measures.finish(name), seed=study.seed)
            row = {"model": model, "method": self.method, "task": study.task.name, "metric": name}
            row |= {**asdict(score), "baseline": study.baselines.get(name)}
            rows.append(row | {"items": len(study.test), "seeds": len(trials)})
        return rows

    def _titles(self, run: TableRun) -> tuple[list[list[str]], list[list[str]]]:
        """Returns the titles of each seed, and of each those that stood in the prompt."""
        study = self.study
        if self.method == "few_shot":
            return _few_shot(run, study)
        if self.method == "tuned":
            return _tuned(run, study)
        if self.method == "encoder_decoder":
            return _encoder_decoder(run, study)
        if self.method == "nearest":
            theme = study.prompt.theme
            return [titles.nearest_titles(study.events.train, study.test, theme)], [[]]
        if self.method == "tags":
            return [titles.joined_tags(study.test, study.prompt.theme)], [[]]
        return [[event.title for event in study.test]], [[]]


def _few_shot(run: TableRun, study: TitleStudy) -> tuple[list[list[str]], list[list[str]]]:
    options = run.options
    asked = {"shots": options.shots, "trials": options.seeds}
    asked |= {"limit": study.limit, "seed": study.seed}
    more = {"out": run.out, "name": run.model_name, "stop": run.stop}
    (row,) = measure(run.model, study.task, run.data, **asked, **more)
    found, shown = [], []
    for trial in range(row["trials"]):
        found.append(_kept(run, (run.model_name, study.task.name, options.shots, trial)))
        first = prompt_of(run.model, study.task, run.data, trial * len(study.test), **asked)
        shown.append([example.answers[0] for example in first.examples])
    return found, shown


def tuned_cell(options: Any, task: Task) -> TunedCell:
    """Returns the settings of the tuned row."""
    sizes = {"steps": options.steps, "batch_size": options.batch_size}
    return make_cell(options.tuned, task, **sizes)


def _tuned(run: TableRun, study: TitleStudy) -> tuple[list[list[str]], list[list[str]]]:
    options = run.options
    cell = tuned_cell(options, study.task)
    asked = {"seeds": options.seeds, "limit": study.limit, "seed": study.seed}
    more = {"name": run.model_name, "out": run.out, "stop": run.stop}
    row = tuned_row(run.model, study.task, study.data, cell, **asked, **more)
    run.found[f"{run.model_name} tuned"] = row
    label = label_of(run.model_name, cell, row["examples"])
    found = [_kept(run, (label, study.task.name, 0, trial)) for trial in range(options.seeds)]
    return found, [[]] * len(found)


def _encoder_decoder(run: TableRun, study: TitleStudy) -> tuple[list[list[str]], list[list[str]]]:
    found = [_one_seed(run, study, trial) for trial in range(run.options.seeds)]
    return found, [[]] * len(found)


def _one_seed(run: TableRun, study: TitleStudy, trial: int) -> list[str]:
    """Trains an encoder-decoder, and writes a title for each test event; titles that are there are read back."""
    options, task, data = run.options, study.task, study.data
    settings = TuneOptions(
        steps=options.steps,
        batch_size=options.batch_size,
        learning_rate=RATE,
        seed=study.seed + trial,
    )
    items = draw_items(data, task, study.limit, study.seed)
    key = (f"{run.model_name} encoder_decoder", task.name, 0, trial)
    asked = {
        "options": repr(settings),
        "data": digest([task.shown(item) for item in (*items, *data.pool)]),
        "weights": run.model.fingerprint,
    }
    records = Records(run.out)
    if records.find(key, asked) is None:
        folder = run.out / "encoder_decoder" / f"{run.model_name.replace('/', '_')}_{trial}"
        label = f"{run.model_name} encoder_decoder {trial + 1}/{options.seeds}"
        writer, best = train_writer(
            run.model, task, data.pool, settings, out=folder, stop=run.stop, label=label
        )
        texts = writer.write([item.text for item in items])
        rows = [
            {"id": item.id, "prediction": text, "answers": list(item.answers)}
            for item, text in zip(items, texts, strict=True)
        ]
        about = {"num_params": writer.config.num_params, "best_step": best}
        records.add(key, asked, about, rows)
        shutil.rmtree(folder, ignore_errors=True)
    mark, rows = records.find(key, asked)
    run.found[f"{run.model_name} encoder_decoder"] = mark
    return [row["prediction"] for row in rows]


def _kept(run: TableRun, key: tuple[str, str, int, int]) -> list[str]:
    """Returns the titles of a finished trial."""
    _, rows = Records(run.out).find(key, {})
    return [row["prediction"] for row in rows]
