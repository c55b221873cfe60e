"""Keeps the hashes of a folder's files beside them, so that damage is found before anything is read.

<folder>/hashes.json    written last: the SHA-256 of every other file, by its name
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.common.json_values import fields

HASHES = "hashes.json"
FORMAT = "clova_jax hashes 1"


def hash_file(path: Path) -> str:
    """Computes the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_folder(folder: Path) -> dict[str, str]:
    """Computes the SHA-256 of every file below a folder, by its name within it (with `/`)."""
    return _hashes(folder, _names(folder))


def write_hashes(folder: Path) -> None:
    """Writes `hashes.json` for all other files below a folder; call it after the last of them is written."""
    names = [name for name in _names(folder) if not _is_a_users(name)]
    write_json(folder / HASHES, {"format": FORMAT, "files": _hashes(folder, names)})


def check_hashes(folder: Path, verify: bool = True) -> None:
    """Compares a folder with its `hashes.json`.

    Files that a user or a system adds are ignored: hidden ones, and notes (`*.md`) at the top.

    Args:
        folder: the folder that `write_hashes` was called for.
        verify: read every file; otherwise only their names are compared, which takes no time.

    Raises:
        ClovaError: `hashes.json` is missing or damaged; a file is missing, was added or changed.
    """
    path = folder / HASHES
    if not path.is_file():
        raise ClovaError(
            f"{folder}: has no {HASHES}; it was not saved to its end, or not copied completely"
        )
    found = fields(read_json(path), path, {"format": str, "files": dict[str, str]})
    if found["format"] != FORMAT:
        raise ClovaError(f"{path}: is not of the format {FORMAT!r}")
    check_files(folder, found["files"], verify)


def check_files(folder: Path, recorded: dict[str, str], verify: bool = True) -> None:
    """Compares the files below a folder with hashes recorded before.

    Raises:
        ClovaError: a file is missing, was added or changed.
    """
    for name in recorded:
        if not (folder / name).is_file():
            raise ClovaError(f"{folder / name}: is missing; copy the whole folder again")
    for name in _names(folder):
        if name not in recorded and not _is_a_users(name):
            raise ClovaError(f"{folder / name}: does not belong there; remove it")
    if verify:
        now = _hashes(folder, sorted(recorded))
        for name, hashed in recorded.items():
            if now[name] != hashed:
                raise ClovaError(
                    f"{folder / name}: is damaged (differs from its hash); copy the folder again"
                )


def _names(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(name for f in files if (name := f.relative_to(folder).as_posix()) != HASHES)


def _is_a_users(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    return last.startswith(".") or ("/" not in name and last.lower().endswith(".md"))


def _hashes(folder: Path, names: list[str]) -> dict[str, str]:
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(names, pool.map(lambda name: hash_file(folder / name), names), strict=True))
