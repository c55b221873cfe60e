"""Defines the shape of a model: `ModelConfig`, the paper's eight sizes (Table 2) and three small ones."""

import bisect
import dataclasses
import math
import typing
from dataclasses import dataclass
from typing import Any, ClassVar

from clova_jax.common.errors import ClovaError


@dataclass(frozen=True)
class ModelConfig:
    """Describes a GPT-3-style decoder: pre-LN, learned positions, GELU, dense causal attention, tied embedding.

    Args:
        num_layers: Transformer blocks (L).
        embed_dim: width of the residual stream (D); a multiple of `num_heads`.
        num_heads: attention heads (N); every row of Table 2 has N x head_dim = D.
        vocab_size: entries of the token table (V), `<|endoftext|>` included. 51,200 is the usual
            size of Korean models of 2021; the paper does not say its own.
        max_length: rows of the position table (GPT-3 default, the paper is silent).

    A subclass may name another decoder, and as a dataclass have fields of its own: numbers, flags and texts.

    Raises:
        ClovaError: a size below one or of 2^31 and more, or heads that do not divide the width; a value that is not
            of its field's type; a number that is not finite.
    """

    num_layers: int
    embed_dim: int
    num_heads: int
    vocab_size: int = 51_200
    max_length: int = 2_048

    decoder: ClassVar[type | None] = None
    """The Flax module of this shape, where it is not `clova_jax.Decoder`; named by a subclass."""

    def __init_subclass__(cls) -> None:
        cls.__eq__, cls.__hash__ = ModelConfig.__eq__, ModelConfig.__hash__  # under @dataclass too

    def __eq__(self, other: object) -> bool:
        """Compares class, decoder and values: compiled programs are kept by them."""
        return isinstance(other, ModelConfig) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[Any, ...]:
        values = (getattr(self, field.name) for field in dataclasses.fields(self))
        return type(self), self.decoder, *values

    def __post_init__(self) -> None:
        # As the class names it now: configs made after the class got another one, in a notebook say, differ.
        object.__setattr__(self, "decoder", type(self).decoder)
        kinds = typing.get_type_hints(type(self))
        sizes = {field.name for field in dataclasses.fields(ModelConfig)}
        for field in dataclasses.fields(self):
            value, kind = getattr(self, field.name), kinds[field.name]
            if wanted := _wanted(value, kind, least=1 if field.name in sizes else -(1 << 31)):
                raise ClovaError(f"ModelConfig: {field.name}={value!r} must be {wanted}")
        if self.embed_dim % self.num_heads:
            raise ClovaError(
                f"ModelConfig: embed_dim={self.embed_dim} is not a multiple of "
                f"num_heads={self.num_heads}"
            )

    @property
    def head_dim(self) -> int:
        """Returns the width of one attention head (H)."""
        return self.embed_dim // self.num_heads

    @property
    def mlp_dim(self) -> int:
        """Returns the width of the feed-forward layer (F), four times the embedding (GPT-3)."""
        return 4 * self.embed_dim

    @property
    def num_core_params(self) -> int:
        """Counts the parameters of the blocks and the last LayerNorm: L(12D² + 13D) + 2D."""
        width = self.embed_dim
        return self.num_layers * (12 * width**2 + 13 * width) + 2 * width

    @property
    def num_params(self) -> int:
        """Counts all parameters exactly: blocks, token table (shared with the output) and position table."""
        return self.num_core_params + (self.vocab_size + self.max_length) * self.embed_dim

    def flops_per_token(self, length: int) -> int:
        """Counts the floating-point operations of training on one token (forward and backward).

        6 x (12·L·D² + V·D) for the matrix products with weights, the output head included, plus
        12·L·D·`length` for attention, counted as the full square as in the PaLM and Megatron papers
        although the causal half would do. Recomputation is not counted: this is the "model FLOPs"
        of MFU.
        """
        weights = 12 * self.num_layers * self.embed_dim**2 + self.vocab_size * self.embed_dim
        return 6 * weights + 12 * self.num_layers * self.embed_dim * length

    def replace(self, **changes: Any) -> "ModelConfig":
        """Returns a copy with some values changed."""
        return dataclasses.replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Returns the values by their names, as JSON has them."""
        return dataclasses.asdict(self)


def _wanted(value: Any, kind: Any, least: int) -> str | None:
    """Returns what a field of this type must hold, where the value is something else; `least` bounds whole numbers."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is int:
        good = is_number and isinstance(value, int) and least <= value < 1 << 31
        above = " above 0 (and below 2^31)" if least > 0 else ", of 32 bits"
        return None if good else f"a whole number{above}"
    if kind is float:
        return None if is_number and math.isfinite(value) else "a finite number"
    if kind in (bool, str):
        good = isinstance(value, kind)
        return None if good else {bool: "True or False", str: "a text"}[kind]
    return None  # another type is the subclass's to check


def _paper(num_layers: int, embed_dim: int, num_heads: int) -> ModelConfig:
    return ModelConfig(num_layers=num_layers, embed_dim=embed_dim, num_heads=num_heads)


SIZES: dict[str, ModelConfig] = {
    # For laptops: about 1M, 10M and 30M parameters.
    "tiny": ModelConfig(4, 128, 4, vocab_size=4_096),
    "mini": ModelConfig(8, 256, 4, vocab_size=12_288),
    "small": ModelConfig(8, 512, 8, vocab_size=12_288),
    # Table 2. The names are nominal: `num_params` is the exact count for this vocabulary.
    "137m": _paper(12, 768, 16),
    "350m": _paper(24, 1_024, 16),
    "760m": _paper(24, 1_536, 16),
    "1.3b": _paper(24, 2_048, 16),
    "6.9b": _paper(32, 4_096, 32),
    "13b": _paper(40, 5_120, 40),
    "39b": _paper(48, 8_192, 64),
    "82b": _paper(64, 10_240, 80),
}

PEAK_LEARNING_RATES: dict[str, float] = {
    # Table 2; those of the small sizes are ours, chosen on the embedded sample.
    "tiny": 5e-3,
    "mini": 2e-3,
    "small": 1e-3,
    "137m": 6.0e-4,
    "350m": 3.0e-4,
    "760m": 2.5e-4,
    "1.3b": 2.0e-4,
    "6.9b": 1.2e-4,
    "13b": 1.0e-4,
    "39b": 0.8e-4,
    "82b": 0.6e-4,
}


def peak_learning_rate(config: ModelConfig) -> float:
    """Returns the peak learning rate for a shape: that of the size it is, or what lies between its neighbours.

    Between two sizes the rate is a power of the number of parameters without the tables; below the smallest and above
    the largest it is theirs.
    """
    rates = list(PEAK_LEARNING_RATES.values())
    counts = [SIZES[name].num_core_params for name in PEAK_LEARNING_RATES]
    above = min(max(1, bisect.bisect(counts, config.num_core_params)), len(counts) - 1)
    below, whole = above - 1, math.log(counts[above] / counts[above - 1])
    way = min(1.0, max(0.0, math.log(config.num_core_params / counts[below]) / whole))
    return rates[below] ** (1 - way) * rates[above] ** way
