"""Reads apps in the Studio's file format, with the checks that their answers must pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from clova_jax.apps.prompted.checks import check_wants
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json
from clova_jax.common.json_values import fields
from clova_jax.retrieve import Examples, fill

LEAST_CHECKS = 5
INPUT, HISTORY = "input", "history"


@dataclass(frozen=True)
class Asked:
    """Holds what an app is given: the input, and values of its variables."""

    text: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """Holds an input of an app and what is wanted of the answer, by the rules of `checks.py`."""

    asked: Asked
    wants: Mapping[str, Any]


@dataclass(frozen=True)
class PromptApp:
    """Holds an app.

    Args:
        file: name of its file without the suffix.
        title: Korean title.
        template: with the places `{examples}`, `{input}`, `{history}` (empty here) and those of the variables.
        variables: defaults by name.
        sampling: `max_new_tokens`, `stop` and what else `complete` takes.
        policy: what the filters do with an answer.
        columns: of the examples; the last one is the answer.
        rows: examples.
        shown: template of an example.
        compared: template of what is compared with the input.
        count: examples in a prompt, at most.
        checks: what is wanted of its answers.
    """

    file: str
    title: str
    template: str
    variables: Mapping[str, str]
    sampling: Mapping[str, Any]
    policy: Mapping[str, str]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    shown: str
    compared: str
    count: int
    checks: Sequence[Check]

    @property
    def answers(self) -> list[str]:
        """Returns the answers of the examples."""
        return [row[-1] for row in self.rows]

    @cached_property
    def examples(self) -> Examples:
        """Returns the table that examples are chosen from."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return Examples.build(rows, self.shown, self.compared)

    @cached_property
    def nearest_answers(self) -> Examples:
        """Returns the answers of the examples, found by what they answer."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return Examples.build(rows, f"{{{self.columns[-1]}}}", self.compared)

    def prompt(self, asked: Asked, count: int) -> str:
        """Returns the prompt of an input with `count` examples, the most similar last.

        Raises:
            ClovaError: a variable that the app does not have.
        """
        for name in asked.variables:
            if name not in self.variables:
                raise ClovaError(f"{self.file}: no variable {name!r}")
        values = {**self.variables, **asked.variables, INPUT: asked.text, HISTORY: ""}
        shown = self.examples.nearest(asked.text, count) if count else []
        return fill(self.template, values, examples=shown).text


def read_apps() -> list[PromptApp]:
    """Reads the apps of `clova_jax/apps/prompts/` that have checks, in order of their files."""
    folder = Path(str(files("clova_jax.apps") / "prompts"))
    paths = sorted(folder.glob("*.json"))
    return [read_app(path) for path in paths if "checks" in read_json(path)]


def read_app(path: Path) -> PromptApp:
    """Reads an app.

    Raises:
        ClovaError: a key is missing or of another type; fewer than five checks; a check that asks for nothing, or by
            an unknown rule; the message names the place.
    """
    value = fields(read_json(path), path, {"content": dict, "checks": list | None})
    kinds = {"title": dict, "template": str, "variables": list, "parameters": dict}
    kinds |= {"filters": dict, "examples": dict}
    content = fields(value["content"], f"{path}: content", kinds)
    kinds = {"columns": list[str], "rows": list[list[str]], "shown": str}
    kinds |= {"compared": str | None, "count": int}
    examples = fields(content["examples"], f"{path}: examples", kinds)
    checks = value["checks"] or []
    if len(checks) < LEAST_CHECKS:
        raise ClovaError(f"{path}: checks: {len(checks)} of them, wants {LEAST_CHECKS} or more")
    app = PromptApp(
        file=path.stem,
        title=content["title"].get("ko", path.stem),
        template=content["template"],
        variables={one["name"]: one.get("default", "") for one in content["variables"]},
        sampling=_sampling(content["parameters"]),
        policy=content["filters"],
        columns=examples["columns"],
        rows=examples["rows"],
        shown=examples["shown"],
        compared=examples["compared"] or examples["shown"],
        count=examples["count"],
        checks=[_check(one, f"{path}: check {n}") for n, one in enumerate(checks, 1)],
    )
    for number, check in enumerate(app.checks, 1):
        try:
            app.prompt(check.asked, app.count)
        except ClovaError as error:
            raise ClovaError(f"{path}: check {number}: {error}") from None
    return app


def _sampling(parameters: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(parameters)
    found["max_new_tokens"] = found.pop("max_tokens")
    found["stop"] = tuple(found.get("stop", ()))
    return found


def _check(value: Any, place: str) -> Check:
    kinds = {"input": str, "variables": dict[str, str] | None, "wants": dict}
    found = fields(value, place, kinds)
    check_wants(found["wants"], place)
    return Check(Asked(found["input"], found["variables"] or {}), found["wants"])
