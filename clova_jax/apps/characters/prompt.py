"""Controls the prompt of a character: the persona, what is remembered and the last turns, within the context."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from clova_jax.apps.characters.memory import as_memory
from clova_jax.apps.characters.persona import Persona
from clova_jax.common.errors import ClovaError

GUEST = "손님"


@dataclass(frozen=True)
class Turn:
    """Holds what a guest said, in what mood, and what was answered."""

    guest: str
    reply: str
    mood: str = ""


def as_line(guest: str, mood: str = "") -> str:
    """Returns the line of a guest's turn; a mood that was noticed stands beside the speaker."""
    return f"{GUEST}({mood}): {guest}" if mood else f"{GUEST}: {guest}"


def prompt_within(
    persona: Persona,
    memory: Mapping[str, str],
    turns: Sequence[Turn],
    asked: str,
    mood: str,
    room: int,
    count: Callable[[str], int],
) -> tuple[str, int]:
    """Returns the prompt up to where the reply begins, with as many of the last turns as fit, and their number.

    Args:
        persona: above all.
        memory: what the guest said of himself; the oldest entries go where turns alone do not make room.
        turns: the oldest first.
        asked: what the guest says now.
        mood: that was noticed; empty for none.
        room: tokens of the prompt, at most.
        count: tokens of a text.

    Raises:
        ClovaError: the persona alone is longer. Of a question that is too long the end is taken.
    """
    kept = dict(memory)
    while True:
        head = "\n".join(filter(None, (persona.lines, as_memory(kept))))
        last = f"{as_line(asked, mood)}\n{persona.name}:"
        for shown in range(len(turns), -1, -1):
            lines = [
                f"{as_line(turn.guest, turn.mood)}\n{persona.name}: {turn.reply}"
                for turn in turns[len(turns) - shown :]
            ]
            text = "\n".join((f"{head}\n", *lines, last))
            if count(text) <= room:
                return text, shown
        if kept:
            del kept[next(iter(kept))]
        elif len(asked) > 1:
            asked = asked[len(asked) // 2 :]  # what was said last
        else:
            raise ClovaError(
                f"persona {persona.name!r}: {count(text)} tokens leave no room in a context of {room}; shorten it"
            )
