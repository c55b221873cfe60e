"""Prompts of a trial: examples drawn by the seed, whole examples dropped until a prompt fits."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate.task import Item, Task, TaskData


@dataclass(frozen=True)
class Prompt:
    """One prompt: what it shares with others, and its own end.

    Args:
        item: the question.
        shared, own: text; the prompt is `shared + own`.
        shared_ids, own_ids: the same in tokens, encoded apart (the cut lies before a line break).
        examples: those shown.
        dropped: how many were left out to fit the context.
    """

    item: Item
    shared: str
    own: str
    shared_ids: tuple[int, ...]
    own_ids: tuple[int, ...]
    examples: tuple[Item, ...]
    dropped: int

    @property
    def text(self) -> str:
        """The whole prompt."""
        return self.shared + self.own

    @property
    def answer_shown(self) -> bool:
        """Whether an accepted answer stands among the examples' answers."""
        shown = {example.answers[0] for example in self.examples}
        return not shown.isdisjoint(self.item.answers)


def generator(seed: int, *key: str | int) -> np.random.Generator:
    """The random numbers of one purpose, the same on every machine."""
    return np.random.default_rng([seed, *(zlib.crc32(str(word).encode()) for word in key)])


def draw_items(data: TaskData, task: Task, limit: int | None, seed: int) -> list[Item]:
    """All items, or a random `limit` of them in file order: the same for every trial and model.

    Raises:
        ClovaError: two items with one id; predictions are kept by it.
    """
    first: dict[str, Item] = {}
    for item in data.items:
        other = first.setdefault(item.id, item)
        if other is not item:
            raise ClovaError(
                f"{item.place}: the id {item.id!r} is also that of {other.place}; give each its own"
            )
    if limit is None or limit >= len(data.items):
        return list(data.items)
    random = generator(seed, task.name, "items")
    return [data.items[i] for i in sorted(random.choice(len(data.items), limit, replace=False))]


def build_prompts(
    task: Task,
    data: TaskData,
    items: Sequence[Item],
    tokenizer: Any,
    *,
    shots: int,
    trial: int,
    seed: int,
    max_length: int,
    reserve: int,
) -> tuple[list[Prompt], list[Item]]:
    """The prompts of one trial.

    An example is dropped whole, the first first, until prompt and answer fit `max_length`
    (the paper does not tell its own rule).

    Args:
        shots: examples wanted; 0 shows the zero-shot form.
        trial: which random set of examples.
        reserve: tokens kept free for the answer.

    Returns:
        The prompts in the order of the items, and the items too long even without examples.
    """
    pieces = _Pieces(tokenizer)
    room = max_length - reserve
    drawn: list[Item] = []
    if shots and not task.own_examples and items:
        drawn = task.examples(items[0], data, shots, generator(seed, task.name, trial))
    heads: dict[str, list[_Piece]] = {}
    prompts, too_long = [], []
    for item in items:
        lead = item.lead or (task.instruction if not shots else "")
        if task.own_examples:
            random = generator(seed, task.name, trial, item.id)
            examples = task.examples(item, data, shots, random) if shots else []
            prompt = _with_own_examples(task, item, pieces(lead), examples, pieces, room)
        else:
            if lead not in heads:
                heads[lead] = _heads(task, pieces(lead), drawn, pieces)
            prompt = _with_shared_examples(task, item, heads[lead], drawn, pieces, room)
        if prompt is None:
            too_long.append(item)
        else:
            prompts.append(prompt)
    return prompts, too_long


def too_long_error(task: Task, item: Item, max_length: int) -> ClovaError:
    """The line about an item that no prompt can hold."""
    return ClovaError(
        f"{item.place}: {task.name} item {item.id} and its answer are longer than the model's "
        f"context of {max_length} tokens even without examples; take a model with a longer one, "
        "or leave such items out, counted, with --skip-long"
    )


def joined_differs(prompt: Prompt, tokenizer: Any) -> bool:
    """Whether the tokenizer would cut the prompt otherwise if it saw it in one piece."""
    return tuple(tokenizer.encode(prompt.text)) != prompt.shared_ids + prompt.own_ids


@dataclass(frozen=True)
class _Piece:
    text: str
    ids: tuple[int, ...]

    def __add__(self, other: "_Piece") -> "_Piece":
        return _Piece(self.text + other.text, self.ids + other.ids)


class _Pieces:
    """Pieces of prompts with their ids; those that come again are encoded once."""

    def __init__(self, tokenizer: Any) -> None:
        self.encode = tokenizer.encode
        self.memo: dict[str, _Piece] = {}

    def __call__(self, text: str) -> _Piece:
        if text not in self.memo:
            self.memo[text] = self.once(text)
        return self.memo[text]

    def once(self, text: str) -> _Piece:
        return _Piece(text, tuple(self.encode(text)) if text else ())


def _heads(task: Task, lead: _Piece, examples: Sequence[Item], pieces: _Pieces) -> list[_Piece]:
    """The lead and the examples from the first on, from the second on, …, and the lead alone."""
    heads = []
    for first in range(len(examples) + 1):
        head = lead
        for example in examples[first:]:
            head += pieces((task.separator if head.text else "") + task.shown(example))
        heads.append(head)
    return heads


def _with_shared_examples(
    task: Task,
    item: Item,
    heads: Sequence[_Piece],
    examples: Sequence[Item],
    pieces: _Pieces,
    room: int,
) -> Prompt | None:
    """The item below as many of the trial's examples as fit."""
    own = None
    for dropped, head in enumerate(heads):
        if own is None or not head.text:
            own = pieces.once((task.separator if head.text else "") + item.text)
        if len(head.ids) + len(own.ids) <= room:
            shown = tuple(examples[dropped:])
            return Prompt(item, head.text, own.text, head.ids, own.ids, shown, dropped)
    return None


def _with_own_examples(
    task: Task,
    item: Item,
    lead: _Piece,
    examples: Sequence[Item],
    pieces: _Pieces,
    room: int,
) -> Prompt | None:
    """The item below its lead and as many of its own examples as fit; nothing is shared."""
    for dropped, head in enumerate(_heads(task, lead, examples, pieces)):
        own = head + pieces.once((task.separator if head.text else "") + item.text)
        if len(own.ids) <= room:
            return Prompt(item, "", own.text, (), own.ids, tuple(examples[dropped:]), dropped)
    return None
