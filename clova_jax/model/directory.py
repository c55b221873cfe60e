"""Writes and reads the model directory, on any mesh.

config.json    the shape, and what is known of the making
tokenizer/
params/        the weights: as Orbax writes them, or, of a model saved to an object store, zarr 3 arrays
chat_template.json   how the messages of a chat become a prompt, where the model has learned to answer
hashes.json    of every file, written last: half a directory never loads, nor a damaged one
"""

import functools
import sys
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp
from jax.sharding import Mesh

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.common.hashes import HASHES, check_hashes, hash_file, write_hashes
from clova_jax.common.json_values import as_dataclass, fields, parse_json
from clova_jax.common.objects import Objects
from clova_jax.common.output_folder import claim_folder
from clova_jax.common.places import is_url
from clova_jax.config import ModelConfig
from clova_jax.model.chat_template import ChatTemplate, write_chat_template
from clova_jax.model.finite import not_finite
from clova_jax.model.params import Params, abstract_params, check_saved, param_shardings
from clova_jax.model.remote import CONFIG, NAMES, model_names, upload_model
from clova_jax.parallel import on_first_process, read_arrays
from clova_jax.tokenizers import Tokenizer, load_tokenizer

FORMAT = "clova_jax model 2"
BEFORE_HASHES = "clova_jax model 1"  # still read
ORBAX = "_METADATA"  # a file that only Orbax writes


def claim_model(directory: str | Path) -> None:
    """Makes a folder ready for a model; at a URL there is nothing to make. All processes of a run call it.

    Raises:
        ClovaError: it holds files, or objects, of a model directory's names that are no model of ours.
    """
    on_first_process(functools.partial(_claim, directory))


def _claim(directory: str | Path) -> None:
    what = "a model directory of clova_jax"
    if not is_url(directory):
        claim_folder(Path(directory), NAMES, lambda folder: _is_ours(folder / CONFIG), what)
        return
    objects = Objects(str(directory))
    found = model_names(objects)
    if found and not _is_ours(f"{objects}/{CONFIG}", objects.read(CONFIG) or b""):
        raise ClovaError(
            f"{objects}: holds {found[0]}, which is not of {what} and would be overwritten; give another URL"
        )


def _is_ours(path: str | Path, data: bytes | None = None) -> bool:
    """Returns whether a config.json, of this content where it is no file, is that of a model of ours."""
    try:
        values = read_json(path) if data is None else parse_json(data, path)
    except ClovaError:
        return False
    return isinstance(values, dict) and values.get("format") in (FORMAT, BEFORE_HASHES)


def save_model(
    directory: str | Path,
    config: ModelConfig,
    params: Params,
    tokenizer: Tokenizer,
    about: dict[str, Any] | None = None,
    chat: ChatTemplate | None = None,
) -> None:
    """Writes a self-contained model directory; `hashes.json` comes last, so half a one never loads.

    Args:
        directory: where, a folder or a URL of an object store; an older model there is replaced.
        config: the model's shape.
        params: its parameters, on any mesh.
        tokenizer: its tokenizer, `config.vocab_size` entries.
        about: what is known of its making (tokens, data), kept in `config.json`.
        chat: how it is chatted with.

    Raises:
        ClovaError: parameters or a tokenizer that are not the config's; an older model is as it was then.
    """
    place, is_remote = directory, is_url(directory)
    check_saved(config, params, place)
    if tokenizer.vocab_size != config.vocab_size:
        raise ClovaError(
            f"{place}: the tokenizer has {tokenizer.vocab_size:,} entries, "
            f"the model {config.vocab_size:,}"
        )
    values = {"format": FORMAT, "model": config.to_json(), "about": about or {}}
    if (name := _decoder_name(config)) is not None:
        values["decoder"] = name

    def write_small(folder: Path) -> None:
        # config.json first: an incomplete model is known for ours.
        write_json(folder / "config.json", values)
        tokenizer.save(folder / "tokenizer")
        write_chat_template(folder, chat)

    if is_remote:
        upload_model(str(place), params, write_small)
        return
    directory = Path(place).absolute()
    writer = jax.process_index() == 0
    if writer:
        (directory / HASHES).unlink(missing_ok=True)
        write_small(directory)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(directory / "params", params, force=True)
    if writer:
        write_hashes(directory)


def _decoder_name(config: ModelConfig | type[ModelConfig]) -> str | None:
    """Returns the name of a decoder that is not the standard one: its weights may fit that one and mean something else."""
    decoder = config.decoder
    return None if decoder is None else decoder.__qualname__


def inference_shardings(config: ModelConfig, mesh: Mesh | None) -> Params:
    """Returns where each array of a model lies while it scores and writes: the tree of its shardings."""
    if mesh is None:
        here = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
        return jax.tree.map(lambda _: here, abstract_params(config))
    return param_shardings(config, mesh)


def model_directory(path: str | Path) -> Path:
    """Returns the model directory that a path names: itself, or `model/` in what a training wrote."""
    path = Path(path).absolute()
    inner = path / "model"
    return inner if not (path / "params").is_dir() and (inner / "config.json").is_file() else path


def read_config(
    directory: str | Path, config_class: type[ModelConfig] = ModelConfig
) -> ModelConfig:
    """Reads the shape of the model in a directory, or in the `model/` of a training's folder.

    Args:
        directory: as for `load_model`.
        config_class: names the modules, where they are not the standard ones.

    Raises:
        ClovaError: it is not a model directory.
    """
    return _read_config(model_directory(directory), config_class)[1]


def read_about(directory: str | Path) -> dict[str, Any]:
    """Reads what is known of a model's making (`tokens`, `run`, …): nothing of an imported one, say.

    Raises:
        ClovaError: it is not a model directory.
    """
    path = model_directory(directory) / "config.json"
    return fields(read_json(path), path, {"about": dict | None})["about"] or {}


def directory_hash(directory: str | Path) -> str:
    """Returns what identifies a model directory: the SHA-256 of its `hashes.json`.

    Raises:
        ClovaError: it has none.
    """
    path = model_directory(directory) / HASHES
    if not path.is_file():
        raise ClovaError(f"{path.parent}: no model directory with a {HASHES}; save the model again")
    return hash_file(path)


def _read_config(
    directory: Path, config_class: type[ModelConfig] = ModelConfig
) -> tuple[str, ModelConfig]:
    """Reads the format and the shape."""
    if not directory.is_dir():
        raise ClovaError(f"{directory}: no such model directory")
    path = directory / "config.json"
    if not path.is_file():
        raise ClovaError(f"{directory}: not a model directory (no config.json)")
    values = read_json(path)
    if not isinstance(values, dict) or values.get("format") not in (FORMAT, BEFORE_HASHES):
        raise ClovaError(
            f"{directory}: config.json is not of the format {FORMAT!r}; a Hugging Face directory "
            "is brought in by `clova import-hf`"
        )
    model = fields(values, path, {"model": dict})["model"]
    made, asked = values.get("decoder"), _decoder_name(config_class)
    if made != asked:
        raise ClovaError(
            f"{path}: made of the modules {made or 'Decoder'}, not of {asked or 'Decoder'}; load it with "
            "LanguageModel.load(…, config_class=…) and the config class that it was trained with"
        )
    return values["format"], as_dataclass(config_class, model, f"{path}: 'model'")


def load_model(
    directory: str | Path,
    mesh: Mesh | None = None,
    verify: bool = True,
    config_class: type[ModelConfig] = ModelConfig,
) -> tuple[ModelConfig, Params, Tokenizer]:
    """Reads a model directory; with a mesh, every device reads only its own shards.

    Args:
        directory: the model's, or a training's folder with the model in `model/`.
        mesh: where the weights go; one device by default.
        verify: compare every file with its hash first (a second a gigabyte or so).
        config_class: names the modules, where they are not the standard ones.

    Raises:
        ClovaError: it is not a model directory; a part of it is missing or damaged; a weight is not finite.
    """
    directory = model_directory(directory)
    written, config = _read_config(directory, config_class)
    if written == FORMAT:
        check_hashes(directory, verify)
    elif verify:
        print(
            f"{directory}: saved before models had hashes, so damage cannot be detected; save it again",
            file=sys.stderr,
        )
    tokenizer = load_tokenizer(directory / "tokenizer")
    if tokenizer.vocab_size != config.vocab_size:
        raise ClovaError(
            f"{directory}: config.json says {config.vocab_size:,} entries, its tokenizer has "
            f"{tokenizer.vocab_size:,}"
        )
    params = _read_params(directory / "params", config, mesh)
    if (name := not_finite(params)) is not None:
        raise ClovaError(
            f"{directory}/params: {name} holds numbers that are not finite (a training that diverged?); "
            "take an earlier checkpoint"
        )
    return config, params, tokenizer


def _read_params(path: Path, config: ModelConfig, mesh: Mesh | None) -> Params:
    if not path.is_dir():
        raise ClovaError(f"{path.parent}: has no params/; the model was not saved to its end")
    abstract = jax.tree.map(
        lambda shape, sharding: jax.ShapeDtypeStruct(shape.shape, shape.dtype, sharding=sharding),
        abstract_params(config),
        inference_shardings(config, mesh),
    )
    try:
        if (path / ORBAX).exists():
            with ocp.StandardCheckpointer() as checkpointer:
                return checkpointer.restore(path, abstract)
        return read_arrays(Objects(str(path)), "", abstract)
    except Exception as error:  # Orbax and TensorStore raise whatever they meet
        reason = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise ClovaError(f"{path}: damaged, or of another shape ({reason})") from error
