"""Scores what is understood in calls, what is recommended to say next, complete calls, and utterances that a model writes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from clova_jax.apps import augmentation, calls
from clova_jax.common.json_values import to_json
from clova_jax.evaluate import digest, generator
from clova_jax.tables.call_measures import Measured, Score, is_right, majority
from clova_jax.tables.call_sets import CANDIDATES, CallSets, NextSet
from clova_jax.tables.callers import Answer, Asked, Caller, lead
from clova_jax.tables.table import Row, TableRun

UNDERSTANDERS = ("rules", "ngrams", "model")
RECOMMENDERS = ("bm25", "neighbours", "vectors", "model", "model_normalised")
HEARD = ("clean", "first", "n_best")
"""What a call hears: the text, the likeliest hypothesis of a recogniser, or all of them."""


def understander(name: str, scenario: calls.Scenario, model: Any) -> calls.Understander:
    """Makes an understander by its name."""
    if name == "model":
        return calls.ModelUnderstander(model, scenario)
    return {"rules": calls.Rules, "ngrams": calls.Ngrams}[name](scenario)


def branch(sets: CallSets, system: str, steps: int) -> Measured:
    """Returns the cell that tells yes, no and neither apart; `tuned` is the model tuned on the examples of the scenarios."""
    names = [calls.YES, calls.NO, calls.UNCLEAR]
    texts = [calls.clean(text) for _, text, _ in sets.branch]

    def predict(run: TableRun) -> list[str]:
        scenario = sets.scenarios[0]  # these intents are the same in all
        if system == "tuned":
            shown = [(text, name) for name in names for text in scenario.intents[name].examples]
            found = augmentation.EncoderClassifier(
                run.model,
                *map(list, zip(*shown, strict=True)),
                names=names,
                steps=steps,
                seed=sets.seed,
                stop=run.stop,
            )
            return found.predict(texts)
        own = understander(system, scenario, run.model)
        (chances,) = own.chances([calls.Choice(texts, names)])
        return [names[best] for best in chances.argmax(axis=1).tolist()]

    def compute(run: TableRun) -> list[Row]:
        return [
            {"id": text, "question": question, "answer": meaning, "prediction": prediction}
            for (question, text, meaning), prediction in zip(sets.branch, predict(run), strict=True)
        ]

    settings: dict[str, Any] = {"data": digest([text for _, text, _ in sets.branch])}
    settings |= {"steps": steps} if system == "tuned" else {}
    return Measured(sets, "branch", system, compute, {"accuracy": is_right}, majority, settings)


def hear(options: Any, answer: Answer, place: str) -> Sequence[calls.Heard]:
    """Returns the hypotheses of an answer, the same for every system."""
    recogniser = calls.Recogniser(options.noise, options.hypotheses)
    return recogniser.hear(answer.text, generator(options.seed, "noise", place))


def _heard(options: Any, one: Asked, how: str) -> Sequence[calls.Heard]:
    if how == "clean":
        return [calls.Heard(one.answer.text)]
    found = hear(options, one.answer, one.id)
    return found[:1] if how == "first" else found


def _intent_right(row: Row) -> float | None:
    return None if row["slot"] else is_right(row)


def _value_right(row: Row) -> float | None:
    return is_right(row) if row["slot"] else None


TURN_METRICS: Mapping[str, Score] = {"intent": _intent_right, "value": _value_right}


def _commonest(rows: Sequence[Row]) -> dict[str, float]:
    """Returns what the commonest intent scores, and the commonest value of each slot."""
    found = {}
    for metric, some in (
        ("intent", [("", row["answer"]) for row in rows if not row["slot"]]),
        ("value", [(row["slot"], row["answer"]) for row in rows if row["slot"]]),
    ):
        best = sum(
            max(some.count(pair) for pair in set(some) if pair[0] == slot)
            for slot in {slot for slot, _ in some}
        )
        if some:
            found[metric] = 100 * best / len(some)
    return found


def turns(sets: CallSets, system: str, how: str, options: Any) -> Measured:
    """Returns the cell that scores intents, where one is asked for, and values of slots, where those are."""

    def compute(run: TableRun) -> list[Row]:
        found = []
        for one, heard, understood in _all_understood(sets, system, how, options, run.model):
            slot = next(iter(one.scenario.states[one.state].slots), "")
            answer, prediction = one.answer.intent, understood.intent
            if slot:
                answer, prediction = one.answer.values.get(slot), understood.values.get(slot)
            found.append(
                {
                    "id": one.id,
                    "scenario": one.scenario.name,
                    "state": one.state,
                    "slot": slot,
                    "said": one.answer.text,
                    "heard": [hypothesis.text for hypothesis in heard],
                    "answer": answer,
                    "prediction": prediction,
                }
            )
        return found

    kind = f"turns {how}"
    return Measured(
        sets, kind, system, compute, TURN_METRICS, _commonest, call_settings(sets, options)
    )


def _all_understood(
    sets: CallSets, system: str, how: str, options: Any, model: Any
) -> Iterator[tuple[Asked, Sequence[calls.Heard], calls.Understood]]:
    """Yields every turn with what was heard and understood, the turns of a scenario at once."""
    for scenario in sets.scenarios:
        asked = [one for one in sets.asked if one.scenario is scenario]
        heard = [_heard(options, one, how) for one in asked]
        said = [
            calls.Said(one.state, one.question, own) for one, own in zip(asked, heard, strict=True)
        ]
        found = calls.understand(understander(system, scenario, model), scenario, said)
        yield from zip(asked, heard, found, strict=True)


def call_settings(sets: CallSets, options: Any) -> dict[str, Any]:
    """Returns what the answers of calls depend on."""
    texts = [text for one in sets.asked for text in (one.id, one.answer.text)]
    shapes = [to_json(asdict(scenario)) for scenario in sets.scenarios]
    return {
        "data": digest([*texts, *shapes]),
        "noise": options.noise,
        "hypotheses": options.hypotheses,
    }


CALL_METRICS: Mapping[str, Score] = {
    "as it should": lambda row: float(row["right"]),
    "finished": lambda row: float(row["outcome"] == calls.FINISHED),
    "with a person": lambda row: float(row["outcome"] == calls.HANDED_OVER),
    "broken off": lambda row: float(not row["outcome"]),
}


def _transcript(call: calls.Call, goal: calls.Call) -> Row:
    """Returns the turns of a call, and whether it ends as it should: outcome, values and flags."""
    ends = [
        (turn.outcome, turn.slots, set(turn.flags)) for turn in (call.turns[-1], goal.turns[-1])
    ]
    about = {"call": call.name, "scenario": call.scenario.name}
    return {
        "id": call.name,
        "scenario": call.scenario.name,
        "outcome": call.outcome,
        "right": ends[0] == ends[1],
        "turns": [about | asdict(turn) for turn in call.turns],
    }


def complete(sets: CallSets, system: str, options: Any) -> Measured:
    """Returns the cell that leads complete calls, which hear all hypotheses; its rows are the transcripts."""

    def compute(run: TableRun) -> list[Row]:
        found = []
        for scenario in sets.scenarios:
            goals = [goal for goal, _ in sets.led if goal.scenario is scenario]
            own = understander(system, scenario, run.model)
            lines = [calls.Call(scenario, own, name=one.name, seed=sets.seed) for one in goals]
            callers = [Caller(scenario, number, sets.seed) for number in range(sets.callers)]
            lead(lines, callers, partial(hear, options))
            found += map(_transcript, lines, goals)
        return found

    settings = call_settings(sets, options)
    return Measured(sets, "calls", system, compute, CALL_METRICS, lambda rows: {}, settings)


NEXT_METRICS: Mapping[str, Score] = {
    "R@1": lambda row: float(row["rank"] <= 1),
    "MRR": lambda row: 1 / row["rank"],
}
BY_CHANCE = {
    "R@1": 100 / CANDIDATES,
    "MRR": 100 * float(np.mean(1 / np.arange(1, CANDIDATES + 1))),
}


def recommender(name: str, asked: NextSet, model: Any) -> calls.Recommender:
    """Makes a recommender by its name."""
    makers: Mapping[str, Callable[[], calls.Recommender]] = {
        "bm25": lambda: calls.ByIndex("bigrams"),
        "neighbours": lambda: calls.ByNeighbours(asked.pairs),
        "vectors": lambda: calls.ByIndex("vectors", model),
        "model": lambda: calls.ByModel(model, normalised=False),
        "model_normalised": lambda: calls.ByModel(model, normalised=True),
    }
    return makers[name]()


def recommended(sets: CallSets, asked: NextSet, system: str) -> Measured:
    """Returns the cell that looks for what was said next among others."""

    def compute(run: TableRun) -> list[Row]:
        questions = asked.questions
        scores = recommender(system, asked, run.model).scores(questions)
        ranks = calls.ranks(questions, scores)
        return [
            {
                "id": one.id,
                "turns": [f"{speaker}: {text}" for speaker, text in one.turns],
                "answer": one.candidates[one.answer],
                "prediction": one.candidates[int(np.argmax(own))],
                "rank": float(rank),
            }
            for one, own, rank in zip(questions, scores, ranks.tolist(), strict=True)
        ]

    texts = [t for one in asked.questions for t in (one.id, one.prompt, *one.candidates)]
    learnt = [text for pair in asked.pairs for text in pair] if system == "neighbours" else []
    settings = {"data": digest([*texts, *learnt])}
    kind = f"next {asked.name}"
    return Measured(sets, kind, system, compute, NEXT_METRICS, lambda rows: BY_CHANCE, settings)


def written(sets: CallSets, count: int) -> Measured:
    """Returns the cell in which the model writes utterances for every state from its description."""

    def compute(run: TableRun) -> list[Row]:
        found = []
        for scenario in sets.scenarios:
            drafts = calls.write_wordings(run.model, scenario, count, sets.seed)
            for state, texts in drafts.items():
                about = {"scenario": scenario.name, "state": state}
                about |= {"about": scenario.states[state].about}
                found += [
                    about | {"id": f"{scenario.name}/{state}/{n}", "text": text, "reason": why}
                    for n, (text, why) in enumerate(texts)
                ]
        return found

    def by_chance(rows: Sequence[Row]) -> dict[str, float]:
        return {"taken": 100 * float(np.mean([1 / len(one.states) for one in sets.scenarios]))}

    settings = {"count": count, "data": digest([to_json(asdict(one)) for one in sets.scenarios])}
    metrics = {"taken": lambda row: float(not row["reason"])}
    return Measured(sets, "utterances", "model", compute, metrics, by_chance, settings)
