"""Imports packages that only an extra of this package installs."""

import importlib
from types import ModuleType

from clova_jax.common.errors import ClovaError


def import_extra(package: str, extra: str, what: str) -> ModuleType:
    """Imports an optional package; call it before any work whose end would need it.

    Args:
        package: its name.
        extra: of `clova_jax`, which installs it.
        what: the flag or feature that needs it.

    Raises:
        ClovaError: it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError:
        raise ClovaError(
            f"{what} needs the package {package}: pip install 'clova_jax[{extra}]'"
        ) from None
