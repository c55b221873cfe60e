"""Fine-tunes a pre-trained model to classify texts, with a head on one vector of a text: the same for BERT and for a decoder."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from clova_jax.common.stop import StopSignals
from clova_jax.config import ModelConfig
from clova_jax.evaluate import Item, Task, digest
from clova_jax.inference import pad
from clova_jax.lecture.pretrained import Pretrained, Text, encode_texts, text_vectors
from clova_jax.model import Params
from clova_jax.tuning import Batches, GradientSteps, Tuned, TuneOptions, run_steps, split

# Texts that are classified at once, and what lengths are padded to a multiple of: few programs are compiled.
ROWS, MULTIPLE = 64, 32


@dataclass(frozen=True)
class Classifier:
    """Classifies texts.

    Args:
        model: that was fine-tuned.
        params: of model and head, as trained.
        task: with the labels.
    """

    model: Pretrained
    params: Params
    task: Task

    def answer(self, items: Sequence[Item]) -> list[dict[str, Any]]:
        """Returns a row an item: `id`, `prediction` and `answers`, as `evaluate.headline_score` takes them."""
        labels, texts = list(self.task.labels), encode_texts(self.task, items, self.model)
        chosen = text_scores(self.params, self.model.config, texts).argmax(axis=1)
        return [
            {"id": item.id, "prediction": labels[number], "answers": list(item.answers)}
            for item, number in zip(items, chosen.tolist(), strict=True)
        ]


def train_classifier(
    model: Pretrained,
    task: Task,
    items: Sequence[Item],
    options: TuneOptions,
    *,
    out: Path | None = None,
    stop: StopSignals | None = None,
    label: str = "classifier",
) -> tuple[Classifier, Tuned]:
    """Trains a copy of all parameters, and a head that begins at 0; a run in `out` is resumed.

    Args:
        model: to begin with; not changed.
        task: with labels.
        items: to learn from; a fifth of them decides when to stop.
        options, out, stop, label: as of `run_steps`.

    Raises:
        ClovaError: too few items; another run in `out`.
    """
    config, classes = model.config, len(task.labels)
    train, dev = (encode_texts(task, some, model) for some in split(items, options.seed))
    head = {"head": jnp.zeros((config.embed_dim, classes)), "bias": jnp.zeros(classes)}

    def gradient(params: Params, batch: Sequence[Text]) -> tuple[Array, Params]:
        return _gradient(params, config, *_arrays(batch, config))

    def validate(params: Params) -> dict[str, float]:
        scores, labels = text_scores(params, config, dev), np.array([text.label for text in dev])
        losses = optax.softmax_cross_entropy_with_integer_labels(scores, labels)
        return {"dev_loss": float(losses.mean())}

    tuned = run_steps(
        GradientSteps(gradient, options),
        {"model": model.params} | head,
        Batches(train, options.batch_size, options.seed),
        validate,
        options,
        out=out,
        identity={"weights": model.fingerprint, "texts": digest([*map(str, (*train, *dev))])},
        stop=stop,
        label=label,
    )
    return Classifier(model, jax.tree.map(jnp.asarray, tuned.trainable), task), tuned


def text_scores(
    params: Params, config: ModelConfig, texts: Sequence[Text]
) -> Float[np.ndarray, "n labels"]:
    """Returns the score of each label for each text, given the parameters of model and head."""
    found = []
    for at in range(0, len(texts), ROWS):
        part = texts[at : at + ROWS]
        filled = [*part, *[part[0]] * (ROWS - len(part))]  # one program for all numbers of rows
        ids, lengths, _ = _arrays(filled, config)
        found.append(np.asarray(_scores(params, config, ids, lengths))[: len(part)])
    return np.concatenate(found)


def _arrays(texts: Sequence[Text], config: ModelConfig) -> tuple[np.ndarray, ...]:
    """Returns ids [B,T], lengths [B] and labels [B]."""
    lengths = np.array([len(text.context) for text in texts], np.int32)
    time = min(-(-int(lengths.max()) // MULTIPLE) * MULTIPLE, config.max_length)
    ids = pad([text.context for text in texts], len(texts), time)
    return ids, lengths, np.array([text.label for text in texts], np.int32)


@functools.partial(jax.jit, static_argnums=1)
def _scores(
    params: Params, config: ModelConfig, ids: Int[Array, "B T"], lengths: Int[Array, "B"]
) -> Float[Array, "B labels"]:
    return text_vectors(params["model"], config, ids, lengths) @ params["head"] + params["bias"]


def _loss(
    params: Params, config: ModelConfig, ids: Array, lengths: Array, labels: Int[Array, "B"]
) -> Float[Array, ""]:
    scores = _scores(params, config, ids, lengths)
    return optax.softmax_cross_entropy_with_integer_labels(scores, labels).mean()


_gradient = jax.jit(jax.value_and_grad(_loss), static_argnums=1)
