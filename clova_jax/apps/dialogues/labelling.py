"""Labels the state of each of a user's turns: whether a slot has its goal's value yet, by the model's likelihood of either."""

from collections.abc import Mapping, Sequence

from clova_jax.apps.dialogues.masks import mark
from clova_jax.apps.dialogues.script import SAID_AS, Goal, mask_goals
from clova_jax.apps.dialogues.text import as_lines
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.inference import Model, score_choices
from clova_jax.labelled import State, Turn

NOTHING = "없음"
"""What stands for a slot that nothing is settled of."""


def as_answer(slot: str, value: str | None) -> str:
    """Returns the line of a slot: its mark, a value that has none, or none."""
    return f"{slot}: {NOTHING if value is None else SAID_AS.get(value, mark(slot))}\n"


def as_state(
    turns: Sequence[Turn], goals: Sequence[Goal], domain: str, values: Mapping[str, str | None]
) -> str:
    """Returns a dialogue up to one of the user's turns, marks for values, and below it the domain and a line for each slot."""
    lines = (as_answer(slot, value) for slot, value in values.items())
    return f"{mask_goals(as_lines(turns), goals)}\n\n{domain}\n{''.join(lines)}"


def label_states(
    model: Model,
    goals: Sequence[Goal],
    dialogues: Sequence[Sequence[Turn]],
    shown: str = "",
    signals: StopSignals | None = None,
) -> list[list[State]]:
    """Returns the state after each of the user's turns of each dialogue.

    A slot has the value of the dialogue's goal, or none, whichever the model finds likelier after the dialogue up to that turn.

    Args:
        model: one that has learned `as_state`.
        goals: of each dialogue.
        dialogues: their turns.
        shown: documents that stand before each dialogue.
        signals: those that end it before it begins.

    Raises:
        ClovaError: a dialogue is longer than the model's context.
        Stopped: a stop was requested.
    """
    if signals and signals.requested:
        raise Stopped(signals.requested)
    contexts, answers = [], []
    for goal, turns in zip(goals, dialogues, strict=True):
        for end in _ends(turns):
            contexts.append(shown + as_state(turns[:end], [goal], goal.domain, {}))
            # What is common to both answers of a slot, its name, cancels out.
            answers += [as_answer(s, v) for s, value in goal.values.items() for v in (value, None)]
    encode = model.tokenizer.encode_batch
    choices, ids = iter(encode(answers)), encode(contexts)
    sizes = [
        2 * len(goal.values)
        for goal, turns in zip(goals, dialogues, strict=True)
        for _ in _ends(turns)
    ]
    scores = iter(
        score_choices(model, [], ids, [[next(choices) for _ in range(size)] for size in sizes])
    )
    return [
        [_state(goal, next(scores).tolist()) for _ in _ends(turns)]
        for goal, turns in zip(goals, dialogues, strict=True)
    ]


def _ends(turns: Sequence[Turn]) -> list[int]:
    """Returns how many turns there are up to each of the user's."""
    return [number for number, turn in enumerate(turns, 1) if turn.role == "user"]


def _state(goal: Goal, scores: Sequence[float]) -> State:
    pairs = zip(goal.values.items(), scores[::2], scores[1::2], strict=True)
    return {f"{goal.domain}-{slot}": value for (slot, value), yes, no in pairs if yes > no}
