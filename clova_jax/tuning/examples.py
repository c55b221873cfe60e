"""Turns training examples into tokens, drawn, split and ordered by the seed."""

import itertools
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Item, Task, check_labels
from clova_jax.inference import Template

DEV_SHARE, LEAST_DEV, MOST_DEV = 5, 16, 500
WINDOW = 16  # batches whose examples are sorted by length together


@dataclass(frozen=True)
class Example:
    """Holds one row after the template's beginning: the text, the template's end, and the target.

    Args:
        context: ids of the text and of what the template has after it; never empty.
        target: ids that should follow.
        others: ids of the other labels; none where the target is a text.
    """

    context: tuple[int, ...]
    target: tuple[int, ...]
    others: tuple[tuple[int, ...], ...] = ()


def target_text(task: Task, item: Item) -> str:
    """Returns what should follow an item: its label's word, or its first answer and a line break."""
    if task.labels:
        return task.answer.format(task.labels[item.answers[0]])
    return task.answer.format(item.answers[0]) + "\n"


def make_contexts(
    task: Task,
    items: Sequence[Item],
    tokenizer: Any,
    template: Template,
    first_virtual: int,
    max_length: int,
    reserve: int = 0,
) -> tuple[list[tuple[int, ...]], int]:
    """Encodes texts with the template's end; also counts texts that were cut at their start to fit the context.

    Args:
        reserve: tokens that will follow at the most; at least a label's, or the task's `max_new_tokens`.

    Raises:
        ClovaError: template and what follows alone are longer than the context.
    """
    before, after = template.ids(tokenizer, first_virtual)
    labels = tokenizer.encode_batch(task.choices())
    reserve = max(reserve, max(map(len, labels)) if labels else task.max_new_tokens)
    room = max_length - len(before) - len(after) - reserve + 1
    if room < 1:
        raise ClovaError(
            f"{task.name}: template and target take {max_length - room + 1} tokens, the model's "
            f"context is {max_length}; shorten the template"
        )
    texts = [
        f"{item.lead}{task.separator}{item.text}" if item.lead else item.text for item in items
    ]
    ids = tokenizer.encode_batch(texts)
    # What asks for the answer stands at the end of a text.
    contexts = [tuple(text[-room:] + after or [tokenizer.end_of_text]) for text in ids]
    return contexts, sum(len(text) > room for text in ids)


def make_examples(
    task: Task,
    items: Sequence[Item],
    tokenizer: Any,
    template: Template,
    first_virtual: int,
    max_length: int,
) -> tuple[list[Example], int]:
    """Encodes items as examples; also counts texts that were cut at their start to fit the context.

    Raises:
        ClovaError: as `make_contexts`; labels that cannot be distinguished.
    """
    check_labels(task, tokenizer)
    targets = [tuple(ids) for ids in tokenizer.encode_batch([target_text(task, i) for i in items])]
    labels = [tuple(ids) for ids in tokenizer.encode_batch(task.choices())]
    for one in labels:
        for other in labels:
            if one != other and other[: len(one)] == one:
                raise ClovaError(
                    f"{task.name}: the label {tokenizer.decode(one)!r} begins {tokenizer.decode(other)!r}, which "
                    "is then never the likelier; write one of them otherwise"
                )
    longest = max(map(len, targets), default=0)
    contexts, cut = make_contexts(
        task, items, tokenizer, template, first_virtual, max_length, longest
    )
    examples = [
        Example(context, target, tuple(ids for ids in labels if ids != target))
        for context, target in zip(contexts, targets, strict=True)
    ]
    return examples, cut


def split(items: Sequence[Item], seed: int) -> tuple[list[Item], list[Item]]:
    """Splits items at random into training and development items; a fifth, from 16 to 500, is for development.

    Both count as examples used: no other label is seen.

    Raises:
        ClovaError: there are too few for both.
    """
    count = min(max(len(items) // DEV_SHARE, LEAST_DEV), MOST_DEV)
    if len(items) < 2 * LEAST_DEV:
        raise ClovaError(
            f"{len(items)} examples are too few to train on and to stop by; give {2 * LEAST_DEV} or more"
        )
    order = np.random.default_rng([seed, 1]).permutation(len(items))
    return [items[i] for i in order[count:]], [items[i] for i in order[:count]]


class Batches:
    """Draws the batch of every step, a function of seed and step alone; every epoch uses each example once.

    Examples of like length go together, so that little is padded.

    Raises:
        ClovaError: there are no examples.
    """

    def __init__(self, examples: Sequence[Example], batch_size: int, seed: int) -> None:
        if not examples:
            raise ClovaError("no examples to train on: the training split is empty")
        self.examples, self.seed = examples, seed
        self.size = min(batch_size, len(examples))
        self.per_epoch = len(examples) // self.size
        self._epoch, self._order = -1, np.empty(0)

    def __getitem__(self, step: int) -> list[Example]:
        epoch, number = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._shuffled(epoch)
        return [self.examples[i] for i in self._order[number]]

    def iterate(self, step: int) -> Generator[list[Example], None, None]:
        """Yields the batches of a step and of all after it."""
        for number in itertools.count(step):
            yield self[number]

    def _shuffled(self, epoch: int) -> np.ndarray:
        """Returns int[batches, size]; the rest of an uneven epoch is left for another one."""
        random = np.random.default_rng([self.seed, 2, epoch])
        order = random.permutation(len(self.examples))[: self.per_epoch * self.size]
        windows = []
        for at in range(0, len(order), WINDOW * self.size):
            part = sorted(order[at : at + WINDOW * self.size], key=self._length)
            windows.append(random.permutation(np.reshape(part, (-1, self.size))))
        return np.concatenate(windows)

    def _length(self, i: int) -> int:
        return len(self.examples[i].context)
