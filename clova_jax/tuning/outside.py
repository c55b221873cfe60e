"""Computes loss and gradient through the input-gradient API alone, without the weights (planned in the paper's section 5.3).

The API gets ids and the present prompt vectors, and answers with a loss and its gradient at the input
embeddings; encoder, chain rule and optimizer stay here. The same numbers as `inside.Inside`, from outside.
"""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from clova_jax.inference import Template
from clova_jax.language_model import GRADIENT_ROWS, LanguageModel
from clova_jax.model import Params
from clova_jax.tuning.answers import label_figures
from clova_jax.tuning.data import TuningData
from clova_jax.tuning.examples import Example
from clova_jax.tuning.methods.base import SoftPrompts

AT_ONCE = 32  # examples of a pass over the development split


class Outside:
    """Computes loss and gradient of prompt vectors, or of the encoder that makes them, by `lm.input_gradients`.

    Args:
        lm: with `input_gradients`, `tokenizer` and `config`; nothing else of it is used.
        method: makes the prompt vectors.
        template: what stands around the texts.
    """

    def __init__(self, lm: LanguageModel, method: SoftPrompts, template: Template) -> None:
        self.lm = lm
        self.first = lm.config.vocab_size
        self.before = template.ids(lm.tokenizer, self.first)[0]
        self._vectors = jax.jit(method.vectors)
        self._pull = jax.jit(lambda own, change: jax.vjp(method.vectors, own)[1](change)[0])

    def __call__(self, trainable: Params, batch: Sequence[Example]) -> tuple[Any, Params]:
        """Returns the loss of the batch as `losses` defines it, and its gradient at what is trained."""
        vectors = np.asarray(self._vectors(trainable))
        losses, gradients, ids = self._ask(vectors, batch)
        loss, shares = _combined(losses, batch)
        change = np.zeros_like(vectors)
        for row, own, share in zip(gradients, ids, shares, strict=True):
            numbers = np.array(own) - self.first
            where = np.flatnonzero(numbers >= 0)
            np.add.at(change, numbers[where], share * row[where])
        return np.float32(loss), self._pull(trainable, change)

    def validate(self, trainable: Params, data: TuningData) -> dict[str, float]:
        """Returns the figures of `answers.dev_figures` on the development split, in passes of a few examples."""
        examples = data.dev_examples
        vectors = np.asarray(self._vectors(trainable))
        parts = [examples[at : at + AT_ONCE] for at in range(0, len(examples), AT_ONCE)]
        losses = np.concatenate([self._ask(vectors, part)[0] for part in parts])
        if not examples[0].others:
            return {"dev_loss": _combined(losses, examples)[0]}
        scores = -losses.reshape(len(examples), -1).astype(np.float64)  # the right label first
        return label_figures(scores, np.zeros(len(examples), int))

    def _ask(
        self, vectors: np.ndarray, batch: Sequence[Example]
    ) -> tuple[np.ndarray, list[np.ndarray], list[list[int]]]:
        """Makes one row per pair of example and candidate label.

        Returns each row's negative log-likelihood in nats, the gradient at its input embeddings, and its ids.
        """
        ids, targets, mask = [], [], []
        for example in batch:
            for target in (example.target, *example.others):
                row = [*self.before, *example.context, *target]
                start = len(row) - len(target) - 1  # what predicts the first target
                ids.append(row[:-1])
                mask.append([0] * start + [1] * len(target))
                # Targets that do not count may be anything; a virtual token is no target.
                targets.append([0] * start + list(target))
        losses: list[np.ndarray] = []
        gradients: list[np.ndarray] = []
        for at in range(0, len(ids), GRADIENT_ROWS):
            part = slice(at, at + GRADIENT_ROWS)
            some, changes = self.lm.input_gradients(
                ids[part], targets[part], loss_mask=mask[part], virtual=vectors, per_row=True
            )
            losses.append(some)
            gradients += list(changes)  # as long as the longest row of the part
        return np.concatenate(losses), gradients, ids


def _combined(losses: np.ndarray, batch: Sequence[Example]) -> tuple[float, Sequence[float]]:
    """Combines the rows' negative log-likelihoods into the batch's loss, and returns its derivative by each of them."""
    if not batch[0].others:
        tokens = sum(len(example.target) for example in batch)
        return float(losses.sum() / tokens), [1 / tokens] * len(losses)
    scores = -losses.reshape(len(batch), -1).astype(np.float64)  # the right label first
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = likely / likely.sum(axis=1, keepdims=True)
    right = np.arange(scores.shape[1]) == 0
    return float(-np.log(shares[:, 0]).mean()), ((right - shares) / len(batch)).ravel()
