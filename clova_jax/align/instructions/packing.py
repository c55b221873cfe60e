"""Encodes instructions and packs them into rows, each a segment that sees nothing of the others; answers alone count."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from clova_jax.common.errors import ClovaError
from clova_jax.inference import pad, split_ids
from clova_jax.model import ChatTemplate, Message
from clova_jax.tokenizers import Tokenizer

OPEN = 8  # rows that are filled at a time
ENCODED_AT_ONCE = 512


@dataclass(frozen=True)
class Instruction:
    """Holds the messages up to the user's, and the answer that is learned.

    Args:
        messages: the last one is the user's.
        answer: what the assistant should say, without its end.
    """

    messages: tuple[Message, ...]
    answer: str


@dataclass(frozen=True)
class Row:
    """Holds instructions with their answers side by side.

    Args:
        ids: int32[n], contexts and answers without their last tokens.
        segments: int32[n], from 1 on.
        positions: int32[n], from 0 in each segment.
        where: int32[k], at which of the tokens an answer's token is predicted.
        targets: int32[k], the tokens of the answers, each with `<|endoftext|>` at its end.
    """

    ids: Int[np.ndarray, "n"]
    segments: Int[np.ndarray, "n"]
    positions: Int[np.ndarray, "n"]
    where: Int[np.ndarray, "k"]
    targets: Int[np.ndarray, "k"]


Encoded = tuple[list[int], list[int]]  # the context, and the answer with its end


def encode(
    tokenizer: Tokenizer, template: ChatTemplate, instructions: Iterable[Instruction]
) -> Iterator[Encoded]:
    """Yields the ids of instructions, some hundreds encoded at a time."""
    waiting: list[Instruction] = []

    def encoded() -> Iterator[Encoded]:
        prompts = [template.prompt(one.messages) for one in waiting]
        answers = [template.answer(one.answer) for one in waiting]
        for context, answer in split_ids(tokenizer, prompts, answers):
            yield context, [*answer, tokenizer.end_of_text]
        waiting.clear()

    for one in instructions:
        waiting.append(one)
        if len(waiting) == ENCODED_AT_ONCE:
            yield from encoded()
    yield from encoded()


def pack(examples: Iterable[Encoded], length: int, count: int) -> tuple[list[Row], int]:
    """Packs examples into rows: each goes into the first of some open rows that has room for it.

    Args:
        examples: as many as are needed are taken.
        length: tokens of a row.
        count: rows that are wanted.

    Returns:
        The rows, and how many examples were left out since they are longer than a row.

    Raises:
        ClovaError: too few examples fit to fill the rows.
    """
    rows: list[Row] = []
    open_rows: list[list[Encoded]] = []
    sizes: list[int] = []
    long = taken = 0
    for context, answer in examples:
        size = len(context) + len(answer) - 1
        taken += 1
        if size > length:
            long += 1
            if long == taken >= 10_000:
                break  # an endless stream of what does not fit
            continue
        at = next((n for n, used in enumerate(sizes) if used + size <= length), len(sizes))
        if at == OPEN:  # none has room: the fullest is closed
            at = int(np.argmax(sizes))
            rows.append(_row(open_rows[at]))
            open_rows[at], sizes[at] = [], 0
            if len(rows) == count:
                return rows, long
        elif at == len(sizes):
            open_rows.append([])
            sizes.append(0)
        open_rows[at].append((context, answer))
        sizes[at] += size
    rows += [_row(some) for some in open_rows if some]
    if len(rows) < count:
        raise ClovaError(
            f"instructions fill {len(rows)} of {count} rows of {length} tokens; {long} are longer than a row"
        )
    return rows[:count], long


def _row(examples: Sequence[Encoded]) -> Row:
    ids: list[int] = []
    segments, positions, where, targets = [], [], [], []
    for number, (context, answer) in enumerate(examples, 1):
        size, first = len(context) + len(answer) - 1, len(ids) + len(context) - 1
        ids += [*context, *answer[:-1]]
        segments += [number] * size
        positions += range(size)
        where += range(first, first + len(answer))
        targets += answer
    return Row(*(np.array(some, np.int32) for some in (ids, segments, positions, where, targets)))


def arrays(rows: Sequence[Row], length: int, width: int) -> tuple[np.ndarray, ...]:
    """Builds what the loss takes.

    Args:
        rows: of a batch.
        length: tokens of a row.
        width: tokens of the answers of a row, at most.

    Returns:
        ids, positions and segments int32[B, length], 0 behind a row's end; where and targets int32[B, width]; weights
        float32[B, width], 1 for a token of an answer.
    """
    count = len(rows)
    whole = [
        pad([getattr(row, name) for row in rows], count, length)
        for name in ("ids", "positions", "segments")
    ]
    answers = [
        pad([getattr(row, name) for row in rows], count, width) for name in ("where", "targets")
    ]
    ones = pad([[1] * len(row.targets) for row in rows], count, width).astype(np.float32)
    return (*whole, *answers, ones)
