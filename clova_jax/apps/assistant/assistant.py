"""Defines `Assistant`: each responder writes a candidate, all in one batch, and the selector takes the one that fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clova_jax.apps.assistant.responders import Responder
from clova_jax.apps.assistant.rewriting import FollowUp, Rewriter
from clova_jax.apps.assistant.selector import Selector
from clova_jax.apps.assistant.session import Session, Turn
from clova_jax.apps.assistant.tracking import StateTracker
from clova_jax.apps.assistant.wording import answer_of, one_line
from clova_jax.apps.filters import Filters
from clova_jax.common.errors import ClovaError
from clova_jax.inference import Model, complete
from clova_jax.labelled import Turn as Said

BLOCKED = "blocked"
"""The kind of a reply to what a filter has blocked: it is empty, and no turn of the session."""


@dataclass(frozen=True)
class Candidate:
    """Holds what a responder wrote, and under which prompt."""

    kind: str
    prompt: str
    text: str


@dataclass(frozen=True)
class Reply:
    """Holds an answer.

    Args:
        answer: one line without the name of a speaker; empty where no responder wrote anything, or a filter blocked it.
        kind: of the responder, or `BLOCKED`.
        candidates: of all responders.
        whole: the turn so that it stands alone, as the question-answering responder saw it.
    """

    answer: str
    kind: str
    candidates: Sequence[Candidate] = ()
    whole: str = ""


class Assistant:
    """Replies turn by turn. What it knows of a talk is in the session alone, so one serves any number of talks.

    Args:
        lm: the writer.
        responders: one of a kind.
        selector: ranks their kinds.
        rewriter: makes follow-ups whole; without one they stay as they are.
        tracker: follows what is settled, for the goal-oriented responder.
        level: the speech level of answers; any by default.
        filters: judge what is said and answered.
        policy: what filters do, as `Filters.check` takes it.
        max_tokens: of an answer.
        temperature: of the draws; greedy by default.

    Raises:
        ClovaError: no responder, two of a kind, or a kind that the selector does not know.
    """

    def __init__(
        self,
        lm: Model,
        responders: Sequence[Responder],
        selector: Selector,
        *,
        rewriter: Rewriter | None = None,
        tracker: StateTracker | None = None,
        level: str = "",
        filters: Filters | None = None,
        policy: Mapping[str, str] | None = None,
        max_tokens: int = 32,
        temperature: float = 0.0,
    ) -> None:
        self.lm, self.responders, self.selector = lm, list(responders), selector
        self.rewriter, self.tracker, self.level = rewriter, tracker, level
        self.filters = filters or Filters()
        self.policy = self.filters.check(policy or {})
        self.max_tokens, self.temperature = max_tokens, temperature
        kinds = [one.kind for one in self.responders]
        if not kinds or len(set(kinds)) < len(kinds) or not set(kinds) <= set(selector.kinds):
            raise ClovaError(
                f"assistant: responders {kinds}; wants one or more, each of another kind that the selector "
                f"knows ({', '.join(selector.kinds)})"
            )

    def reply(self, session: Session, text: str) -> Reply:
        """Answers a turn and adds it to the session; what a filter blocks is answered by nothing and not kept."""
        said, blocked = self.filters.apply(one_line(text), self.policy)
        if blocked:
            return Reply("", BLOCKED)
        whole = self._whole(session, said)
        state = self._state(session, said)
        found = self.candidates(session, said, whole, state)
        kept = {one.kind: self.filters.apply(one.text, self.policy) for one in found}
        ranked = [kind for kind in self.selector.ranked(said) if kind in kept]
        fit = [kind for kind in ranked if kept[kind][0] and not kept[kind][1]]
        kind = (fit or ranked)[0]
        answer = kept[kind][0] if fit else ""
        session.turns.append(Turn(said, answer, kind))
        if kind == "goal":
            session.state = dict(state)
        return Reply(answer, kind, found, whole)

    def candidates(
        self, session: Session, said: str, whole: str, state: Mapping[str, str]
    ) -> list[Candidate]:
        """Returns a candidate of each responder, written in one batch."""
        prompts = [self.prompt(one, session, said, whole, state) for one in self.responders]
        texts = self.write(prompts, session.seed + len(session.turns))
        return [
            Candidate(one.kind, prompt, text)
            for one, prompt, text in zip(self.responders, prompts, texts, strict=True)
        ]

    def prompt(
        self,
        responder: Responder,
        session: Session,
        said: str,
        whole: str,
        state: Mapping[str, str],
    ) -> str:
        """Returns a responder's prompt; questions are asked as they stand alone."""
        settled = ", ".join(f"{slot} {value}" for slot, value in state.items())
        return responder.prompt(
            whole if responder.kind == "qa" else said,
            session.turns,
            self.lm.config.max_length - self.max_tokens,
            lambda text: len(self.lm.tokenizer.encode(text)),
            state=settled if responder.kind == "goal" else "",
            level=self.level,
        )

    def write(self, prompts: Sequence[str], seed: int) -> list[str]:
        """Returns the answers to prompts in one batch; each has draws of its own from the seed."""
        done = complete(
            self.lm,
            prompts,
            seed=[seed] * len(prompts),
            max_new_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=("\n",),
        )
        return [answer_of(one.text) for one in done]

    def _whole(self, session: Session, said: str) -> str:
        if self.rewriter is None or not session.turns or not said:
            return said
        last = session.turns[-1]
        return self.rewriter.rewrite([FollowUp((last.said, last.answered), said)])[0]

    def _state(self, session: Session, said: str) -> Mapping[str, str]:
        """Returns what is settled if this turn is one of the goal-oriented responder's."""
        if self.tracker is None:
            return session.state
        past = [turn for turn in session.turns if turn.kind == "goal"]
        turns = [Said(role, text) for turn in past for role, text in _sides(turn)]
        return self.tracker.track([[*turns, Said("user", said)]])[0][-1]


def _sides(turn: Turn) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("user", turn.said), ("sys", turn.answered)
