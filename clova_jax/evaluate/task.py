"""Defines a task: items with a prompt and answers, examples to show, metrics. One file a task in `tasks/`."""

import functools
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import as_line
from clova_jax.evaluate.metrics import Metric
from clova_jax.evaluate.records import digest
from clova_jax.labelled import optional_file
from clova_jax.tokenizers import as_written

_nfc = functools.partial(unicodedata.normalize, "NFC")


@dataclass(frozen=True)
class Item:
    """Holds one question, all texts in NFC, as in the documents that a model learned from.

    Args:
        id: the data set's own id, or the line number.
        place: `file:line` or `file: entry N (id)`, for errors.
        text: the prompt up to where the answer begins; no space at its end.
        answers: what is accepted; the first is the one an example shows.
        lead: text shown once above the examples (a paragraph); items with one lead share it.
        part: the subset this item is reported under besides the complete set.
        source: what a system that does nothing would answer (the text to translate).
        target: a graded gold value, for correlations.
    """

    id: str
    place: str
    text: str
    answers: tuple[str, ...]
    lead: str = ""
    part: str = ""
    source: str = ""
    target: float = 0.0

    def __post_init__(self) -> None:
        for name in ("text", "lead", "source"):
            object.__setattr__(self, name, _nfc(getattr(self, name)))
        object.__setattr__(self, "answers", tuple(map(_nfc, self.answers)))


@dataclass(frozen=True)
class TaskData:
    """Holds the items to score, the pool that examples come from, and what the reader of a score should know."""

    items: Sequence[Item]
    pool: Sequence[Item]
    notes: tuple[str, ...] = ()

    @cached_property
    def by_lead(self) -> dict[str, list[Item]]:
        """Groups the pool by lead (KorQuAD's paragraph)."""
        groups: dict[str, list[Item]] = {}
        for item in self.pool:
            groups.setdefault(item.lead, []).append(item)
        return groups


def draw_examples(
    item: Item, data: TaskData, shots: int, random: np.random.Generator
) -> list[Item]:
    """Draws `shots` different examples of the pool, in random order; the item has no influence.

    Raises:
        ClovaError: the pool is smaller than that.
    """
    if shots > len(data.pool):
        raise ClovaError(
            f"{shots} examples asked for, {data.pool[0].place.split(':')[0] if data.pool else 'the file'} "
            f"has {len(data.pool)}; ask for fewer shots"
        )
    return [data.pool[i] for i in random.choice(len(data.pool), shots, replace=False)]


@dataclass(frozen=True, kw_only=True)
class Task:
    """Defines data, template and metric of a task; the defaults are the paper's protocol (Table 3, section 4.1).

    Args:
        name: as on the command line.
        files: what `load` cannot do without, under the data folder, without `.gz` or `.zst`.
        load: reads a data folder with the official file names.
        shots, trials: examples in a prompt, and how many random sets of them.
        metrics: the first is the headline.
        source: where the template comes from.
        labels: gold label -> the word the model sees; None where the answer is free text.
        more_words: gold label -> further words for it; the likelihood of a label is then the sum of its words'.
            Examples show, and tuning trains, the word in `labels`.
        answer: how the answer follows the text; its leading space belongs to the answer.
        content_free: the content-free prompts ("N/A", "[MASK]", ""), for calibration.
        instruction: a first line for zero-shot prompts that do not show the task by themselves.
        separator: between examples.
        max_new_tokens: length limit of a free-text answer; it ends at a line break.
        examples: draws an item's examples; shared by all items of a trial unless `own_examples`.
        own_examples: each item has examples of its own (KorQuAD: questions on its paragraph).
        copies: the answer of a system that does nothing is `Item.source`, else the commonest answer.
    """

    name: str
    files: tuple[str, ...]
    load: Callable[[Path], TaskData]
    shots: int
    trials: int
    metrics: tuple[Metric, ...]
    source: str
    labels: Mapping[str, str] | None = None
    more_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answer: str = " {}"
    content_free: tuple[str, ...] = ()
    instruction: str = ""
    separator: str = "\n\n"
    max_new_tokens: int = 64
    examples: Callable[[Item, TaskData, int, np.random.Generator], list[Item]] = draw_examples
    own_examples: bool = False
    copies: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.labels is not None:
            labels = {_nfc(gold): _nfc(word) for gold, word in self.labels.items()}
            object.__setattr__(self, "labels", labels)
            more = {_nfc(gold): tuple(map(_nfc, words)) for gold, words in self.more_words.items()}
            object.__setattr__(self, "more_words", more)

    @property
    def definition(self) -> str:
        """Returns a short hash of what decides prompts and answers beside the items: words, instruction, separator and so on."""
        words = [list(self.labels or {}), self.verbalizer(), self.answer]
        prompt = [self.instruction, self.separator, self.own_examples, self.content_free]
        # Named only where it is the task's own, so that records of the other tasks stay what they were.
        name = getattr(self.examples, "__qualname__", type(self.examples).__qualname__)
        drawn = [] if self.examples is draw_examples else [name]
        return digest([as_line([*words, *prompt, self.max_new_tokens, *drawn])])

    def present(self, data_dir: str | Path) -> bool:
        """Returns True if a data folder has the task's files."""
        return all(optional_file(Path(data_dir), name) for name in self.files)

    def choices(self) -> list[str]:
        """Returns the continuations of all labels, in the order of `labels`; a label's first word alone."""
        return [self.answer.format(word) for word in (self.labels or {}).values()]

    def verbalizer(self) -> list[tuple[int, str]]:
        """Returns (number of the label, continuation) of every word of every label."""
        return [
            (number, self.answer.format(each))
            for number, (gold, word) in enumerate((self.labels or {}).items())
            for each in (word, *self.more_words.get(gold, ()))
        ]

    def shown(self, item: Item) -> str:
        """Returns the item as an example: text and first answer."""
        word = self.labels[item.answers[0]] if self.labels else item.answers[0]
        return item.text + self.answer.format(word)


def check_labels(task: Task, tokenizer: Any) -> None:
    """Checks that the tokenizer can write the labels and that they differ; does nothing for a task without labels.

    Raises:
        ClovaError: a label that cannot be written in the tokenizer's vocabulary, one label only, two that
            are the same, more words for a label that is none.
    """
    if task.labels is None:
        return
    choices = [choice for _, choice in task.verbalizer()]
    if len(task.labels) < 2 or len(set(choices)) < len(choices):
        raise ClovaError(f"{task.name}: labels {choices}; wants two or more, each different")
    if unknown := task.more_words.keys() - task.labels.keys():
        raise ClovaError(f"{task.name}: more_words of {unknown.pop()!r}, which is no label")
    golds = list(task.labels)
    for number, choice in task.verbalizer():
        gold = golds[number]
        if as_written(tokenizer, choice) != choice:
            raise ClovaError(
                f"{task.name}: the model's tokenizer ({tokenizer.kind}, {tokenizer.vocab_size} entries) "
                f"cannot write the label {choice.strip()!r} of {gold!r}; train one on text that has it"
            )
