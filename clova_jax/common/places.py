"""Distinguishes places on this machine's disks from URLs of object stores."""

from pathlib import Path

from clova_jax.common.errors import ClovaError


def is_url(place: str | Path) -> bool:
    """Returns True for a place on an object store."""
    return "://" in str(place)


def inside(place: str | Path, name: str) -> str | Path:
    """Returns the place of a name below a folder or a URL."""
    return f"{str(place).rstrip('/')}/{name}" if is_url(place) else Path(place) / name


def local_path(place: str | Path) -> Path:
    """Returns the path of a place on this machine.

    Raises:
        ClovaError: it is a URL, whose name a folder here would get.
    """
    if is_url(place):
        raise ClovaError(
            f"{place}: is a URL; give a path on this machine, and copy the files there"
        )
    return Path(place)
