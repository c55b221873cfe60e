"""Reads the apps that come with the Studio."""

from functools import cache
from importlib.resources import files
from typing import Any

from clova_jax.common.json_values import parse_json
from clova_jax.studio.apps.content import AppFile


@cache
def samples() -> list[dict[str, Any]]:
    """Returns the apps of `clova_jax/apps/prompts/` as files that can be imported: by name, the demo list, which has checks, last."""
    found = sorted((files("clova_jax.apps") / "prompts").iterdir(), key=lambda path: path.name)
    read = [
        AppFile.model_validate(parse_json(path.read_bytes(), path.name))
        for path in found
        if path.name.endswith(".json")
    ]
    return [app.model_dump() for app in sorted(read, key=lambda app: bool(app.checks))]
