"""Makes a package's public names load when they are first used, so that `--help` need not wait for JAX."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy_names(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[list[str], Callable[[str], Any]]:
    """Returns what a package assigns to `__all__` and `__getattr__` (PEP 562).

    Args:
        package: its `__name__`.
        homes: module inside the package -> the names it defines; the module itself can be reached too.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> Any:
        if name in homes:
            return importlib.import_module(f"{package}.{name}")
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{home_of[name]}"), name)

    return sorted(home_of), load
