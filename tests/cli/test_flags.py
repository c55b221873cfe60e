"""Every flag of every command keeps its flat name: scripts outside the repository use them."""

import importlib
import json
from pathlib import Path

import pytest

from clova_jax.cli import VERBS
from clova_jax.common.options import flag_of, flat_fields

ROOT = Path(__file__).resolve().parents[2]
STORED = json.loads(Path(__file__).with_name("flags.json").read_text())


def commands() -> dict[str, str]:
    """The module of every command that has options of its own, by the command's name."""
    verbs = {f"clova {verb}": f"clova_jax.cli.{verb.replace('-', '_')}" for verb in VERBS}
    tables = {
        f"experiments.{path.stem}": f"experiments.{path.stem}"
        for path in sorted((ROOT / "experiments").glob("[a-z]*.py"))
    }
    return verbs | tables


@pytest.mark.parametrize("name", commands())
def test_no_flag_is_lost_or_renamed(name):
    """A new flag is added to flags.json; one that is gone breaks somebody's script."""
    module = importlib.import_module(commands()[name])
    if not hasattr(module, "Options"):  # forwards its words to another command
        assert hasattr(module, "forward")
        return
    assert sorted(flag_of(field) for field, _ in flat_fields(module.Options)) == STORED[name]
