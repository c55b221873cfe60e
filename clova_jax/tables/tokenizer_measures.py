"""Measures models of different tokenizers by what can be compared: the same bytes, prompts, labelled items and openings.

A model is measured once it is loaded, the judge last; then the rows of all are made together, since their intervals
cover seeds and items, and an item counts only where every model answered it.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.files import read_json, write_json
from clova_jax.evaluate import (
    Comparison,
    Passage,
    Prediction,
    Records,
    continue_passages,
    distinguish,
    do_nothing,
    draw_passages,
    judged_bits,
    load_task,
    mean_over,
    measure,
    percent,
    ratio,
    score_documents,
)
from clova_jax.tables.recipes import make_cell
from clova_jax.tables.table import Row, TableRun
from clova_jax.tables.tokenizer_models import JUDGE, rare, training_figures
from clova_jax.tables.tokenizer_questions import (
    RARE_TEXTS,
    Questions,
    answers_by,
    shown_metrics,
)
from clova_jax.tables.tokenizers import ENGLISH, read_held_out, spelled
from clova_jax.tables.tuned import tuned_row

PEOPLE = "people"
ALL = "all sources"
RARE_WORD = "프로젝트"
BITS, DISCRIMINATOR, FLUENCY = "bits per byte", "discriminator", "fluency"
UNKNOWN_BITS = 8.0  # that a byte costs which no token of the vocabulary spells
SCORINGS = ("raw", "contextual")
Key = tuple[str, str, str]  # measure, what it is of, metric


@dataclass
class Measures:
    """Measures models and collects what they score.

    Args:
        run: of the table.
        texts: held-out documents by source.
        passages: human text whose openings are continued.
        others: as many other passages, for what the discriminator says of people against people.
        prompted, tuned: the tasks that are asked in context and after fine-tuning.
    """

    run: TableRun
    texts: dict[str, list[str]]
    passages: list[Passage]
    others: list[Passage]
    prompted: list[Questions]
    tuned: list[Questions]
    comparisons: dict[Key, Comparison] = field(default_factory=dict)
    figures: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    baselines: dict[Key, float] = field(default_factory=dict)
    shown: dict[str, list[float]] = field(default_factory=dict)
    unspelled: dict[str, float] = field(default_factory=dict)
    cuts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def prepare(cls, run: TableRun) -> "Measures":
        """Draws everything that models are asked, the same for all; notes the tasks whose files are missing."""
        options, data = run.options, run.data
        texts = read_held_out(data, options.kilobytes, options.seed)
        texts = {
            source: [text for text in some if text]
            for source, some in texts.items()
            if source != ENGLISH
        }
        passages = draw_passages(texts, 2 * options.passages, options.seed)
        half = len(passages) // 2
        names = dict.fromkeys((*options.tasks, *options.tuned))
        present = [name for name in names if load_task(name).present(data)]
        missing = [name for name in names if name not in present]
        if missing:
            run.notes.append(f"not run, their files are missing: {', '.join(missing)}")
        drawn = {name: Questions.draw(name, data, options.limit, options.seed) for name in present}
        return cls(
            run,
            texts,
            passages[:half],
            passages[half : 2 * half],
            [drawn[name] for name in options.tasks if name in drawn],
            [drawn[name] for name in options.tuned if name in drawn],
        )

    def __call__(self, run: TableRun) -> list[Row]:
        """Measures the model that is loaded; returns all rows after the judge, no row before."""
        if run.model_name == JUDGE:
            self.judge()
            return self.rows()
        kind, seed = run.model_name.rsplit(" ", 1)
        self.cuts[kind] = spelled(run.model.tokenizer, RARE_WORD)
        self.figures.setdefault(kind, []).append(training_figures(run.options, kind, int(seed)))
        for measured in (self.held_out, self.in_context, self.fine_tuned, self.write):
            measured(kind)
            run.stop.check()
        return []

    def held_out(self, kind: str) -> None:
        """Scores held-out text by source; bytes that the vocabulary cannot spell are paid for."""
        run = self.run
        kept = _file(run, "held_out", run.model_name)
        texts = self.texts | {RARE_TEXTS: [item.text for item in rare(run.data)]}
        if not kept.exists():
            write_json(kept, {source: self._costs(some) for source, some in texts.items() if some})
        found = {source: np.array(rows) for source, rows in read_json(kept).items()}
        together = [found[source] for source in self.texts]
        self.unspelled[kind] = percent(np.concatenate(together).sum(axis=0)[[2, 1]])
        for source, rows in {ALL: np.concatenate(together), **found}.items():
            self._add(("held-out text", source, BITS), kind, rows[:, :2], ratio, np.inf)

    def _costs(self, texts: Sequence[str]) -> list[list[float]]:
        """Returns bits, bytes and unspelled bytes of each text."""
        model, length = self.run.model, self.run.options.length
        costs = score_documents(model, texts, length)
        lost = costs.bytes - spelled_bytes(model.tokenizer, texts)
        return np.stack([costs.bits + UNKNOWN_BITS * lost, costs.bytes, lost], axis=1).tolist()

    def in_context(self, kind: str) -> None:
        """Asks the tasks with examples in the prompt, the same text for every model; compares labels in two ways."""
        run, options = self.run, self.run.options
        for questions in self.prompted:
            for shots in options.shots:
                rows = measure(
                    run.model,
                    questions.task,
                    run.data,
                    shots=shots,
                    trials=options.trials,
                    seed=options.seed,
                    skip_long=True,
                    out=run.out,
                    name=run.model_name,
                    stop=run.stop,
                )
                if shots:
                    self.shown.setdefault(kind, []).append(rows[0]["shown_examples"] / shots)
                key = (run.model_name, questions.task.name, shots)
                trials = [
                    Records(run.out).find((*key, trial), {}) for trial in range(rows[0]["trials"])
                ]
                for scoring in SCORINGS:
                    found = [answers_by(scoring, questions.task, *trial) for trial in trials]
                    self._add_answers(f"{shots}-shot, {scoring}", questions, kind, found)

    def fine_tuned(self, kind: str) -> None:
        """Trains a copy of the model, every parameter, on each task and asks the same items."""
        run, options = self.run, self.run.options
        for questions in self.tuned:
            task, data = questions.task, questions.data
            cell = make_cell(
                "fine_tuning",
                task,
                examples=min(options.examples, len(data.pool)),
                steps=options.tune_steps,
            )
            row = tuned_row(
                run.model,
                task,
                data,
                cell,
                name=run.model_name,
                seeds=1,
                limit=None,
                seed=options.seed,
                out=run.out,
                stop=run.stop,
            )
            label = f"{run.model_name} {row['method']} {row['examples']}"
            _, answers = Records(run.out).find((label, task.name, 0, 0), {})
            predictions = {
                answer["id"]: Prediction(answer["prediction"], tuple(answer["answers"]))
                for answer in answers
            }
            measured = f"fine-tuned, {row['examples']:,} examples"
            self._add_answers(measured, questions, kind, [predictions])

    def _add_answers(
        self, measured: str, questions: Questions, kind: str, trials: list[dict[str, Prediction]]
    ) -> None:
        """Adds answers, trial by trial, to the comparisons of the task's metrics."""
        task, items = questions.task, {item.id: item for item in questions.data.items}
        for group, ids in questions.groups.items():
            asked = [name for name in items if all(name in trial for trial in trials)]
            asked = [name for name in asked if name in ids]
            for metric in shown_metrics(task, group) if asked else ():
                key = (measured, group, metric.name)
                rows = [metric.statistics([trial[name] for name in asked]) for trial in trials]
                finish = mean_over(metric.finish, len(trials))
                self._add(key, kind, np.hstack(rows), finish, 100.0, asked)
                constants = do_nothing(task, [items[name] for name in asked])
                self.baselines[key] = max(map(metric, constants))

    def write(self, kind: str) -> None:
        """Continues the openings of held-out documents, once."""
        run = self.run
        path = _file(run, "written", run.model_name)
        if not path.exists():
            found = continue_passages(run.model, self.passages, run.options.seed)
            write_json(path, [[passage.opening, passage.rest] for passage in found])

    def judge(self) -> None:
        """Lets discriminators and the second model judge what was written, and what people wrote."""
        for name in self.run.inputs.names[:-1]:
            kind = name.rsplit(" ", 1)[0]
            found = [Passage(*pair) for pair in read_json(_file(self.run, "written", name))]
            self._add_judged(kind, self.passages, found)
        self._add_judged(PEOPLE, self.passages, self.others)

    def _add_judged(self, name: str, human: list[Passage], other: list[Passage]) -> None:
        judged = distinguish(human, other)
        self._add((DISCRIMINATOR, "generated text", "AUROC"), name, judged.area, percent, 100.0)
        self._add(
            (DISCRIMINATOR, "generated text", "accuracy"), name, judged.accuracy, percent, 100.0
        )
        read = human if name == PEOPLE else other
        bits = judged_bits(self.run.model, read, self.run.options.length)
        self._add((FLUENCY, "generated text", BITS), name, bits, ratio, np.inf)

    def _add(
        self,
        key: Key,
        name: str,
        statistics: np.ndarray,
        finish: Callable[[np.ndarray], float],
        most: float,
        ids: Sequence[str] | None = None,
    ) -> None:
        if key not in self.comparisons:
            self.comparisons[key] = Comparison(finish, (0.0, most), self.run.options.seed)
        ids = [str(number) for number in range(len(statistics))] if ids is None else ids
        self.comparisons[key].add(name, ids, statistics)

    def rows(self) -> list[Row]:
        """Returns a row for each measure and tokenizer."""
        rows = []
        for kind, seeds in self.figures.items():
            for name in seeds[0]:
                value = float(np.mean([figures[name] for figures in seeds]))
                about = {"tokenizer": kind, "measure": "training", "of": "a model", "metric": name}
                rows.append(about | {"value": value, "seeds": len(seeds)})
        for (measured, of, metric), found in self.comparisons.items():
            for name in found.names:
                score = found.interval(name)
                rows.append(
                    {
                        "tokenizer": name,
                        "measure": measured,
                        "of": of,
                        "metric": metric,
                        "value": score.value,
                        "low": score.low,
                        "high": score.high,
                        "baseline": self.baselines.get((measured, of, metric)),
                        "seeds": found.seeds(name),
                        "items": len(found.items),
                    }
                )
        return rows

    def notes(self) -> list[str]:
        """Returns what the vocabularies could not spell, how much of the prompts fitted, and how a word is cut that the paper's char could not write."""
        lost = ", ".join(f"{kind} {share:.2g}%" for kind, share in self.unspelled.items())
        lines = [
            f"Bytes of held-out text that no token spells cost {UNKNOWN_BITS:g} bits each, or a vocabulary with holes "
            f"would be ahead: {lost}."
        ]
        if self.shown:
            fitted = ", ".join(
                f"{kind} {100 * np.mean(shares):.1f}%" for kind, shares in self.shown.items()
            )
            lines.append(f"Examples in the prompt that fitted the context: {fitted}.")
        cuts = ", ".join(f"{kind} {word}" for kind, word in self.cuts.items())
        lines.append(f"{RARE_WORD} in tokens (? is a part of a character, or an unknown): {cuts}.")
        count = len(rare(self.run.data))
        lines.append(
            f"{RARE_TEXTS}: {count} of both YNAT files; all are asked, and none is an example or in the text to train on."
            if count
            else f"{RARE_TEXTS}: this data has none, so they have no rows."
        )
        return lines

    def verdicts(self) -> list[str]:
        """Says for each measure which pairs of tokenizers it separates; of the sources, in how many."""
        kinds = list(self.figures)
        lines, by_pair = [], defaultdict(list)
        for (measured, of, metric), found in self.comparisons.items():
            pairs = found.verdicts(kinds)
            if of in self.texts:
                for (verdict, _), pair in zip(pairs, itertools.combinations(kinds, 2), strict=True):
                    by_pair[pair] += [of] if verdict == "apart" else []
            elif pairs:
                shown = "; ".join(sentence for _, sentence in pairs)
                lines.append(f"{measured}, {of}, {metric}: {shown}")
        for pair, sources in by_pair.items():
            lines.append(
                f"held-out text by source, {' and '.join(pair)}: separated beyond both intervals in "
                f"{len(sources)} of {len(self.texts)} sources{': ' if sources else ''}{', '.join(sources)}"
            )
        return lines


def _file(run: TableRun, folder: str, name: str) -> Path:
    """Returns where something is kept of a model."""
    return run.out / folder / f"{name.replace(' ', '_')}.json"


def spelled_bytes(tokenizer: Any, texts: Sequence[str]) -> np.ndarray:
    """Counts the bytes of each text that its tokens spell, int64[n]; `<unk>` spells none."""
    lengths = [len(token) for token in tokenizer.token_bytes()]
    if tokenizer.unknown is not None:
        lengths[tokenizer.unknown] = 0
    sizes = np.array(lengths)
    return np.array([sizes[ids].sum() for ids in tokenizer.encode_batch(list(texts))], np.int64)
