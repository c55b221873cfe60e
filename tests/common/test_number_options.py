"""Numbers of every command: finite, within bounds, refused in one line that names the flag."""

import dataclasses
import importlib
import pkgutil
import typing
from dataclasses import dataclass
from pathlib import Path

import pytest

import experiments
from clova_jax.cli import VERBS
from clova_jax.common.command import main, parse
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import (
    check_number,
    check_numbers,
    flag_of,
    kind_of,
    mesh_option,
    option,
    read_words,
    seed_option,
    takes_urls,
)
from clova_jax.config import SIZES
from clova_jax.train.options import PretrainOptions


def commands():
    """The options of every verb and every experiment, by name."""
    found = {}
    names = [f"clova_jax.cli.{verb.replace('-', '_')}" for verb in VERBS]
    names += [f"experiments.{module.name}" for module in pkgutil.iter_modules(experiments.__path__)]
    for name in names:
        options = getattr(importlib.import_module(name), "Options", None)
        if options is not None:
            found[name] = options
    return found


def fields_of(options, *kinds):
    hints = {name: kind_of(hint) for name, hint in typing.get_type_hints(options).items()}
    for field in dataclasses.fields(options):
        if hints[field.name][0] in kinds and not field.metadata.get("positional"):
            yield field, *hints[field.name]


def refusal(options, flag, word):
    """What the command line of a flag and everything that is required says."""
    given = []
    for field in dataclasses.fields(options):
        name = flag_of(field)
        if field.default is dataclasses.MISSING and name != flag:
            given += [name, "quality" if field.name == "kind" else "x"]
    with pytest.raises(ClovaError) as told:
        parse(options, [*given, f"{flag}={word}"])
    return str(told.value)


@pytest.mark.parametrize("name", commands())
def test_no_command_takes_a_number_that_is_none(name):
    options = commands()[name]
    for field, kind, _ in fields_of(options, int, float):
        flag = flag_of(field)
        words = ["nan", "inf", "-inf", "1e400", " ", "ten"]
        if kind is int:
            words += ["1e30", "9" * 30, "-" + "9" * 30, "9" * 5_000, "0.5"]
        messages = {words[0]: refusal(options, flag, words[0])}
        hint = typing.get_type_hints(options)[field.name]
        for word in words[1:]:  # as the command line does, which takes ten times as long
            with pytest.raises(ClovaError) as told:
                read_words(field, hint, [word])
            messages[word] = str(told.value)
        for word, message in messages.items():
            assert message.startswith(f"{flag}: "), (word[:30], message)
            assert "\n" not in message
            assert len(message) < 200


@pytest.mark.parametrize("name", commands())
def test_every_number_has_bounds_that_its_default_meets(name):
    free = {"frequency_penalty", "presence_penalty"}  # any number makes sense
    for field, _, many in fields_of(commands()[name], int, float):
        assert field.metadata.get("bounds") or field.name in free, field.name
        for value in (field.default or ()) if many else [field.default]:
            if value is not None:
                check_number(value, field)


@pytest.mark.parametrize("name", commands())
def test_a_path_takes_no_url_unless_it_says_so(name):
    options = commands()[name]
    hints = typing.get_type_hints(options)
    for field, _, many in fields_of(options, Path):
        flag, url = flag_of(field), "gs://bucket/folder"
        if takes_urls(hints[field.name]):
            assert read_words(field, hints[field.name], [url]) == ((url,) if many else url)
            continue
        message = refusal(options, flag, "gs://bucket/folder")
        assert message == f"{flag}: gs://bucket/folder is a URL; give a path on this machine"


@dataclass(frozen=True)
class Bounded:
    """A command with bounds of each kind."""

    share: float = option(0.5, least=0, below=1)
    """from 0 to below 1"""
    rate: float | None = option(None, above=0)
    """above 0"""
    few: tuple[int, ...] = option((), most=9)
    """at most 9 each"""
    mesh: tuple[int, ...] = mesh_option()
    seed: int = seed_option()
    """of it"""


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--share", "1"], "--share: 1.0 is not at least 0 and below 1"),
        (["--share", "-0.1"], "--share: -0.1 is not at least 0 and below 1"),
        (["--rate", "0"], "--rate: 0.0 is not above 0"),
        (["--few", "3", "10,4"], "--few: 10 is not at most 9"),
        (["--mesh", "2,2"], "--mesh: 2,2 is not 3 values D,P,M"),
        (["--mesh", "2,2,0"], "--mesh: 0 is not at least 1"),
        (["--seed", "4294967296"], "--seed: 4294967296 is not at least 0 and at most 4294967295"),
        (["--seed", "-1"], "--seed: -1 is not at least 0 and at most 4294967295"),
    ],
)
def test_bounds(argv, message, capsys):
    assert main(Bounded, lambda options: pytest.fail("ran"), argv, prog="it") == 2
    assert capsys.readouterr().err == f"it: error: {message}\n"


def test_bounds_themselves_are_taken():
    taken = parse(
        Bounded, ["--share", "0", "--rate", "1e-30", "--few", "9,-9", "--seed", "4294967295"]
    )
    assert taken == Bounded(0.0, 1e-30, (9, -9), (1, 1, 1), 4294967295)


def test_bounds_hold_in_a_config_file(tmp_path):
    (tmp_path / "c.json").write_text('{"share": 7, "seed": 1}')
    with pytest.raises(ClovaError, match="--share: 7.0 is not at least 0"):
        parse(Bounded, ["--config", str(tmp_path / "c.json")])


@pytest.mark.parametrize(
    "given",
    [
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"max_epochs": float("nan")},
        {"milestones": (1e6, float("nan"))},
        {"seed": 10**30},
        {"steps": 10**400},
        {"mesh": (1, 1)},
    ],
)
def test_options_made_in_python_are_checked_too(given):
    (name,) = given
    flag = "--" + name.replace("_", "-")
    with pytest.raises(ClovaError, match=flag):
        PretrainOptions("data", Path("tokenizer"), **({"steps": 1} | given))
    with pytest.raises(TypeError, match="unknown bounds"):
        option(1, beneath=3)
    check_numbers(Bounded())


def test_a_learning_rate_of_the_user_is_the_one_used():
    options = PretrainOptions("data", Path("tokenizer"), steps=1, learning_rate=1e-30)
    assert options.peak_learning_rate(SIZES["tiny"]) == 1e-30


def test_the_metavar_of_several_values_is_said_once(capsys):
    with pytest.raises(SystemExit):
        parse(Bounded, ["--help"])
    shown = capsys.readouterr().out
    assert shown.count("D,P,M") == 1
    assert "--mesh D,P,M " in shown
