"""Reads and writes safetensors, a tensor at a time and straight into its place: no second copy of a model in memory.

A file is eight bytes (the length of the header, little endian), a JSON header, then the tensors. A reader
of that few lines can fill one slice of a stacked array, which the library's `get_tensor` cannot.
"""

import json
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, whole_file, write_json
from clova_jax.common.json_values import fields, parse_json, typed

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
DTYPES = {
    "F64": np.dtype(np.float64),
    "F32": np.dtype(np.float32),
    "F16": np.dtype(np.float16),
    "BF16": np.dtype(ml_dtypes.bfloat16),
}
_LONGEST_HEADER = 16 << 20  # bytes; tens of thousands of tensors


@dataclass(frozen=True)
class Entry:
    """Describes where a tensor lies.

    Args:
        file: the file, and `start` the byte in it.
        dtype: as the format names it.
        shape: its dimensions.
    """

    file: Path
    start: int
    dtype: str
    shape: tuple[int, ...]

    def read_into(self, out: np.ndarray) -> None:
        """Fills `out`, float32 and contiguous, with as many numbers as the tensor has."""
        kind = DTYPES[self.dtype]
        values = out.reshape(-1) if out.dtype == kind else np.empty(out.size, kind)
        with self.file.open("rb") as file:
            file.seek(self.start)
            if file.readinto(values.view(np.uint8)) != values.nbytes:
                raise ClovaError(f"{self.file}: ends inside a tensor; copy it again")
        if out.dtype != kind:
            out.reshape(-1)[:] = values


def read_entries(folder: Path) -> dict[str, Entry]:
    """Finds all tensors of a directory, from one file or from the shards of its index.

    Raises:
        ClovaError: there is none, a shard is missing, or a header is damaged.
    """
    if (folder / INDEX).is_file():
        path = folder / INDEX
        places = fields(read_json(path), path, {"weight_map": dict[str, str]})["weight_map"]
        entries: dict[str, Entry] = {}
        for name in sorted(set(places.values())):
            if Path(name).name != name:
                raise ClovaError(f"{folder / INDEX}: shard {name!r} lies outside the folder")
            if not (folder / name).is_file():
                raise ClovaError(f"{folder}: shard {name} is missing")
            entries |= _read_header(folder / name)
        for tensor in places:
            if tensor not in entries:
                raise ClovaError(f"{folder}: {places[tensor]} has no tensor {tensor}")
        return entries
    if (folder / SINGLE).is_file():
        return _read_header(folder / SINGLE)
    pickles = sorted(
        path.name for kind in ("*.bin", "*.pt", "*.pth", "*.ckpt") for path in folder.glob(kind)
    )
    if pickles:
        raise ClovaError(
            f"{folder}: {pickles[0]} is a pickle, which can run code and is not read; load it in "
            "transformers and save it with save_pretrained(…, safe_serialization=True)"
        )
    raise ClovaError(f"{folder}: has neither {SINGLE} nor {INDEX}")


def _read_header(path: Path) -> dict[str, Entry]:
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(size - 8, _LONGEST_HEADER):
                raise ValueError(f"a header of {length:,} bytes in a file of {size:,}")
            text = file.read(length)
        entries = {}
        for name, about in typed(parse_json(text, path), dict[str, dict], path).items():
            if name != "__metadata__":
                entries[name] = _entry(path, 8 + length, size, name, about)
    except (ValueError, struct.error) as error:
        raise ClovaError(f"{path}: not a whole safetensors file ({error})") from None
    return entries


def _entry(path: Path, start: int, size: int, name: str, about: dict[str, Any]) -> Entry:
    """Returns where a tensor lies in a file of `size` bytes whose data begin at `start`."""
    kinds = {"dtype": str, "shape": tuple[int, ...], "data_offsets": tuple[int, ...]}
    values = fields(about, f"{path}: tensor {name!r}", kinds)
    shape, dtype = values["shape"], values["dtype"]
    if len(values["data_offsets"]) != 2 or min(shape, default=0) < 0:
        raise ValueError(f"{name} has {values['data_offsets']} for shape {list(shape)}")
    begin, end = values["data_offsets"]
    if not 0 <= begin <= end <= size - start:
        raise ValueError(f"{name} lies outside the file")
    kind = DTYPES.get(dtype)
    if kind is not None and end - begin != math.prod(shape) * kind.itemsize:
        raise ValueError(f"{name} has {end - begin} bytes for shape {list(shape)}")
    return Entry(path, start + begin, dtype, shape)


def shards_of(
    shapes: dict[str, tuple[int, ...]], shard_bytes: int, dtype: str = "F32"
) -> dict[str, list[str]]:
    """Lays tensors out as transformers does.

    Args:
        shapes: of every tensor, in the order they are written.
        shard_bytes: the most of one file; a larger model gets several.
        dtype: of all tensors, as the format names it.

    Returns:
        the tensors of each file, by its name.
    """
    shards: list[list[str]] = [[]]
    held = 0
    for name, shape in shapes.items():
        size = DTYPES[dtype].itemsize * math.prod(shape)
        if shards[-1] and held + size > shard_bytes:
            shards.append([])
            held = 0
        shards[-1].append(name)
        held += size
    if len(shards) == 1:
        return {SINGLE: shards[0]}
    count = len(shards)
    return {f"model-{n:05}-of-{count:05}.safetensors": part for n, part in enumerate(shards, 1)}


def write_tensors(
    folder: Path,
    shards: dict[str, list[str]],
    shapes: dict[str, tuple[int, ...]],
    tensor: Callable[[str], np.ndarray],
    dtype: str = "F32",
) -> None:
    """Writes tensors, one in memory at a time; several files get an index.

    Args:
        folder: where.
        shards: as `shards_of` gives them.
        shapes: of every tensor.
        tensor: gives the values of one.
        dtype: of all tensors, as the format names it; values are rounded to the nearest of it.
    """
    for file, members in shards.items():
        _write_file(folder / file, {name: shapes[name] for name in members}, tensor, dtype)
    if len(shards) > 1:
        places = {name: file for file, part in shards.items() for name in part}
        total = sum(DTYPES[dtype].itemsize * math.prod(shape) for shape in shapes.values())
        write_json(folder / INDEX, {"metadata": {"total_size": total}, "weight_map": places})
    else:
        (folder / INDEX).unlink(missing_ok=True)


def _write_file(
    path: Path,
    shapes: dict[str, tuple[int, ...]],
    tensor: Callable[[str], np.ndarray],
    dtype: str,
) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, shape in shapes.items():
        size = DTYPES[dtype].itemsize * math.prod(shape)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    data = json.dumps(header, separators=(",", ":")).encode()
    data += b" " * (-len(data) % 8)
    with whole_file(path, "wb") as file:
        file.write(struct.pack("<Q", len(data)) + data)
        for name, shape in shapes.items():
            values = np.ascontiguousarray(tensor(name), DTYPES[dtype])
            if values.shape != shape:
                raise AssertionError(f"{name}: {values.shape} is not {shape}")
            file.write(values.reshape(-1).view(np.uint8))


def aligned_empty(shape: Sequence[int]) -> np.ndarray:
    """Returns float32 memory that JAX on a CPU takes over without a copy (64-byte boundaries)."""
    count = math.prod(shape)
    raw = np.empty(4 * count + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + 4 * count].view(np.float32).reshape(shape)
