"""Keeps a tuning run on disk: two safetensors files and a JSON file, written completely at every validation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, whole_file, write_json
from clova_jax.common.hashes import hash_file
from clova_jax.common.json_values import fields
from clova_jax.common.run_folder import check_run
from clova_jax.model import Params, not_finite
from clova_jax.train import Best, TrainState, on_host

FORMAT = "clova_jax tuning 2"  # 2: the optimizer's state is optax's
KINDS = {
    "file": str,
    "sha256": str,
    "identity": dict,
    "best_loss": float | None,  # null where it was not finite
    "best_step": int,
    "history": list[dict],
    "finished": bool,
}


@dataclass
class Progress:
    """Holds how far a run has come.

    Args:
        state: what is trained, with the optimizer's state and the number of steps.
        best: what was best on the development split so far, and all validations.
        finished: nothing is left to do.
    """

    state: TrainState
    best: Best
    finished: bool = False

    @classmethod
    def start(cls, state: TrainState, trainable: Params) -> "Progress":
        """Begins a run, with a copy of what is trained as the best so far."""
        return cls(state, Best(on_host(trainable)))

    def save(self, folder: Path, identity: dict[str, Any]) -> None:
        """Writes the run; `run.json`, last, names the other file, so that the two always fit."""
        step = int(self.state.step)
        arrays = {"state": self.state, "best": self.best.params}
        if self.finished:
            del arrays["state"]  # nobody resumes from here
        name = f"step_{step}{'_end' if self.finished else ''}.safetensors"
        with whole_file(folder / name, "wb") as file:
            file.write(save({k: np.asarray(x) for k, x in _flat(arrays).items()}))
        values = {
            "format": FORMAT,
            "file": name,
            "sha256": hash_file(folder / name),
            "identity": identity,
            "best_loss": self.best.loss,
            "best_step": self.best.step,
            "history": self.best.history,
            "finished": self.finished,
        }
        write_json(folder / "run.json", values)
        for old in folder.glob("step_*.safetensors"):
            if old.name != name:
                old.unlink()

    def load(self, folder: Path, identity: dict[str, Any]) -> "Progress":
        """Reads the run in a folder; returns this one, a fresh one, where there is none.

        Raises:
            ClovaError: it is another run, or damaged.
        """
        if not (folder / "run.json").is_file():
            return self
        path = folder / "run.json"
        found = read_json(path)
        values = fields(found, path, KINDS)
        if found.get("format") != FORMAT:
            raise ClovaError(
                f"{path}: written by a version that kept the optimizer's state otherwise; give another --out, "
                f"or remove {folder}"
            )
        for row in values["history"]:
            fields(row, f"{path}: 'history'", {"step": int, "dev_loss": float | None})
        check_run(folder, values["identity"], identity)
        parts: dict[str, Any] = {"state": self.state, "best": self.best.params}
        if values["finished"]:
            del parts["state"]
        file = folder / Path(values["file"]).name
        try:
            arrays = load_file(file)
            parts = jax.tree_util.tree_map_with_path(lambda p, x: arrays[_name(p)], parts)
        except (KeyError, OSError, SafetensorError) as error:
            raise ClovaError(f"{file}: the run is damaged ({error}); remove {folder}") from None
        if hash_file(file) != values["sha256"]:
            raise ClovaError(f"{file}: is damaged (differs from its hash); remove {folder}")
        if (name := not_finite(parts)) is not None:
            raise ClovaError(f"{file}: {name} holds numbers that are not finite; remove {folder}")
        loss = float("inf") if values["best_loss"] is None else values["best_loss"]
        best = Best(parts["best"], loss, values["best_step"], values["history"])
        state = placed(parts.get("state", self.state), self.state)
        return Progress(state, best, values["finished"])


def placed(tree: Any, like: Any) -> Any:
    """Puts the arrays on the devices where those of another tree are, sharded as they are.

    What is committed to no device there is committed to none here: a program compiled for one serves the other.
    """

    def place(new: Any, old: Any) -> Array:
        old = jnp.asarray(old)
        return jax.device_put(new, old.sharding if old.committed else None)

    return jax.tree.map(place, tree, like)


def _flat(tree: Any) -> dict[str, Any]:
    return {_name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def _name(path: tuple) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")
