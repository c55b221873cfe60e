"""Makes batches from a token store; the step number alone decides what a batch holds.

Nothing is remembered between batches: the step gives the numbers of the samples, the mixture the source
of each and how many of that source came before, a keyed permutation the window. Resuming is
asking for a step; any number of hosts splits the same global batch.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.data.mixture import Interleave, Share, Weights, mix
from clova_jax.data.permutation import permute, round_keys
from clova_jax.data.store import Tokenizer, TokenStore

Packing = Literal["segments", "concatenate"]
Batch = dict[str, np.ndarray]


class Loader:
    """Makes global batches of windows, shuffled over each complete source.

    Window w of a source is its tokens [w·T, (w+1)·T) as targets, the token before each as input: every
    token is predicted once an epoch, the first of a document from `<|endoftext|>` alone. Each epoch
    has an order of its own, and shifts the windows by a part of what is left over at the end. A source
    with less than T tokens is one window, the rest of it masked.

    Args:
        store: an open token store.
        length: T, tokens a row.
        global_batch: rows a step, over all hosts.
        seed: of the order and the interleaving of sources.
        split: `train` or `validation`.
        weights: of the sources, as for `mix`.
        kinds: of the sources, as for `mix`.
        packing: `segments` cuts rows at document ends: positions restart and attention stays
            inside a document; an `<|endoftext|>` begins the document it stands before. `concatenate`
            lets a row run on over them, as GPT-3 did (the paper is silent).
        steps: length of the run, for the epochs in `mixture`; needed with `max_epochs`.
        max_epochs: cap on the epochs of a source.
        span: (first sample, number of samples) of a step, where batches grow during the run; by
            default (step · global_batch, global_batch).
        host_index: which part of the rows is returned.
        host_count: into how many parts they go.

    Raises:
        ClovaError: an empty split, sizes below one, hosts that do not divide the batch, and what
            `mix` refuses.
    """

    def __init__(
        self,
        store: TokenStore,
        *,
        length: int,
        global_batch: int,
        seed: int = 0,
        split: str = "train",
        weights: Weights = "natural",
        kinds: Mapping[str, str] | None = None,
        packing: Packing = "segments",
        steps: int | None = None,
        max_epochs: float | None = None,
        span: Callable[[int], tuple[int, int]] | None = None,
        host_index: int = 0,
        host_count: int = 1,
    ) -> None:
        for name, value in (("length", length), ("global batch", global_batch)):
            if value < 1:
                raise ClovaError(f"{name} {value} must be at least 1")
        if not 0 <= host_index < host_count:
            raise ClovaError(f"host {host_index} of {host_count}: there is no such host")
        if not store.sources(split):
            raise ClovaError(f"{store.path}: its {split} split is empty")
        self.store, self.length, self.seed, self.split = store, length, seed, split
        self.global_batch, self.packing = global_batch, packing
        self.host_index, self.host_count = host_index, host_count
        self._span = span or (lambda step: (step * global_batch, global_batch))
        tokens = {source: store.count(split, source).tokens for source in store.sources(split)}
        windows = {source: max(1, count // length) for source, count in tokens.items()}
        total = None if steps is None else self._span(steps)[0]
        self.mixture: list[Share] = mix(
            windows, weights, kinds=kinds, total=total, max_epochs=max_epochs
        )
        self._interleave = Interleave({share.source: share.share for share in self.mixture}, seed)
        self._tokens = np.array([tokens[source] for source in self._interleave.sources])
        self._windows = np.array([windows[source] for source in self._interleave.sources])
        self._rows(self._span(0)[1])

    def batch(self, step: int) -> Batch:
        """Returns this host's rows of a step.

        They are `ids, targets, positions, segment_ids` int32[B, T] and `loss_mask` float32[B, T]; padding has
        segment 0 and mask 0.
        """
        first, count = self._span(step)
        mine = self._rows(count)
        of = self._interleave.sources_of(first + np.arange(count))
        turns = np.empty(count, np.int64)
        for number, before in enumerate(self._interleave.counts_before(first)):
            rows = np.flatnonzero(of == number)
            turns[rows] = before + np.arange(len(rows))
        return self._read(of[mine], turns[mine])

    def _read(self, of: np.ndarray, turns: np.ndarray) -> Batch:
        """Reads rows, given the number of their source and how many of its samples came before."""
        windows = self._windows[of]
        epochs = turns // windows
        names = [
            f"{self.seed} {self.split} {self._interleave.sources[number]} {epoch}"
            for number, epoch in zip(of.tolist(), epochs.tolist(), strict=True)
        ]
        keys = np.stack([round_keys(name) for name in names], 1)
        places = permute(turns % windows, windows, keys)
        slack = np.maximum(self._tokens[of] - windows * self.length, 0).astype(np.uint64)
        starts = places * self.length + (keys[-1] % (slack + np.uint64(1))).astype(np.int64)
        tokens = np.empty((len(of), self.length + 1), self.store.dtype)
        for number in np.unique(of).tolist():
            rows = np.flatnonzero(of == number)
            source = self._interleave.sources[number]
            tokens[rows] = self.store.windows(self.split, source, starts[rows], self.length)
        valid = np.minimum(self._tokens[of], self.length)
        return pack(tokens, valid, self.store.end_of_text, self.packing)

    def _rows(self, count: int) -> slice:
        if count % self.host_count:
            raise ClovaError(
                f"a global batch of {count} rows does not divide among {self.host_count} hosts"
            )
        share = count // self.host_count
        return slice(self.host_index * share, (self.host_index + 1) * share)

    def iterate(self, start_step: int = 0, ahead: int = 4) -> Iterator[Batch]:
        """Yields batches from a step on, without end; a thread reads ahead.

        Closing the generator ends the thread; an error in it is raised here.
        """
        ready: queue.Queue[Batch | BaseException] = queue.Queue(ahead)
        closed = threading.Event()

        def read() -> None:
            step = start_step
            while not closed.is_set():
                try:
                    item: Batch | BaseException = self.batch(step)
                except BaseException as error:
                    item = error
                while not closed.is_set():
                    try:
                        ready.put(item, timeout=0.1)
                        break
                    except queue.Full:
                        continue
                if isinstance(item, BaseException):
                    return
                step += 1

        thread = threading.Thread(target=read, name="loader", daemon=True)
        thread.start()
        try:
            while True:
                item = ready.get()
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            closed.set()
            thread.join()


def validation_batches(
    store: TokenStore,
    source: str,
    *,
    length: int,
    global_batch: int,
    limit: int | None = None,
    split: str = "validation",
    packing: Packing = "segments",
    host_index: int = 0,
    host_count: int = 1,
) -> Iterator[Batch]:
    """Yields a source in its fixed order, every token a target exactly once, as `Loader.batch` rows.

    The last window is filled up with padding, the last batch with rows that are padding only.

    Args:
        store: an open token store.
        source: one of `store.sources(split)`.
        length: T.
        global_batch: rows a batch, over all hosts.
        limit: at most about so many tokens, in windows spread evenly over the source.
        split: `train` or `validation`.
        packing: as for `Loader`.
        host_index: which part of the rows is returned.
        host_count: into how many parts they go.

    Raises:
        ClovaError: no such source, or hosts that do not divide the batch.
    """
    if global_batch % host_count:
        raise ClovaError(
            f"a global batch of {global_batch} rows does not divide among {host_count} hosts"
        )
    total = store.read(split, source, 0, 0).size or store.count(split, source).tokens
    starts = np.arange(0, total, length)
    if limit is not None and limit < total:
        keep = max(1, limit // length)
        starts = starts[np.arange(keep) * len(starts) // keep]
    share = global_batch // host_count
    for first in range(0, len(starts), global_batch):
        rows = starts[first : first + global_batch][host_index * share : (host_index + 1) * share]
        tokens = np.full((share, length + 1), store.end_of_text, store.dtype)
        valid = np.zeros(share, np.int64)
        if len(rows):
            tokens[: len(rows)] = store.windows(split, source, rows, length)
            valid[: len(rows)] = np.minimum(total - rows, length)
        yield pack(tokens, valid, store.end_of_text, packing)


def pack(tokens: np.ndarray, valid: np.ndarray, end_of_text: int, packing: Packing) -> Batch:
    """Makes a batch of rows of tokens.

    Args:
        tokens: integers [B, T + 1].
        valid: int[B], targets of each row that are real; the rest is padding.
        end_of_text: the id that begins a segment.
        packing: as for `Loader`.
    """
    rows, length = len(tokens), tokens.shape[1] - 1
    begins = np.zeros((rows, length), bool)
    if packing == "segments":
        np.equal(tokens[:, :-1], end_of_text, out=begins)
    begins[:, 0] = True
    # Segments are few and long: their beginnings are found once, then repeated over their length.
    first = np.flatnonzero(begins).astype(np.int32)
    lengths = np.diff(first, append=np.int32(rows * length))
    of_row = np.searchsorted(first, first // length * length)
    numbers = (np.arange(len(first)) - of_row + 1).astype(np.int32)
    segments = np.repeat(numbers, lengths).reshape(rows, length)
    positions = np.arange(rows * length, dtype=np.int32) - np.repeat(first, lengths)
    positions = positions.reshape(rows, length)
    mask = np.ones((rows, length), np.float32)
    for row in np.flatnonzero(valid < length):
        for values in (segments, positions, mask):
            values[row, valid[row] :] = 0
    return {
        "ids": tokens[:, :-1].astype(np.int32),
        "targets": tokens[:, 1:].astype(np.int32),
        "positions": positions,
        "segment_ids": segments,
        "loss_mask": mask,
    }


def bytes_per_token(tokenizer: Tokenizer) -> np.ndarray:
    """Returns int32[V], the bytes of text that each id stands for; 0 for `<|endoftext|>`.

    Summed over targets it is the text that a loss was measured on, so that loss / ln 2 / bytes is
    bits-per-byte, whatever the tokenizer.
    """
    return np.array(
        [
            0 if token == tokenizer.end_of_text else len(tokenizer.decode_bytes([token]))
            for token in range(tokenizer.vocab_size)
        ],
        np.int32,
    )
