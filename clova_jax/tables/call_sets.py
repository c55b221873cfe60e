"""Makes what calls are measured on: answers in calls, yes-or-no answers, and what is said next in reservations and chats."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from clova_jax import sample
from clova_jax.apps import calls
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import generator
from clova_jax.labelled import (
    Dialogue,
    chat_groups,
    optional_file,
    read_chats,
    read_dialogues,
)
from clova_jax.tables.callers import Asked, Caller, Knowing, lead

CANDIDATES = 20
TURNS = 3  # before the next utterance, at most
WOS, CHATS = "klue/wos-v1.1", "dialogue/Chatbot_data"
SPEAKERS = {"user": "손님", "sys": "상담원"}
TESTED = 5  # every so many groups of chats, one is tested


@dataclass(frozen=True)
class NextSet:
    """Holds questions of what is said next, and what there is to learn from.

    Args:
        name: of the data: `reservations` or `chats`.
        pairs: `(turns as one text, what followed)`, of other dialogues or groups than the questions.
        questions: the right utterance among `CANDIDATES`.
    """

    name: str
    pairs: Sequence[tuple[str, str]]
    questions: Sequence[calls.Question]


@dataclass(frozen=True)
class CallSets:
    """Makes the sets once, all of them by one seed.

    Args:
        data: a folder laid out like the official data.
        scenarios: of the calls.
        callers: of each scenario.
        limit: questions of what is said next, of each set.
        seed: of all draws.
    """

    data: Path
    scenarios: Sequence[calls.Scenario]
    callers: int
    limit: int | None
    seed: int

    @cached_property
    def led(self) -> list[tuple[calls.Call, list[Asked]]]:
        """Returns the calls as they should go, each with what was asked and answered."""
        found = []
        for scenario in self.scenarios:
            for number in range(self.callers):
                name = f"{scenario.name}/{number}"
                call = calls.Call(scenario, Knowing(scenario), name=name, seed=self.seed)
                (asked,) = lead([call], [Caller(scenario, number, self.seed)])
                found.append((call, asked))
        return found

    @property
    def asked(self) -> list[Asked]:
        """Returns what was asked and answered in all calls."""
        return [one for _, some in self.led for one in some]

    @cached_property
    def branch(self) -> list[tuple[str, str, str]]:
        """Returns `(question, answer, meaning)` of the yes-or-no answers."""
        found = []
        for meaning, texts in sample.ANSWERS.items():
            for text in texts:
                random = generator(self.seed, "branch", text)
                question = sample.QUESTIONS[random.integers(len(sample.QUESTIONS))]
                filler = sample.FILLERS[random.integers(len(sample.FILLERS))]
                found.append((question, filler + text, meaning))
        return found

    @cached_property
    def next(self) -> list[NextSet]:
        """Returns the sets of what is said next that the data have.

        Raises:
            ClovaError: the data have neither reservations nor chats.
        """
        found = []
        if optional_file(self.data / WOS, "wos-v1.1_dev.json"):
            found.append(_reservations(self.data / WOS, self.limit, self.seed))
        if optional_file(self.data / CHATS, "ChatbotData.csv"):
            found.append(_chats(self.data / CHATS, self.limit, self.seed))
        if not found:
            raise ClovaError(
                f"{self.data}: neither {WOS}/wos-v1.1_dev.json nor {CHATS}/ChatbotData.csv; leave next out of --kinds"
            )
        return found


def _reservations(folder: Path, limit: int | None, seed: int) -> NextSet:
    """Returns the system's turns of the dev file's dialogues; pairs are of the train file's."""
    train, dev = (list(_turns(read_dialogues(folder, split))) for split in ("train", "dev"))
    rows = [(key, [(SPEAKERS[s], t) for s, t in before], said) for key, before, said in dev]
    pairs = [(" ".join(text for _, text in before[-2:]), said) for _, before, said in train]
    known = set(pairs)  # short exchanges occur in both
    rows = [one for one in rows if (" ".join(t for _, t in one[1][-2:]), one[2]) not in known]
    return NextSet("reservations", pairs, _questions(rows, "상담원", limit, seed))


def _turns(dialogues: Sequence[Dialogue]) -> list[tuple[str, list[tuple[str, str]], str]]:
    return [
        (
            f"{one.id}/{at}",
            [(t.role, t.text) for t in one.turns[max(0, at - TURNS) : at]],
            turn.text,
        )
        for one in dialogues
        for at, turn in enumerate(one.turns)
        if turn.role == "sys" and at
    ]


def _chats(folder: Path, limit: int | None, seed: int) -> NextSet:
    """Returns the answers of one group of chats in five; pairs are of the other groups."""
    groups = chat_groups(read_chats(folder))
    order = generator(seed, "chats").permutation(len(groups)).tolist()
    train, test = ([groups[i] for i in order if (i % TESTED == 0) == t] for t in (False, True))
    pairs = list(dict.fromkeys((one.text, one.answer) for group in train for one in group))
    rows = [
        (f"chat {n}", [("질문", group[0].text)], group[0].answer) for n, group in enumerate(test)
    ]
    spare = [answer for _, answer in pairs]
    return NextSet("chats", pairs, _questions(rows, "답변", limit, seed, spare))


def _questions(
    rows: Sequence[tuple[str, Sequence[tuple[str, str]], str]],
    speaker: str,
    limit: int | None,
    seed: int,
    spare: Sequence[str] = (),
) -> list[calls.Question]:
    """Draws questions, each with other utterances of the same set as the wrong candidates, of `spare` too where these are few."""
    texts = list(dict.fromkeys(said for _, _, said in rows))
    if len(texts) < CANDIDATES:
        texts = list(dict.fromkeys((*texts, *spare)))
    if len(texts) < CANDIDATES:
        raise ClovaError(f"{len(texts)} different utterances; {CANDIDATES} or more are chosen from")
    order = generator(seed, "next").permutation(len(rows))[:limit].tolist()
    found = []
    for key, before, said in (rows[i] for i in order):
        random = generator(seed, "candidates", key)
        others = [texts[i] for i in random.permutation(len(texts))[:CANDIDATES].tolist()]
        wrong = [text for text in others if text != said][: CANDIDATES - 1]
        at = int(random.integers(CANDIDATES))
        candidates = (*wrong[:at], said, *wrong[at:])
        found.append(calls.Question(key, tuple(before), candidates, at, speaker))
    return found


def find_scenarios(options: Any) -> list[calls.Scenario]:
    """Returns the scenarios of a run: the given files or those of the package, with the wordings of collectors.

    Args:
        options: of `experiments.call`.

    Raises:
        ClovaError: a file is at fault; two scenarios of one name.
    """
    found = list(map(calls.read_scenario, options.scenario)) or list(calls.scenarios().values())
    names = [scenario.name for scenario in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ClovaError(f"--scenario: two scenarios are called {twice[0]!r}; rename one")
    if options.collected is None:
        return found
    wordings = calls.read_wordings(options.collected, found)
    return [calls.with_wordings(one, wordings.get(one.name, ())) for one in found]
