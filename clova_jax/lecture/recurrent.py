"""Defines recurrent cells as Flax modules, and runs one over time.

LSTM has torch's gates and layout up to a transposition. The multiplicative LSTM (Krause et al. 2017), in which Radford et al.
(2017) found the sentiment neuron, lets each input choose how the hidden state acts on the gates.

What depends on the inputs alone is one product for all steps; a step then multiplies the hidden state once (the
multiplicative LSTM twice) by all four gates' weights together.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float

from clova_jax.model import parameter

Rows = Float[Array, "B H"]
State = tuple[Rows, Rows]  # hidden and cell
Change = Callable[[Rows], Rows]  # of the cell, after its update and before the output


class LSTM(nnx.Module):
    """Updates a long short-term memory (Hochreiter and Schmidhuber 1997); the gates are input, forget, new, output.

    Args:
        inputs: width of an input.
        units: width of hidden state and cell.
        rngs: random streams; weights start uniform within 1 / sqrt(units), as torch's, biases at 0 and the forget gate's at 1.
    """

    def __init__(self, inputs: int, units: int, rngs: nnx.Rngs) -> None:
        self.units = units
        self.kernel = _uniform(inputs, 4 * units, units, rngs)
        self.recurrent = _uniform(units, 4 * units, units, rngs)
        forget = jnp.arange(4 * units) // units == 1
        self.bias = parameter(forget.astype(jnp.float32), None)

    def given(self, x: Float[Array, "B T I"]) -> Any:
        """Computes what steps need of the inputs: a tree of arrays [B,T,…]."""
        return _product(x, self.kernel) + self.bias[...].astype(x.dtype)

    def step(self, state: State, given: Any, change: Change) -> State:
        """Makes one step from what `given` returned of it; `change` acts on the new cell before the output."""
        hidden, cell = state
        return _gated(given + hidden @ self.recurrent[...].astype(hidden.dtype), cell, change)


class MultiplicativeLSTM(LSTM):
    """Updates a multiplicative LSTM: in the place of the hidden state, its product with a map of the input, m = (W x) * (U h).

    Args:
        inputs, units, rngs: as of `LSTM`.
    """

    def __init__(self, inputs: int, units: int, rngs: nnx.Rngs) -> None:
        super().__init__(inputs, units, rngs)
        # Variance 1 of what an input is multiplied by, so that m begins as wide as h.
        bound = math.sqrt(3 / inputs)
        self.factor_kernel = parameter(_draw((inputs, units), bound, rngs), None, None)
        self.factor_recurrent = _uniform(units, units, units / 3, rngs)

    def given(self, x: Float[Array, "B T I"]) -> Any:
        """Computes what steps need of the inputs: gates and factors."""
        return super().given(x), _product(x, self.factor_kernel)

    def step(self, state: State, given: Any, change: Change) -> State:
        """Makes one step, as `LSTM.step`."""
        (hidden, cell), (gates, factor) = state, given
        mixed = factor * (hidden @ self.factor_recurrent[...].astype(hidden.dtype))
        return _gated(gates + mixed @ self.recurrent[...].astype(hidden.dtype), cell, change)


CELLS: dict[str, type[LSTM]] = {"lstm": LSTM, "mlstm": MultiplicativeLSTM}


def run_cell(
    cell: LSTM,
    x: Float[Array, "B T I"],
    start: State | None = None,
    *,
    reset: Bool[Array, "B T"] | None = None,
    mask: Bool[Array, "B T"] | None = None,
    change: Change = lambda cell: cell,
) -> tuple[tuple[Float[Array, "B T H"], Float[Array, "B T H"]], State]:
    """Runs a cell over time; traceable and differentiable.

    Args:
        cell: an `LSTM` or a subclass.
        x: the inputs.
        start: hidden state and cell before the first step; zeros by default.
        reset: steps before which both return to zero: the beginnings of texts in a stream.
        mask: steps that count; over others, the padding, the state stays.
        change: of the cell after each update, before the output: holds a unit, for instance.

    Returns:
        Hidden states and cells after each step, and those after the last.
    """
    batch, time, _ = x.shape
    if start is None:
        start = (jnp.zeros((batch, cell.units), x.dtype),) * 2
    flags = {"reset": reset, "mask": mask}
    flags = {name: flag[..., None] for name, flag in flags.items() if flag is not None}

    def step(state: State, inputs: Any) -> tuple[State, State]:
        given, at = inputs
        if "reset" in at:
            state = tuple(jnp.where(at["reset"], 0, part) for part in state)
        after = cell.step(state, given, change)
        if "mask" in at:
            after = tuple(jnp.where(at["mask"], *both) for both in zip(after, state, strict=True))
        return after, after

    by_time = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), (cell.given(x), flags))
    last, states = jax.lax.scan(step, start, by_time, length=time)
    return jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), states), last


def _gated(gates: Float[Array, "B G"], cell: Rows, change: Change) -> State:
    enter, forget, new, out = jnp.split(gates, 4, axis=-1)
    cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(enter) * jnp.tanh(new)
    cell = change(cell)
    return jax.nn.sigmoid(out) * jnp.tanh(cell), cell


def _product(x: Float[Array, "B T I"], kernel: nnx.Param) -> Float[Array, "B T O"]:
    """Multiplies all steps of all rows at once, as one product of two matrices (see `clova_jax.model.Linear`)."""
    rows = x.reshape(-1, x.shape[-1]) @ kernel[...].astype(x.dtype)
    return rows.reshape(*x.shape[:-1], -1)


def _uniform(inputs: int, outputs: int, fan: float, rngs: nnx.Rngs) -> nnx.Param:
    return parameter(_draw((inputs, outputs), 1 / math.sqrt(fan), rngs), None, None)


def _draw(shape: tuple[int, int], bound: float, rngs: nnx.Rngs) -> Float[Array, "I O"]:
    return rngs.params.uniform(shape, minval=-bound, maxval=bound)
