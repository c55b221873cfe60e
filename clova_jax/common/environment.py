"""What a figure was measured with."""

import importlib.metadata
import os
import platform
from typing import Any

PACKAGES = ("clova_jax", "jax", "optax", "tokenizers", "kiwipiepy", "numpy")


def environment() -> dict[str, Any]:
    """Versions, device kind and counts, as JSON values; no names of hosts or folders."""
    import jax  # here, so that commands without arrays start at once

    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "python": platform.python_version(),
        "packages": versions,
        "backend": jax.default_backend(),
        "device": jax.devices()[0].device_kind,
        "device_count": jax.device_count(),
        "cpu_count": os.cpu_count(),
    }
