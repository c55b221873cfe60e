"""Lays texts one after the other and cuts the line into the batches of a training."""

from collections.abc import Generator, Sequence

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.lecture.alphabet import END, Alphabet

Batch = dict[str, np.ndarray]


class TextStream:
    """Draws batches of a line of texts, in an order of each epoch's own; a function of seed and step alone.

    Args:
        texts: of the line.
        alphabet: encodes them.
        rows: parts of the line that are read side by side.
        length: characters of a window.
        seed: of the order.

    Raises:
        ClovaError: there are fewer characters than a batch holds.
    """

    def __init__(
        self, texts: Sequence[str], alphabet: Alphabet, rows: int, length: int, seed: int
    ) -> None:
        self.rows, self.length, self.seed = rows, length, seed
        self.texts = [np.append(np.uint16(END), alphabet.encode(text)) for text in texts]
        count = sum(map(len, self.texts))
        self.per_epoch = count // (rows * length)
        if self.per_epoch < 1:
            raise ClovaError(
                f"{count:,} characters to learn from are fewer than a batch of {rows} x {length}; give more text"
            )

    def iterate(self, step: int) -> Generator[Batch, None, None]:
        """Yields the batches of a step and of all after it.

        ids and targets are int32[B,T], reset is bool[B,T], where a text begins; a window goes on where the one before it ended.
        """
        while True:
            epoch, first = divmod(step, self.per_epoch)
            ids, targets = self._epoch(epoch)
            for window in range(first, self.per_epoch):
                part = np.s_[:, window * self.length : (window + 1) * self.length]
                reset = ids[part] == END
                reset[:, 0] |= window == 0  # the row before it is of another epoch
                yield {
                    "ids": ids[part].astype(np.int32),
                    "targets": targets[part].astype(np.int32),
                    "reset": reset,
                }
            step = (epoch + 1) * self.per_epoch

    def _epoch(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.random.default_rng([self.seed, number]).permutation(len(self.texts))
        line = np.concatenate([*(self.texts[i] for i in order), np.array([END], np.uint16)])
        size = self.rows * self.length * self.per_epoch
        return line[:size].reshape(self.rows, -1), line[1 : size + 1].reshape(self.rows, -1)
