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
`tuple[X, ...]`, which takes several words, a comma list, or both. `bool` gives `--x` and `--no-x`.
"""

import argparse
import dataclasses
import errno
import json
import sys
import tomllib
import types
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, read_text, write_json

Command = TypeVar("Command")
REQUIRED = dataclasses.MISSING


def option(
    default: Any = REQUIRED,
    help: str = "",
    *,
    metavar: str | None = None,
    positional: bool = False,
) -> Any:
    """A dataclass field with its one line of help; without a default the flag is required.

    A `positional` field, a tuple, takes the words that follow no flag.
    """
    about = {"help": help, "metavar": metavar, "positional": positional}
    return dataclasses.field(default=default, metadata=about)


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


def _value(kind: Any, many: bool, words: Any, flag: str) -> Any:
    """What the words of a flag, or a value of a config file, stand for."""
    if words is None:
        return None
    if many:
        words = words if isinstance(words, list | tuple) else [words]
        words = [part for word in words for part in str(word).split(",") if part != ""]
        return tuple(_value(kind, False, word, flag) for word in words)
    try:
        return _convert(kind, str(words))
    except (ValueError, KeyError, OverflowError):
        raise ClovaError(f"{flag}: {words!r} is not {_name(kind)}") from None


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
        description=command.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    for field in fields:
        kind, many = kinds[field.name]
        names = dict.fromkeys([_flag(field), "--" + field.name])
        if field.metadata.get("positional"):
            metavar = field.metadata.get("metavar") or field.name
            parser.add_argument(field.name, nargs="*", metavar=metavar, help=_about(field))
        elif kind is bool:
            parser.add_argument(*names, action=argparse.BooleanOptionalAction, help=_about(field))
        else:
            metavar = field.metadata.get("metavar") or _metavar(kind)
            parser.add_argument(
                *names, nargs="+" if many else None, metavar=metavar, help=_about(field)
            )
    parser.add_argument(
        "--config", metavar="FILE", help="options from a JSON or TOML file; flags win"
    )

    given = vars(parser.parse_args(argv))
    path = given.pop("config", None)
    values = (_read_config(path, fields) if path else {}) | given
    for field in fields:
        if field.name in values:
            kind, many = kinds[field.name]
            values[field.name] = _value(kind, many, values[field.name], _flag(field))
        elif field.default is REQUIRED:
            raise ClovaError(
                f"{_flag(field)} is required: {field.metadata.get('help', '')} (try --help)"
            )
    return command(**values)


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
    """Runs a command; returns its exit status: 0, or 2 after one line about a mistake."""
    prog = prog or _prog()
    try:
        status = run(parse(command, argv, prog))
        return status if isinstance(status, int) else 0
    except ClovaError as error:
        message = str(error)
    except KeyboardInterrupt:
        print(f"\n{prog}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        sys.stderr.close()
        return 0
    except OSError as error:
        if error.errno is None:
            raise
        where = f"{error.filename}: " if error.filename else ""
        reason = {
            errno.ENOSPC: "no room left on the disk; free some and run the same command again",
            errno.EDQUOT: "the disk quota is used up; free some room and run the same command again",
        }.get(error.errno, (error.strerror or str(error)).lower())
        message = f"{where}{reason}"
    print(f"{prog}: error: {' '.join(message.split())}", file=sys.stderr)
    return 2


def _prog() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return f"python -m {spec.name}" if spec else Path(sys.argv[0]).name
