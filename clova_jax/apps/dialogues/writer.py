"""Has a model write a dialogue for each goal script, and labels the states of those that are dialogues."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from clova_jax.apps.augmentation import Asked, write_texts
from clova_jax.apps.dialogues.labelling import label_states
from clova_jax.apps.dialogues.script import Goal
from clova_jax.apps.dialogues.text import Acceptance, Written, as_prompt
from clova_jax.common.stop import StopSignals
from clova_jax.evaluate import generator
from clova_jax.inference import Model
from clova_jax.labelled import Turn

TRIES = 2  # dialogues tried at most for a goal
SAMPLING = {"temperature": 0.9, "top_p": 0.98}  # NeuralWOZ's


def write_dialogues(
    model: Model,
    goals: Sequence[Goal],
    *,
    shown: str = "",
    most_tokens: int,
    seed: int,
    signals: StopSignals | None = None,
    label: str = "dialogues",
    **sampling: Any,
) -> list[list[Written]]:
    """Writes dialogues until one of each goal is accepted, or two were tried.

    Each follows from its own goal and seed alone, whatever else is asked for.

    Args:
        model: the writer.
        goals: what the dialogues are about.
        shown: documents that stand before each script.
        most_tokens: of a dialogue.
        seed: of all draws.
        signals: those that end it between two rounds.
        label: of the progress bar.
        **sampling: of `Sampling`, in place of `SAMPLING`.

    Returns:
        The dialogues of each goal in order; the last one may be accepted.

    Raises:
        ClovaError: a script leaves no room in the model's context.
        Stopped: a stop was requested.
    """
    rows = model.tokenizer.encode_batch([f"{shown}{as_prompt([goal])}" for goal in goals])
    asked = [
        Asked(
            ids,
            generator(seed, goal.text, "dialogue").integers(2**31, size=TRIES).tolist(),
            Acceptance(goal),
            1,
        )
        for goal, ids in zip(goals, rows, strict=True)
    ]
    options = {"stop": "\n\n", "max_new_tokens": most_tokens, **SAMPLING, **sampling}
    write_texts(model, [], asked, signals=signals, label=label, **options)
    return [one.texts for one in asked]


def labelled(
    model: Model,
    goals: Sequence[Goal],
    written: Sequence[Written],
    shown: str = "",
    signals: StopSignals | None = None,
) -> list[list[Turn]]:
    """Returns the turns of written dialogues with their states, as `label_states` labels them.

    Args:
        model: the writer.
        goals: of each dialogue.
        written: accepted dialogues.
        shown: documents that stand before each dialogue.
        signals: those that end it before it begins.
    """
    states = label_states(model, goals, [one.turns for one in written], shown, signals)
    found = []
    for one, own in zip(written, states, strict=True):
        left = iter(own)
        found.append(
            [
                dataclasses.replace(turn, state=next(left)) if turn.role == "user" else turn
                for turn in one.turns
            ]
        )
    return found
