"""Writes dialogues as lines for a model, and reads what it wrote back, with the reason where it is no dialogue."""

from collections.abc import Sequence
from dataclasses import dataclass

from clova_jax.apps.dialogues.masks import DOMAIN, marked, unmask
from clova_jax.apps.dialogues.script import Goal, mask_goals
from clova_jax.labelled import Turn

SPEAKERS = {"user": "손님", "sys": "직원"}
_ROLES = {name: role for role, name in SPEAKERS.items()}
OPENED = f"{SPEAKERS['user']}:"
"""What a dialogue begins with; the space after it belongs to what is said."""

REASONS = ("empty", "speaker", "turn", "silent", "cut off", "repeated", "unknown slot", "no value")
"""Why a dialogue is refused: it has no line; a line names no speaker; somebody speaks twice in a row; a line says nothing; the
text does not end; a line stands in it twice; it has the mark of a slot that its goal lacks; it says no value of its goal."""


def as_lines(turns: Sequence[Turn]) -> str:
    """Returns a line a turn: who speaks, and what is said."""
    return "\n".join(f"{SPEAKERS[turn.role]}: {turn.text}" for turn in turns)


def as_prompt(goals: Sequence[Goal]) -> str:
    """Returns the scripts of a dialogue and where it begins: what the model continues."""
    return "\n".join(goal.text for goal in goals) + f"\n\n{OPENED}"


def as_document(goals: Sequence[Goal], turns: Sequence[Turn]) -> str:
    """Returns the scripts with the dialogue below them, marks for their values."""
    return as_prompt(goals) + mask_goals(as_lines(turns), goals).removeprefix(OPENED)


@dataclass(frozen=True)
class Written:
    """Holds a dialogue as a model wrote it.

    Args:
        text: its lines, values in the place of marks where it was accepted.
        turns: what was read of them; empty where it was refused.
        reason: one of `REASONS` where it was refused, else empty.
        logprob: of its tokens by the model, in nats.
    """

    text: str
    turns: Sequence[Turn]
    reason: str
    logprob: float

    @property
    def accepted(self) -> bool:
        """Returns whether it may be learned from."""
        return not self.reason


class Acceptance:
    """Decides whether what was written for a goal is a dialogue.

    Args:
        goal: what it is about.
    """

    def __init__(self, goal: Goal) -> None:
        self.goal = goal

    def __call__(self, text: str, ended: bool, logprob: float) -> Written:
        """Returns the dialogue with what was decided.

        Args:
            text: as the model wrote it after the prompt.
            ended: whether an empty line, or the text's end, came within the tokens that it may have.
            logprob: of its tokens.
        """
        lines = [" ".join(line.split()) for line in f"{OPENED}{text}".strip().split("\n")]
        text = "\n".join(lines)
        reason = read_lines(lines)[1] if text != OPENED else "empty"
        values = self.goal.said | {DOMAIN: self.goal.domain}
        if not reason and not ended:
            reason = "cut off"
        if not reason and len(set(lines)) < len(lines):
            reason = "repeated"
        if not reason and set(marked(text)) - set(values):
            reason = "unknown slot"
        if not reason:
            filled = unmask(text, values)
            reason = "" if said_values(self.goal, filled) else "no value"
        if reason:
            return Written(text, (), reason, logprob)
        return Written(filled, tuple(read_lines(filled.split("\n"))[0]), "", logprob)


def read_lines(lines: Sequence[str]) -> tuple[list[Turn], str]:
    """Returns the turns of lines up to the first broken one, and its reason; empty where there is none."""
    turns: list[Turn] = []
    for line in lines:
        name, colon, said = line.partition(":")
        if not colon or name not in _ROLES:
            return turns, "speaker"
        if turns and turns[-1].role == _ROLES[name]:
            return turns, "turn"
        if not _letters(said):
            return turns, "silent"
        turns.append(Turn(_ROLES[name], said.strip()))
    return turns, ""


def said_values(goal: Goal, text: str) -> list[str]:
    """Returns the slots whose value a text says literally; spaces do not count."""
    solid = "".join(text.split())
    return [slot for slot, value in goal.said.items() if "".join(value.split()) in solid]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()
