"""Defines what a decoding loop needs of a model, and chooses which of the two decoders a model gets."""

from typing import Any, Protocol

from jaxtyping import Array, Bool, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.inference.decoders.layered import LayeredDecoder, laid_out
from clova_jax.inference.decoders.stacked import StackedDecoder
from clova_jax.model import Cache, Decoder, Params, Prefix, decoder_class


class CachedDecoder(Protocol):
    """Runs a model one token a row at a time; a pytree, so that it can be an argument of a jitted function.

    A loop of some tokens calls `begin` once, `step` for each token and `finish` at the end; it carries what
    `begin` and `step` return. `cache` is what was there before the loop, and does not change in it.
    """

    params: Params
    config: ModelConfig
    dtype: Any

    def empty(self, rows: int, size: int) -> Any:
        """Returns a cache with room for `size` tokens in each of `rows` rows."""

    def put(self, cache: Any, slots: Int[Array, "R"], read: Cache) -> Any:
        """Returns the cache with rows of a prefill in the given slots; slots beyond the end are dropped."""

    def begin(self, cache: Any, steps: int) -> Any:
        """Returns what a loop of at most `steps` tokens a row carries."""

    def step(
        self,
        token: Int[Array, "B"],
        cache: Any,
        carried: Any,
        prefix: Prefix | None,
        active: Bool[Array, "B"],
    ) -> tuple[Float[Array, "B D"], Any]:
        """Returns hidden states after one more token of each row, kept by the rows that are `active`."""

    def scores(self, hidden: Float[Array, "B D"]) -> Float[Array, "B V"]:
        """Returns the scores of the next token, float32."""

    def finish(self, cache: Any, carried: Any) -> Any:
        """Returns the cache with what the loop made."""


def cached_decoder(model: Any) -> CachedDecoder:
    """Returns the quickest decoder for a model: layered on one CPU device with the standard modules, else stacked."""
    leaf = model.params["embedding"]
    on_cpu = model.mesh is None and next(iter(leaf.devices())).platform == "cpu"
    if on_cpu and decoder_class(model.config) is Decoder:
        layers = laid_out(model.params["blocks"], model.config)
        return LayeredDecoder(model.params, layers, model.config, model.dtype)
    return StackedDecoder(model.params, model.config, model.dtype)
