"""Reads scenarios from JSON files, and those that come with the package."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from clova_jax.apps.calls.checks import check
from clova_jax.apps.calls.scenario import Intent, Scenario, Slot, State
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json
from clova_jax.common.json_values import as_dataclass, fields, parse_json

FORMAT = "clova_call_scenario"
_SHAPE = {
    FORMAT: int,
    **dict.fromkeys(("name", "domain", "about", "start", "handover"), str),
    "intents": dict | None,
    "slots": dict | None,
    "states": dict,
    "anywhere": dict[str, str] | None,
    "variables": dict[str, str] | None,
    "tries": int | None,
    "again": str | None,
}


def read_scenario(path: str | Path) -> Scenario:
    """Reads and checks a scenario.

    Raises:
        ClovaError: no JSON, a key that is missing, unknown or of another type, and all that `check` refuses.
    """
    return make_scenario(read_json(path), str(path))


def make_scenario(value: Any, place: str) -> Scenario:
    """Makes a checked scenario of a JSON value; the arguments and errors are those of `read_scenario`."""
    found = fields(value, place, _SHAPE)
    if found.pop(FORMAT) != 1:
        raise ClovaError(f"{place}: {FORMAT!r} is {value[FORMAT]}; this version reads 1")
    if unknown := [key for key in value if key not in _SHAPE]:
        raise ClovaError(f"{place}: {unknown[0]!r} is unknown; there are {', '.join(_SHAPE)}")
    for key, cls in (("intents", Intent), ("slots", Slot), ("states", State)):
        rows = found[key] or {}
        found[key] = {
            name: as_dataclass(cls, row, f"{place}: {key}: {name}") for name, row in rows.items()
        }
    found["intents"] = common_intents() | found["intents"]
    scenario = Scenario(**{key: value for key, value in found.items() if value is not None})
    check(scenario, place)
    return scenario


@cache
def common_intents() -> dict[str, Intent]:
    """Returns the intents that every scenario has."""
    rows = _shipped("common.json")
    return {name: as_dataclass(Intent, row, f"common.json: {name}") for name, row in rows.items()}


@cache
def scenarios() -> dict[str, Scenario]:
    """Returns the scenarios that come with the package, by the name of their file: care, happy, restaurant, salon."""
    folder = files("clova_jax.apps.calls") / "scenarios"
    names = sorted(path.name for path in folder.iterdir() if path.name.endswith(".json"))
    return {
        name.removesuffix(".json"): make_scenario(_shipped(name), name)
        for name in names
        if name != "common.json"
    }


def _shipped(name: str) -> Any:
    path = files("clova_jax.apps.calls") / "scenarios" / name
    return parse_json(path.read_bytes(), name)
