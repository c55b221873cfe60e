"""Computes log-probabilities of given text: continuations, choices, complete sequences.

Notable:
- a shared prefix is prefilled once and held once (`Prefix`), whatever the batch;
- short texts share rows of static shapes, so that little is padded and a new length compiles nothing new;
- the head runs only where a probability is asked for, chunk by chunk: [B,T,V] never exists.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float64, Int

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.inference.arguments import id_row, id_rows, integer, text_pairs
from clova_jax.inference.choices import choice_logprobs, passes
from clova_jax.inference.model import Model
from clova_jax.inference.packing import Packed, Rows, pack, power_of_two
from clova_jax.inference.shapes import bucket, pad
from clova_jax.model import Cache, Params, Prefix, bind, refuse_nan
from clova_jax.tokenizers import Tokenizer

HEAD_ROWS = 128  # positions whose scores over the vocabulary stand in memory at once

Ids = Sequence[int]


def score(
    model: Model, contexts: Iterable[str], continuations: Iterable[str]
) -> Float64[np.ndarray, "n"]:
    """Returns log p(continuation | context) in nats, summed over the tokens of each continuation.

    Context and continuation are encoded together, and what follows the context's own ids counts. Spaces
    at the end of a context belong to the continuation; an empty context stands for `<|endoftext|>`.

    Raises:
        ClovaError: an argument of a wrong kind; lists of unequal length; a text longer than the model's
            context; a model whose scores are no numbers.
    """
    pairs = split_ids(model.tokenizer, *text_pairs(contexts, continuations))
    return score_ids(model, [a for a, _ in pairs], [b for _, b in pairs])[0]


def split_ids(
    tokenizer: Tokenizer, contexts: Sequence[str], continuations: Sequence[str]
) -> list[tuple[list[int], list[int]]]:
    """Returns (context ids, continuation ids) of each pair, cut as `score` cuts them."""
    heads = [context.rstrip() for context in contexts]
    texts = [a + b for a, b in zip(contexts, continuations, strict=True)]
    encoded = tokenizer.encode_batch(texts), tokenizer.encode_batch(heads)
    pairs = []
    for text, head, all_ids, head_ids in zip(texts, heads, *encoded, strict=True):
        # A merge across the cut may leave fewer tokens; some are the continuation's if it is not empty.
        cut = min(len(head_ids), len(all_ids) - (len(text) > len(head))) if head else 0
        pairs.append((all_ids[:cut] if cut else [tokenizer.end_of_text], all_ids[cut:]))
    return pairs


def score_ids(
    model: Model, contexts: Sequence[Ids], continuations: Sequence[Ids], prefix_ids: Ids = ()
) -> tuple[Float64[np.ndarray, "n"], np.ndarray]:
    """Returns log p(continuation | prefix + context) of ids, and whether greedy decoding would write it.

    Args:
        contexts: at least one token before each continuation, unless there is a prefix.
        prefix_ids: what all contexts begin with; computed once.

    Returns:
        float64[n] sums, in nats, and bool[n].
    """
    known = model.num_ids
    prefix_ids, contexts = _never_empty(
        model, id_row(prefix_ids, "prefix_ids", known), id_rows(contexts, "contexts", known)
    )
    continuations = id_rows(continuations, "continuations", known)
    if len(contexts) != len(continuations):
        raise ClovaError(
            f"score: {len(contexts)} contexts but {len(continuations)} continuations; give one for each"
        )
    sequences = [a + b for a, b in zip(contexts, continuations, strict=True)]
    starts = [len(context) for context in contexts]
    details = score_tokens(model, sequences, starts=starts, prefix_ids=prefix_ids)
    sums = np.array([np.sum(tokens.logprobs, dtype=np.float64) for tokens in details])
    return sums, np.array([bool(tokens.greedy.all()) for tokens in details])


@dataclass(frozen=True)
class TokenScores:
    """Holds the model's scores of the tokens of one sequence, from `start` on.

    Args:
        logprobs: float32[n], log p of each token given all before it.
        greedy: bool[n], whether it was the likeliest.
        top_ids, top_logprobs: [n, k], the likeliest tokens in its place.
    """

    logprobs: np.ndarray
    greedy: np.ndarray
    top_ids: np.ndarray
    top_logprobs: np.ndarray


def score_tokens(
    model: Model,
    sequences: Sequence[Ids],
    *,
    starts: Sequence[int] | None = None,
    prefix_ids: Ids = (),
    top: int = 0,
) -> list[TokenScores]:
    """Returns log-probabilities token by token.

    Args:
        sequences: ids after the prefix.
        starts: the first token of each sequence to score; 1 by default, since the first token of a text
            follows nothing.
        prefix_ids: what all sequences begin with.
        top: alternatives wanted at every position.

    Raises:
        ClovaError: a sequence without tokens or longer than the model's context; an id outside the
            vocabulary, or a virtual one to score; a model whose scores are no numbers.
    """
    prefix_ids, sequences = _checked(model, prefix_ids, sequences, starts)
    starts = [1] * len(sequences) if starts is None else starts
    known = model.config.vocab_size
    for number, (ids, start) in enumerate(zip(sequences, starts, strict=True)):
        if max(ids[start:], default=0) >= known:
            raise ClovaError(
                f"sequences: row {number} wants the score of virtual token {max(ids[start:])}, which is never predicted; "
                "let starts begin behind it"
            )
    return score_rows(model, sequences, starts, prefix_ids, integer(top, "top", 0))


def score_rows(
    model: Model, sequences: Sequence[Ids], starts: Sequence[int], prefix_ids: Ids, top: int
) -> list[TokenScores]:
    """Computes what `score_tokens` returns, of lists of known ids; what it says of a virtual token means nothing."""
    top = min(top, model.config.vocab_size)
    check_lengths(model, [len(ids) - 1 for ids in sequences], prefix_ids)
    prefix = prefill_prefix(model, prefix_ids)
    found: list[Any] = [None] * len(sequences)
    counts = [max(len(ids) - start, 0) for ids, start in zip(sequences, starts, strict=True)]
    for packed in pack(
        [len(ids) - 1 for ids in sequences],
        before=len(prefix_ids),
        limit=model.config.max_length - len(prefix_ids),
        heads=model.config.num_heads,
        most=len(sequences),
    ):
        asked = max(sum(counts[i] for i in row) for rows in packed.passes for row in rows)
        width = max(1, min(power_of_two(asked), packed.time))
        for rows in packed.passes:
            ids, places, items, *asked_for = model.place(
                *_rows_of_tokens(sequences, starts, rows, packed, width)
            )
            columns = _score_pass(
                *(model.params, model.config, prefix, ids, places),
                None if packed.alone else items,  # fused attention is faster without
                *asked_for,
                dtype=model.dtype,
                top=top,
            )
            columns = [np.asarray(column) for column in columns]
            refuse_nan(columns[0])
            for number, row in enumerate(rows):
                end = 0
                for i in row:
                    begin, end = end, end + counts[i]
                    found[i] = TokenScores(*(column[number, begin:end] for column in columns))
    return found


def _rows_of_tokens(
    sequences: Sequence[Ids], starts: Sequence[int], rows: Rows, packed: Packed, width: int
) -> tuple[np.ndarray, ...]:
    """Builds ids, places in their sequence and sequence numbers int32[R,T], and what is asked: places and targets int32[R,K]."""
    columns: list[list[list[int]]] = [[], [], [], [], []]
    for row in rows:
        ids, places, items, at, targets = own = [[] for _ in columns]
        for number, i in enumerate(row, 1):
            size, start = len(sequences[i]) - 1, starts[i]
            at += range(len(ids) + start - 1, len(ids) + size)
            targets += sequences[i][start:]
            ids += sequences[i][:-1]
            places += range(size)
            items += [number] * size
        for column, values in zip(columns, own, strict=True):
            column.append(values)
    sizes = 3 * [packed.time] + 2 * [width]
    return tuple(
        pad(column, packed.height, size) for column, size in zip(columns, sizes, strict=True)
    )


def score_choices(
    model: Model,
    prefix_ids: Ids,
    contexts: Sequence[Ids],
    choices: Sequence[Sequence[Ids]],
    progress: Callable[[int], Any] | None = None,
) -> list[Float64[np.ndarray, "c"]]:
    """Returns log p(choice | prefix + context) of every choice of every item, in nats.

    Args:
        prefix_ids: shared by all items; prefilled once.
        contexts: the ids of each item after the prefix.
        choices: the ids of each item's choices, one token or more each.
        progress: called with the number of items after each pass.

    Raises:
        ClovaError: an empty choice; an item longer than the model's context; an id outside the vocabulary; a
            model whose scores are no numbers.
    """
    known = model.num_ids
    choices = [id_rows(c, f"choices of item {i}", known) for i, c in enumerate(choices)]
    for number, options in enumerate(choices):
        if not all(options):
            raise ClovaError(f"score_choices: item {number} has a choice without tokens")
    prefix_ids, contexts = _never_empty(
        model, id_row(prefix_ids, "prefix_ids", known), id_rows(contexts, "contexts", known)
    )
    longest = [max(map(len, options), default=1) - 1 for options in choices]
    check_lengths(model, [len(a) + b for a, b in zip(contexts, longest, strict=True)], prefix_ids)
    prefix = prefill_prefix(model, prefix_ids)
    found: list[Any] = [None] * len(contexts)
    for items, asked in passes(
        contexts,
        choices,
        before=len(prefix_ids),
        limit=model.config.max_length - len(prefix_ids),
        heads=model.config.num_heads,
    ):
        totals = _choices_pass(
            model.params, model.config, prefix, *model.place(*asked.arrays), dtype=model.dtype
        )
        totals = np.asarray(totals, np.float64)[: len(items)]
        refuse_nan(totals)
        for row, i in zip(totals, items, strict=True):
            found[i] = row[: len(choices[i])]
        if progress:
            progress(len(items))
    return found


def prefill_prefix(model: Model, ids: Ids) -> Prefix | None:
    """Computes keys and values of a prefix that many rows begin with; returns None for no ids."""
    if not ids:
        return None
    check_lengths(model, [0], ids)
    size = bucket(len(ids), model.config.max_length)
    return _prefill_prefix(
        model.params, model.config, pad([ids], 1, size), np.int32(len(ids)), dtype=model.dtype
    )


def _checked(
    model: Model, prefix_ids: Ids, sequences: Sequence[Ids], starts: Sequence[int] | None
) -> tuple[list[int], list[list[int]]]:
    """Returns the prefix and the sequences as lists of known ids, each sequence with a token before its start."""
    known = model.num_ids
    prefix, rows = id_row(prefix_ids, "prefix_ids", known), id_rows(sequences, "sequences", known)
    if starts is not None and len(starts) != len(rows):
        raise ClovaError(f"starts: {len(starts)} for {len(rows)} sequences; give one for each")
    for number, ids in enumerate(rows):
        if not ids:
            raise ClovaError(f"sequences: row {number} has no token")
        if starts is not None:
            integer(starts[number], f"starts[{number}]", 1, len(ids))
    return prefix, rows


def _never_empty(
    model: Model, prefix: list[int], rows: list[list[int]]
) -> tuple[list[int], list[list[int]]]:
    """Gives every context a last token to predict from: the prefix's last, or `<|endoftext|>`."""
    if all(rows):
        return prefix, rows
    before = prefix[-1:] or [model.tokenizer.end_of_text]
    if prefix:
        return prefix[:-1], [before + ids for ids in rows]
    return prefix, [ids or before for ids in rows]


def check_lengths(model: Model, lengths: Sequence[int], prefix_ids: Ids) -> None:
    """Refuses items that do not fit the model's context after the prefix."""
    limit = model.config.max_length - len(prefix_ids)
    for number, length in enumerate(lengths):
        if length > limit:
            shared = f", {len(prefix_ids)} of them shared" if len(prefix_ids) else ""
            raise ClovaError(
                f"item {number} needs {length + len(prefix_ids)} tokens{shared}, but the model's context "
                f"is {model.config.max_length}; shorten it"
            )


@functools.partial(jax.jit, static_argnames=("config", "dtype"))
def _prefill_prefix(
    params: Params, config: ModelConfig, ids: Array, length: Array, *, dtype: DTypeLike
) -> Prefix:
    valid = (jnp.arange(ids.shape[1]) < length).astype(jnp.int32)[None]
    cache = Cache.empty(config, 1, 0, dtype)
    decoder = bind(config, params)
    return decoder.prefill(ids, cache=cache, segment_ids=valid, dtype=dtype).as_prefix()


@functools.partial(jax.jit, static_argnames=("config", "dtype", "top"))
def _score_pass(
    params: Params,
    config: ModelConfig,
    prefix: Prefix | None,
    ids: Int[Array, "R T"],
    places: Int[Array, "R T"],
    items: Int[Array, "R T"] | None,
    at: Int[Array, "R K"],
    targets: Int[Array, "R K"],
    *,
    dtype: DTypeLike,
    top: int,
) -> tuple[Array, ...]:
    """Scores `targets`, which stand behind the inputs `at`; a row holds several texts, numbered in `items`."""
    begin, cache = 0, None
    if prefix is not None:
        begin, cache = prefix.length, Cache.empty(config, len(ids), 0, dtype, prefix)
    hidden, _ = bind(config, params)(
        ids, positions=begin + places, segment_ids=items, cache=cache, dtype=dtype, at=at
    )
    return _token_scores(params, config, hidden, targets, top)


_choices_pass = jax.jit(choice_logprobs, static_argnames=("config", "dtype"))


def _token_scores(
    params: Params, config: ModelConfig, hidden: Array, targets: Array, top: int
) -> tuple[Array, Array, Array, Array]:
    """Returns log p, whether a token is the likeliest, and the `top` likeliest [B,K,top], a few positions at a time."""
    rows, width = targets.shape
    count = rows * width
    chunk = min(count, HEAD_ROWS)
    spare = -count % chunk

    def cut(x: Array) -> Array:
        x = x.reshape(count, *x.shape[2:])
        x = jnp.pad(x, ((0, spare), *((0, 0),) * (x.ndim - 1)))
        return x.reshape(-1, chunk, *x.shape[1:])

    def score(part: tuple[Array, Array]) -> tuple[Array, ...]:
        scores = bind(config, params).logits(part[0])
        total = jax.nn.logsumexp(scores, axis=-1)
        gold = jnp.take_along_axis(scores, part[1][:, None], axis=-1, mode="clip")[:, 0]
        greedy = jnp.argmax(scores, axis=-1) == part[1]
        values, ids = jax.lax.top_k(scores, top) if top else (jnp.zeros((chunk, 0)),) * 2
        return gold - total, greedy, ids.astype(jnp.int32), values - total[:, None]

    if count == chunk:
        columns = score((hidden.reshape(count, -1), targets.reshape(count)))
        return tuple(x.reshape(rows, width, *x.shape[1:]) for x in columns)
    columns = jax.lax.map(score, (cut(hidden), cut(targets)))
    flat = [x.reshape(x.shape[0] * chunk, *x.shape[2:])[:count] for x in columns]
    return tuple(x.reshape(rows, width, *x.shape[1:]) for x in flat)
