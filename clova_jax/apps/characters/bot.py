"""Answers guests as a character does."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from clova_jax.apps.characters.detector import Detector, Moods
from clova_jax.apps.characters.memory import remember
from clova_jax.apps.characters.persona import Persona
from clova_jax.apps.characters.prompt import GUEST, Turn, prompt_within
from clova_jax.apps.filters import Filters
from clova_jax.common.json_values import fields
from clova_jax.evaluate import generator
from clova_jax.inference import Model, complete

MOST_TOKENS = 48
LONGEST = 500  # characters of what a guest says that are read
POLICY = {"personal": "mask", "curse": "mask"}


@dataclass
class Session:
    """Holds a talk with a character; as JSON it can be kept anywhere.

    Args:
        persona: the character.
        turns: so far.
        memory: what the guest said of himself in turns that no prompt shows any more.
        forgotten: how many turns these are.
    """

    persona: Persona
    turns: list[Turn] = field(default_factory=list)
    memory: dict[str, str] = field(default_factory=dict)
    forgotten: int = 0

    def as_json(self) -> dict[str, Any]:
        """Returns a JSON value that `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Returns the session of a JSON value.

        Raises:
            ClovaError: it has another form.
        """
        kinds = {"persona": dict, "turns": list[dict], "memory": dict[str, str], "forgotten": int}
        found = fields(value, "session", kinds)
        texts = dict.fromkeys(("name", "about", "level", "phrase", "world"), str)
        persona = fields(found["persona"], "session: persona", texts | {"facts": dict[str, str]})
        turn = dict.fromkeys(("guest", "reply", "mood"), str)
        turns = [Turn(**fields(one, "session: turn", turn)) for one in found["turns"]]
        return cls(Persona(**persona), turns, found["memory"], found["forgotten"])


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
        remembers: whether turns that leave the window are summarised into memory.
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
        said = [" ".join(text.split())[:LONGEST] or "…" for text in texts]
        moods = self.moods(said) if self.moods else [""] * len(said)
        self._forget(sessions)
        prompts = [
            self._prompt(session, text, mood)
            for session, text, mood in zip(sessions, said, moods, strict=True)
        ]
        best = [Reply("", ("empty",) if self.detector else (), 0)] * len(said)
        open_ = list(range(len(said)))
        for attempt in range(1 + (self.tries if self.detector else 0)):
            written = self._write([prompts[n] for n in open_], attempt, seed)
            rows = [
                (sessions[n].persona, _first_speaker(text, sessions[n].persona.name))
                for n, text in zip(open_, written, strict=True)
            ]
            judged = self.detector.all_violations(rows) if self.detector else [[]] * len(rows)
            for n, (_, text), wrong in zip(open_, rows, judged, strict=True):
                better = not best[n].tries or len(wrong) < len(best[n].violations)
                kept = (text, tuple(wrong)) if better else (best[n].text, best[n].violations)
                best[n] = Reply(*kept, attempt + 1, moods[n])
            open_ = [n for n in open_ if best[n].violations]
            if not open_:
                break
        filters = Filters()
        policy = filters.check(POLICY)
        replies = []
        for session, text, mood, found in zip(sessions, said, moods, best, strict=True):
            shown, _ = filters.apply(found.text, policy)
            replies.append(Reply(shown, found.violations, found.tries, mood))
            session.turns.append(Turn(text, shown, mood))
        return replies

    def _forget(self, sessions: Sequence[Session]) -> None:
        """Summarises the turns that leave the window."""
        leaving = [
            (session, turn)
            for session in sessions
            for turn in session.turns[session.forgotten : max(0, len(session.turns) - self.window)]
        ]
        if self.remembers:
            entries = remember(self.model, [turn.guest for _, turn in leaving])
            for (session, _), found in zip(leaving, entries, strict=True):
                session.memory |= found
        for session in sessions:
            session.forgotten = max(session.forgotten, len(session.turns) - self.window, 0)

    def _prompt(self, session: Session, text: str, mood: str) -> str:
        longest = self.model.config.max_length
        room = longest - min(MOST_TOKENS, longest // 2)
        persona = session.persona.plain if self.plain else session.persona
        turns = session.turns[session.forgotten :]
        memory = session.memory if self.remembers else {}
        prompt, _ = prompt_within(persona, memory, turns, text, mood, room, self._count)
        return prompt

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


def _first_speaker(text: str, name: str) -> str:
    """Cuts a text where somebody else would speak."""
    for speaker in (f"{GUEST}:", f"{GUEST}(", f"{name}:", "상담원:", "사용자:"):
        text = text.partition(speaker)[0]
    return text.strip()
