"""The step on every mesh of eight virtual devices equals the step on one."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from clova_jax.config import ModelConfig
from clova_jax.parallel import make_mesh
from clova_jax.train import LearningRate, TrainStep, adamw

# 50 entries: padded to 52 and 56 on four and eight model shards.
CONFIG = ModelConfig(num_layers=8, embed_dim=16, num_heads=8, vocab_size=50, max_length=16)
ROWS, TIME, STEPS = 16, 8, 3


def batch_of(seed):
    """Packed rows with padding, their positions, and targets that do not count."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, CONFIG.vocab_size, (ROWS, TIME + 1), dtype=np.int32)
    segments = np.sort(rng.integers(1, 4, (ROWS, TIME)), axis=1).astype(np.int32)
    segments[::3, -2:] = 0
    mask = (segments > 0) & (rng.random((ROWS, TIME)) < 0.8)
    return {
        "ids": ids[:, :-1],
        "targets": ids[:, 1:],
        "positions": rng.integers(0, TIME, (ROWS, TIME), dtype=np.int32),
        "segment_ids": segments,
        "loss_mask": mask.astype(np.float32),
    }


def trained(shape, **options):
    """Losses, norms, the first gradient and all evaluations of a few steps."""
    # Adam's first step divides a gradient by itself; a large epsilon keeps rounding from being magnified.
    step = TrainStep(
        CONFIG, adamw(LearningRate(1e-2, 1, 20), epsilon=1e-3), make_mesh(shape), **options
    )
    state = step.init(0)
    gradients, found = None, []
    for seed in range(STEPS):
        state, metrics = step(state, batch_of(seed))
        found.append([float(metrics[name]) for name in ("loss", "grad_norm", "tokens")])
        if gradients is None:  # mu after one step is a tenth of the clipped gradient
            gradients = jax.tree.map(
                np.asarray, optax.tree.get(step.canonical(state).opt_state, "mu")
            )
    nll = np.asarray(step.evaluate(state.params, batch_of(9)))
    return np.array(found), gradients, jax.tree.map(np.asarray, step.canonical(state).params), nll


@pytest.fixture(scope="module", autouse=True)
def quick_compilation():
    """The arithmetic is that of the program; how well its machine code is optimised is not looked at here."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module")
def alone(quick_compilation):
    return trained((1, 1, 1))


def assert_equal(got, wanted, tolerance=1e-5):
    np.testing.assert_allclose(got[0], wanted[0], rtol=tolerance)
    np.testing.assert_allclose(got[3], wanted[3], rtol=10 * tolerance, atol=tolerance)
    for mine, other in zip(got[1:3], wanted[1:3], strict=True):
        for path, a in jax.tree.leaves_with_path(mine):
            b = other
            for key in path:
                b = b[key.key]
            assert a.shape == b.shape
            scale = np.abs(b).max()
            assert np.abs(a - b).max() <= tolerance * scale, jax.tree_util.keystr(path)


# All three axes at once; each by itself, and the other schedule, are among the slow ones.
FAST = [((2, 2, 2), {"microbatches": 2, "fsdp": True, "remat": "full"})]
MORE = [
    ((1, 2, 4), {"microbatches": 4, "schedule": "circular:2", "remat": "stage"}),
    ((1, 1, 1), {"microbatches": 4, "remat": "dots"}),
    ((2, 1, 4), {"microbatches": 2, "fsdp": True}),
]


@pytest.mark.parametrize(("shape", "options"), FAST, ids=str)
def test_all_axes_at_once(alone, shape, options):
    assert_equal(trained(shape, **options), alone)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "options"), MORE, ids=str)
def test_more_options(alone, shape, options):
    assert_equal(trained(shape, **options), alone)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "options"), [MORE[2], *FAST], ids=str)
def test_bfloat16_within_its_precision(alone, shape, options):
    """Against one device in float32. XLA:CPU adds what bfloat16 collectives send in float32."""
    found, gradients, _, nll = trained(shape, dtype=jnp.bfloat16, **options)
    np.testing.assert_allclose(found, alone[0], rtol=2e-2)
    np.testing.assert_allclose(nll, alone[3], rtol=5e-2)
    for mine, wanted in zip(jax.tree.leaves(gradients), jax.tree.leaves(alone[1]), strict=True):
        assert np.abs(mine - wanted).max() <= 5e-2 * np.abs(wanted).max()


FACTORISATIONS = [
    (d, p, 8 // (d * p)) for d, p in itertools.product((1, 2, 4, 8), repeat=2) if 8 % (d * p) == 0
]
# With one stage, or one layer a stage, the circular schedule is GPipe.
SCHEDULES = [(shape, "gpipe") for shape in FACTORISATIONS]
SCHEDULES += [(shape, "circular") for shape in FACTORISATIONS if shape[1] not in (1, 8)]


@pytest.mark.slow
@pytest.mark.parametrize("remat", ["none", "stage"])
@pytest.mark.parametrize("fsdp", [False, True], ids=["whole", "fsdp"])
@pytest.mark.parametrize(("shape", "schedule"), SCHEDULES, ids=str)
def test_every_factorisation(alone, shape, schedule, fsdp, remat):
    pieces = min(ROWS // shape[0], max(2, shape[1]))
    assert_equal(
        trained(shape, microbatches=pieces, schedule=schedule, fsdp=fsdp, remat=remat), alone
    )
