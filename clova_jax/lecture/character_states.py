"""Reads texts with a character model; units of its cell may be held meanwhile.

`held` is float32[n,H], a row a text, or float32[1,H] for all: the value that a unit of the cell is set to after each update and
before the output, NaN where it is free.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Float32, Int, Int64

from clova_jax.lecture.alphabet import END
from clova_jax.lecture.character_decoder import (
    CharacterConfig,
    CharacterDecoder,
    bind_characters,
)
from clova_jax.lecture.characters import CharacterModel
from clova_jax.lecture.recurrent import Change, State
from clova_jax.model import Params

ROWS = 128  # texts at a time
STEP = 16  # lengths are rounded up to its multiples

Held = Float32[np.ndarray, "n H"]


def free(model: CharacterModel, texts: int = 1) -> Held:
    """Returns `held` that holds nothing."""
    return np.full((texts, model.config.units), np.nan, np.float32)


def read_cells(model: CharacterModel, texts: Sequence[str]) -> Float32[np.ndarray, "n H"]:
    """Returns the cell after the last character of each text; every text begins with a state of zero."""
    return _by_batch(model, texts, free(model), _last_cells)


def trace_cells(model: CharacterModel, text: str) -> Float32[np.ndarray, "T H"]:
    """Returns the cell after each character of a text."""
    ids, _ = _pad([model.alphabet.encode(text)], len(text) + 1)
    return np.asarray(_trace(model.params, model.config, ids))[0, 1:]


def count_bits(
    model: CharacterModel, texts: Sequence[str], held: Held | None = None
) -> tuple[Float32[np.ndarray, "n"], Int64[np.ndarray, "n"]]:
    """Returns the bits and the characters of each text, its end counted; `held` has one row."""
    bits = _by_batch(model, texts, free(model) if held is None else held, _text_bits)
    return bits, np.array([len(text) + 1 for text in texts])


def _pad(rows: Sequence[np.ndarray], time: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns ids int32[B,T] with an `END` before each row, and the lengths with it."""
    ids = np.full((len(rows), time), END, np.int32)
    for number, row in enumerate(rows):
        ids[number, 1 : 1 + len(row)] = row
    return ids, np.array([1 + len(row) for row in rows], np.int32)


def _by_batch(
    model: CharacterModel, texts: Sequence[str], held: Held, function: Callable[..., Array]
) -> np.ndarray:
    """Returns what a function of ids and lengths gives for each text; texts of like length are read together."""
    rows = [model.alphabet.encode(text) for text in texts]
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    found = []
    for at in range(0, len(order), ROWS):
        some = [rows[i] for i in order[at : at + ROWS]]
        time = -(-(len(some[-1]) + 1) // STEP) * STEP
        ids, lengths = _pad([*some, *some[:1] * (ROWS - len(some))], time)
        result = function(model.params, model.config, ids, lengths, held)
        found.append(np.asarray(result)[: len(some)])
    return np.concatenate(found)[np.argsort(order)]


def holding(held: Float[Array, "n H"]) -> Change:
    """Returns what holds units, for use inside `jit`."""
    return lambda cell: jnp.where(jnp.isnan(held), cell, held)


def _run(
    params: Params, config: CharacterConfig, ids: Array, lengths: Array, held: Array
) -> tuple[CharacterDecoder, Bool[Array, "B T"], tuple[State, State]]:
    decoder = bind_characters(config, params)
    mask = jnp.arange(ids.shape[1]) < lengths[:, None]
    return decoder, mask, decoder(ids, mask=mask, change=holding(held))


@functools.partial(jax.jit, static_argnums=1)
def _last_cells(*given: Any) -> Float[Array, "B H"]:
    _, _, (_, (_, cells)) = _run(*given)
    return cells


@functools.partial(jax.jit, static_argnums=1)
def _text_bits(
    params: Params, config: CharacterConfig, ids: Int[Array, "B T"], *rest: Array
) -> Float[Array, "B"]:
    decoder, mask, ((hidden, _), _) = _run(params, config, ids, *rest)
    targets = jnp.pad(ids[:, 1:], ((0, 0), (0, 1)), constant_values=END)  # behind a text stands END
    logits = decoder.head(hidden)
    nats = optax.softmax_cross_entropy_with_integer_labels(logits, targets)
    return jnp.where(mask, nats, 0).sum(1) / jnp.log(2.0)


@functools.partial(jax.jit, static_argnums=1)
def _trace(
    params: Params, config: CharacterConfig, ids: Int[Array, "B T"]
) -> Float[Array, "B T H"]:
    return bind_characters(config, params)(ids)[0][1]
