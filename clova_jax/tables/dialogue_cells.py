"""Computes the rows of the dialogue table: a tracker on nothing, on written and on real dialogues of a domain left out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.apps import dialogues as app
from clova_jax.common.stop import Stopped
from clova_jax.evaluate import Records, interval
from clova_jax.labelled import State, Turn
from clova_jax.language_model import LanguageModel
from clova_jax.tables.left_out import LeftOut
from clova_jax.tables.table import Row, TableRun

CHUNK = 20  # goals between two marks of what is written
METRICS = ("joint goal accuracy", "slot accuracy")
SAID = "goal values said"
States = list[list[State]]


def records(run: TableRun, rows: str, marks: str) -> Records:
    """Returns records of the result folder, opened once."""
    if rows not in run.found:
        run.found[rows] = Records(run.out, rows, marks)
    return run.found[rows]


def settings(run: TableRun, left: LeftOut, weights: str) -> dict[str, Any]:
    """Returns what must not change when dialogues and states are read back."""
    return {"seed": run.options.seed, "data": left.digest, "weights": weights}


def score(
    run: TableRun, left: LeftOut, about: Row, weights: str, track: Callable[[], States]
) -> list[Row]:
    """Returns a row a metric: how right the states of the test dialogues are, with intervals over dialogues.

    Args:
        run: with the options and the result folder; states are kept there.
        left: the domain.
        about: further columns: model, method and k at least.
        weights: fingerprint of the model that had a part in it.
        track: gives the states of the test dialogues.
    """
    if run.stop.requested:
        raise Stopped(run.stop.requested)
    kept, own = records(run, "predictions.jsonl", "trials.jsonl"), settings(run, left, weights)
    key = (f"{about['model']} {about['method']}".strip(), left.domain, about["k"], 0)
    if kept.find(key, own) is None:
        rows = [
            {"id": one.id, "states": states} for one, states in zip(left.test, track(), strict=True)
        ]
        kept.add(key, own, {}, rows)
    states = [row["states"] for row in kept.find(key, own)[1]]
    nothing: States = [[{} for _ in gold] for gold in left.gold]
    found, empty = (_statistics(left, given) for given in (states, nothing))
    run.found.setdefault("scores", {})[about["model"], left.domain, about["method"], about["k"]] = (
        found
    )
    return [
        {
            "model": about["model"],
            "task": left.domain,
            "metric": metric,
            **asdict(interval([found[:, [at, at + 1]]], percent, seed=run.options.seed)),
            "baseline": percent(empty[:, [at, at + 1]].sum(axis=0)),
            **about,
        }
        for at, metric in zip((0, 2), METRICS, strict=True)
    ]


def percent(total: np.ndarray) -> float:
    """Returns per cent of (right, asked); 0 where nothing was asked."""
    return 100 * float(total[0] / total[1]) if total[1] else 0.0


def _statistics(left: LeftOut, given: States) -> np.ndarray:
    """Returns float64[dialogues, 4]: turns whose state is all right, turns, slots that are right, slots."""
    rows = []
    for gold, states in zip(left.gold, given, strict=True):
        slots = [
            state.get(s) == own.get(s)
            for state, own in zip(gold, states, strict=True)
            for s in left.values
        ]
        whole = [dict(state) == dict(own) for state, own in zip(gold, states, strict=True)]
        rows.append((sum(whole), len(whole), sum(slots), len(slots)))
    return np.array(rows, np.float64)


def said_row(
    run: TableRun, left: LeftOut, about: Row, pairs: Sequence[tuple[app.Goal, str]]
) -> Row:
    """Returns the row of how many values of their goals dialogues say; the baseline is those of the next one's goal."""
    goals = [goal for goal, _ in pairs]
    texts = [text for _, text in pairs]

    def statistics(some: Sequence[app.Goal]) -> np.ndarray:
        rows = [
            (len(app.said_values(goal, text)), len(goal.said))
            for goal, text in zip(some, texts, strict=True)
        ]
        return np.array(rows or [(0, 0)], np.float64)

    return {
        "model": about["model"],
        "task": left.domain,
        "metric": SAID,
        **asdict(interval([statistics(goals)], percent, seed=run.options.seed)),
        "baseline": percent(statistics(goals[1:] + goals[:1]).sum(axis=0)),
        **about,
    }


@dataclass(frozen=True)
class Rival:
    """Scores what asks no model; computed once, with the first model.

    Args:
        left: the domain.
        method: `none` (a tracker on nothing), `match` (every value that is said, the last one counts) or `real` (a
            tracker on the first k training dialogues).
        k: dialogues to learn from.
    """

    left: LeftOut
    method: str
    k: int = 0

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; states are read back."""
        if run.model_name not in run.inputs.names[:1]:
            return []
        left, learned = self.left, self.left.real[: self.k]
        about = {
            "model": "",
            "method": self.method,
            "k": self.k,
            "accepted": len(learned),
            "tried": None,
        }
        rows = score(run, left, about, "", self._track)
        if self.method == "real":
            goals = [(left.own_goal(one), one) for one in learned]
            pairs = [(goal, "\n".join(t.text for t in one.turns)) for goal, one in goals if goal]
            rows.append(said_row(run, left, about, pairs))
        return rows

    def _track(self) -> States:
        left = self.left
        if self.method == "match":
            return app.match_values(left.turns, left.values)
        learned = [one.turns for one in left.real[: self.k]]
        return app.LinearTracker(learned, left.values).track(left.turns)


@dataclass(frozen=True)
class Labels:
    """Scores the labels that a writer gives to the test dialogues, their goals known, as it does with its own dialogues."""

    left: LeftOut
    writer: str

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; states are read back."""
        model, left = writer_model(run, self.writer, self.left), self.left

        def track() -> States:
            goals = [left.own_goal(one) for one in left.test]
            pairs = [(goal, one.turns) for goal, one in zip(goals, left.test, strict=True) if goal]
            columns = [list(column) for column in zip(*pairs, strict=True)] or [[], []]
            _, shown = shown_to(run, self.writer, left)
            found = iter(app.label_states(model, *columns, shown, run.stop))
            return [
                next(found) if goal else [{} for _ in gold]
                for goal, gold in zip(goals, left.gold, strict=True)
            ]

        about = {"model": run.model_name, "method": f"labels of {self.writer}", "k": 0}
        return score(run, left, about | {"accepted": None, "tried": None}, model.fingerprint, track)


@dataclass(frozen=True)
class Written:
    """Has a model write a dialogue for each of the most goals asked for, and trains trackers on those of the first k.

    Args:
        left: the domain.
        writer: `adapted` or `prompt`.
        ks: goals, a row each and metric.
    """

    left: LeftOut
    writer: str
    ks: Sequence[int]

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; written dialogues, their labels and states are read back."""
        model, goals = writer_model(run, self.writer, self.left), self.left.goals(max(self.ks))
        texts: list[list[Row]] = []
        for start in range(0, len(goals), CHUNK):
            texts += self._write(run, model, start, goals[start : start + CHUNK])
        rows: list[Row] = []
        for k in self.ks:
            rows += self._rows(run, model, goals[:k], texts[:k])
        return rows

    def _write(
        self, run: TableRun, model: LanguageModel, start: int, goals: Sequence[app.Goal]
    ) -> list[list[Row]]:
        """Returns the rows of `dialogues.jsonl` for each goal of a chunk."""
        if run.stop.requested:
            raise Stopped(run.stop.requested)
        left = self.left
        kept = records(run, "dialogues.jsonl", "written.jsonl")
        key = (f"{run.model_name} {self.writer}", left.domain, len(goals), start)
        own = settings(run, left, model.fingerprint) | {"shots": run.options.shots}
        if kept.find(key, own) is None:
            scripts, states = shown_to(run, self.writer, left)
            written = app.write_dialogues(
                model,
                goals,
                shown=scripts,
                most_tokens=_longest(model, left),
                seed=run.options.seed,
                signals=run.stop,
                label=f"{self.writer}, {left.domain}, from goal {start + 1}",
            )
            good = [
                (goal, some[-1])
                for goal, some in zip(goals, written, strict=True)
                if some[-1].accepted
            ]
            columns = [list(column) for column in zip(*good, strict=True)] or [[], []]
            turns = iter(app.labelled(model, *columns, states, run.stop))
            rows = [
                _row(
                    self.writer,
                    left,
                    start + number,
                    goal,
                    one,
                    next(turns) if one.accepted else (),
                )
                for number, (goal, some) in enumerate(zip(goals, written, strict=True))
                for one in some
            ]
            kept.add(key, own, {}, rows)
        found: dict[str, list[Row]] = {}
        for row in kept.find(key, own)[1]:
            found.setdefault(row["prompt"], []).append(row)
        return list(found.values())

    def _rows(
        self,
        run: TableRun,
        model: LanguageModel,
        goals: Sequence[app.Goal],
        texts: Sequence[Sequence[Row]],
    ) -> list[Row]:
        """Returns the rows of the dialogues of the first goals."""
        left = self.left
        good = [
            (goal, some[-1])
            for goal, some in zip(goals, texts, strict=True)
            if some[-1]["accepted"]
        ]
        refused = Counter(row["reason"] for some in texts for row in some if row["reason"])
        about = {"model": run.model_name, "method": self.writer, "k": len(goals)}
        about |= {"accepted": len(good), "tried": sum(map(len, texts)), "refused": dict(refused)}
        rows = score(
            run,
            left,
            about,
            model.fingerprint,
            lambda: app.LinearTracker([_turns(row) for _, row in good], left.values).track(
                left.turns
            ),
        )
        return [*rows, said_row(run, left, about, [(goal, row["text"]) for goal, row in good])]


def _row(
    writer: str, left: LeftOut, number: int, goal: app.Goal, one: app.Written, turns: Sequence[Turn]
) -> Row:
    return {
        "goal": {"instruction": goal.instruction, **asdict(goal)},
        "text": one.text,
        "states": [dict(turn.state or {}) for turn in turns if turn.role == "user"],
        "accepted": one.accepted,
        "reason": one.reason,
        "logprob": one.logprob,
        "prompt": prompt_id(writer, left.domain, number),
    }


def _turns(row: Mapping[str, Any]) -> list[Turn]:
    """Returns the turns of a written dialogue with their states."""
    turns, _ = app.read_lines(row["text"].split("\n"))
    states = iter(row["states"])
    return [Turn(t.role, t.text, next(states) if t.role == "user" else None) for t in turns]


def prompt_id(writer: str, domain: str, number: int) -> str:
    """Returns the key of a prompt in `prompts.jsonl`."""
    return f"{writer}/{domain}/{number}"


def shown_to(run: TableRun, writer: str, left: LeftOut) -> tuple[str, str]:
    """Returns what stands before each script, and before each dialogue to label: nothing for an adapted writer."""
    if writer == "adapted":
        return "", ""
    return app.examples(left.others[: run.options.shots], left.data.ontology)


def _longest(model: LanguageModel, left: LeftOut) -> int:
    """Returns the tokens of the longest dialogue of another domain, with its script."""
    texts = [app.as_document(left.data.goals(one), one.turns) for one in left.others]
    return max(map(len, model.tokenizer.encode_batch(texts)))


def writer_model(run: TableRun, writer: str, left: LeftOut) -> LanguageModel:
    """Returns the model of a writer: the one that is loaded, or what was made of it without a domain."""
    if writer == "prompt":
        return run.model
    key = f"{run.model_name} without {left.domain}"
    if key not in run.found:
        folder = adapted_without(run.out, run.model_name, left.domain)
        run.found[key] = LanguageModel.load(folder / "model")
    return run.found[key]


def adapted_without(out: Path, name: str, domain: str) -> Path:
    """Returns where the adaptation of a model without a domain is kept."""
    return out / "adapted" / f"{name} without {domain}".replace("/", "_")
