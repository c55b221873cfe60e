"""Checks scenarios: every name is known, every state can be reached, and every call can come to an end."""

from collections.abc import Iterable, Mapping

from clova_jax.apps.calls.scenario import ENDS, UNCLEAR, Scenario, State
from clova_jax.apps.calls.texts import fault
from clova_jax.common.errors import ClovaError
from clova_jax.retrieve import places


def check(scenario: Scenario, place: str) -> None:
    """Checks a scenario.

    Args:
        scenario: to check.
        place: of it, for the message.

    Raises:
        ClovaError: an unknown state, slot, intent or place of an utterance; a state without an utterance; a dead end, a
            state that cannot be reached, a loop without an exit. The message names the place.
    """
    _check_words(scenario, place)
    known = scenario.states
    _known(f"{place}: start", [scenario.start], known, "state")
    _known(f"{place}: handover", [scenario.handover], known, "state")
    _known(f"{place}: anywhere", scenario.anywhere, scenario.intents, "intent")
    _known(f"{place}: anywhere", scenario.anywhere.values(), known, "state")
    for name, state in known.items():
        _check_state(scenario, state, f"{place}: states: {name}")
    if known[scenario.start].end:
        raise ClovaError(
            f"{place}: start: {scenario.start!r} ends the call; nothing would be heard"
        )
    _check_graph(scenario, place)


def _check_words(scenario: Scenario, place: str) -> None:
    for name, intent in scenario.intents.items():
        if not intent.examples or not all(map(str.strip, [*intent.examples, *intent.keywords])):
            raise ClovaError(f"{place}: intents: {name}: no example, or an empty one; give some")
    for name, slot in scenario.slots.items():
        words = [word for value, ways in slot.values.items() for word in (value, *ways)]
        if not words or not all(map(str.strip, words)):
            raise ClovaError(f"{place}: slots: {name}: no value, or an empty one; give some")
    if scenario.tries < 0:
        raise ClovaError(f"{place}: tries: {scenario.tries}; give 0 or more")
    if wrong := fault(scenario.again):
        raise ClovaError(f"{place}: again: {scenario.again!r} {wrong}")


def _check_state(scenario: Scenario, state: State, place: str) -> None:
    if not state.utterances:
        raise ClovaError(f"{place}: no utterance; give one or more")
    names = [*scenario.slots, *scenario.variables]
    for text in state.utterances:
        if wrong := fault(text):
            raise ClovaError(f"{place}: utterance {text!r} {wrong}")
        _known(f"{place}: utterance", places(text), names, "slot or variable")
    _known(f"{place}: slots", state.slots, scenario.slots, "slot")
    _known(f"{place}: forgets", state.forgets, scenario.slots, "slot")
    _known(f"{place}: next", state.next, scenario.intents, "intent")
    _known(f"{place}: flags", state.flags, state.next, "intent in next")
    _known(place, state.targets, scenario.states, "state")
    if UNCLEAR in state.next:
        raise ClovaError(f"{place}: next: {UNCLEAR!r} is asked again and leads nowhere; remove it")
    if state.end and state.end not in ENDS:
        raise ClovaError(f"{place}: end: {state.end!r} is none of {', '.join(ENDS)}")
    if state.end and (state.targets or state.slots):
        raise ClovaError(f"{place}: ends the call and goes on; remove end, or slots, then and next")
    if bool(state.slots) != bool(state.then):
        raise ClovaError(f"{place}: slots and then belong together; give both or none")
    if not state.end and not state.targets:
        raise ClovaError(f"{place}: a dead end; give it then, next or end")


def _check_graph(scenario: Scenario, place: str) -> None:
    targets = {name: state.targets for name, state in scenario.states.items()}
    starts = [scenario.start, scenario.handover, *scenario.anywhere.values()]
    reached = _reached(starts, targets)
    if lost := [name for name in targets if name not in reached]:
        raise ClovaError(f"{place}: states: {lost[0]}: cannot be reached from {scenario.start!r}")
    before: dict[str, list[str]] = {name: [] for name in targets}
    for name, some in targets.items():
        for target in some:
            before[target].append(name)
    ending = _reached([name for name, state in scenario.states.items() if state.end], before)
    if caught := [name for name in targets if name not in ending]:
        raise ClovaError(
            f"{place}: states: {caught[0]}: a loop without an exit ({' → '.join(caught)}); lead one "
            "of them to a state with end"
        )
    for name in targets:
        _check_skipping(scenario, name, place)


def _check_skipping(scenario: Scenario, name: str, place: str) -> None:
    """Refuses a circle of `then` alone: once its slots are filled, its states are passed over without end."""
    path = [name]
    while (then := scenario.states[path[-1]].then) and then not in path:
        path.append(then)
    if then:
        raise ClovaError(
            f"{place}: states: {then}: a loop of then alone ({' → '.join([*path, then])}), without an exit"
        )


def _reached(starts: Iterable[str], targets: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    left = list(starts)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += targets[name]
    return found


def _known(place: str, names: Iterable[str], known: Iterable[str], what: str) -> None:
    known = list(known)
    for name in names:
        if name not in known:
            there = f"there are {', '.join(known)}" if known else "there is none"
            raise ClovaError(f"{place}: no {what} {name!r}; {there}")
