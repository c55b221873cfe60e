"""Runs a model a token at a time, in two ways behind one protocol.

`StackedDecoder` is the modules' own forward pass with a `Cache`: it runs everywhere, on meshes too, and for any
`Decoder`. `LayeredDecoder` is a second writing of the standard block for CPUs, where it is twice as fast
(docs/results/generate_speed.md); the tests hold it against the first.
"""

from clova_jax.inference.decoders.base import CachedDecoder, choose_decoder
from clova_jax.inference.decoders.layered import LayeredDecoder, Weights
from clova_jax.inference.decoders.stacked import StackedDecoder

__all__ = ["CachedDecoder", "LayeredDecoder", "StackedDecoder", "Weights", "choose_decoder"]
