"""Tracks the state of dialogues: linear classifiers of the values that are said, and a rule that takes all of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from clova_jax.apps.dialogues.script import SAID_AS
from clova_jax.labelled import State, Turn

STRENGTH = 100.0  # inverse penalty: few rows, and the features say nearly all
_VALUE, _OTHER = "◆", "◇"  # stand for the value in question, and for others of its slot
Values = Mapping[str, Sequence[str]]
"""The values of each slot, as it is named in a state."""
Said = tuple[str, str]  # the system's turn before, and the user's


@dataclass(frozen=True)
class _Candidate:
    """Holds a value that a turn may settle.

    Args:
        slot, value: the slot, and what it may get.
        kind: the slot; with the value where that is never said literally.
        texts: both turns with the value masked.
        at: where the value was said last; -1 where it is never said literally.
    """

    slot: str
    value: str
    kind: tuple[str, str]
    texts: Said
    at: int


class LinearTracker:
    """Decides for each value that is said whether the turn settles it, by logistic regression, one a slot.

    Features are tf-idf of character 1- to 4-grams, of the user's turn and, apart, of the system's turn before it, the value and
    its rivals masked: so what is learned of one value holds for all, and a few dozen dialogues are enough. The tracker knows
    no language model: it is the same whoever wrote the dialogues, and what differs between two is the dialogues. A value that is
    said in other words than its own is not found; `yes`, `no` and `dontcare` are classes of their own.

    Args:
        dialogues: to learn from; without any, no turn settles anything.
        values: of each slot.
    """

    def __init__(self, dialogues: Sequence[Sequence[Turn]], values: Values) -> None:
        self.values = {slot: _solid(known) for slot, known in values.items()}
        rows: dict[tuple[str, str], list[tuple[Said, bool]]] = {}
        for dialogue in dialogues:
            for said, settled in zip(_pairs(dialogue), _settled(dialogue), strict=True):
                for one in _candidates(said, self.values):
                    right = settled.get(one.slot) == one.value
                    rows.setdefault(one.kind, []).append((one.texts, right))
        self.models: dict[tuple[str, str], Pipeline] = {}
        for kind, examples in rows.items():
            texts, right = zip(*examples, strict=True)
            if len(set(right)) > 1:
                self.models[kind] = _classifier().fit(texts, right)

    def track(self, dialogues: Sequence[Sequence[Turn]]) -> list[list[State]]:
        """Returns the state after each of the user's turns of each dialogue."""
        places = [(d, t) for d, turns in enumerate(dialogues) for t in range(len(_pairs(turns)))]
        asked: dict[tuple[str, str], list[tuple[tuple[int, int], _Candidate]]] = {}
        turns = [said for dialogue in dialogues for said in _pairs(dialogue)]
        for place, said in zip(places, turns, strict=True):
            for one in _candidates(said, self.values):
                if one.kind in self.models:
                    asked.setdefault(one.kind, []).append((place, one))
        best: dict[tuple[int, int], dict[str, tuple[float, str]]] = {place: {} for place in places}
        for kind, rows in asked.items():
            shares = self.models[kind].predict_proba([one.texts for _, one in rows])[:, 1]
            for (place, one), share in zip(rows, shares.tolist(), strict=True):
                if share > max(0.5, best[place].get(one.slot, (0.0,))[0]):
                    best[place][one.slot] = share, one.value
        settled = iter([{s: value for s, (_, value) in best[place].items()} for place in places])
        return [_sums([next(settled) for _ in _pairs(dialogue)]) for dialogue in dialogues]


def _classifier() -> Pipeline:
    parts = [
        (
            str(side),
            make_pipeline(
                FunctionTransformer(_side, kw_args={"number": side}),
                TfidfVectorizer(analyzer="char", ngram_range=(1, 4)),
            ),
        )
        for side in (0, 1)
    ]
    return make_pipeline(FeatureUnion(parts), LogisticRegression(C=STRENGTH, max_iter=1_000))


def _side(rows: Sequence[Said], number: int) -> list[str]:
    return [f" {row[number]} " for row in rows]


def match_values(dialogues: Sequence[Sequence[Turn]], values: Values) -> list[list[State]]:
    """Returns states by a rule: a slot has the value that was said last, whoever said it; spaces do not count.

    Args:
        dialogues: their turns.
        values: of each slot.
    """
    known = {slot: _solid(own) for slot, own in values.items()}
    found = []
    for dialogue in dialogues:
        settled = []
        for said in _pairs(dialogue):
            here = sorted(_candidates(said, known), key=lambda one: one.at)
            settled.append({one.slot: one.value for one in here if one.at >= 0})
        found.append(_sums(settled))
    return found


def _solid(values: Sequence[str]) -> dict[str, str]:
    """Returns the values by how they are said without spaces, the longest first."""
    ordered = sorted(values, key=len, reverse=True)
    return {"".join(value.split()): value for value in ordered}


def _candidates(said: Said, values: Mapping[str, Mapping[str, str]]) -> Iterator[_Candidate]:
    """Yields the values that are said in either turn, and those that never are."""
    system, user = ("".join(text.split()) for text in said)
    for slot, known in values.items():
        for solid, value in known.items():
            if value in SAID_AS:
                yield _Candidate(slot, value, (slot, value), (system, user), -1)
            elif solid in system or solid in user:
                masked = (_masked(system, solid, known), _masked(user, solid, known))
                at = f"{masked[0]}\n{masked[1]}".rfind(_VALUE)
                if at >= 0:  # else it is a part of a longer value
                    yield _Candidate(slot, value, (slot, ""), masked, at)


def _masked(text: str, solid: str, known: Mapping[str, str]) -> str:
    """Puts a mark in the place of a value, another in that of other values, the longest first."""
    for other in known:
        if other in text and known[other] not in SAID_AS:
            text = text.replace(other, _VALUE if other == solid else _OTHER)
    return text


def _pairs(dialogue: Sequence[Turn]) -> list[Said]:
    """Returns each of the user's turns with the system's before it."""
    before = ("", *(turn.text if turn.role == "sys" else "" for turn in dialogue))
    return [
        (said, turn.text)
        for said, turn in zip(before, dialogue, strict=False)
        if turn.role == "user"
    ]


def _settled(dialogue: Sequence[Turn]) -> list[State]:
    """Returns what each of the user's turns adds to the state, or changes in it."""
    states = [turn.state or {} for turn in dialogue if turn.role == "user"]
    return [
        {slot: value for slot, value in state.items() if before.get(slot) != value}
        for before, state in zip(({}, *states), states, strict=False)
    ]


def _sums(settled: Sequence[State]) -> list[State]:
    """Returns the state after each turn from what the turns settle."""
    states: list[State] = []
    for own in settled:
        states.append({**(states[-1] if states else {}), **own})
    return states
