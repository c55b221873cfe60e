"""Builds the prompts of a trial: examples drawn by the seed, complete examples dropped until a prompt fits.

Where the tokenizer is prefix-stable, a prompt is encoded in segments, each once. Where it is not (it puts a space
before every text, say, or joins a line break to what stands before), prompts with their labels are encoded
at once, and the ids that all prompts of a trial begin with are shared.
"""

import dataclasses
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate.task import Item, Task, TaskData


@dataclass(frozen=True)
class Prompt:
    """Holds one prompt: what it shares with others, and its own end.

    Args:
        item: the question.
        shared, own: text; the prompt is `shared + own`.
        shared_ids, own_ids: the same in tokens; their cut is that of the texts, before a line break, where the
            tokenizer is prefix-stable.
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
        """Returns the complete prompt."""
        return self.shared + self.own

    @property
    def answer_shown(self) -> bool:
        """Returns True if an accepted answer stands among the examples' answers."""
        shown = {example.answers[0] for example in self.examples}
        return not shown.isdisjoint(self.item.answers)


def generator(seed: int, *key: str | int) -> np.random.Generator:
    """Returns a random number generator for one purpose, the same on every machine."""
    return np.random.default_rng([seed, *(zlib.crc32(str(word).encode()) for word in key)])


def draw_items(data: TaskData, task: Task, limit: int | None, seed: int) -> list[Item]:
    """Returns all items, or a random `limit` of them in file order: the same for every trial and model.

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
    """Builds the prompts of one trial.

    Complete examples are dropped, the first ones first, until prompt and answer fit `max_length` (the paper does
    not give its own rule).

    Args:
        shots: examples wanted; 0 shows the zero-shot form.
        trial: which random set of examples.
        reserve: tokens kept free for the answer.

    Returns:
        The prompts in the order of the items, and the items too long even without examples.
    """
    segments = _Segments(tokenizer)
    room = max_length - reserve
    drawn: list[Item] = []
    if shots and not task.own_examples and items:
        drawn = task.examples(items[0], data, shots, generator(seed, task.name, trial))
    heads: dict[str, list[_Segment]] = {}
    prompts, too_long = [], []
    for item in items:
        lead = item.lead or (task.instruction if not shots else "")
        if task.own_examples:
            random = generator(seed, task.name, trial, item.id)
            examples = task.examples(item, data, shots, random) if shots else []
            prompt = _with_own_examples(task, item, segments(lead), examples, segments, room)
        else:
            if lead not in heads:
                heads[lead] = _heads(task, segments(lead), drawn, segments)
            prompt = _with_shared_examples(task, item, heads[lead], drawn, segments, room)
        if prompt is None:
            too_long.append(item)
        else:
            prompts.append(prompt)
    return (prompts if segments.stable else _share(prompts)), too_long


def _share(prompts: Sequence[Prompt]) -> list[Prompt]:
    """Returns prompts encoded at once; the ids that all prompts of one head begin with are their shared part."""
    common: dict[str, tuple[int, ...]] = {}
    for prompt in prompts:
        ids = prompt.own_ids[:-1]  # at least one is left
        before = common.get(prompt.shared, ids)
        common[prompt.shared] = before[: _alike(before, ids)] if prompt.shared else ()
    return [_cut(prompt, len(common[prompt.shared])) for prompt in prompts]


def _cut(prompt: Prompt, at: int) -> Prompt:
    ids = prompt.shared_ids + prompt.own_ids
    return dataclasses.replace(prompt, shared_ids=ids[:at], own_ids=ids[at:])


def _alike(*rows: Sequence[int]) -> int:
    """Counts the ids that all rows begin with."""
    shortest = min(map(len, rows))
    return next((n for n in range(shortest) if len({row[n] for row in rows}) > 1), shortest)


def with_choices(
    tokenizer: Any, prompts: Sequence[Prompt], texts: Sequence[str]
) -> list[tuple[Prompt, list[list[int]]]]:
    """Returns each prompt with the ids of the texts that may follow it.

    Where the tokenizer is not prefix-stable, prompt and text are encoded at once; the prompt loses its last
    tokens if they differ there.
    """
    if tokenizer.prefix_stable:
        choices = [tokenizer.encode(text) for text in texts]
        return [(prompt, choices) for prompt in prompts]
    asked = []
    for prompt in prompts:
        ids = prompt.shared_ids + prompt.own_ids
        joined_rows = [tokenizer.encode(prompt.text + text) for text in texts]
        # No choice is empty: where one vanishes into the prompt's last token, that is asked for.
        at = min(_alike(ids, *joined_rows), *(len(row) - 1 for row in joined_rows))
        shared = len(prompt.shared_ids) if at > len(prompt.shared_ids) else 0
        kept = dataclasses.replace(prompt, shared_ids=ids[:shared], own_ids=ids[shared:at])
        asked.append((kept, [row[at:] for row in joined_rows]))
    return asked


def choice_lengths(tokenizer: Any, prompt: Prompt, texts: Sequence[str]) -> list[int]:
    """Returns how many tokens each of the texts adds to a prompt."""
    if tokenizer.prefix_stable:
        return [len(tokenizer.encode(text)) for text in texts]
    before = len(prompt.shared_ids) + len(prompt.own_ids)
    return [max(len(tokenizer.encode(prompt.text + text)) - before, 1) for text in texts]


def without_content(
    task: Task, prompt: Prompt, tokenizer: Any, max_length: int, reserve: int
) -> list[Prompt]:
    """Replaces the item of a prompt by content-free texts; returns those prompts that leave `reserve` tokens free."""
    found = []
    for text in task.content_free:
        own = (task.separator if prompt.shared else "") + text
        probe = dataclasses.replace(prompt, own=own, shared_ids=(), own_ids=())
        if tokenizer.prefix_stable:
            own_ids = tuple(tokenizer.encode(own))
            probe = dataclasses.replace(probe, shared_ids=prompt.shared_ids, own_ids=own_ids)
        else:
            probe = dataclasses.replace(probe, own_ids=tuple(tokenizer.encode(probe.text)))
        if len(probe.shared_ids) + len(probe.own_ids) + reserve <= max_length:
            found.append(probe)
    return found


def too_long_error(task: Task, item: Item, max_length: int) -> ClovaError:
    """Returns the error about an item that no prompt can hold."""
    return ClovaError(
        f"{item.place}: {task.name} item {item.id} and its answer are longer than the model's "
        f"context of {max_length} tokens even without examples; take a model with a longer one, "
        "or leave such items out, counted, with --skip-long"
    )


def joined_differs(prompt: Prompt, tokenizer: Any) -> bool:
    """Returns True if the tokenizer gives the prompt other ids when it is encoded at once."""
    return tuple(tokenizer.encode(prompt.text)) != prompt.shared_ids + prompt.own_ids


@dataclass(frozen=True)
class _Segment:
    text: str
    ids: tuple[int, ...]

    def __add__(self, other: "_Segment") -> "_Segment":
        return _Segment(self.text + other.text, self.ids + other.ids)


class _Segments:
    """Encodes segments of prompts, each different one once; none where prompts are encoded at once."""

    def __init__(self, tokenizer: Any) -> None:
        self.encode, self.stable = tokenizer.encode, tokenizer.prefix_stable
        self.memo: dict[str, _Segment] = {}

    def __call__(self, text: str) -> _Segment:
        if text not in self.memo:
            self.memo[text] = self.once(text)
        return self.memo[text]

    def once(self, text: str) -> _Segment:
        return _Segment(text, tuple(self.encode(text)) if text and self.stable else ())

    def joined(self, head: _Segment, own: _Segment) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Returns the ids of a head and of what follows; where prompts are encoded at once, the head has none."""
        if self.stable:
            return head.ids, own.ids
        return (), tuple(self.encode(head.text + own.text))


def _heads(
    task: Task, lead: _Segment, examples: Sequence[Item], segments: _Segments
) -> list[_Segment]:
    """Returns the lead with all examples, with those from the second on, …, and the lead alone."""
    heads = []
    for first in range(len(examples) + 1):
        head = lead
        for example in examples[first:]:
            head += segments((task.separator if head.text else "") + task.shown(example))
        heads.append(head)
    return heads


def _with_shared_examples(
    task: Task,
    item: Item,
    heads: Sequence[_Segment],
    examples: Sequence[Item],
    segments: _Segments,
    room: int,
) -> Prompt | None:
    """Puts the item below as many of the trial's examples as fit."""
    own = None
    for dropped, head in enumerate(heads):
        if own is None or not head.text:
            own = segments.once((task.separator if head.text else "") + item.text)
        shared_ids, own_ids = segments.joined(head, own)
        if len(shared_ids) + len(own_ids) <= room:
            shown = tuple(examples[dropped:])
            return Prompt(item, head.text, own.text, shared_ids, own_ids, shown, dropped)
    return None


def _with_own_examples(
    task: Task,
    item: Item,
    lead: _Segment,
    examples: Sequence[Item],
    segments: _Segments,
    room: int,
) -> Prompt | None:
    """Puts the item below its lead and as many of its own examples as fit; nothing is shared."""
    for dropped, head in enumerate(_heads(task, lead, examples, segments)):
        end = segments.once((task.separator if head.text else "") + item.text)
        ids = sum(segments.joined(head, end), ())
        if len(ids) <= room:
            text = head.text + end.text
            return Prompt(item, "", text, (), ids, tuple(examples[dropped:]), dropped)
    return None
