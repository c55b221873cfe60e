"""Recurrent cells: torch's LSTM on the same weights, resets, padding, changed cells."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from clova_jax.lecture import CELLS, LSTM, run_cell

KINDS = pytest.mark.parametrize("kind", sorted(CELLS))


def made(kind, inputs=3, units=5):
    return CELLS[kind](inputs, units, nnx.Rngs(0))


def drawn(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), jnp.float32)


@pytest.mark.peers
def test_the_lstm_equals_torchs():
    import torch

    cell, theirs = LSTM(3, 5, nnx.Rngs(0)), torch.nn.LSTM(3, 5, batch_first=True)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.tensor(np.array(cell.kernel[...]).T))
        theirs.weight_hh_l0.copy_(torch.tensor(np.array(cell.recurrent[...]).T))
        theirs.bias_ih_l0.copy_(torch.tensor(np.array(cell.bias[...])))
        theirs.bias_hh_l0.zero_()
    x, start = drawn(4, 7, 3), (drawn(4, 5, seed=1), drawn(4, 5, seed=2))
    (hidden, _), last = run_cell(cell, x, start)
    given = [torch.tensor(np.array(part))[None] for part in start]
    expected, ends = theirs(torch.tensor(np.array(x)), tuple(given))
    assert np.abs(np.array(hidden) - expected.detach().numpy()).max() < 1e-5
    for ours, other in zip(last, ends, strict=True):
        assert np.abs(np.array(ours) - other[0].detach().numpy()).max() < 1e-5


def test_the_multiplicative_lstm_is_its_equations():
    cell, x = made("mlstm"), drawn(2, 4, 3)
    (hidden, cells), _ = run_cell(cell, x)
    kernel, recurrent, bias = (np.array(p[...]) for p in (cell.kernel, cell.recurrent, cell.bias))
    h = c = np.zeros((2, 5))
    for t in range(4):
        now = np.array(x[:, t])
        m = (now @ np.array(cell.factor_kernel[...])) * (h @ np.array(cell.factor_recurrent[...]))
        i, f, g, o = np.split(now @ kernel + m @ recurrent + bias, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        np.testing.assert_allclose(hidden[:, t], h, atol=1e-6)
        np.testing.assert_allclose(cells[:, t], c, atol=1e-6)


@KINDS
def test_a_reset_forgets_what_came_before(kind):
    cell, x = made(kind), drawn(1, 6, 3)
    reset = jnp.arange(6)[None] == 2
    states, last = run_cell(cell, x, (drawn(1, 5), drawn(1, 5)), reset=reset)
    alone, end = run_cell(cell, x[:, 2:])
    for found, expected in zip((*states, *last), (*alone, *end), strict=True):
        found = found[:, 2:] if found.ndim == 3 else found
        np.testing.assert_allclose(found, expected, atol=1e-6)


@KINDS
def test_padding_leaves_the_state(kind):
    cell, x = made(kind), drawn(2, 6, 3)
    mask = jnp.arange(6) < jnp.array([[6], [4]])
    _, last = run_cell(cell, x, mask=mask)
    for row, length in enumerate((6, 4)):
        _, alone = run_cell(cell, x[row : row + 1, :length])
        for found, expected in zip(last, alone, strict=True):
            np.testing.assert_allclose(found[row], expected[0], atol=1e-6)


@KINDS
def test_windows_with_the_state_carried_are_one_run(kind):
    cell, x = made(kind), drawn(2, 6, 3)
    (hidden, _), last = run_cell(cell, x)
    (first, _), between = run_cell(cell, x[:, :4])
    (second, _), end = run_cell(cell, x[:, 4:], between)
    np.testing.assert_allclose(hidden, jnp.concatenate([first, second], 1), atol=1e-6)
    np.testing.assert_allclose(last[1], end[1], atol=1e-6)


@KINDS
def test_a_changed_cell_acts_on_the_output_of_the_same_step(kind):
    cell, x = made(kind), drawn(2, 4, 3)
    (hidden, cells), _ = run_cell(cell, x, change=lambda c: c.at[:, 1].set(0.0))
    assert np.array(cells)[..., 1].tolist() == [[0.0] * 4] * 2
    assert np.array(hidden)[..., 1].tolist() == [[0.0] * 4] * 2
    (free, _), _ = run_cell(cell, x)
    np.testing.assert_allclose(hidden[:, 0, 2:], free[:, 0, 2:], atol=1e-6)
    assert np.abs(np.array(hidden - free))[:, 1:, 2:].max() > 1e-4
