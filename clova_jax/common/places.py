"""Distinguishes places on this machine's disks from URLs of object stores."""

from pathlib import Path


def is_url(place: str | Path) -> bool:
    """Returns True for a place on an object store."""
    return "://" in str(place)


def inside(place: str | Path, name: str) -> str | Path:
    """Returns the place of a name below a folder or a URL."""
    return f"{str(place).rstrip('/')}/{name}" if is_url(place) else Path(place) / name
