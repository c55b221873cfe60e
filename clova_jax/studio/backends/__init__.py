"""Writes texts for the API: with a model in this process, or through an upstream server."""

from clova_jax.studio.backends.base import Ask, Backend, Entry, Part, Writing
from clova_jax.studio.backends.local import LocalBackend
from clova_jax.studio.backends.upstream import UpstreamBackend

__all__ = ["Ask", "Backend", "Entry", "LocalBackend", "Part", "UpstreamBackend", "Writing"]
