"""Trains a model to give texts of one meaning vectors that are alike: contrast within a batch (InfoNCE).

Two texts of each of some groups are a batch. The vector of one is to be nearer to that of the other than to those of all other
groups (van den Oord et al. 2018; with sentences Gao et al. 2021, SimCSE). What is trained is a copy of the model, and what comes
out is one: `Index.build(texts, "vectors", encoder)` searches with it.
"""

import functools
from collections.abc import Generator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int

from clova_jax.common.errors import ClovaError
from clova_jax.common.progress import progress
from clova_jax.common.stop import Stopped, StopSignals
from clova_jax.config import ModelConfig
from clova_jax.inference import Model, bucket, pad
from clova_jax.model import Params, bind
from clova_jax.retrieve.vectors import pooled, unit
from clova_jax.train import (
    LearningRate,
    ProgressBar,
    Run,
    SkippedSteps,
    TrainState,
    adamw,
    apply_gradients,
    fresh_state,
    train,
)

TEMPERATURE = 0.05  # that cosines are divided by
LONGEST = 32  # tokens of a text that are read


def train_encoder(
    model: Model,
    groups: Sequence[Sequence[str]],
    *,
    steps: int = 200,
    batch: int = 32,
    learning_rate: float = 1e-3,
    seed: int = 0,
    stop: StopSignals | None = None,
) -> Model:
    """Returns a copy of a model whose mean-pooled vectors tell groups of texts apart.

    Args:
        model: to begin with; not changed.
        groups: texts of one meaning, two or more each.
        steps: updates.
        batch: groups an update; all where there are fewer.
        learning_rate: the peak.
        seed: of all draws.
        stop: ends it between two updates.

    Raises:
        ClovaError: fewer than two groups, or a group of one text; a loss that is not finite 20 times in a row.
        Stopped: a stop was requested.
    """
    if len(groups) < 2 or any(len(group) < 2 for group in groups):
        raise ClovaError("encoder: wants two groups of texts or more, each of two texts or more")
    optimizer = _optimizer(learning_rate, steps)
    ids = [model.tokenizer.encode_batch(list(group)) for group in groups]

    def batches(step: int) -> Generator[tuple[np.ndarray, np.ndarray], None, None]:
        random = np.random.default_rng([seed, step])
        while True:
            chosen = random.permutation(len(ids))[:batch]
            pairs = [random.permutation(len(ids[group]))[:2] for group in chosen]
            # Firsts above, seconds below.
            yield _arrays(
                model,
                [ids[g][pair[k]] for k in (0, 1) for g, pair in zip(chosen, pairs, strict=True)],
            )

    def step(state: TrainState, arrays: tuple) -> tuple[TrainState, dict[str, Array]]:
        state, loss, skipped = _step(optimizer, model.config, model.dtype, state, *arrays)
        return state, {"loss": loss, "skipped": skipped}

    run = Run(fresh_state(optimizer, jax.tree.map(jnp.copy, model.params)), 0, steps)
    with progress(total=steps, desc="encoder", unit="step") as bar:
        shown = ProgressBar(
            bar, lambda run: 1, lambda run: f"loss {run.metrics['loss']:.3f}", "encoder"
        )
        train(run, step, batches, (SkippedSteps(lambda: None), shown), stop)
    if run.stopped and not run.is_last:
        raise Stopped(run.stopped)
    return model.with_params(run.state.params)


@functools.cache  # one object a setting, so that a compiled step is found again
def _optimizer(learning_rate: float, steps: int) -> optax.GradientTransformation:
    rate = LearningRate(learning_rate, min(max(1, steps // 20), steps), steps)
    return adamw(rate, b2=0.999, weight_decay=0.01)


def _arrays(model: Model, rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Returns ids and mask, int32[rows, T]; an empty text stands for `<|endoftext|>`."""
    limit = min(LONGEST, model.config.max_length)
    cut = [list(row[:limit]) or [model.tokenizer.end_of_text] for row in rows]
    time = bucket(max(map(len, cut)), limit)
    masks = [[1] * len(row) for row in cut]
    return model.place(pad(cut, len(cut), time), pad(masks, len(cut), time))


@functools.partial(jax.jit, static_argnums=(0, 1, 2), donate_argnums=3)
def _step(
    optimizer: optax.GradientTransformation,
    config: ModelConfig,
    dtype: DTypeLike,
    state: TrainState,
    ids: Int[Array, "B T"],
    mask: Int[Array, "B T"],
) -> tuple[TrainState, Float[Array, ""], Array]:
    """Makes one update; returns the state, the loss, and whether the update was skipped."""
    loss, gradients = jax.value_and_grad(contrast)(state.params, config, ids, mask, dtype)
    state, _, accept = apply_gradients(optimizer, state, loss, gradients)
    return state, loss, ~accept


def contrast(
    params: Params,
    config: ModelConfig,
    ids: Int[Array, "B T"],
    mask: Int[Array, "B T"],
    dtype: DTypeLike,
) -> Float[Array, ""]:
    """Returns InfoNCE in nats: row i and row i + B/2 are of one group, and every row finds its partner among all others."""
    vectors = unit(pooled(bind(config, params)(ids, dtype=dtype)[0].astype(jnp.float32), mask))
    rows = len(vectors)
    cosines = vectors @ vectors.T / TEMPERATURE - 1e9 * jnp.eye(rows)
    partners = (jnp.arange(rows) + rows // 2) % rows
    return optax.softmax_cross_entropy_with_integer_labels(cosines, partners).mean()
