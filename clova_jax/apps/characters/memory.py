"""Summarises what a guest said into memory: entries such as `사는 곳=부산`, found by the model in one turn each."""

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from clova_jax.apps.dialogues.masks import mark
from clova_jax.inference import Model, complete, score

ASKED, NOTHING = "기억할 것:", "없음"
MOST_TOKENS = 16
WORDS, LONGEST = 12, 3  # words of a turn that are searched, and of a value
_SLOT = re.compile("[가-힣][가-힣 ]{0,11}")
_MARKS = " .,!?…~\"'"


def theirs(slot: str) -> str:
    """Returns what the mark of something that a guest told says."""
    return f"손님 {slot}"


def as_memory(memory: Mapping[str, str]) -> str:
    """Returns memory as a line of the prompt, marks for its values; empty where there is nothing."""
    entries = ", ".join(f"{slot}={mark(theirs(slot))}" for slot in memory)
    return f"기억: {entries}" if entries else ""


def as_summary(guest: str, slot: str = "", value: str = "") -> str:
    """Returns a turn of a guest with what is to be remembered of it, as models learn it."""
    return f"손님: {guest}\n{ASKED} {f'{slot}={value}' if slot else NOTHING}"


def remember(model: Model, guests: Sequence[str]) -> list[dict[str, str]]:
    """Returns what each turn of a guest tells of him.

    The model says what a turn is about; of the words of the turn, the likeliest value by the model is taken, so that none is made
    up. A model that has not learned to summarise remembers nothing.
    """
    prompts = [_prompt(model, guest) for guest in guests]
    written = complete(
        model, prompts, max_new_tokens=MOST_TOKENS, temperature=0.0, stop=("\n", "="), seed=0
    )
    slots = [done.text.strip() if done.finish == "stop" else "" for done in written]
    told = [
        number
        for number, slot in enumerate(slots)
        if slot != NOTHING and _SLOT.fullmatch(slot) and any(_spans(guests[number]))
    ]
    found: list[dict[str, str]] = [{} for _ in guests]
    asked = [(number, span) for number in told for span in _spans(guests[number])]
    if not asked:
        return found
    contexts = [f"{prompts[number]} {slots[number]}=" for number, _ in asked]
    scores = score(model, contexts, [f"{span}\n" for _, span in asked])
    for number in told:
        own = [at for at, (other, _) in enumerate(asked) if other == number]
        best = own[int(np.argmax(scores[own]))]
        found[number] = {slots[number]: asked[best][1]}
    return found


def _spans(guest: str) -> Iterator[str]:
    """Yields what could be a value: one to three words, the last one with or without its ending."""
    words = guest.split()[:WORDS]
    seen = set()
    for begin in range(len(words)):
        for end in range(begin, min(begin + LONGEST, len(words))):
            before, last = words[begin:end], words[end].strip(_MARKS)
            for length in range(1, min(len(last), WORDS) + 1):
                span = " ".join([*before, last[:length]])
                if span not in seen:
                    seen.add(span)
                    yield span


def _prompt(model: Model, guest: str) -> str:
    """Returns the prompt of a turn; of one that leaves no room the beginning is taken."""
    room = model.config.max_length - 4 * MOST_TOKENS
    while True:
        prompt = f"손님: {guest}\n{ASKED}"
        if len(model.tokenizer.encode(prompt)) <= room or not guest:
            return prompt
        guest = guest[: len(guest) // 2]
