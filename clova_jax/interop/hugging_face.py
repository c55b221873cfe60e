"""Reads GPT-2-architecture models of Hugging Face (KoGPT2, say), and writes every model trained here as one.

Our arrays have GPT-2's layout (`Conv1D`, input first), so a tensor is read straight into its layer's slice
and written from it: nothing is transposed, and the way there and back changes no bit.

An exported directory is what `transformers` writes and vLLM reads: `config.json`,
`generation_config.json`, `model.safetensors` (or shards with an index) and the tokenizer.
"""

import math
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, whole_file, write_json
from clova_jax.common.json_values import fields
from clova_jax.common.places import local_path
from clova_jax.common.progress import progress
from clova_jax.config import ModelConfig
from clova_jax.interop.chat_templates import export_chat_template
from clova_jax.interop.safetensors_files import (
    DTYPES,
    INDEX,
    Entry,
    aligned_empty,
    read_entries,
    shards_of,
    write_tensors,
)
from clova_jax.interop.tokenizer_files import read_tokenizer
from clova_jax.language_model import LanguageModel
from clova_jax.model import (
    Decoder,
    abstract_params,
    check_saved,
    decoder_class,
    inference_shardings,
    not_finite,
)
from clova_jax.tokenizers import FORMAT, MARK, Tokenizer, claim_export, export_tokenizer

SHARD_BYTES = 5_000_000_000
CARD = "README.md"
TRANSFORMERS = "4.50.0"  # the oldest that an export is made for
WRITTEN = {"float32": "F32", "bfloat16": "BF16"}
SUPPORTED = (
    "supported is the GPT-2 architecture: model_type gpt2, tanh GELU (gelu_new), n_inner = 4 n_embd, "
    "layer_norm_epsilon 1e-5, tied embeddings"
)

TOP = {
    "embedding": "wte.weight",
    "positions": "wpe.weight",
    "ln_f/scale": "ln_f.weight",
    "ln_f/bias": "ln_f.bias",
}
BLOCK = {
    "ln_1/scale": "ln_1.weight",
    "ln_1/bias": "ln_1.bias",
    "attn/qkv/kernel": "attn.c_attn.weight",
    "attn/qkv/bias": "attn.c_attn.bias",
    "attn/out/kernel": "attn.c_proj.weight",
    "attn/out/bias": "attn.c_proj.bias",
    "ln_2/scale": "ln_2.weight",
    "ln_2/bias": "ln_2.bias",
    "mlp/up/kernel": "mlp.c_fc.weight",
    "mlp/up/bias": "mlp.c_fc.bias",
    "mlp/down/kernel": "mlp.c_proj.weight",
    "mlp/down/bias": "mlp.c_proj.bias",
}
BUFFERS = ("attn.bias", "attn.masked_bias")  # masks that old files carry


def from_hugging_face(
    directory: str | Path, tokenizer: Tokenizer | None = None, mesh: Mesh | None = None
) -> LanguageModel:
    """Reads a GPT-2-architecture directory: `config.json`, safetensors (one file or shards), tokenizer.

    Args:
        directory: as `save_pretrained` or `to_hugging_face` writes it.
        tokenizer: instead of the directory's own.
        mesh: where the parameters go.

    Raises:
        ClovaError: another architecture, a pickle checkpoint, a tensor that is missing, unknown or of
            the wrong shape, a weight that is not finite, no tokenizer.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise ClovaError(f"{directory}: no such directory")
    if not (directory / "config.json").is_file():
        raise ClovaError(f"{directory}: no config.json; not a Hugging Face model directory")
    values = read_json(directory / "config.json")
    found = _short_names(directory, read_entries(directory))
    config = _read_config(directory / "config.json", values, found)
    entries = _checked(directory, config, found)
    tokenizer = tokenizer or read_tokenizer(directory, values, config.vocab_size)
    shapes, structure = jax.tree.flatten_with_path(abstract_params(config))
    shardings = jax.tree.leaves(inference_shardings(config, mesh))
    leaves = []
    bar = progress(total=len(entries), desc=f"reading {directory.name}", unit="tensor")
    for (path, shape), sharding in zip(shapes, shardings, strict=True):
        leaf = aligned_empty(shape.shape)
        for part, name in _parts(_joined(path), config.num_layers):
            entries[name].read_into(leaf if part is None else leaf[part])
            bar.update()
        leaves.append(jax.device_put(leaf, sharding, may_alias=True))
    bar.close()
    params = jax.tree.unflatten(structure, leaves)
    if (name := not_finite(params)) is not None:
        raise ClovaError(f"{directory}: {name} holds numbers that are not finite; copy it again")
    return LanguageModel(config, params, tokenizer, mesh)


def to_hugging_face(
    lm: LanguageModel,
    directory: str | Path,
    shard_bytes: int = SHARD_BYTES,
    dtype: str = "float32",
    card: str = "",
) -> list[str]:
    """Writes a directory that `transformers` loads, one tensor in memory at a time.

    Args:
        lm: the model.
        directory: where; an older export there is replaced.
        shard_bytes: the most bytes of one file.
        dtype: of the weights: float32, or bfloat16, to which they are rounded.
        card: of the model, written as `README.md` (`model_card`); none where it is empty.

    Returns:
        What a user of the exported tokenizer should know, a sentence each; usually nothing.

    Raises:
        ClovaError: the directory holds files of these names that are no export of ours (another model, say); the
            model has other parameters than its config; another dtype.
    """
    if dtype not in WRITTEN:
        raise ClovaError(f"to_hugging_face: dtype={dtype!r}; wants {' or '.join(WRITTEN)}")
    directory = local_path(directory)
    config = lm.config
    if decoder_class(config) is not Decoder:
        raise ClovaError(
            f"{decoder_class(config).__qualname__} is no GPT-2: transformers would run its weights as if it were"
        )
    check_saved(config, lm.params, directory)
    leaves = {_joined(path): leaf for path, leaf in jax.tree.flatten_with_path(lm.params)[0]}
    places = {}
    for path in leaves:
        for part, name in _parts(path, config.num_layers):
            places["transformer." + name] = (path, part)
    shapes = {
        name: _file_shape(path, abstract_shape(config, path), part)
        for name, (path, part) in sorted(places.items())
    }

    def tensor(name: str) -> np.ndarray:
        path, part = places[name]
        leaf = leaves[path] if part is None else leaves[path][part]
        return np.asarray(leaf)[: shapes[name][0]].reshape(shapes[name])

    kind = WRITTEN[dtype]
    shards = shards_of(shapes, shard_bytes, kind)
    names = ["config.json", "generation_config.json", INDEX, *shards]
    claim_export(directory, [*names, CARD] if card else names)
    (directory / "config.json").unlink(missing_ok=True)  # comes last: half an export never loads
    mark = directory / MARK
    older = fields(read_json(mark), mark, {"weights": list[str] | None})["weights"] or []
    write_json(mark, {"format": FORMAT, "weights": sorted({*older, *shards})})
    write_tensors(directory, shards, shapes, tensor, kind)
    for name in set(older).difference(shards):
        if Path(name).name == name and name.endswith(".safetensors"):
            (directory / name).unlink(missing_ok=True)
    write_json(mark, {"format": FORMAT, "weights": list(shards)})
    notes = export_tokenizer(lm.tokenizer, directory, config.max_length)
    export_chat_template(lm.chat, directory)
    end = lm.tokenizer.end_of_text
    ids = {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end}
    ids |= lm.tokenizer.facts.get("ids", {})  # of an imported one: as they were
    write_json(directory / "generation_config.json", ids)
    if card:
        with whole_file(directory / CARD) as file:
            file.write(card)
    write_json(directory / "config.json", _file_config(config, dtype) | ids)
    return notes


def abstract_shape(config: ModelConfig, path: str) -> tuple[int, ...]:
    """Returns the shape of one parameter."""
    value: Any = abstract_params(config)
    for name in path.split("/"):
        value = value[name]
    return value.shape


def _joined(path: Any) -> str:
    return "/".join(key.key for key in path)


def _parts(path: str, layers: int) -> list[tuple[int | None, str]]:
    """Returns (layer, tensor name) of every tensor that a parameter is stacked from."""
    if path in TOP:
        return [(None, TOP[path])]
    name = BLOCK[path.removeprefix("blocks/")]
    return [(layer, f"h.{layer}.{name}") for layer in range(layers)]


def _file_shape(path: str, shape: tuple[int, ...], part: int | None) -> tuple[int, ...]:
    """Returns GPT-2's shape of a parameter, or of one layer of it: heads have no axis there."""
    shape = shape if part is None else shape[1:]
    if path.endswith("attn/qkv/kernel"):
        return shape[0], math.prod(shape[1:])
    if path.endswith("attn/qkv/bias"):
        return (math.prod(shape),)
    if path.endswith("attn/out/kernel"):
        return math.prod(shape[:-1]), shape[-1]
    return shape


def _short_names(directory: Path, entries: dict[str, Entry]) -> dict[str, Entry]:
    """Returns the tensors without the prefix that some files have; a file may hold the tied table once, as either."""
    short: dict[str, Entry] = {}
    for name, entry in entries.items():
        name = name.removeprefix("transformer.")
        if name in short:
            raise ClovaError(
                f"{directory}: tensor {name} is there twice, with 'transformer.' and without"
            )
        short[name] = entry
    if "wte.weight" not in short and "lm_head.weight" in short:
        short["wte.weight"] = short.pop("lm_head.weight")
    return short


def _read_config(path: Path, values: Any, tensors: dict[str, Entry]) -> ModelConfig:
    """Reads the shape from `config.json`; it is compared with the files' headers before anything of its size is made."""
    kind = values.get("model_type") if isinstance(values, dict) else None
    if kind != "gpt2":
        raise ClovaError(f"{path}: model_type {kind!r}; {SUPPORTED}")
    needed = ("n_layer", "n_embd", "n_head", "vocab_size", "n_positions")
    for name in needed:
        if name not in values:
            raise ClovaError(f"{path}: lacks {name}; {SUPPORTED}")
    layers, width, heads, vocab, length = fields(values, path, dict.fromkeys(needed, int)).values()
    wanted = {
        "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
        "n_inner": (None, 4 * width),
        "layer_norm_epsilon": (1e-5,),
        "tie_word_embeddings": (True,),
        "scale_attn_weights": (True,),
        "scale_attn_by_inverse_layer_idx": (False,),
        "add_cross_attention": (False,),
    }
    for name, good in wanted.items():
        if values.get(name, good[0]) not in good:
            raise ClovaError(f"{path}: {name} is {values[name]!r}; {SUPPORTED}")
    there = len({name.split(".")[1] for name in tensors if name.startswith("h.")})
    if layers != there:
        raise ClovaError(
            f"{path}: n_layer is {layers:,}, the files hold tensors of {there:,} layers"
        )
    for name, shape in (("wte.weight", (vocab, width)), ("wpe.weight", (length, width))):
        if name in tensors and tensors[name].shape != shape:
            raise ClovaError(
                f"{path.parent}: tensor {name} has shape {list(tensors[name].shape)}, config.json asks for "
                f"{list(shape)}"
            )
    try:
        return ModelConfig(layers, width, heads, vocab_size=vocab, max_length=length)
    except ClovaError as error:
        raise ClovaError(f"{path}: {error}") from None


def _checked(directory: Path, config: ModelConfig, tensors: dict[str, Entry]) -> dict[str, Entry]:
    """Returns the model's tensors; complete, of the right shapes, nothing else."""
    short = dict(tensors)
    found = {}
    for path, leaf in jax.tree.flatten_with_path(abstract_params(config))[0]:
        joined = _joined(path)
        for part, name in _parts(joined, config.num_layers):
            if name not in short:
                raise ClovaError(f"{directory}: tensor {name} is missing; {SUPPORTED}")
            entry, shape = short.pop(name), _file_shape(joined, leaf.shape, part)
            if entry.shape != shape:
                raise ClovaError(
                    f"{directory}: tensor {name} has shape {list(entry.shape)}, config.json asks for "
                    f"{list(shape)}"
                )
            if entry.dtype not in DTYPES:
                raise ClovaError(
                    f"{directory}: tensor {name} is of type {entry.dtype}; read are {', '.join(DTYPES)}"
                )
            found[name] = entry
    head = short.pop("lm_head.weight", None)
    if head is not None and not _same(head, found["wte.weight"]):
        raise ClovaError(f"{directory}: lm_head.weight is not the embedding; {SUPPORTED}")
    for name in short:
        if not name.startswith("h.") or not name.endswith(BUFFERS):
            raise ClovaError(f"{directory}: tensor {name} is not GPT-2's; {SUPPORTED}")
    return found


def _same(one: Entry, other: Entry) -> bool:
    """Returns whether two tensors hold the same numbers, compared a part at a time."""
    if (one.shape, one.dtype) != (other.shape, other.dtype):
        return False
    left = math.prod(one.shape) * DTYPES[one.dtype].itemsize
    with one.file.open("rb") as a, other.file.open("rb") as b:
        a.seek(one.start)
        b.seek(other.start)
        while left:
            size = min(left, 1 << 22)
            if a.read(size) != b.read(size):
                return False
            left -= size
    return True


def _file_config(config: ModelConfig, dtype: str) -> dict[str, Any]:
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "n_layer": config.num_layers,
        "n_embd": config.embed_dim,
        "n_head": config.num_heads,
        "n_inner": config.mlp_dim,
        "n_positions": config.max_length,
        "n_ctx": config.max_length,
        "vocab_size": config.vocab_size,
        "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": True,
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
        "initializer_range": 0.02,
        "torch_dtype": dtype,
        "transformers_version": TRANSFORMERS,
        "use_cache": True,
    }
