"""Makes a command of a typed dataclass: flags, `--help`, `--config FILE`, one-line errors.

A command is a frozen dataclass of options (`common/options.py`) and a function that takes it:

    def run(greet: Greet) -> None: ...

    if __name__ == "__main__":
        raise SystemExit(main(Greet, run))

tyro makes the flags. `bool` gives `--x` and `--no-x`. Help spells a flag with hyphens; `--max_steps` is taken
for `--max-steps`. Several values come as words or as a comma list, whole numbers as 1000 or 1e3.
"""

import contextlib
import dataclasses
import functools
import inspect
import io
import re
import sys
import tomllib
import typing
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from clova_jax.common.errors import ClovaError
from clova_jax.common.exit_status import guard
from clova_jax.common.files import read_json, read_text
from clova_jax.common.help_page import HelpPage, narrow, usage_of, widen
from clova_jax.common.options import (
    REQUIRED,
    as_words,
    flag_of,
    flat_fields,
    help_of,
    kind_of,
    metavar_of,
    name_of,
    read_words,
)

Command = TypeVar("Command")
CONFIG = "--config FILE reads options from a JSON or TOML file; flags win."
NONE = "\0none"  # what no user can type: a config file's null


def main(
    command: type[Command],
    run: Callable[[Command], Any],
    argv: Sequence[str] | None = None,
    prog: str | None = None,
) -> int:
    """Parses the words into a command and runs it; returns its exit status (see `exit_status.guard`)."""
    prog = prog or _prog()
    return guard(prog, lambda: run(parse(command, argv, prog)))


def parse(
    command: type[Command], argv: Sequence[str] | None = None, prog: str | None = None
) -> Command:
    """Reads a command line (and the file of `--config`, which flags override) into a dataclass.

    Raises:
        ClovaError: an unknown flag, a value of the wrong type, a required flag left out.
    """
    import tyro  # here: who only declares options need not wait for it

    words, config = _without_config(list(sys.argv[1:] if argv is None else argv))
    words = (_config_words(config, command, words) if config else []) + words
    registry = tyro.constructors.ConstructorRegistry()
    registry.struct_rule(functools.partial(_options_rule, given=_flags(words)))
    prog = prog or _prog()
    said, page = io.StringIO(), HelpPage(sys.stdout)
    try:
        with (
            contextlib.redirect_stderr(said),
            contextlib.redirect_stdout(page),
            warnings.catch_warnings(),
        ):
            # tyro compares defaults with the annotations, which a required option and `None` do not meet.
            warnings.simplefilter("ignore", UserWarning)
            return tyro.cli(
                command,
                prog=prog,
                description=f"{inspect.getdoc(command)}\n\n{CONFIG}",
                args=words,
                config=(tyro.conf.OmitArgPrefixes,),
                registry=registry,
            )
    except SystemExit as stop:
        if stop.code:
            raise ClovaError(f"{_first_paragraph(narrow(said.getvalue()))} (try --help)") from None
        page.print(usage_of(command, prog))
        raise


def _flags(words: Sequence[str]) -> set[str]:
    """Returns the flags that stand in a command line, with hyphens and without values."""
    return {word.partition("=")[0].replace("_", "-") for word in words if word.startswith("--")}


def _options_rule(info: Any, given: set[str]) -> Any:
    """Tells tyro how the fields of a dataclass of options are read: by `read_words`."""
    from tyro.constructors import StructConstructorSpec, StructFieldSpec

    if not dataclasses.is_dataclass(info.type):
        return None
    hints, helps = typing.get_type_hints(info.type), help_of(info.type)
    fields = {field.name: field for field in dataclasses.fields(info.type)}
    defaults = {name: field.default for name, field in fields.items()}
    if dataclasses.is_dataclass(info.default):  # nested options may begin with other values
        defaults = {name: getattr(info.default, name) for name in fields}

    # tyro makes a pair of flags only where the default is True or False.
    undecided = {
        name for name in fields if defaults[name] is None and kind_of(hints[name])[0] is bool
    }
    defaults |= dict.fromkeys(undecided, False)

    def make(**values: Any) -> Any:
        for name, value in list(values.items()):
            if value is REQUIRED:
                raise ClovaError(f"{flag_of(fields[name])} is required: {helps[name]} (try --help)")
            if name in undecided and not given & _both_ways(fields[name]):
                values[name] = None
        return info.type(**values)

    return StructConstructorSpec(
        make,
        tuple(
            StructFieldSpec(
                name,
                _tyro_type(field, hints[name], None if name in undecided else defaults[name]),
                defaults[name],
                widen(helps[name]),
            )
            for name, field in fields.items()
        ),
    )


def _tyro_type(field: dataclasses.Field, annotation: Any, default: Any) -> Any:
    import tyro

    if dataclasses.is_dataclass(annotation):
        return annotation
    hint = "(required)" if default is REQUIRED else ""
    if default not in (REQUIRED, None, "", ()):
        hint = f"(default: {as_words(default)[0]})"
    kind, many = kind_of(annotation)
    about = tyro.conf.arg(name=name_of(field), help_behavior_hint=widen(hint))
    if kind is bool:
        return Annotated[bool, about]  # also of `bool | None`
    spec = tyro.constructors.PrimitiveConstructorSpec(
        nargs="*" if many else 1,
        metavar=widen(metavar_of(field, annotation)),
        instance_from_str=lambda words: (
            None if words == [NONE] else read_words(field, annotation, words)
        ),
        is_instance=lambda value: True,
        str_from_instance=as_words,
    )
    made = Annotated[annotation, spec, about]
    return tyro.conf.Positional[made] if field.metadata.get("positional") else made


def _both_ways(field: dataclasses.Field) -> set[str]:
    """Returns `--x` and `--no-x`."""
    flag = flag_of(field)
    return {flag, "--no-" + flag[2:]}


def _first_paragraph(box: str) -> str:
    """Returns what tyro says first inside its box, as one line."""
    lines = [line.strip("│ ") for line in box.split("\n") if line.startswith("│")]
    text = " ".join(lines).partition("──")[0]
    text = re.sub(r"\s+", " ", text).strip() or box.strip()
    return text[:1].lower() + text[1:]


def _without_config(words: list[str]) -> tuple[list[str], str | None]:
    """Takes `--config FILE` out of a command line."""
    rest, path, words = [], None, iter(words)
    for word in words:
        if word == "--config":
            path = next(words, None)
            if path is None:
                raise ClovaError("--config: give a file (try --help)")
        elif word.startswith("--config="):
            path = word.partition("=")[2]
        else:
            rest.append(word)
    return rest, path


def _config_words(path: str, command: type, given: Sequence[str]) -> list[str]:
    """Returns a config file's options as words, but for those that flags give."""
    fields = {name_of(field): (field, hint) for field, hint in flat_fields(command)}
    flags = _flags(given)
    words: list[str] = []
    for name, value in _read_config(path, fields.keys()).items():
        field, hint = fields[name]
        flag = flag_of(field)
        if flags & _both_ways(field):
            continue
        if kind_of(hint)[0] is bool:
            if value is None and field.default is None:
                continue
            if not isinstance(value, bool):
                raise ClovaError(f"{path}: {name}: {value!r} is not true or false")
            words.append(flag if value else "--no-" + flag[2:])
        elif value is None:
            words += [flag, NONE]
        elif isinstance(value, list):
            words += [flag, *map(str, value)]
        else:
            words.append(f"{flag}={value}")
    return words


def _read_config(path: str, known: typing.Collection[str]) -> dict[str, Any]:
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
    for key in values:
        if key not in known:
            raise ClovaError(f"{path}: no option {key!r}; known: {', '.join(sorted(known))}")
    return values


def _prog() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return f"python -m {spec.name}" if spec else Path(sys.argv[0]).name
