"""Defines a recurrent language model of characters as Flax modules, and the folder that it is kept in.

Before each `END` the state returns to zero, so that no text knows of another.
"""

import functools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, whole_file, write_json
from clova_jax.common.hashes import check_hashes, write_hashes
from clova_jax.common.json_values import fields
from clova_jax.lecture.alphabet import Alphabet
from clova_jax.lecture.recurrent import CELLS, Change, State, run_cell
from clova_jax.model import Linear, Params, not_finite, parameter

FORMAT = "clova_jax characters 1"


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
def _skeleton(config: CharacterConfig) -> tuple[nnx.GraphDef, Params]:
    graph, state = nnx.split(nnx.eval_shape(lambda: CharacterDecoder(config, nnx.Rngs(0))))
    return graph, nnx.to_pure_dict(state)


def bind_characters(config: CharacterConfig, params: Params) -> CharacterDecoder:
    """Puts parameters into the modules, for use inside `jit`."""
    return nnx.merge(_skeleton(config)[0], params)


def init_characters(config: CharacterConfig, seed: int) -> Params:
    """Makes fresh parameters, float32."""
    return nnx.to_pure_dict(nnx.state(CharacterDecoder(config, nnx.Rngs(seed))))


@dataclass(frozen=True)
class CharacterModel:
    """Holds a character model: sizes, alphabet, parameters.

    Args:
        config: the sizes.
        alphabet: of its ids.
        params: a tree of float32 arrays.
    """

    config: CharacterConfig
    alphabet: Alphabet
    params: Params

    def save(self, folder: Path, about: dict[str, Any] | None = None) -> None:
        """Writes the model into a folder, hashes last; `about` is kept beside it."""
        arrays = {_name(path): np.asarray(leaf) for path, leaf in _leaves(self.params)}
        with whole_file(folder / "weights.safetensors", "wb") as file:
            file.write(save(arrays))
        values = {"format": FORMAT, "config": asdict(self.config), "about": about or {}}
        write_json(folder / "config.json", values | {"characters": self.alphabet.characters})
        write_hashes(folder)

    @classmethod
    def load(cls, folder: Path) -> "CharacterModel":
        """Reads what `save` wrote.

        Raises:
            ClovaError: it is missing or damaged.
        """
        values = read_about(folder)
        config = CharacterConfig(**values["config"])
        path, expected = folder / "weights.safetensors", _skeleton(config)[1]
        try:
            arrays = load_file(path)
            params = jax.tree_util.tree_map_with_path(lambda p, _: arrays[_name(p)], expected)
        except (KeyError, OSError, SafetensorError) as error:
            raise ClovaError(f"{path}: is no character model ({error})") from None
        if (name := not_finite(params)) is not None:
            raise ClovaError(f"{path}: {name} holds numbers that are not finite")
        return cls(config, Alphabet(values["characters"]), jax.tree.map(jnp.asarray, params))


def read_about(folder: Path) -> dict[str, Any]:
    """Returns what `config.json` of a model says, after its files were compared with their hashes.

    Raises:
        ClovaError: a file is missing or damaged, or the folder holds something else.
    """
    check_hashes(folder)
    path = folder / "config.json"
    kinds = {"format": str, "config": dict, "about": dict, "characters": str}
    values = fields(read_json(path), path, kinds)
    if values["format"] != FORMAT:
        raise ClovaError(f"{path}: is not of the format {FORMAT!r}")
    return values


def _leaves(tree: Params) -> list[tuple[Any, Array]]:
    return jax.tree_util.tree_leaves_with_path(tree)


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")
