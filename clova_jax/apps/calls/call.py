"""Holds a call: hears what a caller says, keeps the state, and chooses what to say next."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from clova_jax.apps.calls.kept import CallFile
from clova_jax.apps.calls.scenario import Scenario
from clova_jax.apps.calls.texts import Heard, clean
from clova_jax.apps.calls.understanding import Said, Understander, Understood, understand
from clova_jax.apps.filters import Filters
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import generator
from clova_jax.retrieve import fill

POLICY = {"personal": "mask", "curse": "mask"}
"""What the filters do with what is kept and said."""
UNKNOWN = "미정"  # stands for a slot without a value


@dataclass(frozen=True)
class Turn:
    """Holds a turn, with all that a call goes on from.

    Args:
        number: from 0.
        state: the one that the call is in now.
        said: by the system, filtered.
        heard: what the caller has said, the likeliest hypothesis, filtered; empty at the first turn.
        intent: what was meant.
        again: whether the question is asked again.
        tries: how often it has been, in a row.
        slots: values so far.
        flags: what was noted so far.
        outcome: one of `ENDS` once the call has ended.
    """

    number: int
    state: str
    said: str
    heard: str = ""
    intent: str = ""
    again: bool = False
    tries: int = 0
    slots: dict[str, str] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    outcome: str = ""


class Call:
    """Leads a call through its scenario, text in and text out.

        call = Call(scenarios()["restaurant"], Rules(scenarios()["restaurant"]))
        call.begin()                    # 안녕하세요, 봄날식당입니다. 예약을 도와드릴까요?
        call.hear("네, 두 명이요.")      # 무슨 요일에 오시겠어요?

    What was asked for and given leads on; otherwise the intent of the answer does. What is not understood is asked again,
    and after the scenario's tries a person takes over.

    Args:
        scenario: how the call goes.
        understander: finds what the caller means.
        variables: values for utterances, in place of the scenario's.
        filters: judge what is kept and said; those without a classifier by default.
        policy: an action for each kind, as of `Filters`.
        seed: of the wording of utterances that have several.
        kept: a file that every turn is written to before it is given out.
        name: of the call in that file.

    Raises:
        ClovaError: a variable that the scenario does not have; an unknown filter.
    """

    def __init__(
        self,
        scenario: Scenario,
        understander: Understander,
        *,
        variables: Mapping[str, str] | None = None,
        filters: Filters | None = None,
        policy: Mapping[str, str] = POLICY,
        seed: int = 0,
        kept: CallFile | None = None,
        name: str = "call",
    ) -> None:
        self.scenario, self.understander = scenario, understander
        for key in variables or {}:
            if key not in scenario.variables:
                there = ", ".join(scenario.variables) or "none"
                raise ClovaError(f"{scenario.name}: no variable {key!r}; there are {there}")
        self.variables = {
            k: clean(v) for k, v in {**scenario.variables, **(variables or {})}.items()
        }
        self.filters = filters or Filters()
        self.policy = self.filters.check(policy)
        self.seed, self.kept, self.name = seed, kept, name
        self.turns: list[Turn] = []

    @classmethod
    def resume(
        cls, scenario: Scenario, understander: Understander, kept: CallFile, **options: Any
    ) -> Self:
        """Returns a call as its file has it; a call that has not begun yet where it has none of that name.

        Args:
            scenario, understander, kept: of the call.
            **options: more of the class.

        Raises:
            ClovaError: the file has a call of that name in another scenario, or with states that this one does not have.
        """
        call = cls(scenario, understander, kept=kept, **options)
        rows = kept.turns(call.name, scenario.name)
        call.turns = [Turn(**{key: row[key] for key in row if key not in _OF_FILE}) for row in rows]
        for turn in call.turns:
            if turn.state not in scenario.states:
                raise ClovaError(f"{kept.path}: call {call.name!r}: no state {turn.state!r}")
        return call

    @property
    def outcome(self) -> str:
        """Returns how the call has ended; empty while it goes on."""
        return self.turns[-1].outcome if self.turns else ""

    def begin(self) -> str:
        """Returns what is said first.

        Raises:
            ClovaError: the call has begun.
        """
        if self.turns:
            raise ClovaError(f"call {self.name!r} has begun; give what the caller says to hear")
        return self._enter(Turn(0, self.scenario.start, ""))

    def hear(self, heard: str | Sequence[Heard]) -> str:
        """Takes what the caller says, one text or the hypotheses of a recogniser; returns what is said next.

        Raises:
            ClovaError: the call has not begun, or has ended; no hypothesis.
        """
        said = self.listen(heard)
        (found,) = understand(self.understander, self.scenario, [said])
        return self.take(said, found)

    def listen(self, heard: str | Sequence[Heard]) -> Said:
        """Returns what the caller says with where in the call; `understand` takes it, for several calls at once too.

        Raises:
            ClovaError: as `hear`.
        """
        if not self.turns or self.outcome:
            what = "has ended" if self.turns else "has not begun"
            raise ClovaError(f"call {self.name!r} {what}; nothing is heard")
        hypotheses = [Heard(heard)] if isinstance(heard, str) else list(heard)
        if not hypotheses:
            raise ClovaError(f"call {self.name!r}: no hypothesis; give one or more")
        last = self.turns[-1]
        open_slots = [slot for slot in self.scenario.slots if slot not in last.slots]
        return Said(last.state, self.question, hypotheses, open_slots)

    @property
    def question(self) -> str:
        """Returns what was asked last."""
        return self.turns[-1].said.removeprefix(self.scenario.again).strip()

    def take(self, said: Said, found: Understood) -> str:
        """Goes on from what was understood of what `listen` returned; returns what is said next."""
        last = self.turns[-1]
        likeliest = max(said.heard, key=lambda one: one.score)
        text, _ = self.filters.apply(clean(likeliest.text), self.policy)
        turn = replace(
            last,
            number=last.number + 1,
            heard=text,
            intent=found.intent,
            slots={**last.slots, **found.values},
        )
        return self._go_on(turn, found)

    def _go_on(self, turn: Turn, found: Understood) -> str:
        """Moves to the state that follows, or asks again."""
        state, scenario = self.scenario.states[turn.state], self.scenario
        if state.slots and all(slot in turn.slots for slot in state.slots):
            return self._enter(replace(turn, state=state.then))
        if found.intent in state.next:
            flag = state.flags.get(found.intent)
            flags = [*turn.flags, flag] if flag and flag not in turn.flags else turn.flags
            return self._enter(replace(turn, state=state.next[found.intent], flags=flags))
        if found.intent in scenario.anywhere:
            return self._enter(replace(turn, state=scenario.anywhere[found.intent]))
        if turn.tries == scenario.tries:
            return self._enter(replace(turn, state=scenario.handover))
        question = f"{scenario.again} {self._utterance(turn)}"
        return self._say(replace(turn, again=True, tries=turn.tries + 1), question)

    def _enter(self, turn: Turn) -> str:
        """Enters a state, and passes over those whose slots have values; says what is to be said."""
        states = self.scenario.states
        while True:
            state = states[turn.state]
            kept = {slot: v for slot, v in turn.slots.items() if slot not in state.forgets}
            turn = replace(turn, slots=kept, again=False, tries=0, outcome=state.end)
            if not state.slots or not all(slot in kept for slot in state.slots):
                return self._say(turn, self._utterance(turn))
            turn = replace(turn, state=state.then)

    def _utterance(self, turn: Turn) -> str:
        """Returns the utterance of a state, in the wording that the seed chooses."""
        ways = self.scenario.states[turn.state].utterances
        text = ways[generator(self.seed, "wording", turn.state).integers(len(ways))]
        unknown = dict.fromkeys(self.scenario.slots, UNKNOWN)
        return fill(text, unknown | self.variables | turn.slots).text

    def _say(self, turn: Turn, text: str) -> str:
        said, _ = self.filters.apply(text, self.policy)
        turn = replace(turn, said=said)
        if self.kept is not None:
            about = {"call": self.name, "scenario": self.scenario.name}
            self.kept.add(about | asdict(turn))
        self.turns.append(turn)
        return said


_OF_FILE = ("call", "scenario")
