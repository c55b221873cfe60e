"""Runs a task on a model, trial by trial, and turns the predictions into result rows."""

import collections
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.progress import progress
from clova_jax.common.run_folder import holds_out
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.evaluate.calibration import Scoring, label_scores
from clova_jax.evaluate.prompts import (
    Prompt,
    build_prompts,
    choice_lengths,
    draw_items,
    joined_differs,
    too_long_error,
    with_choices,
    without_content,
)
from clova_jax.evaluate.records import Records, digest
from clova_jax.evaluate.rows import item_scores, score_rows
from clova_jax.evaluate.task import Item, Task, TaskData, check_labels
from clova_jax.evaluate.tasks import load_task
from clova_jax.inference import Model, complete, score_choices

TEXTS_AT_ONCE = 256  # between two movements of the progress bar
WORTH_SHARING = 8  # prompts that begin alike, for their beginning to be computed by itself


@dataclass(frozen=True)
class Run:
    """Defines how a task is run.

    Args:
        shots, trials: None for the paper's; 0 shots are one trial.
        limit: items a trial; None for all.
        seed: of the items and of the examples.
        scoring: what labels are compared by.
        skip_long: leave out, and count, items longer than the context instead of ending there.
        prompts: keep the complete prompt of each prediction.
    """

    shots: int | None = None
    trials: int | None = None
    limit: int | None = None
    seed: int = 0
    scoring: Scoring = "raw"
    skip_long: bool = False
    prompts: bool = False

    def of(self, task: Task) -> tuple[int, int]:
        """Returns (shots, trials) for a task; the task's own where none are given."""
        shots = task.shots if self.shots is None else self.shots
        trials = task.trials if self.trials is None else self.trials
        if shots < 0 or trials < 1 or (self.limit is not None and self.limit < 1):
            raise ClovaError(
                f"{task.name}: shots {shots}, trials {trials}, limit {self.limit}: "
                "shots start at 0, trials and limit at 1"
            )
        return shots, trials if shots else 1


def evaluate(
    model: Model, task: str | Task, data_dir: str | Path, **options: Any
) -> dict[str, Any]:
    """Returns the headline row of a task; the arguments are those of `measure`."""
    return measure(model, task, data_dir, **options)[0]


@holds_out
def measure(
    model: Model,
    task: str | Task,
    data_dir: str | Path,
    *,
    shots: int | None = None,
    trials: int | None = None,
    limit: int | None = None,
    seed: int = 0,
    scoring: Scoring = "raw",
    skip_long: bool = False,
    prompts: bool = False,
    out: str | Path | None = None,
    name: str = "model",
    stop: StopSignals | None = None,
) -> list[dict[str, Any]]:
    """Measures few-shot scores of a model on a task; returns one row a metric, the headline first.

    Args:
        model: a `LanguageModel`, say.
        task: a task, or its name.
        data_dir: a folder with the official file names.
        shots, trials: the paper's where None; 0 shots are one trial.
        limit: items a trial.
        seed: decides items and examples, the same for every model.
        scoring: how labels are compared (`calibration.label_scores`).
        skip_long: leave out, counted, items longer than the context.
        prompts: keep each prediction's complete prompt too; those of all items and trials may be gigabytes.
        out: where `predictions.jsonl` and `trials.jsonl` go; finished trials there are taken over.
        name: of the model in rows and records.
        stop: ends the run between trials with `Stopped`.

    Returns:
        Rows with `task, metric, shots, value, low, high, baseline` (0-100, 95% interval), `model,
        num_params, trials, items, dropped_examples, note`.

    Raises:
        ClovaError: a fault in the data, an item longer than the context, a label the tokenizer
            cannot write, an `out` with other settings.
    """
    task = load_task(task) if isinstance(task, str) else task
    run = Run(shots, trials, limit, seed, scoring, skip_long, prompts)
    shots, trials = run.of(task)
    data = task.load(Path(data_dir))
    items = draw_items(data, task, limit, seed)
    check_labels(task, model.tokenizer)
    records = Records(out)
    settings = {
        "seed": seed,
        "items": len(items),
        "scoring": scoring,
        "skip_long": skip_long,
        "data": digest([task.shown(item) + item.lead for item in (*items, *data.pool)]),
        "definition": task.definition,
        "weights": model.fingerprint,
    }
    marks, predictions = [], []
    for trial in range(trials):
        key = (name, task.name, shots, trial)
        found = records.find(key, settings)
        if found is None:
            label = f"{name} {task.name} {shots}-shot {trial + 1}/{trials}"
            with progress(total=len(items), desc=label, unit="item") as bar:
                advance = _advance(bar, stop)
                summary, rows = _run_trial(model, task, data, items, run, shots, trial, advance)
            rows = [
                dict(zip(("model", "task", "shots", "trial"), key, strict=True)) | row
                for row in rows
            ]
            records.add(key, settings, summary, rows)
            found = records.find(key, settings)
        marks.append(found[0])
        predictions.append(found[1])
    about = {"model": name, "num_params": model.config.num_params}
    return score_rows(task, data, items, marks, predictions, seed=seed, about=about)


def prompt_of(
    model: Model,
    task: str | Task,
    data_dir: str | Path,
    number: int,
    *,
    shots: int | None = None,
    trials: int | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> Prompt:
    """Returns the prompt of prediction `number`, counted from 0 through the trials as `measure` makes them.

    Raises:
        ClovaError: there is no such prediction, or its item is longer than the context.
    """
    task = load_task(task) if isinstance(task, str) else task
    shots, trials = Run(shots, trials, limit, seed).of(task)
    data = task.load(Path(data_dir))
    items = draw_items(data, task, limit, seed)
    if not 0 <= number < trials * len(items):
        raise ClovaError(
            f"{task.name}: no prediction {number}; {trials} trials of {len(items)} items make "
            f"0 to {trials * len(items) - 1}"
        )
    trial, index = divmod(number, len(items))
    prompts, too_long = _prompts(model, task, data, [items[index]], seed, shots, trial)
    if too_long:
        raise too_long_error(task, too_long[0], model.config.max_length)
    return prompts[0]


def _prompts(
    model: Model,
    task: Task,
    data: TaskData,
    items: Sequence[Item],
    seed: int,
    shots: int,
    trial: int,
) -> tuple[list[Prompt], list[Item]]:
    """Returns the trial's prompts with room for the answer, and the items too long for any."""
    choices = [model.tokenizer.encode(choice) for _, choice in task.verbalizer()]
    return build_prompts(
        task,
        data,
        items,
        model.tokenizer,
        shots=shots,
        trial=trial,
        seed=seed,
        max_length=model.config.max_length,
        reserve=max(map(len, choices)) if choices else task.max_new_tokens,
    )


def _advance(bar: Any, stop: StopSignals | None) -> Callable[[int], None]:
    """Advances the bar; a stop request ends the trial here."""

    def advance(count: int) -> None:
        bar.update(min(count, bar.total - bar.n))  # probes without content are no items
        if stop and stop.requested:
            raise Stopped(stop.requested)

    return advance


def _run_trial(
    model: Model,
    task: Task,
    data: TaskData,
    items: Sequence[Item],
    run: Run,
    shots: int,
    trial: int,
    advance: Callable[[int], None],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Runs one trial; returns its summary, and a row an item."""
    begin = time.perf_counter()
    prompts, too_long = _prompts(model, task, data, items, run.seed, shots, trial)
    if too_long and not run.skip_long:
        raise too_long_error(task, too_long[0], model.config.max_length)
    if not prompts:
        raise ClovaError(f"{task.name}: all {len(items)} items are longer than the context")
    summary: dict[str, Any] = {
        "too_long": len(too_long),
        "dropped_examples": sum(prompt.dropped for prompt in prompts),
        "shown_examples": sum(len(prompt.examples) for prompt in prompts),
        "joined_differs": joined_differs(prompts[0], model.tokenizer),
    }
    if task.labels:
        words = [word for _, word in task.verbalizer()]
        lengths = choice_lengths(model.tokenizer, prompts[0], words)
        rows, content_free = _choose(model, task, prompts, lengths, run.scoring, advance)
        summary |= {"blank": content_free, "label_tokens": lengths}
    else:
        rows = _write(model, task, prompts, advance)
    for prompt, row, score in zip(prompts, rows, item_scores(task, rows), strict=True):
        text = "\n".join(filter(None, (prompt.item.lead, prompt.item.text)))
        row |= {"score": score, "text": text, "examples": len(prompt.examples)}
        if run.prompts:
            row["prompt"] = prompt.text
        if task.own_examples:
            row["answer_shown"] = prompt.answer_shown
    return summary | {"seconds": round(time.perf_counter() - begin, 3)}, rows


def _choose(
    model: Model,
    task: Task,
    prompts: Sequence[Prompt],
    lengths: Sequence[int],
    scoring: Scoring,
    advance: Callable[[int], None],
) -> tuple[list[dict[str, Any]], list[list[float]]]:
    """Returns log-probabilities of the labels' words after every prompt, and those after content-free prompts."""
    end = [model.tokenizer.end_of_text]
    longest = max(prompts, key=lambda prompt: len(prompt.shared_ids))
    probes = without_content(
        task, longest, model.tokenizer, model.config.max_length, reserve=max(lengths)
    )
    owners, words = zip(*task.verbalizer(), strict=True)
    asked = with_choices(model.tokenizer, [*prompts, *probes], words)
    found: list[Any] = [None] * len(asked)
    for shared, contexts in _by_shared([prompt for prompt, _ in asked]).items():
        members = list(contexts)
        scores = score_choices(
            model,
            list(shared),
            [ids if ids or shared else end for ids in contexts.values()],
            [asked[i][1] for i in members],
            progress=advance,
        )
        for i, row in zip(members, scores, strict=True):
            found[i] = row
    table = np.stack(found[: len(prompts)])
    content_free = [[float(x) for x in row] for row in found[len(prompts) :]]
    sizes, blank = np.array(lengths, np.float64), np.array(content_free)
    compared = label_scores(table, sizes, blank, scoring, owners)
    names = list(task.labels or {})
    rows = [
        {
            "id": prompt.item.id,
            "prediction": names[int(best)],
            "answers": list(prompt.item.answers),
            "logprobs": [round(float(x), 6) for x in row],
        }
        for prompt, row, best in zip(prompts, table, compared.argmax(axis=1), strict=True)
    ]
    return rows, content_free


def _write(
    model: Model, task: Task, prompts: Sequence[Prompt], advance: Callable[[int], None]
) -> list[dict[str, Any]]:
    """Writes a greedy answer to every prompt, up to the first line break, in NFC; with its log-probability."""
    rows: list[Any] = [None] * len(prompts)
    for shared, contexts in _by_shared(prompts).items():
        members = sorted(contexts, key=lambda i: len(contexts[i]))
        for at in range(0, len(members), TEXTS_AT_ONCE):
            part = members[at : at + TEXTS_AT_ONCE]
            written = complete(
                model,
                [contexts[i] for i in part],
                prefix_ids=shared,
                max_new_tokens=task.max_new_tokens,
                temperature=0.0,
                stop=("\n",),
                logprobs=0,
                seed=0,
            )
            for i, completion in zip(part, written, strict=True):
                rows[i] = {
                    "id": prompts[i].item.id,
                    "prediction": unicodedata.normalize("NFC", completion.text.strip()),
                    "answers": list(prompts[i].item.answers),
                    "logprob": round(sum(x for x in completion.logprobs or () if x is not None), 6),
                }
            advance(len(part))
    return rows


def _by_shared(prompts: Sequence[Prompt]) -> dict[tuple[int, ...], dict[int, list[int]]]:
    """Groups the prompts by what they share; returns the ids after it, by the prompt's number.

    What a few prompts share is given to each, so that they are computed in one batch with the others.
    """
    counts = collections.Counter(prompt.shared_ids for prompt in prompts)
    groups: dict[tuple[int, ...], dict[int, list[int]]] = {}
    for i, prompt in enumerate(prompts):
        shared = prompt.shared_ids if counts[prompt.shared_ids] >= WORTH_SHARING else ()
        own = (prompt.shared_ids + prompt.own_ids)[len(shared) :]
        groups.setdefault(shared, {})[i] = list(own)
    return groups
