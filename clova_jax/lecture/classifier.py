"""Fine-tunes a pre-trained model to classify texts, with a head on one vector of a text.

BERT's vector is that of the first token, which sees the complete text; a decoder's that of the last one, which alone has seen it
(GPT-1). Everything else is the same for both: rows, head, loss, steps.
"""

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
from clova_jax.lecture.bert import BertConfig
from clova_jax.model import Params, bind
from clova_jax.tokenizers import Tokenizer
from clova_jax.tuning import Batches, GradientSteps, Tuned, TuneOptions, run_steps, split

ROWS = 64  # texts that are classified at once
_MULTIPLE = 32  # lengths are padded to: few programs are compiled


@dataclass(frozen=True)
class Text:
    """Holds a text to classify: its ids, and the number of its label."""

    context: tuple[int, ...]
    label: int


@dataclass(frozen=True)
class Classifier:
    """Classifies texts.

    Args:
        config: of the pre-trained model.
        params: of model and head.
        tokenizer: of the model.
        task: with the labels.
    """

    config: ModelConfig
    params: Params
    tokenizer: Tokenizer
    task: Task

    def answer(self, items: Sequence[Item]) -> list[dict[str, Any]]:
        """Returns a row an item: `id`, `prediction` and `answers`, as `evaluate.headline_score` takes them."""
        labels, chosen = list(self.task.labels), []
        texts = encode_texts(self.task, items, self.tokenizer, self.config.max_length)
        for at in range(0, len(texts), ROWS):
            scores = _scores(self.params, self.config, *_arrays(texts[at : at + ROWS])[:2])
            chosen += np.asarray(scores.argmax(axis=1)).tolist()
        return [
            {"id": item.id, "prediction": labels[number], "answers": list(item.answers)}
            for item, number in zip(items, chosen, strict=True)
        ]


def encode_texts(task: Task, items: Sequence[Item], tokenizer: Tokenizer, most: int) -> list[Text]:
    """Returns items as ids between two `<|endoftext|>`; of what is too long the beginning stays."""
    labels, end = list(task.labels), tokenizer.end_of_text
    return [
        Text((end, *ids[: most - 2], end), labels.index(item.answers[0]))
        for item, ids in zip(items, tokenizer.encode_batch([i.text for i in items]), strict=True)
    ]


def train_classifier(
    config: ModelConfig,
    params: Params,
    tokenizer: Tokenizer,
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
        config, params, tokenizer: of the pre-trained model.
        task: with labels.
        items: to learn from; a fifth of them decides when to stop.
        options, out, stop, label: as of `run_steps`.

    Raises:
        ClovaError: too few items; another run in `out`.
    """
    train, dev = (
        encode_texts(task, some, tokenizer, config.max_length)
        for some in split(items, options.seed)
    )
    width, classes = config.embed_dim, len(task.labels)
    start = {"model": params, "head": jnp.zeros((width, classes)), "bias": jnp.zeros(classes)}

    def gradient(params: Params, batch: Sequence[Text]) -> tuple[Array, Params]:
        return _gradient(params, config, *_arrays(batch))

    def validate(params: Params) -> dict[str, float]:
        parts = [dev[at : at + ROWS] for at in range(0, len(dev), ROWS)]
        losses = [len(part) * float(_value(params, config, *_arrays(part))) for part in parts]
        return {"dev_loss": sum(losses) / len(dev)}

    about = {"config": type(config).__name__, **config.to_json(), "task": task.name}
    texts = digest([" ".join(map(str, (*text.context, text.label))) for text in (*train, *dev)])
    tuned = run_steps(
        GradientSteps(gradient, options),
        start,
        Batches(train, options.batch_size, options.seed),
        validate,
        options,
        out=out,
        identity=about | {"texts": texts},
        stop=stop,
        label=label,
    )
    trained = jax.tree.map(jnp.asarray, tuned.trainable)
    return Classifier(config, trained, tokenizer, task), tuned


def _arrays(texts: Sequence[Text]) -> tuple[np.ndarray, ...]:
    """Returns ids [B,T], lengths [B] and labels [B]."""
    lengths = np.array([len(text.context) for text in texts], np.int32)
    ids = pad(
        [text.context for text in texts],
        len(texts),
        -(-int(lengths.max()) // _MULTIPLE) * _MULTIPLE,
    )
    return ids, lengths, np.array([text.label for text in texts], np.int32)


@functools.partial(jax.jit, static_argnums=1)
def _scores(
    params: Params, config: ModelConfig, ids: Int[Array, "B T"], lengths: Int[Array, "B"]
) -> Float[Array, "B labels"]:
    model = bind(config, params["model"])
    if isinstance(config, BertConfig):
        inside = jnp.arange(ids.shape[1]) < lengths[:, None]
        vectors = model.pooled(model.encode(ids, inside.astype(jnp.int32)))
    else:
        hidden, _ = model(ids)
        vectors = jnp.take_along_axis(hidden, lengths[:, None, None] - 1, axis=1)[:, 0]
    return vectors.astype(jnp.float32) @ params["head"] + params["bias"]


def _loss(
    params: Params, config: ModelConfig, ids: Array, lengths: Array, labels: Int[Array, "B"]
) -> Float[Array, ""]:
    scores = _scores(params, config, ids, lengths)
    return optax.softmax_cross_entropy_with_integer_labels(scores, labels).mean()


_value = jax.jit(_loss, static_argnums=1)
_gradient = jax.jit(jax.value_and_grad(_loss), static_argnums=1)
