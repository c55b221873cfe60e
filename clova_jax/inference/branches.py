"""Scores many continuations of one context: what several of them begin with is computed once.

The continuations make a tree of tokens. Every way from its root to a token that no other computed one follows is a
path, a segment of a row; a token that is in several paths is read off the first of them.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Float64, Int

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.inference.arguments import id_row, id_rows
from clova_jax.inference.model import Model
from clova_jax.inference.scoring import Ids, check_lengths, prefill_prefix
from clova_jax.inference.shapes import bucket, pad, row_bucket
from clova_jax.model import Cache, Params, Prefix, bind, refuse_nan

ROW = 512  # tokens of a row of paths
MOST_ROWS = 4  # of a pass
SCORES = 1 << 25  # scores of a pass, rows by tokens by vocabulary: 128 MiB in float32


def score_continuations(
    model: Model, context: Ids, continuations: Sequence[Ids]
) -> Float64[np.ndarray, "n"]:
    """Returns log p(continuation | context) of each continuation, in nats.

    Args:
        context: ids before them all, prefilled once; empty, it is `<|endoftext|>`.
        continuations: ids, one token or more each.

    Raises:
        ClovaError: an empty continuation; one that does not fit the model's context; an id outside the vocabulary; a
            model whose scores are no numbers.
    """
    context = id_row(context, "context", model.num_ids) or [model.tokenizer.end_of_text]
    continuations = id_rows(continuations, "continuations", model.num_ids)
    for number, ids in enumerate(continuations):
        if not ids:
            raise ClovaError(f"score_continuations: continuation {number} has no token")
    before = context[:-1]
    check_lengths(model, list(map(len, continuations)), before)
    tree = _Tree.of(continuations)
    limit = model.config.max_length - len(before)  # none is longer
    rows = _packed(tree.paths(), max([min(ROW, limit), *map(len, continuations)]))
    prefix = prefill_prefix(model, before)
    length = bucket(max(sum(map(len, row)) for row in rows), limit)
    most = max(1, min(MOST_ROWS, SCORES // (length * model.config.vocab_size)))
    logprobs = np.zeros(len(tree.tokens))
    known = np.zeros(len(tree.tokens), bool)  # nodes whose followers are scored
    for at in range(0, len(rows), most):
        _score(model, prefix, context[-1], tree, rows[at : at + most], length, logprobs, known)
    return tree.totals(logprobs)


@dataclass(frozen=True)
class _Tree:
    """Holds sequences as a tree; node 0 is the root, and parents come before their children.

    Args:
        parents, tokens: of each node; those of the root mean nothing.
        ends: the last node of each sequence.
    """

    parents: list[int]
    tokens: list[int]
    ends: list[int]

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]]) -> "_Tree":
        """Builds the tree of sequences of ids."""
        nodes: dict[tuple[int, int], int] = {}
        parents, tokens, ends = [0], [0], []
        for ids in sequences:
            node = 0
            for token in ids:
                parent, node = node, nodes.setdefault((node, token), len(parents))
                if node == len(parents):
                    parents.append(parent)
                    tokens.append(token)
            ends.append(node)
        return cls(parents, tokens, ends)

    def paths(self) -> list[list[int]]:
        """Returns the ways from the root to each node with followers of which none has followers."""
        followed = {0, *self.parents[1:]}
        inner = {self.parents[node] for node in followed if node}
        paths = []
        for node in sorted(followed - inner):
            path = [node]
            while path[-1]:
                path.append(self.parents[path[-1]])
            paths.append(path[::-1])
        return paths

    def totals(self, logprobs: Float64[np.ndarray, "nodes"]) -> Float64[np.ndarray, "n"]:
        """Returns the sum along each sequence of its nodes' log-probabilities."""
        sums = np.zeros(len(logprobs))
        for node in range(1, len(sums)):
            sums[node] = sums[self.parents[node]] + logprobs[node]
        return sums[self.ends]


def _packed(paths: list[list[int]], size: int) -> list[list[list[int]]]:
    """Cuts paths into rows of at most `size` nodes."""
    rows: list[list[list[int]]] = [[]]
    used = 0
    for path in paths:
        if used + len(path) > size:
            rows.append([])
            used = 0
        rows[-1].append(path)
        used += len(path)
    return rows


def _score(
    model: Model,
    prefix: Prefix | None,
    root: int,
    tree: _Tree,
    rows: list[list[list[int]]],
    length: int,
    logprobs: np.ndarray,
    known: np.ndarray,
) -> None:
    """Fills in the log-probabilities of the nodes that follow those of some rows, and marks these as known."""
    place: dict[int, tuple[int, int]] = {}
    ids: list[list[int]] = [[] for _ in rows]
    offsets: list[list[int]] = [[] for _ in rows]
    segments: list[list[int]] = [[] for _ in rows]
    for number, row in enumerate(rows):
        for segment, path in enumerate(row, 1):
            for depth, node in enumerate(path):
                if not known[node]:
                    known[node] = True
                    place[node] = number, len(ids[number])
                ids[number].append(tree.tokens[node] if node else root)
                offsets[number].append(depth)
                segments[number].append(segment)
    asked = [node for node in range(1, len(tree.tokens)) if tree.parents[node] in place]
    count = row_bucket(len(rows), MOST_ROWS)
    room = bucket(max(len(asked), count * length))  # few shapes
    wanted = [(*place[tree.parents[node]], tree.tokens[node]) for node in asked]
    queries = np.zeros((3, room), np.int32)
    queries[:, : len(asked)] = np.array(wanted).T
    arrays = (pad(part, count, length) for part in (ids, offsets, segments))
    found = _branches_pass(
        model.params, model.config, prefix, *model.place(*arrays), queries, dtype=model.dtype
    )
    logprobs[asked] = np.asarray(found, np.float64)[: len(asked)]
    refuse_nan(logprobs[asked])


@functools.partial(jax.jit, static_argnames=("config", "dtype"))
def _branches_pass(
    params: Params,
    config: ModelConfig,
    prefix: Prefix | None,
    ids: Int[Array, "R K"],
    offsets: Int[Array, "R K"],
    segments: Int[Array, "R K"],
    queries: Int[Array, "3 Q"],
    *,
    dtype: DTypeLike,
) -> Float[Array, "Q"]:
    """Returns log p of tokens after places in rows of paths: `queries` are row, column and token."""
    cache = Cache.empty(config, len(ids), 0, dtype, prefix)
    decoder = bind(config, params)
    positions = cache.next_positions[:, None] + offsets
    hidden, _ = decoder(ids, positions=positions, segment_ids=segments, cache=cache, dtype=dtype)
    scores = decoder.logits(hidden)
    row, column, token = queries
    return scores[row, column, token] - jax.nn.logsumexp(scores, axis=-1)[row, column]
