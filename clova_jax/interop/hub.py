"""Fetches models of the Hugging Face Hub by name, `ORG/NAME[@REVISION]`: safetensors and JSON, never code or pickles.

A name is asked for only where no file of that name is here. What was fetched lies in the Hub's own cache, and as a
model directory in ours ($XDG_CACHE_HOME/clova_jax/models, or ~/.cache); its `config.json` records name and commit.
With `HF_HUB_OFFLINE=1` nothing is asked, and what is in the cache is used. `HF_ENDPOINT` names another server.
"""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.extras import import_extra
from clova_jax.common.files import whole_folder
from clova_jax.common.hashes import HASHES
from clova_jax.common.places import is_url
from clova_jax.interop.hugging_face import from_hugging_face
from clova_jax.language_model import LanguageModel
from clova_jax.model import claim_model, download_model, save_model
from clova_jax.tokenizers import Tokenizer

FETCHED = ("*.json", "*.safetensors")
_NAME = re.compile(r"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([\w.-]+(?:/[\w.-]+)*))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Source:
    """Holds a Hugging Face directory and, where it is of the Hub, what it is called there.

    Args:
        folder: the directory.
        about: for the model's `config.json`: the name and the commit on the Hub; empty for a directory of the user's.
    """

    folder: Path
    about: Mapping[str, dict[str, str]]


def find_source(place: str | Path) -> Source:
    """Returns the directory that a path or a name on the Hub means; what is on the Hub is fetched.

    Raises:
        ClovaError: `huggingface_hub` is missing; no such model or revision, or the Hub cannot be asked; no safetensors.
    """
    place = Path(place)
    named = _NAME.fullmatch(str(place))
    if named is None or os.path.lexists(place):
        return Source(place, {})
    name, revision = named[1], named[2]
    hub = import_extra("huggingface_hub", "hub", f"{place}, a name on the Hugging Face Hub,")
    try:
        folder = Path(hub.snapshot_download(name, revision=revision, allow_patterns=[*FETCHED]))
    except Exception as error:  # what the Hub's client and its HTTP library raise
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ClovaError(
            f"{place}: no such folder here, and not fetched from the Hugging Face Hub ({reason})"
        ) from None
    if not any(folder.glob("*.safetensors")):
        raise ClovaError(
            f"{place}: has no safetensors file on the Hub, and pickles, which can run code, are not read; load it in "
            "transformers, save it with save_pretrained, and give that folder"
        )
    return Source(folder, {"hub": {"name": name, "revision": folder.name}})


def import_model(source: Source, out: Path, tokenizer: Tokenizer | None = None) -> LanguageModel:
    """Reads a Hugging Face directory and writes a model directory, which records where it came from.

    Raises:
        ClovaError: as `from_hugging_face`; `out` holds something else.
    """
    claim_model(out)
    lm = from_hugging_face(source.folder, tokenizer)
    save_model(out, lm.config, lm.params, lm.tokenizer, dict(source.about))
    return lm


def model_folder(place: str | Path) -> Path:
    """Returns the model directory that a path, a URL or a name on the Hub means; a path is returned as it is.

    A model of the Hub is imported once for each commit, one at a URL copied once for each version.

    Raises:
        ClovaError: as `find_source`, `import_model` and `download_model`.
    """
    if is_url(place):
        return download_model(str(place))
    place = Path(place)
    named = _NAME.fullmatch(str(place))
    if named is None or os.path.lexists(place):
        return place
    folder = _imported(named[1], named[2] or "")
    if _COMMIT.fullmatch(folder.name) and (folder / HASHES).is_file():
        return folder  # a commit never changes: nothing to ask
    source = find_source(place)
    print(f"{place}: commit {source.folder.name} of the Hugging Face Hub", file=sys.stderr)
    folder = _imported(named[1], source.folder.name)
    if folder.is_dir() and not (folder / HASHES).is_file():
        shutil.rmtree(folder)  # half of one, by an older version, which wrote it in place
    if not folder.is_dir():
        with whole_folder(folder) as fresh:  # every process of a training may be here at once
            import_model(source, fresh)
    return folder


def _imported(name: str, commit: str) -> Path:
    """Returns where the model of a commit lies once it is imported."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "clova_jax" / "models" / name.replace("/", "--") / commit
