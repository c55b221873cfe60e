"""Reads open questions by split, and gives each the passage that is found, the right one, a wrong one, or none."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from clova_jax.common.files import find_file
from clova_jax.evaluate import Item, generator, read_paragraphs
from clova_jax.labelled import optional_file
from clova_jax.retrieve import Index

ASKED = "korquad/KorQuAD_v1.0_dev.json"
TRAINING = "korquad/KorQuAD_v1.0_train.json"
TYPED = "questions/questions_{}.json"  # of the sample world, by type
# Where passages are, each with a name of its own in the notes; files that are absent are left out.
POOLS = {
    "KorQuAD": (ASKED,),
    "KorQuAD train": (TRAINING,),
    "KLUE-MRC": (
        "klue/klue-mrc-v1.1/klue-mrc-v1.1_dev.json",
        "klue/klue-mrc-v1.1/klue-mrc-v1.1_dev.partial.json",
    ),
}
TYPED_POOLS = {f"questions {split}": (TYPED.format(split),) for split in ("test", "dev")}
PASSAGES = ("retrieved", "gold", "wrong", "none")
DEVELOPMENT = 5  # one passage of so many is of the development split, where the data have none
Lookup = Mapping[str, Callable[[], Sequence[int | None]]]


@dataclass(frozen=True)
class OpenQuestions:
    """Holds questions, the passages among which the right one is looked for, and which it is.

    Args:
        items: the questions, each under its own passage.
        texts: the passages, each once.
        leads: the passages as prompts show them.
        gold: the number of each question's passage.
        counts: passages by the data set that they are from.
    """

    items: Sequence[Item]
    texts: Sequence[str]
    leads: Sequence[str]
    gold: Sequence[int]
    counts: dict[str, int]

    @cached_property
    def found(self) -> list[int | None]:
        """Returns the number of the best passage of each question by bigrams; None where none fits."""
        index = Index.build(self.texts)
        hits = [index.search(question_of(item), 1) for item in self.items]
        return [some[0].index if some else None for some in hits]

    @cached_property
    def wrong(self) -> list[int]:
        """Returns the number of another passage for each question, one without its answer, drawn with a fixed seed."""
        drawn = []
        for item, gold in zip(self.items, self.gold, strict=True):
            order = generator(0, "open_qa", item.id).permutation(len(self.texts)).tolist()
            others = (n for n in order if n != gold and not holds(self.texts[n], item.answers))
            drawn.append(next(others, gold))
        return drawn

    def numbers(self, passage: str) -> Sequence[int | None]:
        """Returns the number of the passage above each question: found, right, wrong, or None."""
        nothing: list[int | None] = [None] * len(self.items)
        kinds: Lookup = {
            "retrieved": lambda: self.found,
            "gold": lambda: self.gold,
            "wrong": lambda: self.wrong,
            "none": lambda: nothing,
        }
        return kinds[passage]()

    def with_passage(self, passage: str) -> list[Item]:
        """Returns the questions under the passage that was found, the right one, a wrong one, or none."""
        return [
            dataclasses.replace(item, lead="" if number is None else self.leads[number])
            for item, number in zip(self.items, self.numbers(passage), strict=True)
        ]

    def of(self, chosen: Sequence[bool]) -> "OpenQuestions":
        """Returns some of the questions, among the same passages."""
        kept = [number for number, one in enumerate(chosen) if one]
        items, gold = [self.items[n] for n in kept], [self.gold[n] for n in kept]
        return dataclasses.replace(self, items=items, gold=gold)


@dataclass(frozen=True)
class Splits:
    """Holds the questions of a data folder; no passage belongs to two splits.

    Args:
        test: what is scored.
        dev: what the threshold of silence is chosen on.
        train: questions to learn from, each under its own passage; none where the data have no training file.
    """

    test: OpenQuestions
    dev: OpenQuestions
    train: Sequence[Item]

    @classmethod
    def read(cls, data: Path, seed: int) -> "Splits":
        """Reads the questions by type of the sample world, where a folder has them, else KorQuAD's.

        Of KorQuAD's, which have no development split, a fifth of the passages is set aside.

        Args:
            data: a folder laid out like the official data.
            seed: of the passages that are set aside.

        Raises:
            ClovaError: the files of both are missing, or one of them is damaged.
        """
        is_typed = optional_file(data, TYPED.format("test")) is not None
        names = [TYPED.format(split) for split in ("test", "dev")] if is_typed else [ASKED]
        training = optional_file(data, TYPED.format("train") if is_typed else TRAINING)
        pools = TYPED_POOLS | POOLS
        leads: dict[str, str] = {}  # by the passage's text
        texts: dict[str, str] = {}  # by the lead
        counts: dict[str, int] = {}
        asked: dict[str, list[Item]] = {name: [] for name in names}
        for pool, files in pools.items():
            name, path = next(
                ((file, path) for file in files if (path := optional_file(data, file))), ("", None)
            )
            before = len(leads)
            for paragraph in read_paragraphs(path) if path else ():
                leads.setdefault(paragraph.text, paragraph.lead)
                texts[paragraph.lead] = paragraph.text
                if name in asked:
                    asked[name] += paragraph.items()
            if len(leads) > before:
                counts[pool] = len(leads) - before
        items = [item for name in names for item in asked[name]]
        if not items:
            find_file(data / "korquad", Path(ASKED).name)  # says that it is missing
        numbers = {text: number for number, text in enumerate(leads)}
        gold = [numbers[texts[item.lead]] for item in items]
        every = OpenQuestions(items, list(leads), list(leads.values()), gold, counts)
        if is_typed:
            in_dev = [at >= len(asked[names[0]]) for at in range(len(items))]
        else:
            passages = sorted(set(gold))
            order = generator(seed, "development passages").permutation(len(passages))
            aside = {passages[i] for i in order[: len(passages) // DEVELOPMENT]}
            in_dev = [number in aside for number in gold]
        paragraphs = read_paragraphs(training) if training else ()
        train = [item for paragraph in paragraphs for item in paragraph.items()]
        return cls(every.of([not one for one in in_dev]), every.of(in_dev), train)

    @cached_property
    def every(self) -> OpenQuestions:
        """Returns the questions of test and dev: finding a passage learns from neither."""
        test, dev = self.test, self.dev
        both = {"items": [*test.items, *dev.items], "gold": [*test.gold, *dev.gold]}
        return dataclasses.replace(test, **both)


def holds(text: str, answers: Sequence[str]) -> bool:
    """Checks whether one of the answers stands in a text."""
    return any(answer in text for answer in answers)


def question_of(item: Item) -> str:
    """Returns the question of an item as it was asked."""
    return item.text.removeprefix("질문: ").removesuffix("\n\n답:")
