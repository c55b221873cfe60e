"""Finds the files that a path means: a file, a folder with all below it, or a glob; their content says of what kind.

Left out, wherever they are: hidden files and folders (`._a.jsonl` of macOS, what a killed run was writing) and,
below the folder that is named, folders with results of this project's own commands. Links are followed, each
real folder is read once.
"""

import fnmatch
import hashlib
import os
import stat
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import SUFFIXES, as_line, on_disk
from clova_jax.common.hashes import hash_file

OnError = Callable[[ClovaError], None]
_WILD = "*?["
# A folder with one of these holds results: tables, trained models, cleaned corpora.
_RESULTS = ("matches.jsonl.zst", "metrics.jsonl", "trials.jsonl", "results.json")


def stop(error: ClovaError) -> None:
    """Raises the first error: the usual `on_error`."""
    raise error


def plain_suffix(name: str) -> str:
    """Returns the suffix without compression: `.jsonl` of `a.jsonl.zst`."""
    return os.path.splitext(name.removesuffix(".gz").removesuffix(".zst"))[1].lower()


def plain_stem(name: str) -> str:
    """Returns the name without suffixes: `a` of `folder/a.jsonl.zst`."""
    name = name.rpartition("/")[2]
    for suffix in SUFFIXES[1:]:
        name = name.removesuffix(suffix)
    return os.path.splitext(name)[0] or name


def shown_name(path: str | Path) -> str:
    """Writes a path as text that every file can hold: composed letters, bytes that are no UTF-8 as `\\xff`."""
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def find_files(
    place: str | Path,
    formats: tuple[str, ...],
    on_error: OnError = stop,
    without: Path | None = None,
) -> list[Path]:
    """Finds the files that a path means, in order of name.

    A folder that `clova corpus` wrote means its `documents/`; another one its `corpus/`, where that holds
    something. A name that exists means just that, whatever characters it has; only then it is a glob.

    Args:
        place: a file, a folder or a glob; letters may be composed in another way than the disk's.
        formats: suffixes that can be read, without the one of a compression.
        on_error: called for a name of such a form that is no file, and a folder that cannot be listed.
        without: a folder that is left out (where the results go).

    Raises:
        ClovaError: nothing there, or nothing that can be read.
    """
    place = Path(place)
    found = on_disk(place)
    if not os.path.lexists(found):
        return _glob(place, formats, on_error, without)
    if not found.is_dir():
        if not found.is_file():
            raise ClovaError(f"{shown_name(place)}: neither a file nor a folder")
        if plain_suffix(found.name) not in formats:
            raise ClovaError(
                f"{shown_name(found)}: not of a form that can be read ({', '.join(formats)})"
            )
        return [found]
    inner = _documents_of(found)
    for folder in [inner] if inner is not None else [found / "corpus", found]:
        if folder.is_dir() and (files := _below(folder, formats, on_error, without)):
            return files
    results = [name for name in _listed(found) if _holds_results(_listed(found / name))]
    hint = (
        f"; it holds results: name one of {', '.join(map(shown_name, results[:5]))}"
        if results
        else ""
    )
    raise ClovaError(
        f"{shown_name(found if inner is None else inner)}: an empty corpus: no file of a form that can be read "
        f"({', '.join(formats)}, plain, .gz or .zst){hint}"
    )


def _holds_results(names: Iterable[str]) -> bool:
    """Whether a folder with such files holds results of a command of ours, no input."""
    names = set(names)
    return _is_cleaned(names) or not names.isdisjoint(_RESULTS)


def _is_cleaned(names: set[str]) -> bool:
    """Whether `clova corpus` works, or worked, where these files are."""
    return "settings.json" in names and not names.isdisjoint(("work", "report.json"))


def _documents_of(folder: Path) -> Path | None:
    """The documents of a run of `clova corpus`; None for other folders."""
    if not _is_cleaned(set(_listed(folder))):
        return None
    if not (folder / "report.json").is_file():
        raise ClovaError(
            f"{shown_name(folder)}: a run of `clova corpus` that is not finished; run it again, then this"
        )
    return folder / "documents"


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _glob(
    place: Path, formats: tuple[str, ...], on_error: OnError, without: Path | None
) -> list[Path]:
    parts = list(place.parts)
    fixed = Path(place.anchor)
    if place.anchor:
        parts = parts[1:]
    while parts and os.path.lexists(step := on_disk(fixed / parts[0])):
        fixed, parts = step, parts[1:]
    if not any(char in part for part in parts for char in _WILD) or not fixed.is_dir():
        raise ClovaError(f"{shown_name(place)}: no such file or folder")
    pattern = [unicodedata.normalize("NFC", part) for part in parts]
    depth = None if "**" in pattern else len(pattern)
    files = [
        path
        for path in _below(fixed, formats, on_error, without, depth)
        if _matches(shown_name(path.relative_to(fixed)).split("/"), pattern)
    ]
    if not files:
        raise ClovaError(
            f"{shown_name(place)}: no file of that name and of a form that can be read ({', '.join(formats)})"
        )
    return files


def _matches(parts: list[str], pattern: list[str]) -> bool:
    if not pattern or not parts:
        return not parts and all(part == "**" for part in pattern)
    if pattern[0] == "**":
        return _matches(parts, pattern[1:]) or _matches(parts[1:], pattern)
    return fnmatch.fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def _below(
    folder: Path,
    formats: tuple[str, ...],
    on_error: OnError,
    without: Path | None,
    depth: int | None = None,
) -> list[Path]:
    """The files below a folder; real folders first, so that a link to one of them adds nothing."""
    found: list[Path] = []
    seen = {_identity(without)} - {None} if without is not None else set()
    waiting, links = [(folder, 1)], []
    while waiting or links:
        current, level = waiting.pop() if waiting else links.pop(0)
        identity = _identity(current)
        if identity in seen:
            continue
        if identity is not None:
            seen.add(identity)
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            on_error(ClovaError(f"{shown_name(current)}: cannot be listed ({reason})"))
            continue
        if level > 1 and _holds_results(entry.name for entry in entries):
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            path = Path(entry.path)
            kind = _kind(entry)
            if kind == "folder":
                if depth is None or level < depth:
                    (links if entry.is_symlink() else waiting).append((path, level + 1))
            elif plain_suffix(entry.name) in formats:
                if kind == "file":
                    found.append(path)
                else:
                    on_error(ClovaError(f"{shown_name(path)}: {kind}, no file to read"))
    return sorted(found)


def _kind(entry: os.DirEntry) -> str:
    try:
        if entry.is_file(follow_symlinks=False):
            return "file"
        mode = entry.stat().st_mode
    except OSError:
        return "a link that leads nowhere"
    if stat.S_ISREG(mode):
        return "file"
    return "folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def describe_inputs(files: Iterable[Path]) -> list[dict[str, str | int]]:
    """Describes files by their content: `file`, `size` and `sha256` of each.

    All bytes are read each time: neither size nor times show an edit of equal length within one tick of the
    clock, and hashing is a hundred times faster than anything that is done with the text.
    """

    def describe(path: Path) -> dict[str, str | int]:
        try:
            return {
                "file": shown_name(path),
                "size": path.stat().st_size,
                "sha256": hash_file(path),
            }
        except OSError as error:  # who reads it will say so
            return {"file": shown_name(path), "size": 0, "sha256": f"unreadable: {error.strerror}"}

    with ThreadPoolExecutor(8) as pool:  # hashing lets go of the interpreter's lock
        return list(pool.map(describe, files))


def digest_inputs(files: Iterable[Path]) -> str:
    """Returns a short hash of files, by their names and all their bytes; the folder may lie anywhere."""
    rows = [(Path(str(row["file"])).name, row["sha256"]) for row in describe_inputs(files)]
    return hashlib.sha256(as_line(rows).encode()).hexdigest()[:16]


def changed_input(before: list[dict], now: list[dict]) -> str:
    """Names the first file that was added, removed or edited between two descriptions; "" for none."""
    old, new = ({row["file"]: row for row in rows} for rows in (before, now))
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            return f"{name} was added"
        if name not in new:
            return f"{name} was removed"
        if old[name] != new[name]:
            return f"{name} was edited"
    return ""
