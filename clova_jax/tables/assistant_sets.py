"""Reads what the assistant is measured on, and splits it by group: every fifth paraphrase group, intent, article and answer is tested."""

import itertools
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from clova_jax.apps import assistant as app
from clova_jax.evaluate import Item, Paragraph, digest, generator, load_task, read_paragraphs
from clova_jax.labelled import (
    Chat,
    Intent,
    optional_file,
    read_chats,
    read_intents,
    read_paraphrases,
)
from clova_jax.sample import josa
from clova_jax.tables.left_out import Dialogues
from clova_jax.tables.open_qa import question_of

EVERY = 5
SHORT = 300  # characters of a passage that the assistant shows
T = TypeVar("T")


@dataclass(frozen=True)
class Known:
    """Holds what somebody says, what is answered, and the group that both belong to."""

    said: str
    answers: tuple[str, ...]
    group: str


@dataclass(frozen=True)
class Split:
    """Holds what is known, and what is tested; no group and no text of what is said is in both."""

    train: Sequence[Known]
    test: Sequence[Known]


@dataclass(frozen=True)
class AssistantSets:
    """Holds all sets of a data folder.

    Args:
        data: a folder laid out like the official data.
        known: texts of a kind that are known.
        limit: test items of a row; all where None.
        seed: of all draws.
    """

    data: Path
    known: int
    limit: int | None
    seed: int

    @cached_property
    def groups(self) -> tuple[list[list[str]], list[list[str]]]:
        """Returns paraphrases to learn from, and every fifth group: paraKQC's, or utterances of one intent without it."""
        if optional_file(self.data / "dialogue" / "paraKQC", "paraKQC_v1.txt"):
            groups = read_paraphrases(self.data)
        else:
            groups = [intent.texts for intent in self._intents]
        train, test = every_fifth([group for group in groups if len(group) > 1])
        return train, test

    @cached_property
    def kinds(self) -> dict[str, Split]:
        """Returns requests, questions and small talk: as many of each to know, and to test."""
        splits = {"goal": self._requests(), "qa": self._questions(), "talk": self._talk()}
        return {name: self._fewer(name, split) for name, split in splits.items()}

    @cached_property
    def passages(self) -> list[str]:
        """Returns KorQuAD's passages, each once, cut to what a prompt has room for."""
        return list(dict.fromkeys(one.text[:SHORT] for one in self._paragraphs))

    @cached_property
    def faq(self) -> Split:
        """Returns pairs, and another wording of the question of each answer that has several.

        Here all answers are known; what is tested is a wording that is not.
        """
        of_answer: dict[str, list[Known]] = {}
        for one in self._pairs:
            known = Known(one.text, (one.answer,), one.answer)
            of_answer.setdefault(one.answer, []).append(known)
        test = [some[-1] for some in of_answer.values() if len(some) > 1]
        left_out = {one.said for one in test}
        train = [one for some in of_answer.values() for one in some if one.said not in left_out]
        return Split(train, self.drawn(test, self.limit, "faq"))

    @cached_property
    def follow_ups(self) -> tuple[list[app.FollowUp], list[app.FollowUp]]:
        """Returns solved follow-ups and those to test: query_modification's, or made of KorQuAD's without it."""
        if optional_file(self.data / "query_modification", "query_modification_test.jsonl"):
            found = load_task("query_modification").load(self.data)
            train, test = ([*map(_follow_up, some)] for some in (found.pool, found.items))
        else:
            train, test = (
                [one for some in part for one in some] for part in every_fifth(self._made())
            )
        return train, self.drawn(test, self.limit, "follow-ups")

    @cached_property
    def reservations(self) -> Dialogues | None:
        """Returns dialogues with states, where there are any."""
        folder = self.data / "klue" / "wos-v1.1"
        return Dialogues.read(folder) if optional_file(folder, "ontology.json") else None

    def drawn(self, items: Sequence[T], count: int | None, what: str) -> list[T]:
        """Returns some items at random, always the same ones; all where `count` is None or larger."""
        order = generator(self.seed, "assistant", what).permutation(len(items))
        return [items[i] for i in order[:count]]

    @cached_property
    def digest(self) -> str:
        """Returns a short hash of what the encoder learns from, and of what is known."""
        said = [one.said for split in self.kinds.values() for one in split.train]
        return digest([*(text for group in self.groups[0] for text in group), *said])

    @cached_property
    def _intents(self) -> list[Intent]:
        found = read_intents(self.data)
        return [*found.frequent, *found.rare]

    @cached_property
    def _pairs(self) -> list[Chat]:
        """Returns the pairs of small talk; of those that say the same the first."""
        found: dict[str, Chat] = {}
        for one in read_chats(self.data / "dialogue" / "Chatbot_data"):
            found.setdefault(one.text, one)
        return list(found.values())

    @cached_property
    def _paragraphs(self) -> list[Paragraph]:
        (name,) = load_task("korquad").files
        path = optional_file(self.data / Path(name).parent, Path(name).name)
        return list(read_paragraphs(path or self.data / name))

    def _requests(self) -> Split:
        train, test = every_fifth(self._intents)
        return Split(
            *(
                [Known(text, (one.name,), one.name) for one in part for text in one.texts]
                for part in (train, test)
            )
        )

    def _questions(self) -> Split:
        asked = [
            Known(question_of(item), item.answers, one.title)
            for one in self._paragraphs
            for item in one.items()
        ]
        return _by_group(asked)

    def _talk(self) -> Split:
        return _by_group([Known(one.text, (one.answer,), one.answer) for one in self._pairs])

    def _fewer(self, name: str, split: Split) -> Split:
        train = self.drawn(split.train, self.known, f"known {name}")
        return Split(train, self.drawn(split.test, self.limit, f"test {name}"))

    def _made(self) -> list[list[app.FollowUp]]:
        """Makes follow-ups of questions that name their article: the name becomes 그것, or is dropped; a list an article."""
        found: dict[str, list[app.FollowUp]] = {}
        for one in self._paragraphs:
            name = one.title.partition("(")[0].strip()
            naming = [item for item in one.items() if name and name in question_of(item)]
            for before, item in itertools.pairwise(naming):
                asked = question_of(item)
                random = generator(self.seed, "follow-up", item.id)
                shorter = without_name(asked, name, bool(random.integers(2)))
                if shorter and shorter != asked:
                    turns = (question_of(before), before.answers[0])
                    found.setdefault(one.title, []).append(app.FollowUp(turns, shorter, asked))
        return list(found.values())


PARTICLES = ("은", "는", "이", "가", "을", "를", "의", "에게", "에서", "에", "과", "와", "도")
_JOSA = {
    "은": "은",
    "는": "은",
    "이": "이",
    "가": "이",
    "을": "을",
    "를": "을",
    "과": "와",
    "와": "와",
}


def without_name(text: str, name: str, dropped: bool) -> str:
    """Returns a question without the name that it asks about: dropped with its particle, or 그것 in its place.

    Empty where something else than a particle is joined to the name.
    """
    before, _, after = text.partition(name)
    joined, _, rest = after.partition(" ")
    if joined not in ("", *PARTICLES) or not rest:
        return ""
    particle = josa("그것", _JOSA[joined]) if joined in _JOSA else f"그것{joined}"
    return " ".join(f"{before} {'' if dropped else particle} {rest}".split())


def _follow_up(item: Item) -> app.FollowUp:
    """Returns an item of query_modification, whose text is the dialogue and the query, a line each."""
    turns = item.text.split("\n")[1:-2]
    return app.FollowUp(tuple(turns), item.source or "", item.answers[0])


def every_fifth(items: Iterable[T]) -> tuple[list[T], list[T]]:
    """Returns items but every fifth, and every fifth."""
    parts: tuple[list[T], list[T]] = ([], [])
    for number, item in enumerate(items):
        parts[number % EVERY == EVERY - 1].append(item)
    return parts


def _by_group(items: Sequence[Known]) -> Split:
    """Splits items by group; what is said in both parts is left out of what is known."""
    groups: dict[Hashable, list[Known]] = {}
    for one in items:
        groups.setdefault(one.group, []).append(one)
    train, test = ([one for some in part for one in some] for part in every_fifth(groups.values()))
    asked = {one.said for one in test}
    return Split([one for one in train if one.said not in asked], test)
