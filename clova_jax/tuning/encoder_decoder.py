"""Trains an encoder-decoder on a task whose answers are texts, and writes with it greedily."""

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from clova_jax.common.progress import progress
from clova_jax.common.stop import StopSignals
from clova_jax.evaluate import Item, Task
from clova_jax.inference import Model
from clova_jax.model import (
    Cache,
    EncoderDecoderConfig,
    Params,
    bind,
    equal_size,
    init_params,
    weighted_loss,
)
from clova_jax.tokenizers import Tokenizer
from clova_jax.tuning.data import TuningData
from clova_jax.tuning.examples import Batches, Example
from clova_jax.tuning.loop import GradientSteps, run_steps
from clova_jax.tuning.methods.fine_tuning import FineTuningConfig
from clova_jax.tuning.options import TuneOptions

ROWS = 64  # that are written, or validated, at once
_MULTIPLE = 32  # lengths of sources are padded to: few programs are compiled

Rows = tuple[np.ndarray, ...]  # sources [B,S], their lengths [B], targets [B,T], their lengths [B]


@dataclass(frozen=True)
class Writer:
    """Holds a trained encoder-decoder.

    Args:
        config, params: of it.
        tokenizer: of the model that it is measured against.
        most_tokens: of a line that it writes.
    """

    config: EncoderDecoderConfig
    params: Params
    tokenizer: Tokenizer
    most_tokens: int

    def write(self, texts: Sequence[str]) -> list[str]:
        """Returns a line for each text, greedily, at most `most_tokens` long."""
        sources = self.tokenizer.encode_batch(list(texts))
        lines = []
        with progress(total=len(sources), desc="encoder-decoder: test", unit="line") as bar:
            for at in range(0, len(sources), ROWS):
                part = sources[at : at + ROWS]
                filled = [*part, *[[0]] * (ROWS - len(part))]
                ids, lengths = _padded(filled, self.config.max_length)
                fixed = self.tokenizer.end_of_text, self.most_tokens
                rows = _write(self.params, self.config, ids, lengths, *fixed)
                lines += [self._line(row) for row in np.asarray(rows)[: len(part)].tolist()]
                bar.update(len(part))
        return lines

    def _line(self, ids: list[int]) -> str:
        end = self.tokenizer.end_of_text
        text = self.tokenizer.decode(ids[: ids.index(end)] if end in ids else ids)
        return unicodedata.normalize("NFC", text.split("\n")[0].strip())


def train_writer(
    model: Model,
    task: Task,
    items: Sequence[Item],
    options: TuneOptions,
    *,
    out: Path | None = None,
    stop: StopSignals | None = None,
    label: str = "encoder-decoder",
) -> tuple[Writer, int]:
    """Trains an encoder-decoder from scratch on items of a task; a run in `out` is resumed.

    Args:
        model: gives the tokenizer, and the size.
        task: the task, whose answers are texts, no labels; of its lines as many tokens are written as it asks for.
        items: to learn from; a fifth of them decides when to stop.
        options: of the training.
        out: where the run is kept.
        stop: ends the run between two steps with `Stopped`.
        label: of the progress bar.

    Returns:
        What writes, as it was best on the development split, and the step of that.
    """
    data = TuningData.of(
        model, task, items, None, FineTuningConfig(), None, model.first_virtual, options.seed
    )
    every = (*data.examples, *data.dev_examples)
    longest = max(max(len(one.context), len(one.target)) for one in every)
    config = equal_size(model.config, _round_up(max(longest, task.max_new_tokens)))
    gradient = _Gradient(config, model.tokenizer.end_of_text, _round_up(data.longest_target))
    tuned = run_steps(
        GradientSteps(gradient, options),
        init_params(config, options.seed),
        Batches(data.examples, options.batch_size, options.seed),
        lambda params: {"dev_loss": gradient.mean_loss(params, data.dev_examples)},
        options,
        out=out,
        identity=data.identity(config, model.fingerprint),
        stop=stop,
        label=label,
    )
    params = jax.tree.map(jnp.asarray, tuned.trainable)
    return Writer(config, params, model.tokenizer, task.max_new_tokens), tuned.best_step


class _Gradient:
    """Computes losses in nats a token, and their gradients."""

    def __init__(self, config: EncoderDecoderConfig, start: int, width: int) -> None:
        self.config, self.start, self.width = config, start, width

    def __call__(self, params: Params, batch: Sequence[Example]) -> tuple[Array, Params]:
        """Returns the mean loss of a batch's tokens, and its gradient."""
        return _loss_and_gradient(params, self.config, *self._rows(batch), self.start)

    def mean_loss(self, params: Params, examples: Sequence[Example]) -> float:
        """Returns the mean loss of all tokens of the targets."""
        total = 0.0
        for at in range(0, len(examples), ROWS):
            part = examples[at : at + ROWS]
            loss = _loss(params, self.config, *self._rows(part), self.start)
            total += float(loss) * sum(min(len(one.target), self.width) for one in part)
        return total / sum(min(len(one.target), self.width) for one in examples)

    def _rows(self, batch: Sequence[Example]) -> Rows:
        sources = _padded([one.context for one in batch], self.config.max_length)
        targets = np.zeros((len(batch), self.width), np.int32)
        for row, one in zip(targets, batch, strict=True):
            row[: len(one.target)] = one.target[: self.width]
        lengths = [min(len(one.target), self.width) for one in batch]
        return *sources, targets, np.array(lengths, np.int32)


def _padded(rows: Sequence[Sequence[int]], most: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns int32[B,S] and the lengths; of what is too long the end stays."""
    kept = [row[-most:] for row in rows]
    lengths = np.array([len(row) for row in kept], np.int32)
    ids = np.zeros((len(kept), min(_round_up(int(lengths.max())), most)), np.int32)
    for to, row in zip(ids, kept, strict=True):
        to[: len(row)] = row
    return ids, lengths


def _round_up(length: int) -> int:
    return -(-length // _MULTIPLE) * _MULTIPLE


def _mean_loss(
    params: Params,
    config: EncoderDecoderConfig,
    sources: Int[Array, "B S"],
    lengths: Int[Array, "B"],
    targets: Int[Array, "B T"],
    target_lengths: Int[Array, "B"],
    start: int,
) -> Float[Array, ""]:
    model = bind(config, params)
    before = jnp.pad(targets[:, :-1], ((0, 0), (1, 0)), constant_values=start)
    cache = Cache.empty(config, len(targets), 0)
    hidden, _ = model.decode(before, model.encode(sources, lengths), cache)
    counted = (jnp.arange(targets.shape[1]) < target_lengths[:, None]).astype(jnp.float32)
    total = weighted_loss(params, config, hidden, targets, counted)
    return total / jnp.sum(counted)


_loss = jax.jit(_mean_loss, static_argnums=1)
_loss_and_gradient = jax.jit(jax.value_and_grad(_mean_loss), static_argnums=1)


@functools.partial(jax.jit, static_argnums=(1, 5))
def _write(
    params: Params,
    config: EncoderDecoderConfig,
    sources: Int[Array, "B S"],
    lengths: Int[Array, "B"],
    start: int,
    count: int,
) -> Int[Array, "B count"]:
    """Returns the likeliest next token after each, `count` times."""
    model = bind(config, params)
    source = model.encode(sources, lengths)
    rows = sources.shape[0]

    def step(carry: tuple[Array, Cache], _: None) -> tuple[tuple[Array, Cache], Array]:
        last, cache = carry
        hidden, cache = model.decode(last[:, None], source, cache)
        chosen = jnp.argmax(model.logits(hidden[:, 0]), axis=-1).astype(jnp.int32)
        return (chosen, cache), chosen

    first = jnp.full(rows, start, jnp.int32), Cache.empty(config, rows, count)
    return jax.lax.scan(step, first, None, length=count)[1].T
