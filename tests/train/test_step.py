"""The step on one device: optimizer against optax, the guard, what a batch may hold."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.model import bind, cross_entropy
from clova_jax.train import LearningRate, TrainStep, adamw
from clova_jax.train.optimizer import decayed

CONFIG = ModelConfig(num_layers=2, embed_dim=16, num_heads=2, vocab_size=50, max_length=32)
RATE = LearningRate(1e-2, 2, 20)


def batch_of(rows=4, time=12, seed=0):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, CONFIG.vocab_size, (rows, time + 1), dtype=np.int32)
    return {
        "ids": ids[:, :-1],
        "targets": ids[:, 1:],
        "loss_mask": (rng.random((rows, time)) < 0.8).astype(np.float32),
    }


def make_step(**options):
    return TrainStep(CONFIG, adamw(RATE), learning_rate=RATE, **options)


def test_three_steps_equal_optax():
    step, batch = make_step(), batch_of()
    state = step.init(0)
    params = jax.tree.map(np.asarray, state.params)
    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.adamw(
            RATE,
            b1=0.9,
            b2=0.95,
            eps=1e-8,
            weight_decay=0.1,
            mask=decayed,
        ),
    )
    other = jax.jit(optimizer.init)(params)

    @jax.value_and_grad
    def loss_of(params):
        hidden, _ = bind(CONFIG, params)(batch["ids"])
        nll = cross_entropy(params, CONFIG, hidden, batch["targets"])
        return jnp.sum(nll * batch["loss_mask"]) / jnp.sum(batch["loss_mask"])

    @jax.jit
    def theirs(params, other):
        loss, gradients = loss_of(params)
        moves, other = optimizer.update(gradients, other, params)
        return optax.apply_updates(params, moves), other, loss, optax.global_norm(gradients)

    for _ in range(3):
        params, other, loss, norm = theirs(params, other)
        state, metrics = step(state, batch)
        assert float(metrics["loss"]) == pytest.approx(float(loss), rel=1e-5)
        assert float(metrics["grad_norm"]) == pytest.approx(float(norm), rel=1e-4)
        assert float(metrics["tokens"]) == batch["loss_mask"].sum()
    for a, b in zip(jax.tree.leaves(state.params), jax.tree.leaves(params), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-4)  # moves are 1e-2; Adam magnifies rounding


def test_loss_falls_on_one_batch():
    step, batch = make_step(), batch_of()
    state = step.init(0)
    losses = []
    for _ in range(20):
        state, metrics = step(state, batch)
        losses.append(float(metrics["loss"]))
    assert losses[-1] < 0.6 * losses[0]
    nll = step.evaluate(state.params, batch)
    assert nll.shape == (4, 12)
    assert nll.dtype == jnp.float32


def test_a_step_that_is_not_finite_changes_nothing_and_is_counted():
    step, batch = make_step(), batch_of()
    state, _ = step(step.init(0), batch)
    before = jax.tree.map(np.asarray, state)
    bad = {**batch, "loss_mask": np.full_like(batch["loss_mask"], np.nan)}
    state, metrics = step(state, bad)
    assert int(metrics["skipped"]) == 1
    assert (int(state.step), int(state.skipped)) == (2, 1)
    for name in ("params", "opt_state"):
        jax.tree.map(np.testing.assert_array_equal, getattr(state, name), getattr(before, name))
    state, metrics = step(state, batch)
    assert np.isfinite(float(metrics["loss"]))
    assert int(state.step - state.skipped) == 2


def test_learning_rate_rises_then_falls_to_a_tenth():
    rate = LearningRate(1e-3, 10, 110)
    assert float(rate(0)) == pytest.approx(1e-4)
    assert float(rate(9)) == pytest.approx(1e-3)
    assert float(rate(60)) == pytest.approx(0.55e-3)
    assert float(rate(110)) == pytest.approx(1e-4)
    assert float(rate(500)) == pytest.approx(1e-4)
    with pytest.raises(ClovaError, match="warmup_steps=5"):
        LearningRate(1e-3, 5, 4)


def test_lowering_needs_no_memory_and_tells_the_cost():
    compiled = make_step().lower(batch=4, length=12).compile()
    assert compiled.memory_analysis().argument_size_in_bytes > 3 * 4 * CONFIG.num_params
    assert compiled.cost_analysis()["flops"] > 0


@pytest.mark.parametrize(
    "make", [optax.adafactor, lambda rate: optax.masked(optax.adam(rate), decayed)]
)
def test_an_optimizer_that_cannot_be_laid_out_is_refused_in_one_line(make):
    with pytest.raises(ClovaError, match="optimizer: its state .* give another") as caught:
        TrainStep(CONFIG, make(1e-3))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "make", [optax.lion, optax.sgd, optax.lamb], ids=lambda make: make.__name__
)
def test_other_optimizers_of_optax_train(make):
    step = TrainStep(CONFIG, make(1e-2))
    state, metrics = step(step.init(0), batch_of())
    assert np.isfinite(float(metrics["loss"]))
    assert int(state.step) == 1
