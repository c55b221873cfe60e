"""Defines the fields of a command's options: defaults, bounds, and how words of a command line become values.

Options are a frozen dataclass; the docstring under a field is its help:

    @dataclass(frozen=True)
    class Greet:
        \"\"\"Says hello.\"\"\"
        name: str = "세계"
        \"\"\"whom to greet\"\"\"
        times: int = option(1, least=1)
        \"\"\"how often\"\"\"

Types: `str, int, float, bool, Path, Literal[...]`, each of them `| None`, `tuple[X, ...]`, which takes several
words, a comma list, or both (only words with `words=True`), and another dataclass of options, whose fields
become flags of the same command.

Numbers are finite, whole ones fit 64 bits, and `option` sets narrower bounds. A path is one of this machine: a
URL is refused where the field is a `Path`, and stays a text where it is a `Path | str`.
"""

import contextlib
import dataclasses
import json
import math
import operator
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import on_disk, write_json

REQUIRED = dataclasses.MISSING
BOUNDS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "least": (operator.ge, "at least"),
    "above": (operator.gt, "above"),
    "most": (operator.le, "at most"),
    "below": (operator.lt, "below"),
}


def option(
    default: Any = REQUIRED,
    *,
    help: str = "",
    metavar: str | None = None,
    positional: bool = False,
    count: int | None = None,
    words: bool = False,
    secret: bool = False,
    **bounds: float,
) -> Any:
    """Declares a field that needs more than a default; without one the flag is required.

    Args:
        default: the value where the flag is not given.
        help: one line, where it is computed; else the docstring under the field.
        metavar: stands for the value in the help.
        positional: the field, a tuple, takes the words that follow no flag.
        count: how many values a tuple must hold.
        words: the field, a tuple, takes each word as it is, commas and all.
        secret: the value is written to no file (`as_json`).
        bounds: of a number, or of each in a tuple: `least`, `most` (themselves allowed), `above`,
            `below` (not allowed).
    """
    if unknown := bounds.keys() - BOUNDS.keys():
        raise TypeError(f"unknown bounds: {unknown}")
    about = {
        **{"help": help, "metavar": metavar, "positional": positional},
        **{"count": count, "words": words, "secret": secret, "bounds": bounds},
    }
    return dataclasses.field(default=default, metadata=about)


def seed_option(default: int | None = 0) -> Any:
    """Declares a field for a seed: what every generator of random numbers here can take."""
    return option(default, least=0, most=2**32 - 1)


def mesh_option(default: tuple[int, int, int] | None = (1, 1, 1)) -> Any:
    """Declares a field for a mesh: how many devices for data, pipe and model."""
    about = "devices for data, pipe and model"
    return option(default, help=about, metavar="D,P,M", count=3, least=1)


def name_of(field: dataclasses.Field) -> str:
    """Returns what an option is called: its field's name, without the underscore behind one that Python reserves."""
    return field.name.rstrip("_")


def flag_of(field: dataclasses.Field) -> str:
    """Returns the flag of a field, with hyphens."""
    return "--" + name_of(field).replace("_", "-")


def kind_of(annotation: Any) -> tuple[Any, bool]:
    """Returns the element type of a field, and whether the field holds several."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return kind_of(next(arg for arg in args if arg is not type(None)))
    if origin is tuple:
        return kind_of(args[0])[0], True
    return annotation, False


def flat_fields(options: type) -> Iterator[tuple[dataclasses.Field, Any]]:
    """Yields (field, type) of options and of the options nested in them."""
    hints = typing.get_type_hints(options)
    for field in dataclasses.fields(options):
        if dataclasses.is_dataclass(hints[field.name]):
            yield from flat_fields(hints[field.name])
        else:
            yield field, hints[field.name]


def help_of(options: type) -> dict[str, str]:
    """Returns the help of each field: the docstring under it, or what `option` was given."""
    from docstring_parser import parse_from_object

    given = {field.name: field.metadata.get("help") for field in dataclasses.fields(options)}
    found: dict[str, str] = dict.fromkeys(given, "")
    for base in reversed(options.__mro__):
        if not dataclasses.is_dataclass(base):
            continue
        with contextlib.suppress(OSError, TypeError):  # a class without a source file has no help
            for parameter in parse_from_object(base).params:
                found[parameter.arg_name] = " ".join((parameter.description or "").split())
    return {name: given[name] or found[name] for name in given}


def check_numbers(options: Any) -> None:
    """Checks the numbers of options that were made in Python, as the command line's are checked.

    Raises:
        ClovaError: one that is not finite or out of bounds, or a tuple of a wrong length.
    """
    kinds = typing.get_type_hints(type(options))
    for field in dataclasses.fields(options):
        value, (kind, many) = getattr(options, field.name), kind_of(kinds[field.name])
        if value is None or kind not in (int, float):
            continue
        for number in value if many else [value]:
            check_number(number, field)
        _check_count(value, field)


def check_number(number: Any, field: dataclasses.Field) -> Any:
    """Returns a number that is finite, fits 64 bits and lies within the field's bounds.

    Raises:
        ClovaError: it does not; the flag and the number are named.
    """
    flag, bounds = flag_of(field), field.metadata.get("bounds", {})
    if isinstance(number, int) and not -(2**63) <= number < 2**63:
        raise ClovaError(f"{flag}: a whole number that does not fit 64 bits")
    if not math.isfinite(number):
        raise ClovaError(f"{flag}: {number} is not finite")
    if any(not BOUNDS[name][0](number, bound) for name, bound in bounds.items()):
        wanted = " and ".join(f"{BOUNDS[name][1]} {bound}" for name, bound in bounds.items())
        raise ClovaError(f"{flag}: {number} is not {wanted}")
    return number


def read_words(field: dataclasses.Field, annotation: Any, words: Sequence[str]) -> Any:
    """Converts the words of a flag into the value of its field.

    Raises:
        ClovaError: they are no value of that type, or out of bounds; the flag and the word are named.
    """
    _, many = kind_of(annotation)
    if not many:
        return _read_word(field, annotation, words[0])
    if not field.metadata.get("words"):
        words = [part for word in words for part in word.split(",") if part != ""]
    return _check_count(tuple(_read_word(field, annotation, word) for word in words), field)


def as_words(value: Any) -> list[str]:
    """Converts a value into the words that `read_words` makes it of; a tuple into a comma list."""
    if isinstance(value, list | tuple):
        return [",".join(map(str, value))] if value else []
    return [str(value)]


def metavar_of(field: dataclasses.Field, annotation: Any) -> str:
    """Returns what stands for a field's value in the help; of several words, with `...` behind it."""
    kind, many = kind_of(annotation)
    metavar = field.metadata.get("metavar")
    if not metavar and typing.get_origin(kind) is Literal:
        metavar = "{" + ",".join(map(str, typing.get_args(kind))) + "}"
    metavar = metavar or {int: "N", float: "X", Path: "PATH"}.get(kind, "TEXT")
    return f"{metavar} ..." if many and "," not in metavar else metavar


def as_json(options: Any) -> dict[str, Any]:
    """Returns options as JSON values by flag, fit for `--config` and for `results.json`; without those that are secret."""
    flat: dict[str, Any] = {}
    for field in dataclasses.fields(options):
        if field.metadata.get("secret"):
            continue
        value = getattr(options, field.name)
        flat |= as_json(value) if dataclasses.is_dataclass(value) else {name_of(field): value}
    return json.loads(json.dumps(flat, default=str))


def save_options(options: Any, path: str | Path) -> None:
    """Writes options to a file that `--config` reads back, without those that are secret."""
    write_json(path, as_json(options))


def _read_word(field: dataclasses.Field, annotation: Any, word: str) -> Any:
    flag, (kind, _) = flag_of(field), kind_of(annotation)
    if kind is Path:
        if "://" in word:
            if takes_urls(annotation):
                return word
            raise ClovaError(f"{flag}: {word} is a URL; give a path on this machine")
        return on_disk(Path(word))
    try:
        value = _convert(kind, word)
    except (ValueError, OverflowError):
        text = repr(word)
        short = text if len(text) <= 60 else f"{text[:60]}…"
        raise ClovaError(f"{flag}: {short} is not {_name(kind)}") from None
    return check_number(value, field) if kind in (int, float) else value


def takes_urls(annotation: Any) -> bool:
    """Returns True for `Path | str`, alone or in a tuple."""
    args = typing.get_args(annotation)
    return str in args or any(takes_urls(arg) for arg in args)


def _convert(kind: Any, word: str) -> Any:
    if typing.get_origin(kind) is Literal:
        for choice in typing.get_args(kind):
            if word == str(choice):
                return choice
        raise ValueError
    if kind is int:  # 1e9 tokens are easier to write, and to read, than nine zeros
        number = float(word)
        if not number.is_integer():
            raise ValueError
        return int(word) if word.lstrip("+-").isdigit() else int(number)
    return kind(word)


def _name(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, typing.get_args(kind)))
    return {int: "a whole number", float: "a number", str: "a text"}[kind]


def _check_count(values: Any, field: dataclasses.Field) -> Any:
    count = field.metadata.get("count")
    if count is not None and len(values) != count:
        given, wanted = ",".join(map(str, values)), field.metadata.get("metavar") or ""
        raise ClovaError(f"{flag_of(field)}: {given} is not {count} values {wanted}".rstrip())
    return values
