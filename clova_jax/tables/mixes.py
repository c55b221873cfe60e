"""Draws labelled examples for the table of mixed texts: to mix and to learn from, to choose by, and true ones beyond."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from clova_jax.apps import augmentation
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Item, Task, TaskData, digest, draw_items, generator, load_task

Form = Literal["task", "published"]
Labelled = list[tuple[str, str]]  # (text, label) of each example

# What the published prompt calls the texts and the labels of a task.
TYPES = {
    "nsmc": ("리뷰", "감정"),
    "nsmc_stars": ("리뷰", "별점"),
    "ynat": ("제목", "분야"),
    "3i4k": ("발화", "의도"),
}


def dev_count(n: int) -> int:
    """Returns how many examples a class are there to choose by, beside `n` to learn from."""
    return max(1, n // 5)


@dataclass(frozen=True)
class MixDraw:
    """Holds one draw: the pool's examples of each label, in random order.

    Args:
        number: from 0.
        order: label -> texts.
    """

    number: int
    order: dict[str, Sequence[str]]

    def examples(self, n: int) -> Labelled:
        """Returns the first `n` of each label."""
        return self._rows(0, n)

    def dev(self, n: int) -> Labelled:
        """Returns the last few of each label, to choose by."""
        return self._rows(-dev_count(n), None)

    def further(self, n: int, count: int) -> Labelled:
        """Returns `count` that are in neither, labels in turn; fewer where there are fewer."""
        rows = {label: texts[n : len(texts) - dev_count(n)] for label, texts in self.order.items()}
        longest = max(map(len, rows.values()))
        turns = (
            (texts[i], label) for i in range(longest) for label, texts in rows.items() if texts[i:]
        )
        return [row for row, _ in zip(turns, range(count), strict=False)]

    def _rows(self, begin: int, end: int | None) -> Labelled:
        return [(text, label) for label, texts in self.order.items() for text in texts[begin:end]]


@dataclass(frozen=True)
class MixDraws:
    """Holds a labelled task and draws from its pool.

    Args:
        task, data: the task, and what is in the folder.
        items: those that are tested, the same for all draws.
        form: `task`: the prompt is worded as the task's examples are; `published`: as in GPT3Mix, in Korean.
        count: draws.
        seed: of all draws.
    """

    task: Task
    data: TaskData
    items: Sequence[Item]
    form: Form
    count: int
    seed: int

    @classmethod
    def read(
        cls,
        folder: Path,
        name: str,
        most: int,
        form: Form,
        *,
        count: int,
        limit: int | None,
        seed: int,
    ) -> "MixDraws":
        """Reads a task's files.

        Args:
            folder: laid out like the official data.
            name: of the task.
            most: examples a class, at most.
            form, count, seed: as of the class.
            limit: tested items; all where None.

        Raises:
            ClovaError: no such task, or one without labels in brackets; a label with too few examples.
        """
        task = load_task(name)
        augmentation.label_words(task)
        data = task.load(folder)
        draws = cls(task, data, draw_items(data, task, limit, seed), form, count, seed)
        wanted = most + dev_count(most)
        for label, texts in draws.by_label.items():
            if len(texts) < wanted:
                raise ClovaError(
                    f"{name}: label {label!r} has {len(texts)} examples, wants {wanted}; ask for fewer a class"
                )
        return draws

    @cached_property
    def by_label(self) -> dict[str, Sequence[str]]:
        """Returns the texts of the pool by their label."""
        found: dict[str, list[str]] = {label: [] for label in self.task.labels or ()}
        for item in self.data.pool:
            found[item.answers[0]].append(item.text)
        return found

    @cached_property
    def digest(self) -> str:
        """Returns a short hash of pool and tested items with their labels."""
        rows = [*self.data.pool, *self.items]
        return digest([text for row in rows for text in (row.answers[0], row.text)])

    @cached_property
    def prompt(self) -> augmentation.MixPrompt:
        """Returns how prompts are worded."""
        if self.form == "task":
            return augmentation.MixPrompt.of_task(self.task)
        words = augmentation.label_words(self.task)
        return augmentation.MixPrompt.published(words, *TYPES.get(self.task.name, ()))

    def __iter__(self) -> Iterator[MixDraw]:
        for number in range(self.count):
            random = generator(self.seed, "mixes", self.task.name, number)
            order = {
                label: [texts[i] for i in random.permutation(len(texts))]
                for label, texts in self.by_label.items()
            }
            yield MixDraw(number, order)
