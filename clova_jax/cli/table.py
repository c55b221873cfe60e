"""Runs `clova table NAME`: an experiment, the same that `python -m experiments.NAME` runs in a checkout."""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from clova_jax.common.errors import ClovaError

PACKAGE = "clova_jax.experiments"


def forward(words: Sequence[str]) -> int | None:
    """Runs the experiment that the first word names; without one, lists them."""
    name, *rest = words or ["--help"]
    tables = find_tables()
    if name in ("-h", "--help"):
        width = max(map(len, tables)) + 2
        print(
            "usage: clova table NAME [options]\n\n"
            "Makes a table or figure; without --model or --data, on the embedded sample world.\n\n"
            "names:\n"
            + "\n".join(f"  {table:<{width}}{about}" for table, about in tables.items())
            + "\n\n`clova table NAME --help` shows the options of one."
        )
        return 0
    name = name.replace("-", "_")
    if name not in tables:
        raise ClovaError(f"no table {name!r}; there are: {', '.join(tables)}")
    module = importlib.import_module(f"{PACKAGE}.{name}")
    return module.TABLE.main(rest, prog=f"clova table {name}")


def find_tables() -> dict[str, str]:
    """Returns the experiments' names, each with the first line of its docstring; imports none of them."""
    found = {}
    for path in sorted(Path(_package().__path__[0]).glob("*.py")):
        about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if f"python -m experiments.{path.stem}" in about:  # the others only help
            found[path.stem] = about.partition("\n")[0]
    return found


def _package() -> ModuleType:
    """The experiments: inside the package where it is installed, beside it in a checkout.

    Never a folder `experiments` of the user's own.
    """
    if importlib.util.find_spec(PACKAGE) is None:
        folder = Path(__file__).parents[2] / "experiments"
        spec = importlib.util.spec_from_file_location(
            PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        package = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(package)
        sys.modules[PACKAGE] = package
    return importlib.import_module(PACKAGE)
