"""Ways to damage a file, each a function from its bytes to what stands there afterwards."""

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Damage = Callable[[Path], None]


def _rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def half(path: Path) -> None:
    """Cuts the file in half."""
    _rewrite(path, lambda data: data[: len(data) // 2])


def last_byte(path: Path) -> None:
    """Takes off the last byte."""
    _rewrite(path, lambda data: data[:-1])


def empty(path: Path) -> None:
    """Leaves nothing in it."""
    path.write_bytes(b"")


def missing(path: Path) -> None:
    """Removes it."""
    path.unlink()


def garbage(path: Path) -> None:
    """Writes bytes of no meaning over it."""
    _rewrite(path, lambda data: random.Random(1).randbytes(max(len(data), 64)))


def zeros(path: Path) -> None:
    """Writes zeros over it, as a crashed file system may."""
    _rewrite(path, lambda data: bytes(len(data)))


def longer(path: Path) -> None:
    """Adds bytes at the end."""
    _rewrite(path, lambda data: data + b"\x00\xffgarbage\n")


def utf16(path: Path) -> None:
    """Writes text in another encoding."""
    _rewrite(path, lambda data: data.decode("utf-8", "replace").encode("utf-16"))


def folder(path: Path) -> None:
    """Puts a folder in its place."""
    path.unlink()
    path.mkdir()


def link_loop(path: Path) -> None:
    """Puts a link to itself in its place."""
    path.unlink()
    os.symlink(path.name, path)


def _flip(seed: int) -> Damage:
    def flip(path: Path) -> None:
        data = bytearray(path.read_bytes())
        if data:
            place = random.Random(f"{seed} {path.name}").randrange(8 * len(data))
            data[place // 8] ^= 1 << place % 8
        path.write_bytes(data)

    return flip


ANY_FILE: dict[str, Damage] = {
    **{function.__name__: function for function in (half, last_byte, empty, missing, garbage)},
    **{function.__name__: function for function in (zeros, longer, utf16, folder, link_loop)},
    **{f"flip {seed}": _flip(seed) for seed in range(3)},
}

_HUGE = "9" * 5000


def json_damages(path: Path) -> Iterator[tuple[str, str]]:
    """Yields (name, text) of JSON files that are JSON, but not what belongs there."""
    yield "deep", "[" * 100_000 + "]" * 100_000
    yield "deep object", '{"a":' * 50_000 + "1" + "}" * 50_000
    yield "huge number", _HUGE
    yield "a number", "1"
    yield "null", "null"
    yield "a list", "[1]"
    yield "an empty object", "{}"
    try:
        value = json.loads(path.read_text())
    except ValueError:
        return
    if not isinstance(value, dict):
        return
    for key in value:
        yield f"without {key}", json.dumps({k: v for k, v in value.items() if k != key})
        for name, wrong in (("null", None), ("a text", "나"), ("a list", [None]), ("a number", -3)):
            yield f"{key} is {name}", json.dumps(value | {key: wrong})
        told = json.dumps(value | {key: "@"}).replace('"@"', _HUGE)
        yield f"{key} is huge", told
        yield f"{key} is infinite", told.replace(_HUGE, "Infinity")


def apply_all(path: Path, restore: Callable[[], Path]) -> Iterator[tuple[str, Any]]:
    """Damages a file in every way, one after the other.

    Args:
        path: relative to what `restore` returns.
        restore: makes a whole copy of everything, and returns its folder.

    Yields:
        What was done, and the folder in which it was done.
    """
    for name, damage in ANY_FILE.items():
        root = restore()
        damage(root / path)
        yield name, root
    if path.suffix == ".json":
        for name, text in json_damages(restore() / path):
            root = restore()
            (root / path).write_text(text)
            yield name, root
