"""Answers guests as a character does."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from clova_jax.apps.assistant.wording import answer_of, one_line
from clova_jax.apps.characters.detector import Detector, Moods
from clova_jax.apps.characters.memory import remember
from clova_jax.apps.characters.persona import Persona
from clova_jax.apps.characters.prompt import Turn, prompt_within
from clova_jax.apps.dialogues.masks import marked, unmask
from clova_jax.apps.filters import Filters
from clova_jax.common.files import read_json, write_json
from clova_jax.common.json_values import fields
from clova_jax.evaluate import generator
from clova_jax.inference import Model, complete

MOST_TOKENS = 48
LONGEST = 500  # characters of what a guest says that are read
UNKNOWN = "그것"  # what a mark without a value becomes
POLICY = {"personal": "mask", "curse": "mask"}


@dataclass
class Session:
    """Holds a talk with a character; `CharacterBot.reply` adds a turn to it.

    Args:
        persona: the character.
        turns: so far.
    """

    persona: Persona
    turns: list[Turn] = field(default_factory=list)

    def told(self, before: int) -> dict[str, str]:
        """Returns what the guest told of himself before a turn; what he said last of a thing counts."""
        found: dict[str, str] = {}
        for turn in self.turns[:before]:
            found |= turn.told
        return found

    def save(self, path: str | Path) -> None:
        """Writes the session as JSON; a process that is killed meanwhile leaves the file as it was."""
        write_json(path, asdict(self))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            ClovaError: the file is missing, or holds no session.
        """
        found = fields(read_json(path), path, {"persona": dict, "turns": list[dict]})
        texts = dict.fromkeys(("name", "about", "level", "phrase", "world"), str)
        persona = fields(found["persona"], f"{path}: persona", texts | {"facts": dict[str, str]})
        kinds = dict.fromkeys(("guest", "reply", "mood"), str) | {"told": dict[str, str]}
        turns = [
            Turn(**fields(one, f"{path}: turn {number}", kinds))
            for number, one in enumerate(found["turns"], 1)
        ]
        return cls(Persona(**persona), turns)


@dataclass(frozen=True)
class Reply:
    """Holds an answer.

    Args:
        text: the answer.
        violations: what the detector still finds in it.
        tries: how many were written.
        mood: that was noticed in the guest.
    """

    text: str
    violations: Sequence[str] = ()
    tries: int = 1
    mood: str = ""


@dataclass(frozen=True)
class CharacterBot:
    """Answers guests.

    Args:
        model: that writes.
        detector: finds what does not fit; without one the first text is taken.
        moods: notices how a guest feels; without one nothing is noticed.
        window: turns in a prompt, at most.
        remembers: whether what was told before the window is known.
        plain: whether the prompt has the name and the line about the character alone.
        tries: more texts, where the detector finds something.
    """

    model: Model
    detector: Detector | None = None
    moods: Moods | None = None
    window: int = 4
    remembers: bool = True
    plain: bool = False
    tries: int = 3

    def reply(self, session: Session, text: str, seed: int = 0) -> Reply:
        """Returns the answer to what a guest says; the session has it as its last turn.

        Raises:
            ClovaError: the persona leaves no room in the model's context.
        """
        return self.reply_all([session], [text], seed)[0]

    def reply_all(
        self, sessions: Sequence[Session], texts: Sequence[str], seed: int = 0
    ) -> list[Reply]:
        """Returns an answer in each of some talks, written in one batch; equal calls give equal answers."""
        said = [one_line(text)[:LONGEST].strip() or "…" for text in texts]
        moods = self.moods(said) if self.moods else [""] * len(said)
        told = remember(self.model, said)
        asked = [Turn(*one) for one in zip(said, [""] * len(said), moods, told, strict=True)]
        prompts = [self._prompt(*one) for one in zip(sessions, asked, strict=True)]
        best = self._best(sessions, prompts, seed)
        filters = Filters()
        policy = filters.check(POLICY)
        replies = []
        for session, turn, found in zip(sessions, asked, best, strict=True):
            text, _ = filters.apply(found.text, policy)
            replies.append(Reply(text, found.violations, found.tries, turn.mood))
            session.turns.append(Turn(turn.guest, text, turn.mood, turn.told))
        return replies

    def _best(
        self,
        sessions: Sequence[Session],
        prompts: Sequence[tuple[str, Mapping[str, str]]],
        seed: int,
    ) -> list[Reply]:
        """Writes a reply in each talk, and again where the detector finds something; the first of the fewest faults is taken."""
        best = [Reply("", ("empty",) if self.detector else (), 0)] * len(prompts)
        left = list(range(len(prompts)))
        for attempt in range(1 + (self.tries if self.detector else 0)):
            written = self._write([prompts[n][0] for n in left], attempt, seed)
            rows = []
            for n, text in zip(left, written, strict=True):
                persona = sessions[n].persona
                rows.append((persona, answer_of(_filled(text, prompts[n][1]))))
            judged = self.detector.all_violations(rows) if self.detector else [[]] * len(rows)
            for n, (_, text), wrong in zip(left, rows, judged, strict=True):
                better = not best[n].tries or len(wrong) < len(best[n].violations)
                kept = (text, tuple(wrong)) if better else (best[n].text, best[n].violations)
                best[n] = Reply(*kept, attempt + 1)
            left = [n for n in left if best[n].violations]
            if not left:
                break
        return best

    def _prompt(self, session: Session, turn: Turn) -> tuple[str, dict[str, str]]:
        longest = self.model.config.max_length
        room = longest - min(MOST_TOKENS, longest // 2)
        persona = session.persona.plain if self.plain else session.persona
        begin = max(0, len(session.turns) - self.window)
        memory = session.told(begin) if self.remembers else {}
        return prompt_within(persona, memory, [*session.turns[begin:], turn], room, self._count)

    def _count(self, text: str) -> int:
        return len(self.model.tokenizer.encode(text))

    def _write(self, prompts: Sequence[str], attempt: int, seed: int) -> list[str]:
        """Writes a text for each prompt: greedily at first, then drawn."""
        options: dict[str, Any] = {"temperature": 0.0}
        if attempt:
            options = {"temperature": 0.8, "top_p": 0.95}
        drawn = int(generator(seed, "reply", attempt).integers(2**31))
        written = complete(
            self.model, prompts, max_new_tokens=MOST_TOKENS, stop=("\n",), seed=drawn, **options
        )
        return [done.text.strip() for done in written]


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Returns a text with values for marks."""
    return " ".join(unmask(text, dict.fromkeys(marked(text), UNKNOWN) | dict(values)).split())
