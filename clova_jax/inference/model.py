"""Defines `Model`: what scoring and generation need to know."""

from functools import partial
from typing import Self, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.typing import ArrayLike, DTypeLike
from jaxtyping import Float

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.inference.decoders import CachedDecoder, Weights, choose_decoder
from clova_jax.model import (
    ChatTemplate,
    Derived,
    Params,
    default_dtype,
    model_fingerprint,
    weights_hash,
)
from clova_jax.tokenizers import Tokenizer

State = TypeVar("State")


class Model:
    """Holds a decoder's parameters, its tokenizer, and where they run.

    What follows from the parameters (`fingerprint`, `cached_decoder`) is kept here, and computed again where they
    are replaced.

    Args:
        config: the shape.
        params: parameters as `model.init_params` lays them out; a key `virtual` beside them holds prompt vectors.
        tokenizer: of `config.vocab_size` entries.
        mesh: where the parameters live; one device by default.
        dtype: of the computation; float32 on CPU and bfloat16 on accelerators by default.
        chat: how messages become a prompt, where the model has learned to answer them.

    Raises:
        ClovaError: a tokenizer of another size.
    """

    def __init__(
        self,
        config: ModelConfig,
        params: Params,
        tokenizer: Tokenizer,
        mesh: Mesh | None = None,
        dtype: DTypeLike | None = None,
        chat: ChatTemplate | None = None,
    ) -> None:
        if tokenizer.vocab_size != config.vocab_size:
            raise ClovaError(
                f"the tokenizer has {tokenizer.vocab_size:,} entries, the model {config.vocab_size:,}"
            )
        self.config, self.params, self.tokenizer, self.mesh = config, params, tokenizer, mesh
        self.dtype, self.chat = dtype or default_dtype(), chat
        laid_out = partial(Weights.of, vocab_size=config.vocab_size)
        self._laid_out, self._hash = Derived(laid_out), Derived(weights_hash)

    @property
    def cached_decoder(self) -> CachedDecoder:
        """Returns what generates with this model; the copy of the weights that it may need is made once."""
        return choose_decoder(self.params, self.config, self.mesh, self.dtype, self._laid_out)

    @property
    def fingerprint(self) -> str:
        """Returns a short hash of shape, tokenizer and weights; a tuned prompt is bound to it."""
        return model_fingerprint(self.config, self.tokenizer, self._hash.of(self.params))

    @property
    def first_virtual(self) -> int:
        """Returns the id of the first virtual token: the token table ends there."""
        return len(self.params["embedding"])

    @property
    def num_ids(self) -> int:
        """Counts the ids that the model takes: its vocabulary's, and with virtual tokens those after its table."""
        if "virtual" in self.params:
            return self.first_virtual + len(self.params["virtual"])
        return self.config.vocab_size

    def with_params(self, params: Params) -> Self:
        """Returns a model with other parameters; this one stays as it is, and no array is copied."""
        other = type(self)(self.config, params, self.tokenizer, self.mesh, self.dtype, self.chat)
        if all(params.get(name) is self.params.get(name) for name in ("blocks", "embedding")):
            other._laid_out = self._laid_out
        return other

    def with_chat(self, template: ChatTemplate) -> Self:
        """Returns this model as one that answers messages in a template."""
        other = self.with_params(self.params)
        other.chat, other._hash = template, self._hash
        return other

    def with_virtual(self, vectors: Float[ArrayLike, "P D"]) -> Self:
        """Returns a model with virtual tokens: embeddings whose ids begin at `first_virtual`."""
        return self.with_params(self.params | {"virtual": vectors})

    def place(self, *arrays: np.ndarray) -> tuple[np.ndarray | jax.Array, ...]:
        """Places the rows of a batch beside the parameters: split over the mesh's data axis if they divide by it.

        Args:
            arrays: rows first; one that has not as many as the first is not split.
        """
        if self.mesh is None:
            return arrays
        rows = len(arrays[0])
        divides = rows % self.mesh.shape["data"] == 0

        def sharding(array: np.ndarray) -> NamedSharding:
            split = divides and array.shape[:1] == (rows,)
            return NamedSharding(self.mesh, PartitionSpec("data") if split else PartitionSpec())

        return tuple(jax.device_put(array, sharding(array)) for array in arrays)

    def beside(self, state: State) -> State:
        """Returns fresh arrays bound to the parameters' device, as arrays are that were computed from the parameters.

        A program is compiled again where one of its arrays is bound and was not before. On a mesh the compiler decides where
        they lie.
        """
        if self.mesh is not None:
            return state
        return jax.device_put(state, jax.tree.leaves(self.cached_decoder)[0].sharding)
