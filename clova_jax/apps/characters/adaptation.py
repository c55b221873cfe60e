"""Trains a model further on talks of characters under their personas, and on turns with what is to be remembered of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.apps.augmentation import train_on
from clova_jax.apps.characters.memory import as_memory, as_summary
from clova_jax.apps.characters.persona import persona_of
from clova_jax.apps.characters.prompt import Turn, as_lines
from clova_jax.evaluate import generator
from clova_jax.labelled import CharacterTalk, Exchange

PLAIN, SUMMARIES = (
    0.15,
    0.2,
)  # shares of documents: without the persona's details; turns to remember
SHOWN = (3, 7)  # exchanges of a document
SUMMARISED = 12  # turns in a document of summaries


def documents(talks: Sequence[CharacterTalk], seed: int, count: int) -> Iterator[str]:
    """Yields documents: a part of a talk under the persona and what was told before it, or turns with their summaries.

    Args:
        talks: to show, in random order.
        seed: of all draws.
        count: documents.
    """
    random = generator(seed, "characters")
    for _ in range(count):
        talk = talks[random.integers(len(talks))]
        yield _summaries(talks, random) if random.random() < SUMMARIES else _part(talk, random)


def _part(talk: CharacterTalk, random: np.random.Generator) -> str:
    shown = int(random.integers(SHOWN[0], SHOWN[1] + 1))
    # Late parts ask for what was told early: half of the documents are of these.
    last = len(talk.exchanges) - shown
    begin = last if random.random() < 0.5 else int(random.integers(last + 1))
    told = {one.about: one.value for one in talk.exchanges[:begin] if one.kind == "tell"}
    order = [list(told)[i] for i in random.permutation(len(told))]
    memory = {slot: told[slot] for slot in order}
    persona = persona_of(talk)
    persona = persona.plain if random.random() < PLAIN else persona
    turns = [
        Turn(
            one.guest,
            one.reply,
            one.about if one.kind == "feeling" else "",
            {one.about: one.value} if one.kind == "tell" else {},
        )
        for one in talk.exchanges[begin : begin + shown]
    ]
    head = "\n".join(filter(None, (persona.lines, as_memory(memory))))
    return f"{head}\n\n{as_lines(persona, memory, turns)[0]}"


def _summaries(talks: Sequence[CharacterTalk], random: np.random.Generator) -> str:
    lines = []
    for _ in range(SUMMARISED):
        talk = talks[random.integers(len(talks))]
        told = [one for one in talk.exchanges if one.kind == "tell"]
        some: Sequence[Exchange] = told if random.random() < 0.6 else talk.exchanges
        one = some[random.integers(len(some))]
        slot = one.about if one.kind == "tell" else ""
        lines.append(as_summary(one.guest, slot, one.value))
    return "\n".join(lines)


def adapt(model: Path, talks: Sequence[CharacterTalk], out: Path, schedule: dict[str, Any]) -> Path:
    """Trains a model further on talks; a stopped training is resumed.

    Args:
        model: a model directory.
        talks: of characters that nobody will be tested on.
        out: where everything goes; the documents are in `characters/`.
        schedule: as of `augmentation.train_on`.

    Returns:
        The directory of the adapted model.

    Raises:
        Stopped: a signal ended the training.
    """
    count = schedule["steps"] * schedule["global_batch"] * 2  # no fewer than are read
    texts = documents(talks, schedule["seed"], count)
    return train_on(model, texts, out, "characters", schedule)
