"""From a typed dataclass to a command: flags, `--help`, `--config FILE`, one-line errors.

A command is a frozen dataclass, whose fields are made by `option`, and a function that takes it:

    @dataclass(frozen=True)
    class Greet:
        \"\"\"Says hello.\"\"\"
        name: str = option("세계", "whom to greet")
        times: int = option(1, "how often")

    def run(greet: Greet) -> None: ...

    if __name__ == "__main__":
        raise SystemExit(main(Greet, run))

Field types: `str, int, float, bool, Path, Literal[...]`, each of them `| None`, and
`tuple[X, ...]`, which takes several words, a comma list, or both (only words with `words=True`).
`bool` gives `--x` and `--no-x`. Help spells a flag with hyphens; `--max_steps` is taken for
`--max-steps`.

Numbers are finite, whole ones fit 64 bits, and `option` sets narrower bounds. A path is one of this
machine: a URL is refused where the field is a `Path`.
"""

import argparse
import dataclasses
import errno
import inspect
import io
import json
import math
import operator
import os
import sys
import tomllib
import types
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import on_disk, read_json, read_text, write_json
from clova_jax.common.terminal import shown

Command = TypeVar("Command")
REQUIRED = dataclasses.MISSING
BOUNDS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "least": (operator.ge, "at least"),
    "above": (operator.gt, "above"),
    "most": (operator.le, "at most"),
    "below": (operator.lt, "below"),
}


def option(
    default: Any = REQUIRED,
    help: str = "",
    *,
    metavar: str | None = None,
    positional: bool = False,
    count: int | None = None,
    words: bool = False,
    **bounds: float,
) -> Any:
    """A dataclass field with its one line of help; without a default the flag is required.

    Args:
        default: the value where the flag is not given.
        help: one line.
        metavar: stands for the value in the help.
        positional: the field, a tuple, takes the words that follow no flag.
        count: how many values a tuple must hold.
        words: the field, a tuple, takes each word as it is, commas and all.
        bounds: of a number, or of each in a tuple: `least`, `most` (themselves allowed), `above`,
            `below` (not allowed).
    """
    if unknown := bounds.keys() - BOUNDS.keys():
        raise TypeError(f"unknown bounds: {unknown}")
    about = {
        **{"help": help, "metavar": metavar, "positional": positional},
        **{"count": count, "words": words, "bounds": bounds},
    }
    return dataclasses.field(default=default, metadata=about)


def seed_option(help: str, default: int | None = 0) -> Any:
    """A field for a seed: what every generator of random numbers here can take."""
    return option(default, help, least=0, most=2**32 - 1)


def mesh_option(default: tuple[int, int, int] | None = (1, 1, 1)) -> Any:
    """A field for a mesh: how many devices for data, pipe and model."""
    about = "devices for data, pipe and model"
    return option(default, about, metavar="D,P,M", count=3, least=1)


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help that says a metavar such as D,P,M, which tells of several values itself, once."""

    def _format_args(self, action: argparse.Action, default_metavar: str) -> str:
        if "," in str(action.metavar):
            return str(action.metavar)
        return super()._format_args(action, default_metavar)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> typing.NoReturn:
        raise ClovaError(f"{message} (try --help)")


def _about(field: dataclasses.Field) -> str:
    about, default = field.metadata.get("help", ""), field.default
    if default not in (REQUIRED, None, "", ()):
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        about = f"{about} (default: {shown})"
    return about.replace("%", "%%")  # argparse formats help with %


def _kind(annotation: Any) -> tuple[Any, bool]:
    """The element type of a field, and whether it holds several."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _kind(next(arg for arg in args if arg is not type(None)))
    if origin is tuple:
        return _kind(args[0])[0], True
    return annotation, False


def check_numbers(command: Any) -> None:
    """Checks the numbers of a command that was made in Python, as `parse` checks those it reads.

    Raises:
        ClovaError: one that is not finite or out of bounds, or a tuple of a wrong length.
    """
    kinds = typing.get_type_hints(type(command))
    for field in dataclasses.fields(command):
        value, (kind, many) = getattr(command, field.name), _kind(kinds[field.name])
        if value is None or kind not in (int, float):
            continue
        for number in value if many else [value]:
            _check(number, field)
        _check_count(value, field)


def _check(number: Any, field: dataclasses.Field) -> Any:
    flag, bounds = _flag(field), field.metadata.get("bounds", {})
    if isinstance(number, int) and not -(2**63) <= number < 2**63:
        raise ClovaError(f"{flag}: a whole number that does not fit 64 bits")
    if not math.isfinite(number):
        raise ClovaError(f"{flag}: {number} is not finite")
    if any(not BOUNDS[name][0](number, bound) for name, bound in bounds.items()):
        wanted = " and ".join(f"{BOUNDS[name][1]} {bound}" for name, bound in bounds.items())
        raise ClovaError(f"{flag}: {number} is not {wanted}")
    return number


def _check_count(values: Any, field: dataclasses.Field) -> Any:
    count = field.metadata.get("count")
    if count is not None and len(values) != count:
        given, wanted = ",".join(map(str, values)), field.metadata.get("metavar") or ""
        raise ClovaError(f"{_flag(field)}: {given} is not {count} values {wanted}".rstrip())
    return values


def _convert(kind: Any, word: str) -> Any:
    """One word of the command line as `kind`; `ValueError` where it is not one."""
    if typing.get_origin(kind) is Literal:
        for choice in typing.get_args(kind):
            if word == str(choice):
                return choice
        raise ValueError
    if kind is bool:
        return {"true": True, "false": False}[word.lower()]
    if kind is int:  # 1e9 tokens are easier to write, and to read, than nine zeros
        number = float(word)
        if not number.is_integer():
            raise ValueError
        return int(word) if word.lstrip("+-").isdigit() else int(number)
    return kind(word)


def _name(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, typing.get_args(kind)))
    return {
        int: "a whole number",
        float: "a number",
        str: "a text",
        Path: "a path",
        bool: "true or false",
    }[kind]


def _value(kind: Any, many: bool, words: Any, field: dataclasses.Field) -> Any:
    """What the words of a flag, or a value of a config file, stand for."""
    flag = _flag(field)
    if words is None:
        return None
    if many:
        words = words if isinstance(words, list | tuple) else [words]
        if not field.metadata.get("words"):
            words = [part for word in words for part in str(word).split(",") if part != ""]
        return _check_count(tuple(_value(kind, False, word, field) for word in words), field)
    if kind is Path and "://" in str(words):
        raise ClovaError(f"{flag}: {words} is a URL; give a path on this machine")
    try:
        value = _convert(kind, str(words))
    except (ValueError, KeyError, OverflowError):
        raise ClovaError(f"{flag}: {_short(words)} is not {_name(kind)}") from None
    if kind is Path:
        return on_disk(value)
    return _check(value, field) if kind in (int, float) else value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _read_config(path: str, fields: Sequence[dataclasses.Field]) -> dict[str, Any]:
    if Path(path).suffix == ".toml":
        try:
            values = tomllib.loads(read_text(path))
        except tomllib.TOMLDecodeError as error:
            raise ClovaError(f"{path}: not TOML ({error})") from None
    else:
        values = read_json(path)
    if not isinstance(values, dict):
        raise ClovaError(f"{path}: a config file holds an object of options")
    values = {key.replace("-", "_"): value for key, value in values.items()}
    known = {field.name for field in fields}
    for key in values:
        if key not in known:
            raise ClovaError(f"{path}: no option {key!r}; known: {', '.join(sorted(known))}")
    return values


def parse(
    command: type[Command], argv: Sequence[str] | None = None, prog: str | None = None
) -> Command:
    """Reads a command line (and the file of `--config`, which flags override) into a dataclass.

    Raises:
        ClovaError: an unknown flag, a value of the wrong type, a required flag left out.
    """
    fields = dataclasses.fields(command)  # type: ignore[arg-type]
    kinds = {name: _kind(hint) for name, hint in typing.get_type_hints(command).items()}
    # Only what was given reaches the namespace, so that a config file can stand between.
    parser = _Parser(
        prog=prog,
        description=inspect.getdoc(command),
        formatter_class=_Help,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    for field in fields:
        kind, many = kinds[field.name]
        name = _flag(field)
        if field.metadata.get("positional"):
            metavar = field.metadata.get("metavar") or field.name
            parser.add_argument(field.name, nargs="*", metavar=metavar, help=_about(field))
        elif kind is bool:
            parser.add_argument(name, action=argparse.BooleanOptionalAction, help=_about(field))
        else:
            metavar = field.metadata.get("metavar") or _metavar(kind)
            parser.add_argument(
                name, nargs="+" if many else None, metavar=metavar, help=_about(field)
            )
    parser.add_argument(
        "--config", metavar="FILE", help="options from a JSON or TOML file; flags win"
    )

    words = list(sys.argv[1:] if argv is None else argv)
    flags = {start + field.name for field in fields for start in ("--", "--no_")}
    given = vars(parser.parse_args([_hyphened(word, flags) for word in words]))
    path = given.pop("config", None)
    values = (_read_config(path, fields) if path else {}) | given
    for field in fields:
        if field.name in values:
            kind, many = kinds[field.name]
            values[field.name] = _value(kind, many, values[field.name], field)
        elif field.default is REQUIRED:
            raise ClovaError(
                f"{_flag(field)} is required: {field.metadata.get('help', '')} (try --help)"
            )
    return command(**values)


def _hyphened(word: str, flags: set[str]) -> str:
    """`--max_steps=3` as `--max-steps=3`, where there is such a flag."""
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value if name in flags else word


def _flag(field: dataclasses.Field) -> str:
    return "--" + field.name.replace("_", "-")


def _metavar(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        return "{" + ",".join(map(str, typing.get_args(kind))) + "}"
    return {int: "N", float: "X", Path: "PATH"}.get(kind, "TEXT")


def as_json(command: Any) -> dict[str, Any]:
    """The options of a command as JSON values, fit for `--config` and for `results.json`."""
    return json.loads(json.dumps(dataclasses.asdict(command), default=str))


def save_options(command: Any, path: str | Path) -> None:
    """Writes the options to a file that `--config` reads back."""
    write_json(path, as_json(command))


def main(
    command: type[Command],
    run: Callable[[Command], Any],
    argv: Sequence[str] | None = None,
    prog: str | None = None,
) -> int:
    """Parses the words into a command and runs it; returns its exit status (see `guard`)."""
    prog = prog or _prog()
    return guard(prog, lambda: run(parse(command, argv, prog)))


def guard(prog: str, work: Callable[[], Any]) -> int:
    """Does a command's work; returns its exit status.

    That is what `work` returns where it is a number, else 0; 2 after one line about a mistake or a lack of
    disk or memory; 130 after Ctrl-C; 141 where the reader of the output has gone, as the shell says it.
    Any other exception is a fault of ours and keeps its traceback.
    """
    _mend_streams()
    try:
        try:
            status = work()
        finally:
            sys.stdout.flush()  # here a reader that has gone is told from a fault
        return status if isinstance(status, int) else 0
    except ClovaError as error:
        message = str(error)
    except KeyboardInterrupt:
        print(f"\n{prog}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `head`, say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python flushes once more at its end
        return 141
    except OSError as error:
        if error.errno is None:
            raise
        where = f"{error.filename}: " if error.filename else ""
        reason = {
            errno.ENOSPC: "no room left on the disk; free some and run the same command again",
            errno.EDQUOT: "the disk quota is used up; free some room and run the same command again",
        }.get(error.errno, (error.strerror or str(error)).lower())
        message = f"{where}{reason}"
    except MemoryError as error:
        message = f"out of memory ({error})" if str(error) else "out of memory"
    except RuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):  # how JAX says it of a device
            raise
        first = str(error).partition("\n")[0]
        message = f"out of device memory ({first})"
    print(f"{prog}: error: {shown(' '.join(message.split()))}", file=sys.stderr)
    return 2


def _mend_streams() -> None:
    """Gives closed standard streams a null device, and lets text through that the terminal cannot show."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if isinstance(sys.stdin, io.TextIOWrapper):
        # A terminal that calls itself ASCII still sends what was typed, and ASCII is UTF-8.
        ascii_only = sys.stdin.encoding.lower() in ("ascii", "us-ascii", "ansi_x3.4-1968")
        encoding = "utf-8" if ascii_only else sys.stdin.encoding
        sys.stdin.reconfigure(encoding=encoding, errors="replace")


def _prog() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return f"python -m {spec.name}" if spec else Path(sys.argv[0]).name
