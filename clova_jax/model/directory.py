"""The model directory: `config.json`, `tokenizer/` and `params/` (Orbax), readable on any mesh."""

from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp
from jax.sharding import Mesh

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.config import ModelConfig
from clova_jax.model.params import Params, abstract_params, param_shardings
from clova_jax.tokenizers import Tokenizer, load_tokenizer

FORMAT = "clova_jax model 1"


def save_model(
    directory: str | Path,
    config: ModelConfig,
    params: Params,
    tokenizer: Tokenizer,
    about: dict[str, Any] | None = None,
) -> None:
    """Writes a self-contained model directory; `config.json` comes last, so half a one never loads.

    Args:
        directory: where; an older model there is replaced.
        config: the model's shape.
        params: its parameters, on any mesh.
        tokenizer: its tokenizer, `config.vocab_size` entries.
        about: what is known of its making (tokens, data), kept in `config.json`.
    """
    directory = Path(directory).absolute()
    if tokenizer.vocab_size != config.vocab_size:
        raise ClovaError(
            f"{directory}: the tokenizer has {tokenizer.vocab_size:,} entries, "
            f"the model {config.vocab_size:,}"
        )
    writer = jax.process_index() == 0
    if writer:
        (directory / "config.json").unlink(missing_ok=True)
        tokenizer.save(directory / "tokenizer")
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(directory / "params", params, force=True)
    if writer:
        values = {"format": FORMAT, "model": config.to_json(), "about": about or {}}
        write_json(directory / "config.json", values)


def inference_shardings(config: ModelConfig, mesh: Mesh | None) -> Params:
    """Where each array of a model lies while it scores and writes: the tree of its shardings."""
    if mesh is None:
        here = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        return jax.tree.map(lambda _: here, abstract_params(config))
    return param_shardings(config, mesh)


def read_config(directory: str | Path) -> ModelConfig:
    """The shape of the model in a directory.

    Raises:
        ClovaError: it is not a model directory.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise ClovaError(f"{directory}: no such model directory")
    if not (directory / "config.json").is_file():
        raise ClovaError(f"{directory}: not a model directory (no config.json)")
    values = read_json(directory / "config.json")
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ClovaError(
            f"{directory}: config.json is not of the format {FORMAT!r}; a Hugging Face directory "
            "is brought in by `clova import-hf`"
        )
    return ModelConfig.from_json(values["model"])


def load_model(
    directory: str | Path, mesh: Mesh | None = None
) -> tuple[ModelConfig, Params, Tokenizer]:
    """Reads a model directory; with a mesh, every device reads only its own shards.

    Raises:
        ClovaError: it is not a model directory, or a part of it is missing or damaged.
    """
    directory = Path(directory).absolute()
    config = read_config(directory)
    tokenizer = load_tokenizer(directory / "tokenizer")
    if tokenizer.vocab_size != config.vocab_size:
        raise ClovaError(
            f"{directory}: config.json says {config.vocab_size:,} entries, its tokenizer has "
            f"{tokenizer.vocab_size:,}"
        )
    abstract = jax.tree.map(
        lambda shape, sharding: jax.ShapeDtypeStruct(shape.shape, shape.dtype, sharding=sharding),
        abstract_params(config),
        inference_shardings(config, mesh),
    )
    if not (directory / "params").is_dir():
        raise ClovaError(f"{directory}: has no params/; the model was not saved to its end")
    try:
        with ocp.StandardCheckpointer() as checkpointer:
            return config, checkpointer.restore(directory / "params", abstract), tokenizer
    except (ValueError, KeyError, OSError) as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise ClovaError(f"{directory}/params: damaged, or of another shape ({reason})") from error
