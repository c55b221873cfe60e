"""Writes token stores, mixes their sources and makes batches of them."""

from clova_jax.data.loader import Loader, bytes_per_token, validation_batches
from clova_jax.data.mixture import Interleave, Share, mix, mixture_rows, parse_weights
from clova_jax.data.serializer import serialize
from clova_jax.data.store import Count, TokenStore

__all__ = [
    "Count",
    "Interleave",
    "Loader",
    "Share",
    "TokenStore",
    "bytes_per_token",
    "mix",
    "mixture_rows",
    "parse_weights",
    "serialize",
    "validation_batches",
]
