"""Puts model directories on an object store, and brings them from there into this machine's cache."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

import jax
from jax.experimental import multihost_utils

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import whole_folder
from clova_jax.common.hashes import FORMAT, HASHES, check_hashes
from clova_jax.common.json_values import fields, parse_json
from clova_jax.common.objects import Objects
from clova_jax.common.places import inside
from clova_jax.model.chat_template import CHAT_TEMPLATE
from clova_jax.model.params import Params
from clova_jax.parallel import create_arrays, on_first_process, write_arrays

CONFIG = "config.json"
NAMES = (CONFIG, HASHES, "tokenizer", "params", CHAT_TEMPLATE)  # in a model directory


def model_names(objects: Objects, more: Collection[str] = ()) -> list[str]:
    """Lists the objects of a model directory, and those of `more`; others may lie beside them, and nobody touches those."""
    return [name for name in objects.names() if name.partition("/")[0] in NAMES or name in more]


def upload_model(url: str, params: Params, write_small: Callable[[Path], None]) -> None:
    """Writes a model directory to a URL; each process writes its own shards of the weights.

    Args:
        url: of the directory; an older model there is replaced, other objects stay as they are.
        params: the weights, on any mesh.
        write_small: writes everything else into a folder.
    """
    objects = Objects(url)

    def begin() -> None:
        objects.remove([HASHES])  # first: without it nothing here is a model
        with tempfile.TemporaryDirectory() as folder:
            write_small(Path(folder))
            files = [path for path in Path(folder).rglob("*") if path.is_file()]
            objects.upload(Path(folder), [CONFIG])  # half a model is known for ours
            objects.remove([name for name in model_names(objects) if name != CONFIG])
            objects.upload(Path(folder), [p.relative_to(folder).as_posix() for p in files])
        create_arrays(objects, "params/", params)

    def end() -> None:
        values = {"format": FORMAT, "files": objects.hashes("", model_names(objects))}
        objects.write(HASHES, json.dumps(values, indent=2).encode())

    on_first_process(begin)
    write_arrays(objects, "params/", params)()
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(f"model {url}")
    on_first_process(end)


def check_model(url: str) -> None:
    """Compares every object of a model directory with its hash.

    Raises:
        ClovaError: it has no hashes, or an object is missing, was added or changed.
    """
    objects = Objects(url)
    data = objects.read(HASHES) or b""
    recorded = _recorded(objects, data)
    names = model_names(objects, recorded)
    objects.check("", recorded | {HASHES: hashlib.sha256(data).hexdigest()}, names)


def _recorded(objects: Objects, data: bytes) -> dict[str, str]:
    path = f"{objects}/{HASHES}"
    return fields(parse_json(data, path), path, {"files": dict[str, str]})["files"]


def download_model(url: str) -> Path:
    """Returns a copy of a model directory at a URL, or of the `model/` of a training's; made once for each version.

    Raises:
        ClovaError: there is none, or it came damaged.
    """
    objects = Objects(url)
    version = objects.read(HASHES)
    if version is None:
        objects = Objects(str(inside(url, "model")))
        version = objects.read(HASHES)
    if version is None:
        raise ClovaError(f"{url}: no model here (no {HASHES}, nor model/{HASHES})")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "clova_jax" / "models" / "urls" / hashlib.sha256(version).hexdigest()
    if folder.is_dir():
        return folder
    with whole_folder(folder) as copy:
        objects.download(copy, model_names(objects, _recorded(objects, version)))
        check_hashes(copy)
    return folder
