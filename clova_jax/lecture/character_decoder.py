"""Defines a recurrent language model of characters as Flax modules.

Before each `END` the state returns to zero, so that no text knows of another.
"""

import functools
from dataclasses import dataclass
from typing import Any

import jax
from flax import nnx
from jaxtyping import Array, Float, Int

from clova_jax.common.errors import ClovaError
from clova_jax.lecture.recurrent import CELLS, Change, State, run_cell
from clova_jax.model import Linear, Params, parameter


@dataclass(frozen=True)
class CharacterConfig:
    """Configures a character model.

    Args:
        kind: of the cell, a name in `CELLS`.
        units: width of hidden state and cell.
        vocab_size: ids.
        embed_dim: numbers a character is embedded in.
    """

    kind: str = "lstm"
    units: int = 512
    vocab_size: int = 1_538
    embed_dim: int = 64

    def __post_init__(self) -> None:
        if self.kind not in CELLS:
            raise ClovaError(f"kind={self.kind!r}: wants one of {', '.join(CELLS)}")
        if min(self.units, self.vocab_size, self.embed_dim) < 1:
            raise ClovaError(f"{self}: wants numbers of 1 or more")


class CharacterDecoder(nnx.Module):
    """Runs a character model: embedding, one recurrent cell, and a head over characters.

    Args:
        config: the sizes.
        rngs: random streams.
    """

    def __init__(self, config: CharacterConfig, rngs: nnx.Rngs) -> None:
        shape = (config.vocab_size, config.embed_dim)
        self.embedding = parameter(rngs.params.normal(shape), "vocab", "embed")
        self.cell = CELLS[config.kind](config.embed_dim, config.units, rngs)
        std = config.units**-0.5
        self.head = Linear({"embed": config.units}, {"vocab": config.vocab_size}, std, rngs)

    def __call__(
        self, ids: Int[Array, "B T"], start: State | None = None, **how: Any
    ) -> tuple[State, State]:
        """Returns hidden states and cells after each character, and those after the last; `how` is of `run_cell`."""
        return run_cell(self.cell, self.embedding[ids], start, **how)

    def step(
        self, ids: Int[Array, "B"], state: State, change: Change
    ) -> tuple[Float[Array, "B V"], State]:
        """Reads a character of each row; returns the logits of the next ones, and the state."""
        given = jax.tree.map(lambda x: x[:, 0], self.cell.given(self.embedding[ids[:, None]]))
        state = self.cell.step(state, given, change)
        return self.head(state[0]), state


@functools.cache
def skeleton(config: CharacterConfig) -> tuple[nnx.GraphDef, Params]:
    """Returns the modules without their parameters, and the tree of the parameters without values."""
    graph, state = nnx.split(nnx.eval_shape(lambda: CharacterDecoder(config, nnx.Rngs(0))))
    return graph, nnx.to_pure_dict(state)


def bind_characters(config: CharacterConfig, params: Params) -> CharacterDecoder:
    """Puts parameters into the modules, for use inside `jit`."""
    return nnx.merge(skeleton(config)[0], params)


def init_characters(config: CharacterConfig, seed: int) -> Params:
    """Makes fresh parameters, float32."""
    return nnx.to_pure_dict(nnx.state(CharacterDecoder(config, nnx.Rngs(seed))))
