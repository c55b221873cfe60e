"""Defines what a decoding loop needs of a model, and chooses which of the two decoders a model gets."""

from typing import Any, ClassVar, Protocol, TypeVar

from jax.sharding import Mesh
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.inference.decoders.layered import LayeredDecoder, Weights
from clova_jax.inference.decoders.stacked import StackedDecoder
from clova_jax.model import Decoder, Derived, Params, Prefix, decoder_class

Stored = TypeVar("Stored")  # a decoder's cache: a pytree that its callers only hand on
Carried = TypeVar("Carried")  # what it carries through a loop, likewise


class CachedDecoder(Protocol[Stored, Carried]):
    """Runs a model one token a row at a time; a pytree, so that it can be an argument of a jitted function.

    A loop of some tokens calls `begin` once, `step` for each token and `finish` at the end; it carries what
    `begin` and `step` return. `cache` is what was there before the loop, and does not change in it.
    """

    params: Params
    config: ModelConfig
    dtype: DTypeLike
    stored: ClassVar[type[Any]]
    """the cache: `stored.empty(config, rows, size, dtype)` makes one, `cache.put(slots, prefilled)` fills some of its rows"""
    joins_late: ClassVar[bool]
    """whether a loop's tokens join the cache only when it ends, so that the last of all wants no room"""
    group: ClassVar[int | None]
    """rows that a running batch advances at a time; None: all, however few have a text"""

    def begin(self, cache: Stored, steps: int) -> Carried:
        """Returns what a loop of at most `steps` tokens a row carries."""

    def step(
        self,
        token: Int[Array, "B"],
        cache: Stored,
        carried: Carried,
        prefix: Prefix | None,
        active: Bool[Array, "B"],
        *,
        apart: bool = False,
    ) -> tuple[Float[Array, "B D"], Carried]:
        """Returns hidden states after one more token of each row, kept by the rows that are `active`.

        Where a decoder can, rows that are `apart` attend one after another: slower where all are active, quicker where few are.
        """

    def scores(self, hidden: Float[Array, "B D"]) -> Float[Array, "B V"]:
        """Returns the scores of the next token, float32."""

    def finish(self, cache: Stored, carried: Carried) -> Stored:
        """Returns the cache with what the loop made."""


def choose_decoder(
    params: Params,
    config: ModelConfig,
    mesh: Mesh | None,
    dtype: DTypeLike,
    weights: Derived[Weights],
) -> CachedDecoder:
    """Returns the quickest decoder for a model: layered on one CPU device with the standard modules, else stacked.

    Args:
        params, config, mesh, dtype: the model's.
        weights: computes and keeps what the layered decoder reads (`Weights.of`).
    """
    on_cpu = mesh is None and next(iter(params["embedding"].devices())).platform == "cpu"
    if on_cpu and decoder_class(config) is Decoder:
        read = {name: params[name] for name in ("blocks", "embedding")}
        return LayeredDecoder(params, weights.of(read), config, dtype)
    return StackedDecoder(params, config, dtype)
