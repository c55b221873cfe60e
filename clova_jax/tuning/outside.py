"""Tuning through the input-gradient API alone, without the weights (planned for HyperCLOVA Studio; Table 4's method).

The other side gets ids and the present prompt vectors, and answers with a loss and its gradient at the input
embeddings; encoder, chain rule and optimizer stay here. The same steps as `objective.Inside`, from outside.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from clova_jax.evaluate import Item, Task
from clova_jax.generate import SoftPrompt, Template
from clova_jax.model import Params
from clova_jax.tuning.encoders import prompt_vectors
from clova_jax.tuning.examples import Example, target_text
from clova_jax.tuning.scores import label_figures


class Outside:
    """Loss and gradient of prompt vectors, or of the encoder that makes them, by `lm.input_gradients`.

    Args:
        lm: with `input_gradients`, `tokenizer` and `config`; nothing else of it is used.
        template: what stands around the texts.
    """

    def __init__(self, lm: Any, template: Template) -> None:
        self.lm = lm
        self.first = lm.config.vocab_size
        self.before = template.ids(lm.tokenizer, self.first)[0]
        self._vectors = jax.jit(prompt_vectors)
        self._pull = jax.jit(lambda encoder, change: jax.vjp(prompt_vectors, encoder)[1](change)[0])

    def __call__(self, trainable: Params, batch: Sequence[Example]) -> tuple[Any, Params]:
        """Mean loss of the batch, and its gradient at what is trained."""
        vectors = np.asarray(self._vectors(trainable))
        rows = [(e.context, target) for e in batch for target in (e.target, *e.others)]
        ids, targets, mask = [], [], []
        for context, target in rows:
            whole = [*self.before, *context, *target]
            start = len(whole) - len(target) - 1  # what predicts the first target
            ids.append(whole[:-1])
            mask.append([0] * start + [1] * len(target))
            # Targets that do not count may be anything; a virtual token is no target.
            targets.append([0] * start + list(target))
        losses, gradient = self.lm.input_gradients(
            ids, targets, loss_mask=mask, virtual=vectors, per_row=True
        )
        loss, shares = _combined(losses, batch, sum(map(sum, mask)))
        change = np.zeros_like(vectors)
        for row, own, share in zip(gradient, ids, shares, strict=True):
            numbers = np.array(own) - self.first
            where = np.flatnonzero(numbers >= 0)
            np.add.at(change, numbers[where], share * row[where])
        return np.float32(loss), self._pull(trainable, change)


def _combined(
    losses: np.ndarray, batch: Sequence[Example], tokens: int
) -> tuple[float, Sequence[float]]:
    """The batch's loss from its rows' negative log-likelihoods, and its derivative by each of them."""
    if not batch[0].others:
        return float(losses.sum() / tokens), [1 / tokens] * len(losses)
    scores = -losses.reshape(len(batch), -1).astype(np.float64)  # the right label first
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = likely / likely.sum(axis=1, keepdims=True)
    right = np.arange(scores.shape[1]) == 0
    return float(-np.log(shares[:, 0]).mean()), ((right - shares) / len(batch)).ravel()


def outside_look(
    lm: Any, task: Task, template: Template, dev: Sequence[Item]
) -> Callable[[Params], dict[str, float]]:
    """What `scores.dev_figures` tells of the development split, by `lm.score` alone."""
    contexts = [item.text for item in dev]
    texts = task.choices() or None

    def look(trainable: Params) -> dict[str, float]:
        prompt = SoftPrompt(np.asarray(prompt_vectors(trainable)), template, lm.fingerprint)
        if texts is None:
            targets = [target_text(task, item) for item in dev]
            tokens = sum(map(len, lm.tokenizer.encode_batch(targets)))
            return {"dev_loss": float(-lm.score(contexts, targets, prompt=prompt).sum() / tokens)}
        columns = [lm.score(contexts, [text] * len(dev), prompt=prompt) for text in texts]
        return label_figures(task, dev, np.stack(columns, axis=1))

    return look
