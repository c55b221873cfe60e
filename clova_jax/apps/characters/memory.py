"""Summarises what a guest said into memory: entries such as `사는 곳=부산`, written by the model from one turn each."""

from collections.abc import Mapping, Sequence

from clova_jax.inference import Model, complete

ASKED, NOTHING = "기억할 것:", "없음"
MOST_TOKENS = 24
_LONGEST = 12  # characters of what an entry is about


def as_memory(memory: Mapping[str, str]) -> str:
    """Returns memory as a line of the prompt; empty where there is nothing."""
    entries = ", ".join(f"{slot}={value}" for slot, value in memory.items())
    return f"기억: {entries}" if entries else ""


def as_summary(guest: str, slot: str = "", value: str = "") -> str:
    """Returns a turn of a guest with what is to be remembered of it, as models learn it."""
    return f"손님: {guest}\n{ASKED} {f'{slot}={value}' if slot else NOTHING}"


def remember(model: Model, guests: Sequence[str]) -> list[dict[str, str]]:
    """Returns what each turn of a guest tells of him.

    An entry whose value does not stand in the turn was made up, and is left out: a model that has not learned to summarise
    remembers nothing.
    """
    if not guests:
        return []
    prompts = [_prompt(model, guest) for guest in guests]
    written = complete(
        model, prompts, max_new_tokens=MOST_TOKENS, temperature=0.0, stop=("\n",), seed=0
    )
    found = []
    for guest, done in zip(guests, written, strict=True):
        slot, equal, value = (part.strip() for part in done.text.partition("="))
        known = equal and 0 < len(slot) <= _LONGEST and value and value in guest
        found.append({slot: value} if known else {})
    return found


def _prompt(model: Model, guest: str) -> str:
    """Returns the prompt of a turn; of one that leaves no room the beginning is taken."""
    while True:
        prompt = f"손님: {guest}\n{ASKED}"
        ids = model.tokenizer.encode(prompt)
        if len(ids) < model.config.max_length or not guest:
            return prompt
        guest = guest[: len(guest) // 2]
