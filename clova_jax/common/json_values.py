"""Reads JSON strictly and looks it up by key and type, so that no malformed file ends in a traceback.

Python's reader takes more than JSON (NaN), drops the first of two equal keys silently, and fails in
three ways of its own on what is nested too deep or has too many digits. Everything that stands in a file is
read here instead; a value that comes back can be written again, and each of its numbers is finite.
"""

import dataclasses
import json
import math
import re
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from clova_jax.common.errors import ClovaError

DEEPEST = 100  # brackets within brackets; no file of this project has ten
MOST_DIGITS = 300  # of a whole number, so that it is finite as a float too
T = TypeVar("T")
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(text: str | bytes, place: str | Path) -> Any:
    """Reads one JSON value.

    Args:
        text: the value; bytes are UTF-8, with or without a byte order mark.
        place: of the text, for the message: a file, or `file:line` for one line of a file.

    Raises:
        ClovaError: not UTF-8, empty, no JSON; nested deeper than 100; a number that is not finite or has over
            300 digits; two equal keys in one object; half a surrogate pair (`"\\ud800"`).
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ClovaError(
                f"{place}: not UTF-8 at byte {error.start}; convert it first"
            ) from None
    if not text.strip():
        raise ClovaError(f"{place}: empty, wants JSON")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        line = f":{error.lineno}" if "\n" in text else ""
        shown = text[error.pos : error.pos + 40].split("\n")[0]
        what = f"{error.msg} before {shown!r}" if shown else f"{error.msg}; is it cut short?"
        raise ClovaError(f"{place}{line}: not JSON ({what})") from None
    except RecursionError:
        raise ClovaError(f"{place}: nested deeper than {DEEPEST}; no JSON of ours is") from None
    except ValueError as error:  # from our own hooks
        raise ClovaError(f"{place}: {error}") from None
    if text.count("[") + text.count("{") > DEEPEST:
        refuse_deep(value, place)
    if _HALF_PAIR.search(text):
        _refuse_halves(value, place)
    return value


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits ({digits[:20]}…) is out of range")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {digits[:40]} is out of range")
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_real, parse_constant=_constant
)


def refuse_deep(value: Any, place: str | Path) -> None:
    """Raises ClovaError where a JSON value nests deeper than 100."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner for outer in level for inner in _members(outer) if isinstance(inner, (list, dict))
        ]
        if not level:
            return
    raise ClovaError(f"{place}: nested deeper than {DEEPEST}; no JSON of ours is")


def _refuse_halves(value: Any, place: str | Path) -> None:
    left = [value]
    while left:
        value = left.pop()
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError as error:
                half = f"\\u{ord(value[error.start]):x}"
                raise ClovaError(f"{place}: {half} is half a character; no text holds it") from None
        elif isinstance(value, dict):
            left += value.keys()
        left += _members(value)


def _members(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def to_json(value: Any, indent: int | None = None) -> str:
    """Writes a JSON value that `parse_json` reads: Korean stays readable, a number that is not finite is null."""
    encode = (_LINE if indent is None else _encoder(indent)).encode
    try:
        return encode(value)
    except ValueError:
        return encode(_finite(value))


def _encoder(indent: int | None) -> json.JSONEncoder:
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=indent)


_LINE = _encoder(None)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def fields(value: Any, place: str | Path, kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Looks keys up in a JSON object, each with its type; keys that are not asked for are left out.

        fields(read_json(path), path, {"step": int, "files": dict[str, str], "about": dict | None})

    Args:
        value: the value that `read_json` returned.
        place: of the object, for the message.
        kinds: by key: `str`, `int`, `float` (takes whole numbers too), `bool`, `list`, `dict`, `Any`,
            `list[...]`, `tuple[..., ...]`, `dict[str, ...]`, and any of these `| None`, which may be null or
            missing.

    Returns:
        the values by key; numbers asked for as `float` are floats, lists asked for as tuples tuples.

    Raises:
        ClovaError: it is no object, or a key is missing, null, or of another type.
    """
    if not isinstance(value, dict):
        raise ClovaError(f"{place}: wants an object, not {_show(value)}")
    found = {}
    for key, kind in kinds.items():
        if key not in value and not _takes(kind, None):
            raise ClovaError(f"{place}: has no {key!r}")
        found[key] = typed(value.get(key), kind, f"{place}: {key!r}")
    return found


def typed(value: Any, kind: Any, place: str | Path) -> Any:
    """Checks a value against one of the types of `fields`, and returns it as that type.

    Raises:
        ClovaError: it is of another type.
    """
    if not _takes(kind, value):
        raise ClovaError(f"{place} is {_show(value)}, wants {_name(kind)}")
    inner = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        for choice in inner:
            if _takes(choice, value):
                return typed(value, choice, place)
    if origin is list:
        return [typed(v, inner[0], f"{place}, entry {i},") for i, v in enumerate(value)]
    if origin is tuple:
        return tuple(typed(v, inner[0], f"{place}, entry {i},") for i, v in enumerate(value))
    if origin is dict:
        return {k: typed(v, inner[1], f"{place}, {k!r},") for k, v in value.items()}
    return float(value) if kind is float else tuple(value) if kind is tuple else value


def as_dataclass(cls: type[T], value: Any, place: str | Path) -> T:
    """Makes a dataclass of a JSON object by the types of its fields.

    Raises:
        ClovaError: as `fields`, and a key that is no field; what the dataclass itself refuses, with the place.
    """
    hints = typing.get_type_hints(cls)
    known = {field.name: hints[field.name] for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    needed = [
        field.name
        for field in dataclasses.fields(cls)  # type: ignore[arg-type]
        if field.default is field.default_factory is dataclasses.MISSING
    ]
    if not isinstance(value, dict):
        raise ClovaError(f"{place}: wants an object, not {_show(value)}")
    if unknown := [key for key in value if key not in known]:
        raise ClovaError(f"{place}: {unknown[0]!r} is unknown; there are {', '.join(known)}")
    asked = {key: kind for key, kind in known.items() if key in value or key in needed}
    try:
        return cls(**fields(value, place, asked))
    except ClovaError as error:
        message = str(error)
        raise ClovaError(
            message if message.startswith(str(place)) else f"{place}: {error}"
        ) from None


def _takes(kind: Any, value: Any) -> bool:
    """Returns whether the outermost type fits."""
    if kind is Any:
        return True
    if kind is None or kind is type(None):
        return value is None
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return any(_takes(choice, value) for choice in typing.get_args(kind))
    if isinstance(value, bool):
        return kind is bool
    wanted = origin or kind
    return isinstance(value, {float: (int, float), tuple: list}.get(wanted, wanted))


_NAMES = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    tuple: "a list",
    dict: "an object",
    type(None): "null",
}


def _name(kind: Any) -> str:
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(map(_name, typing.get_args(kind)))
    return _NAMES[origin or kind]


def _show(value: Any) -> str:
    """Returns the value as JSON, shortened."""
    if isinstance(value, (dict, list)):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value):,}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}…"
