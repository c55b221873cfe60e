"""Defines how text is sampled, and draws the next token on the device: penalties, temperature, filters, the draw.

Filters keep all tokens above one threshold. The threshold is found by bisection over the 32 bits of a
float, a sum over the vocabulary a bit, since XLA's sort of a vocabulary takes longer than the model.
Each row draws with its own key, folded with the number of its token: what else is in the batch does not
matter.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, UInt32

from clova_jax.common.errors import ClovaError
from clova_jax.inference.arguments import LARGEST, integer, real, texts

MOST_BIASES = 300  # tokens of `logit_bias`, as in OpenAI's API
COLDEST = 1e-30  # a temperature below is this one: float32 has no reciprocal for the smallest


@dataclass(frozen=True)
class Sampling:
    """Holds the options of one request.

    They act in this order: bias, penalties, temperature, top-k, top-p, min-p.

    Args:
        max_new_tokens: at most so many; less where the model's context ends.
        temperature: divides the logits; 0 takes the likeliest token (greedy).
        top_k: only the k likeliest tokens (and what ties with the last); 0 is all.
        top_p: only the smallest set of likeliest tokens with this much probability; 1 is all.
        min_p: only tokens at least this many times as likely as the likeliest; 0 is all.
        repetition_penalty: divides positive and multiplies negative logits of tokens in prompt or text
            (Keskar et al. 2019); 1 is none.
        frequency_penalty: subtracted once for each time the token stands in the new text.
        presence_penalty: subtracted where the token stands in the new text at all.
        stop: the text ends before the first of these.
        logit_bias: added to the logits of single tokens before all else, id to number; 300 at most.
        logprobs: report log-probabilities with so many alternatives a token; None for neither.

    Raises:
        ClovaError: a value out of its range.
    """

    max_new_tokens: int = 64
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    stop: tuple[str, ...] = ()
    logit_bias: tuple[tuple[int, float], ...] = ()
    logprobs: int | None = None

    def __post_init__(self) -> None:
        stop = [self.stop] if isinstance(self.stop, str) else self.stop
        values: dict[str, Any] = {"stop": tuple(texts(() if stop is None else stop, "stop"))}
        if not all(values["stop"]):
            raise ClovaError(f"stop={list(values['stop'])!r}: wants texts that are not empty")
        for name, high in (("max_new_tokens", math.inf), ("top_k", math.inf), ("logprobs", 100)):
            if name != "logprobs" or self.logprobs is not None:
                values[name] = integer(getattr(self, name), name, 0, high)
        for name, (low, high, wanted) in _RANGES.items():
            values[name] = real(getattr(self, name), name, low, high, wanted)
        values["logit_bias"] = _bias(self.logit_bias)
        for name, value in values.items():
            object.__setattr__(self, name, value)


def _bias(given: Any) -> tuple[tuple[int, float], ...]:
    pairs = given.items() if isinstance(given, Mapping) else given
    try:
        bias = {
            integer(token, "logit_bias", 0, 2**31 - 1): real(
                value, f"logit_bias[{token}]", -LARGEST, LARGEST, "a number from -1e9 to 1e9"
            )
            for token, value in pairs
        }
    except (TypeError, ValueError):
        raise ClovaError(f"logit_bias={given!r}: wants token ids with a number each") from None
    if len(bias) > MOST_BIASES:
        raise ClovaError(f"logit_bias: {len(bias)} tokens; wants {MOST_BIASES} at most")
    return tuple(bias.items())


_RANGES = {
    "temperature": (0, LARGEST, "a number from 0 to 1e9"),
    "top_p": (1e-9, 1, "a number above 0 and up to 1"),
    "min_p": (0, 1, "a number from 0 to 1"),
    "repetition_penalty": (1 / LARGEST, LARGEST, "a number above 0 and up to 1e9"),
    "frequency_penalty": (-LARGEST, LARGEST, "a number from -1e9 to 1e9"),
    "presence_penalty": (-LARGEST, LARGEST, "a number from -1e9 to 1e9"),
}


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Rows:
    """Holds the options of each row of a batch, as arrays [B]; `key` is uint32[B,2]."""

    temperature: Float[Array, "B"]
    top_k: Int[Array, "B"]
    top_p: Float[Array, "B"]
    min_p: Float[Array, "B"]
    repetition_penalty: Float[Array, "B"]
    frequency_penalty: Float[Array, "B"]
    presence_penalty: Float[Array, "B"]
    bias_ids: Int[Array, "B K"]
    bias: Float[Array, "B K"]
    key: UInt32[Array, "B 2"]

    @classmethod
    def of(cls, options: list[Sampling], keys: list[np.ndarray], count: int) -> "Rows":
        """Builds NumPy arrays of `count` rows; the spare ones are greedy."""
        spare = count - len(options)
        rows = [*options, *[Sampling(temperature=0.0)] * spare]
        floats = {
            name: np.array([getattr(row, name) for row in rows], np.float32)
            for name in (
                "temperature",
                "top_p",
                "min_p",
                "repetition_penalty",
                "frequency_penalty",
                "presence_penalty",
            )
        }
        cold = [0 < row.temperature < COLDEST for row in rows]  # which float32 could take for 0
        floats["temperature"] = np.where(cold, np.float32(COLDEST), floats["temperature"])
        top_k = np.array([min(row.top_k, 2**31 - 1) for row in rows], np.int32)
        unused = [np.zeros(2, np.uint32)] * spare
        bias_ids = np.full((count, MOST_BIASES), 2**31 - 1, np.int32)  # in no vocabulary
        bias = np.zeros((count, MOST_BIASES), np.float32)
        for number, row in enumerate(rows):
            for place, (token, value) in enumerate(row.logit_bias):
                bias_ids[number, place], bias[number, place] = token, value
        key = np.stack([*keys, *unused])
        return cls(top_k=top_k, key=key, bias_ids=bias_ids, bias=bias, **floats)


def seed_key(seed: int, sample: int = 0, place: int = 0) -> np.ndarray:
    """Returns uint32[2], the key of a request; it depends on the seed, the sample's number and the prompt's place alone."""
    # Four words in any case: a list of numbers takes as many as each needs, and two lists then meet.
    entropy = [seed & (2**32 - 1), seed >> 32 & (2**32 - 1), sample, place]
    return np.random.SeedSequence(entropy).generate_state(2, np.uint32).astype(np.uint32)


def penalise(
    scores: Float[Array, "B V"],
    rows: Rows,
    in_prompt: Bool[Array, "B V"],
    counts: Int[Array, "B V"],
) -> Float[Array, "B V"]:
    """Returns the scores after the bias, and the repetition, frequency and presence penalties."""

    def add_bias(scores: Array) -> Array:
        row = jnp.arange(len(scores))[:, None]
        return scores.at[row, rows.bias_ids].add(rows.bias, mode="drop")

    scores = lax.cond(jnp.any(rows.bias != 0), add_bias, lambda scores: scores, scores)

    def apply(scores: Array) -> Array:
        repetition = rows.repetition_penalty[:, None]
        weaker = jnp.where(scores > 0, scores / repetition, scores * repetition)
        scores = jnp.where(in_prompt | (counts > 0), weaker, scores)
        scores = scores - rows.frequency_penalty[:, None] * counts
        return scores - rows.presence_penalty[:, None] * (counts > 0)

    wanted = jnp.any(
        (rows.repetition_penalty != 1)
        | (rows.frequency_penalty != 0)
        | (rows.presence_penalty != 0)
    )
    return lax.cond(wanted, apply, lambda scores: scores, scores)


def draw_apart(
    scores: Float[Array, "B V"], rows: Rows, number: Int[Array, "B"], active: Bool[Array, "B"]
) -> Int[Array, "B"]:
    """Draws as `draw` does, row after row: where rows are not computed side by side, only those that draw cost anything."""

    def one(row: tuple) -> Array:
        return draw(*jax.tree.map(lambda array: array[None], row))[0]

    return lax.map(one, (scores, rows, number, active))


def draw(
    scores: Float[Array, "B V"], rows: Rows, number: Int[Array, "B"], active: Bool[Array, "B"]
) -> Int[Array, "B"]:
    """Draws the next token of each row; `number` counts the tokens a row has drawn before."""
    likeliest = _argmax(scores)
    drawn = rows.temperature > 0

    def sample(scores: Array) -> Array:
        # From the likeliest down: however small a temperature, nothing overflows but to minus infinity.
        scores = scores - jnp.max(scores, axis=-1, keepdims=True)
        scaled = scores / jnp.where(drawn, rows.temperature, 1)[:, None]
        kept = filtered(scaled, rows)
        keys = jax.random.wrap_key_data(rows.key, impl="threefry2x32")  # whatever JAX's default is
        keys = jax.vmap(jax.random.fold_in)(keys, number)
        noise = jax.vmap(lambda key: jax.random.gumbel(key, scores.shape[1:]))(keys)
        choice = _argmax(jnp.where(kept, scaled + noise, -jnp.inf))
        return jnp.where(drawn, choice, likeliest)

    return lax.cond(jnp.any(drawn & active), sample, lambda _: likeliest, scores)


def _argmax(scores: Float[Array, "B V"]) -> Int[Array, "B"]:
    """Returns the first index of each row's maximum, in two passes that XLA:CPU vectorises, as it does not `argmax`."""
    best, size = jnp.max(scores, axis=-1, keepdims=True), scores.shape[-1]
    found = jnp.where(scores == best, jnp.arange(size, dtype=jnp.int32), size)
    return jnp.minimum(jnp.min(found, axis=-1), size - 1)


def filtered(scores: Float[Array, "B V"], rows: Rows) -> Bool[Array, "B V"]:
    """Returns which tokens top-k, top-p and min-p leave, in this order."""
    order = _ordered_bits(scores)
    lowest = jnp.min(order, axis=-1)

    def top_k(_: None) -> Array:
        wanted = jnp.where(rows.top_k > 0, rows.top_k, scores.shape[-1])
        return _highest(order, lambda kept: jnp.sum(kept, axis=-1) >= wanted)

    threshold = lax.cond(jnp.any(rows.top_k > 0), top_k, lambda _: lowest, None)
    best = jnp.max(scores, axis=-1, keepdims=True)

    def top_p(threshold: Array) -> Array:
        mass = jnp.where(order >= threshold[:, None], jnp.exp(scores - best), 0)
        wanted = rows.top_p * jnp.sum(mass, axis=-1)
        nucleus = _highest(order, lambda kept: jnp.sum(jnp.where(kept, mass, 0), axis=-1) >= wanted)
        return jnp.where(rows.top_p < 1, jnp.maximum(nucleus, threshold), threshold)

    threshold = lax.cond(jnp.any(rows.top_p < 1), top_p, lambda t: t, threshold)
    floor = best + jnp.log(rows.min_p)[:, None]
    return (order >= threshold[:, None]) & (scores >= floor)


def _ordered_bits(x: Float[Array, "B V"]) -> Int[Array, "B V"]:
    """Returns integers in the order of the floats."""
    bits = lax.bitcast_convert_type(x.astype(jnp.float32), jnp.int32)
    return jnp.where(bits < 0, bits ^ 0x7FFFFFFF, bits)


def _highest(
    order: Int[Array, "B V"], enough: Callable[[Bool[Array, "B V"]], Bool[Array, "B"]]
) -> Int[Array, "B"]:
    """Finds the highest threshold of each row for which what it keeps is still `enough`."""

    def halve(bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = (low | high) - ((low ^ high) >> 1)  # rounded up, without overflow
        good = enough(order >= middle[:, None])
        return jnp.where(good, middle, low), jnp.where(good, high, middle - 1)

    bounds = jnp.min(order, axis=-1), jnp.max(order, axis=-1)
    return lax.while_loop(lambda bounds: jnp.any(bounds[0] < bounds[1]), halve, bounds)[0]
