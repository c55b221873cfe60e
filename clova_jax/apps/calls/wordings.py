"""Has a model write utterances for each state, hands sheets to collectors, and reads back what they wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clova_jax.apps.calls.scenario import Scenario, State
from clova_jax.apps.calls.texts import fault
from clova_jax.apps.titles.sheets import read_sheet, write_sheet
from clova_jax.common.errors import ClovaError
from clova_jax.inference import Model, complete
from clova_jax.retrieve import Index, places

REASONS = ("empty", "long", "speaker", "place", "unfinished", "copied", "doubled", "elsewhere")
"""Why a written utterance is not taken, in the order in which they are asked."""
MOST_TOKENS = 48  # of an utterance
COLUMNS = ("scenario", "state", "about", "draft", "wording", "collector")


@dataclass(frozen=True)
class Wording:
    """Holds an utterance that somebody wrote for a state.

    Args:
        state: the state.
        text: the utterance.
        collector: who wrote it.
        place: where it stands: `file:line`.
    """

    state: str
    text: str
    collector: str
    place: str = ""


def reason(text: str, known: Sequence[str], shown: Sequence[str], taken: Sequence[str]) -> str:
    """Returns why an utterance that a model wrote is not taken, one of `REASONS`; empty where it is.

    Args:
        text: the utterance.
        known: places that it may have.
        shown: utterances of the prompt.
        taken: those that were taken before.
    """
    wrong = fault(text)
    checks = {
        "empty": not any(map(str.isalnum, text)),
        "long": wrong.startswith("has "),
        "speaker": bool(wrong),
        "place": any(char in "{}" for char in _without(text, known)),
        "unfinished": not text.endswith((".", "?", "!", "요", "다", "까")),
        "copied": text in shown,
        "doubled": text in taken,
    }
    return next((name for name, found in checks.items() if found), "")


def _without(text: str, known: Sequence[str]) -> str:
    for name in known:
        text = text.replace(f"{{{name}}}", "")
    return text


def write_wordings(
    model: Model, scenario: Scenario, count: int, seed: int
) -> dict[str, list[tuple[str, str]]]:
    """Returns for each state what a model writes from its description, each with why it is not taken (empty where it is).

    The utterances of the other states are the examples of the prompt. An utterance is `elsewhere` where another state than its
    own is described and worded most like it (BM25 over pairs of characters).

    Args:
        model: the writer.
        scenario: has the descriptions.
        count: utterances of a state.
        seed: of the sampling.

    Raises:
        ClovaError: the prompt is longer than the model's context.
    """
    names = list(scenario.states)
    prompts = [prompt(scenario, name) for name in names for _ in range(count)]
    written = complete(
        model,
        prompts,
        max_new_tokens=MOST_TOKENS,
        temperature=0.8,
        top_p=0.9,
        stop=("\n",),
        seed=seed,
    )
    texts = iter([" ".join(done.text.split()) for done in written])
    known = [*scenario.slots, *scenario.variables]
    index = Index.build(
        [" ".join([one.about, *one.utterances]) for one in scenario.states.values()]
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        shown = [text for other, text in _examples(scenario, name)]
        taken: list[str] = []
        rows = found.setdefault(name, [])
        for _ in range(count):
            text = next(texts)
            why = reason(text, known, shown, taken)
            if not why and names.index(name) not in [hit.index for hit in index.search(text, 1)]:
                why = "elsewhere"
            rows.append((text, why))
            taken += [] if why else [text]
    return found


def prompt(scenario: Scenario, name: str) -> str:
    """Returns what a model goes on from to write an utterance for a state."""
    shown = [f"상황: {about}\n상담원: {text}\n\n" for about, text in _examples(scenario, name)]
    return f"{''.join(shown)}상황: {scenario.states[name].about}\n상담원:"


def _examples(scenario: Scenario, name: str, most: int = 4) -> list[tuple[str, str]]:
    """Returns description and utterance of other states, those near by first."""
    names = list(scenario.states)
    at = names.index(name)
    others = sorted((n for n in names if n != name), key=lambda n: abs(names.index(n) - at))
    states: list[State] = [scenario.states[n] for n in others[:most]]
    return [(state.about, state.utterances[0]) for state in states]


def write_wording_sheet(
    path: Path,
    scenarios: Sequence[Scenario],
    drafts: Mapping[str, Mapping[str, Sequence[str]]],
    rows: int,
) -> None:
    """Writes a CSV in which collectors fill in `wording` and `collector`; a sheet that is there is kept.

    Args:
        path: of the sheet.
        scenarios: whose states are asked for.
        drafts: by scenario and state, what is shown beside the empty cell; the last one where there are fewer than rows.
        rows: of each state.

    Raises:
        ClovaError: another sheet is there.
    """
    found = []
    for scenario in scenarios:
        for name, state in scenario.states.items():
            texts = [*drafts.get(scenario.name, {}).get(name, ())] or [state.utterances[0]]
            for number in range(rows):
                cells = (scenario.name, name, state.about, texts[min(number, len(texts) - 1)])
                found.append(dict(zip(COLUMNS, (*cells, "", ""), strict=True)))
    write_sheet(path, found, ("wording", "collector"))


def read_wordings(path: Path, scenarios: Sequence[Scenario]) -> dict[str, list[Wording]]:
    """Reads a filled sheet; returns the wordings by scenario. Rows that nobody has begun are passed over.

    Raises:
        ClovaError: a wording without a collector or a collector without a wording; an unknown scenario, state or place; a
            wording that is no utterance, or stands twice in a state: `file:line`.
    """
    known = {scenario.name: scenario for scenario in scenarios}
    found: dict[str, list[Wording]] = {}
    for place, row in read_sheet(path, ("scenario", "state", "wording", "collector")):
        text, collector = row["wording"], row["collector"]
        if not text and not collector:
            continue
        scenario = known.get(row["scenario"])
        if scenario is None:
            raise ClovaError(
                f"{place}: no scenario {row['scenario']!r}; there are {', '.join(known)}"
            )
        if row["state"] not in scenario.states:
            there = ", ".join(scenario.states)
            raise ClovaError(f"{place}: no state {row['state']!r}; there are {there}")
        if not text:
            raise ClovaError(f"{place}: state {row['state']!r}: {collector} wrote nothing")
        if not collector:
            raise ClovaError(f"{place}: state {row['state']!r}: no collector; say who wrote it")
        _check(text, scenario, place)
        own = found.setdefault(scenario.name, [])
        for other in own:
            if (other.state, other.text) == (row["state"], text):
                raise ClovaError(f"{place}: {text!r} stands twice, first at {other.place}")
        own.append(Wording(row["state"], text, collector, place))
    return found


def _check(text: str, scenario: Scenario, place: str) -> None:
    if wrong := fault(text):
        raise ClovaError(f"{place}: {text!r} {wrong}")
    known = [*scenario.slots, *scenario.variables]
    for name in places(text):
        if name not in known:
            raise ClovaError(f"{place}: {text!r} asks for {{{name}}}; there are {', '.join(known)}")


def with_wordings(scenario: Scenario, wordings: Sequence[Wording]) -> Scenario:
    """Returns a scenario with more utterances in its states."""
    states = dict(scenario.states)
    for wording in wordings:
        state = states[wording.state]
        texts = [*dict.fromkeys([*state.utterances, wording.text])]
        states[wording.state] = replace(state, utterances=texts)
    return replace(scenario, states=states)
