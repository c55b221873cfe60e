"""Controls the prompt of a character: the persona, what is remembered and the last turns, within the context.

Marks stand for the values of facts and of what a guest tells (`저는 [손님 취미]를 즐겨요.`): a small model learns whom a fact
is of before it learns to copy one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from clova_jax.apps.characters.memory import as_memory, theirs
from clova_jax.apps.characters.persona import Persona
from clova_jax.apps.dialogues.masks import mask
from clova_jax.common.errors import ClovaError

GUEST = "손님"


@dataclass(frozen=True)
class Turn:
    """Holds what a guest said, what was answered, the guest's mood, and what he told of himself."""

    guest: str
    reply: str
    mood: str = ""
    told: Mapping[str, str] = field(default_factory=dict)


def as_line(guest: str, mood: str = "") -> str:
    """Returns the line of a guest's turn; a mood that was noticed stands beside the speaker."""
    return f"{GUEST}({mood}): {guest}" if mood else f"{GUEST}: {guest}"


def as_lines(
    persona: Persona, memory: Mapping[str, str], turns: Sequence[Turn]
) -> tuple[str, dict[str, str]]:
    """Returns turns as lines with marks, and the values of all marks that were known by the end.

    Args:
        persona: whose facts have marks.
        memory: what was told before the turns.
        turns: in order; what a turn tells has a mark from there on. A turn without a reply ends where the reply begins.
    """
    known, lines = dict(memory), []
    for turn in turns:
        known |= turn.told
        marks = [*persona.marks, *((theirs(slot), value) for slot, value in known.items())]
        reply = f" {mask(turn.reply, marks)}" if turn.reply else ""
        lines.append(f"{as_line(mask(turn.guest, marks), turn.mood)}\n{persona.name}:{reply}")
    values = dict(persona.marks) | {theirs(slot): value for slot, value in known.items()}
    return "\n".join(lines), values


def prompt_within(
    persona: Persona,
    memory: Mapping[str, str],
    turns: Sequence[Turn],
    room: int,
    count: Callable[[str], int],
) -> tuple[str, dict[str, str]]:
    """Returns the prompt up to where the reply begins, with as many of the last turns as fit, and the values of its marks.

    Args:
        persona: above all.
        memory: what was told before the turns; the oldest entries go where turns alone do not make room.
        turns: the oldest first; the last one has no reply yet.
        room: tokens of the prompt, at most.
        count: tokens of a text.

    Raises:
        ClovaError: the persona alone is longer. Of a last turn that is too long the end is taken.
    """
    kept, last = dict(memory), turns[-1]
    while True:
        head = "\n".join(filter(None, (persona.lines, as_memory(kept))))
        for begin in range(len(turns)):
            lines, values = as_lines(persona, kept, [*turns[begin:-1], last])
            text = f"{head}\n\n{lines}"
            if count(text) <= room:
                return text, values
        if kept:
            del kept[next(iter(kept))]
        elif len(last.guest) > 1:
            last = Turn(last.guest[len(last.guest) // 2 :], "", last.mood, last.told)
        else:
            raise ClovaError(
                f"persona {persona.name!r}: {count(text)} tokens leave no room in a context of {room}; shorten it"
            )
