"""Labels the state of each of a user's turns: the likeliest value of each slot, by the model, after the dialogue so far."""

from collections.abc import Mapping, Sequence

import numpy as np

from clova_jax.apps.dialogues.script import SAID_AS
from clova_jax.apps.dialogues.text import as_lines
from clova_jax.common.progress import progress
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.inference import Model, score_choices
from clova_jax.labelled import State, Turn

NOTHING = "없음"
"""What stands for a slot that nothing is settled of."""


def as_question(domain: str, slot: str) -> str:
    """Returns what a slot's value is asked by."""
    return f"{domain} {slot}:"


def as_answer(value: str | None) -> str:
    """Returns how a value, or none, stands after its question, to the end of the line."""
    return f" {NOTHING if value is None else SAID_AS.get(value, value)}\n"


def as_states(turns: Sequence[Turn], values: Mapping[tuple[str, str], str | None]) -> str:
    """Returns a dialogue up to one of the user's turns, and below it a line for each `(domain, slot)` with its value."""
    lines = (as_question(*slot) + as_answer(value) for slot, value in values.items())
    return f"{as_lines(turns)}\n\n{''.join(lines)}"


def label_states(
    model: Model,
    domain: str,
    dialogues: Sequence[Sequence[Turn]],
    candidates: Sequence[Mapping[str, Sequence[str]]],
    shown: str = "",
    signals: StopSignals | None = None,
) -> list[list[State]]:
    """Returns the state after each of the user's turns of each dialogue.

    A slot has the value, or none, that the model finds likeliest after the dialogue up to that turn.

    Args:
        model: one that has learned `as_states`.
        domain: what the dialogues are about.
        dialogues: their turns.
        candidates: for each dialogue the values that its slots may have; other slots have none.
        shown: documents that stand before each dialogue.
        signals: those that end it between two dialogues.

    Raises:
        ClovaError: a dialogue is longer than the model's context.
        Stopped: a stop was requested.
    """
    found = []
    for turns, slots in progress(
        list(zip(dialogues, candidates, strict=True)), desc="labels", unit="dialogue"
    ):
        if signals and signals.requested:
            raise Stopped(signals.requested)
        found.append(_states(model, domain, turns, slots, shown))
    return found


def _states(
    model: Model,
    domain: str,
    turns: Sequence[Turn],
    slots: Mapping[str, Sequence[str]],
    shown: str,
) -> list[State]:
    """Scores the values of all slots after all of the user's turns of a dialogue, in one call."""
    ends = [number for number, turn in enumerate(turns, 1) if turn.role == "user"]
    encode = model.tokenizer.encode_batch
    rows = encode(
        [
            f"{shown}{as_lines(turns[:end])}\n\n{as_question(domain, slot)}"
            for end in ends
            for slot in slots
        ]
    )
    values = {slot: (None, *known) for slot, known in slots.items()}
    answers = {
        slot: encode([as_answer(value) for value in known]) for slot, known in values.items()
    }
    scores = iter(score_choices(model, [], rows, [answers[slot] for _ in ends for slot in slots]))
    states = []
    for _ in ends:
        best = {slot: values[slot][int(np.argmax(next(scores)))] for slot in slots}
        states.append({f"{domain}-{slot}": value for slot, value in best.items() if value})
    return states
