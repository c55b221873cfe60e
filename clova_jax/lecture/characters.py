"""Keeps a character model: sizes, alphabet and parameters, in memory and in a folder."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, whole_file, write_json
from clova_jax.common.hashes import check_hashes, write_hashes
from clova_jax.common.json_values import fields
from clova_jax.lecture.alphabet import Alphabet
from clova_jax.lecture.character_decoder import CharacterConfig, skeleton
from clova_jax.model import Params, not_finite

FORMAT = "clova_jax characters 1"


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
        leaves = jax.tree_util.tree_leaves_with_path(self.params)
        arrays = {_name(path): np.asarray(leaf) for path, leaf in leaves}
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
        path, expected = folder / "weights.safetensors", skeleton(config)[1]
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


def _name(path: Any) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")
