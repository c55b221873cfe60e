"""Records what a figure was measured with, and when."""

import importlib.metadata
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PACKAGES = ("clova_jax", "jax", "optax", "tokenizers", "kiwipiepy", "numpy")


def environment() -> dict[str, Any]:
    """Returns date, commit, versions, device kind and counts as JSON values; no names of hosts or folders."""
    import jax  # here, so that commands without arrays start at once

    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "python": platform.python_version(),
        "packages": versions,
        "backend": jax.default_backend(),
        "device": jax.devices()[0].device_kind,
        "device_count": jax.device_count(),
        "cpu_count": os.cpu_count(),
    }


def commit(folder: Path | None = None) -> str | None:
    """Returns the commit of the code that runs, with `+` where files differ from it; None outside a checkout.

    Args:
        folder: the checkout; by default the one that this package lies in.
    """
    folder = folder or Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():  # an installed package inside somebody else's checkout
        return None
    try:
        name = _git(folder, "rev-parse", "HEAD")
        return name + ("+" if _git(folder, "status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout.strip()
