"""Trains a model further on dialogues of other domains than the one it will write for, under their scripts and with their states."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.apps.augmentation import train_on
from clova_jax.apps.dialogues.labelling import as_state
from clova_jax.apps.dialogues.script import Goal, goals_of
from clova_jax.apps.dialogues.text import as_document
from clova_jax.evaluate import generator
from clova_jax.labelled import Dialogue, Ontology, Turn


def documents(
    dialogues: Sequence[Dialogue], ontology: Ontology, seed: int, count: int
) -> Iterator[str]:
    """Yields documents of two kinds in turn: scripts with the dialogue below, and a dialogue so far with its state below.

    Args:
        dialogues: to show, in random order, all as often.
        ontology: the slots of their domains.
        seed: of all draws.
        count: documents.
    """
    random = generator(seed, "dialogues")
    order: list[int] = []
    for number in range(count):
        order = order or random.permutation(len(dialogues)).tolist()
        dialogue = dialogues[order[-1]]
        if number % 2:
            order.pop()
            yield _with_state(dialogue, ontology, random)
        else:
            yield as_document(goals_of(dialogue, ontology), dialogue.turns)


def _with_state(dialogue: Dialogue, ontology: Ontology, random: np.random.Generator) -> str:
    """Shows a dialogue up to one of the user's turns, and the slots of one of its domains in random order."""
    turns, goals = dialogue.turns, goals_of(dialogue, ontology)
    ends = [number for number, turn in enumerate(turns, 1) if turn.role == "user"]
    end, goal = ends[random.integers(len(ends))], goals[random.integers(len(goals))]
    slots = list(goal.values)
    order = [slots[number] for number in random.permutation(len(slots))]
    return _state(turns[:end], goals, goal.domain, order)


def _state(turns: Sequence[Turn], goals: Sequence[Goal], domain: str, slots: Sequence[str]) -> str:
    state = turns[-1].state or {}
    values = {slot: state.get(f"{domain}-{slot}") for slot in slots}
    return as_state(turns, goals, domain, values)


def examples(dialogues: Sequence[Dialogue], ontology: Ontology) -> tuple[str, str]:
    """Returns what a model that is not adapted is shown: dialogues under their scripts, and dialogues half-way with their states."""
    scripts, states = [], []
    for dialogue in dialogues:
        turns, goals = dialogue.turns, goals_of(dialogue, ontology)
        ends = [number for number, turn in enumerate(turns, 1) if turn.role == "user"]
        end, goal = ends[len(ends) // 2], goals[0]
        scripts.append(f"{as_document(goals, turns)}\n\n")
        states.append(f"{_state(turns[:end], goals, goal.domain, list(goal.values))}\n")
    return "".join(scripts), "".join(states)


def adapt(
    model: Path,
    dialogues: Sequence[Dialogue],
    ontology: Ontology,
    out: Path,
    schedule: dict[str, Any],
) -> Path:
    """Trains a model further on dialogues; a stopped training is resumed.

    Args:
        model: a model directory.
        dialogues: those of other domains than the one that is left out.
        ontology: the slots of their domains.
        out: where everything goes; the documents are in `dialogues/`.
        schedule: as of `augmentation.train_on`.

    Returns:
        The directory of the adapted model.

    Raises:
        Stopped: a signal ended the training.
    """
    count = schedule["steps"] * schedule["global_batch"] * 2  # no fewer than are read
    texts = documents(dialogues, ontology, schedule["seed"], count)
    return train_on(model, texts, out, "dialogues", schedule)
