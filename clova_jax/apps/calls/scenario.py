"""Defines scenarios of calls: states with what is said in them, what is asked for, and where each answer leads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

YES, NO, UNCLEAR = "예", "아니요", "모름"
"""Intents that every scenario has; the last stands for what was not understood, and no answer leads on by it."""
FINISHED, DECLINED, HANDED_OVER = "finished", "declined", "handed over"
ENDS = (FINISHED, DECLINED, HANDED_OVER)
"""How a call may end: as the scenario wants, as the caller wants, or with a person."""


@dataclass(frozen=True)
class Intent:
    """Describes what somebody may mean.

    Args:
        keywords: of which a text has one or more.
        examples: ways to say it.
    """

    keywords: list[str]
    examples: list[str]


@dataclass(frozen=True)
class Slot:
    """Describes what is asked for.

    Args:
        about: it, in words.
        values: each value with other ways to say it.
    """

    about: str
    values: dict[str, list[str]]


@dataclass(frozen=True)
class State:
    """Describes a place in a call.

    Args:
        about: what is said here, described for whoever writes it.
        utterances: ways to say it; `{name}` stands for the value of a slot or variable.
        slots: what is asked for.
        then: the state that follows once all these slots have a value.
        next: the state that follows, by the intent of the answer.
        forgets: slots whose values are dropped on entering.
        flags: what is noted, by the intent of the answer.
        end: one of `ENDS` where the call ends here; nothing is heard any more.
    """

    about: str
    utterances: list[str]
    slots: list[str] = field(default_factory=list)
    then: str = ""
    next: dict[str, str] = field(default_factory=dict)
    forgets: list[str] = field(default_factory=list)
    flags: dict[str, str] = field(default_factory=dict)
    end: str = ""

    @property
    def targets(self) -> list[str]:
        """Returns the states that may follow, each once."""
        return [*dict.fromkeys([*([self.then] if self.then else []), *self.next.values()])]


@dataclass(frozen=True)
class Scenario:
    """Holds what a call is about and how it goes.

    Args:
        name, domain, about: of it, for people.
        intents, slots, states: by name; the common intents of all scenarios among them.
        start: the first state.
        handover: the state in which a person takes over.
        anywhere: the state that follows, by intents that count in every state.
        variables: values that utterances are filled with, by name; a call may give others.
        tries: how often a question is asked again before a person takes over.
        again: said before a question that is asked again.
    """

    name: str
    domain: str
    about: str
    intents: Mapping[str, Intent]
    slots: Mapping[str, Slot]
    states: Mapping[str, State]
    start: str
    handover: str
    anywhere: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    tries: int = 2
    again: str = "죄송합니다. 다시 여쭙겠습니다."

    def expected(self, state: str) -> list[str]:
        """Returns the intents that may be meant in a state, `UNCLEAR` last."""
        return [*dict.fromkeys([*self.states[state].next, *self.anywhere]), UNCLEAR]
