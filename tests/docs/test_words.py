"""Docstrings begin with a sentence that has a verb, and the help of an option names its values."""

import ast
import dataclasses
import importlib
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

from clova_jax.cli import VERBS
from clova_jax.common.options import help_of
from clova_jax.corpus.clean.steps import STEP_NAMES

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("config.py", "language_model.py")
ROOMS += ("train", "data", "parallel", "plan", "inference", "tuning", "evaluate", "retrieve")
ROOMS += ("common", "tokenizers", "model", "interop", "tables", "../benchmarks")
ROOMS += ("corpus", "labelled", "sample", "cli/corpus.py", "cli/corpus_model.py")
# "Returns …": the third person. What ends in s and is no verb begins no docstring.
_VERB = re.compile(r"[A-Z][a-z]+s\b")
_NO_VERB = {
    *("This", "Its", "As", "Bytes", "Ids", "Rows", "Zeros", "Shapes", "Parameters", "Operations"),
    *(
        "Tokens",
        "Texts",
        "Words",
        "Days",
        "Seconds",
        "Prompts",
        "Items",
        "Labels",
        "Keys",
        "Groups_",
    ),
    *("Continuations", "Layers", "Entries", "Microbatches", "Batches", "Examples", "Gradients"),
    *("Documents", "Logits", "Pieces", "Inputs", "Stages", "Choices", "Sources", "Checkpoints"),
}


def _docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """(place, docstring) of a module and of all that is public in it."""

    def walk(node: ast.AST, name: str) -> Iterator[tuple[str, str]]:
        text = ast.get_docstring(node)
        if text:
            yield f"{path.name}:{name}", text
        for child in node.body:
            is_public = not getattr(child, "name", "_").startswith("_")
            if is_public and isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                yield from walk(child, f"{name}.{child.name}".strip("."))

    yield from walk(ast.parse(path.read_text()), "")


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_begin_with_a_sentence(room):
    place = ROOT / "clova_jax" / room
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    found = [docstring for path in files for docstring in _docstrings(path)]
    assert len(found) > 2
    for place, text in found:
        first = text.split("\n\n")[0]
        assert _VERB.match(first), f"{place}: {first}"
        assert first.split()[0] not in _NO_VERB, f"{place}: {first}"
        assert first.endswith("."), f"{place}: {first}"
        assert "\n" not in first, f"{place}: {first}"


def _options() -> list[str]:
    verbs = [f"clova_jax.cli.{verb.replace('-', '_')}" for verb in VERBS]
    names = [p.stem for p in (ROOT / "experiments").glob("*.py") if "Options" in p.read_text()]
    return sorted([*verbs, *(f"experiments.{name}" for name in names)])


def _values(annotation: typing.Any) -> list[str]:
    """The values of a `Literal`, alone or with None."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [value for arg in typing.get_args(annotation) for value in _values(arg)]
    is_choice = typing.get_origin(annotation) is typing.Literal
    return list(typing.get_args(annotation)) if is_choice else []


@pytest.mark.parametrize("name", _options())
def test_the_help_of_an_option_names_its_values(name):
    options = getattr(importlib.import_module(name), "Options", None)
    if options is None:  # forwards its words to another command
        return
    annotations = typing.get_type_hints(options)
    helps = help_of(options)
    for field in dataclasses.fields(options):
        about = re.findall(r"\w+", helps[field.name])
        assert set(_values(annotations[field.name])) <= set(about), f"--{field.name}: {about}"


def test_the_help_of_steps_names_them_in_order():
    from clova_jax.cli.corpus import Options

    assert ", ".join(STEP_NAMES) in help_of(Options)["steps"]
