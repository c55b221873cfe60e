"""Reads texts with a character model, and writes some; on both ways units of the cell may be held.

`held` is float32[n,H] or [1,H] for all texts: the value that a unit of the cell is set to after each update and before the
output, NaN where it is free.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Int, Int64

from clova_jax.lecture.alphabet import END, UNKNOWN
from clova_jax.lecture.characters import CharacterConfig, CharacterModel, bind_characters
from clova_jax.lecture.recurrent import Change
from clova_jax.model import Params

ROWS = 128  # texts at a time
STEP = 16  # lengths are rounded up to its multiples

Held = Float32[np.ndarray, "n H"]


def free(model: CharacterModel, texts: int = 1) -> Held:
    """Returns `held` that holds nothing."""
    return np.full((texts, model.config.units), np.nan, np.float32)


def read_cells(model: CharacterModel, texts: Sequence[str]) -> Float32[np.ndarray, "n H"]:
    """Returns the cell after the last character of each text; every text begins with a state of zero."""
    return _by_batch(model, texts, None, lambda cells, _: cells, (model.config.units,))


def trace_cells(model: CharacterModel, text: str) -> Float32[np.ndarray, "T H"]:
    """Returns the cell after each character of a text."""
    ids, _ = _pad([model.alphabet.encode(text)], len(text) + 1)
    return np.asarray(_trace(model.params, model.config, ids))[0, 1:]


def count_bits(
    model: CharacterModel, texts: Sequence[str], held: Held | None = None
) -> tuple[Float32[np.ndarray, "n"], Int64[np.ndarray, "n"]]:
    """Returns what each text costs in bits, its end included, and its characters, its end among them."""
    bits = _by_batch(model, texts, held, lambda _, bits: bits, ())
    return bits, np.array([len(text) + 1 for text in texts])


def write_texts(model: CharacterModel, held: Held, seed: int, *, longest: int = 140) -> list[str]:
    """Draws a text for each row of `held`, from its beginning and at temperature 1, without unknown characters.

    The n-th text of a seed is drawn with the same random numbers whatever is held, each number's place in the cumulated
    probabilities being the next character: texts differ by what is held only.

    Args:
        model: writes.
        held: of each text.
        seed: of the random numbers.
        longest: characters of a text, at most.
    """
    found: list[str] = []
    numbers = np.random.default_rng(seed).random((len(held), longest), np.float32)
    for at in range(0, len(held), ROWS):
        part = slice(at, at + ROWS)
        given = _fill(held[part]), _fill(numbers[part])
        ids = np.asarray(_write(model.params, model.config, *given))
        found += [model.alphabet.decode(row) for row in ids[: len(held[part])]]
    return found


def _fill(rows: np.ndarray) -> np.ndarray:
    """Repeats the last row until there are `ROWS`, so that one compiled shape serves."""
    return np.concatenate([rows, np.repeat(rows[-1:], ROWS - len(rows), axis=0)])


def _pad(rows: Sequence[np.ndarray], time: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns ids int32[B,T] with an `END` before each row, and the lengths with it."""
    ids = np.full((len(rows), time), END, np.int32)
    for number, row in enumerate(rows):
        ids[number, 1 : 1 + len(row)] = row
    return ids, np.array([1 + len(row) for row in rows], np.int32)


def _by_batch(
    model: CharacterModel, texts: Sequence[str], held: Held | None, take: Any, shape: tuple
) -> np.ndarray:
    held = free(model) if held is None else held
    rows = [model.alphabet.encode(text) for text in texts]
    found = np.zeros((len(rows), *shape), np.float32)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    for at in range(0, len(order), ROWS):
        some = order[at : at + ROWS]
        padded = [*(rows[i] for i in some), *([rows[some[0]]] * (ROWS - len(some)))]
        time = -(-(len(rows[some[-1]]) + 1) // STEP) * STEP
        ids, lengths = _pad(padded, time)
        result = _read(model.params, model.config, ids, lengths, held)
        found[some] = np.asarray(take(*result))[: len(some)]
    return found


def _holding(held: Float[Array, "n H"]) -> Change:
    return lambda cell: jnp.where(jnp.isnan(held), cell, held)


@functools.partial(jax.jit, static_argnums=1)
def _read(
    params: Params,
    config: CharacterConfig,
    ids: Int[Array, "B T"],
    lengths: Int[Array, "B"],
    held: Float[Array, "n H"],
) -> tuple[Float[Array, "B H"], Float[Array, "B"]]:
    decoder = bind_characters(config, params)
    mask = jnp.arange(ids.shape[1]) < lengths[:, None]
    (hidden, _), (_, cells) = decoder(ids, mask=mask, change=_holding(held))
    targets = jnp.pad(ids[:, 1:], ((0, 0), (0, 1)), constant_values=END)  # behind a text stands END
    logp = jax.nn.log_softmax(decoder.head(hidden))
    nats = -jnp.take_along_axis(logp, targets[..., None], axis=2)[..., 0]
    return cells, jnp.where(mask, nats, 0).sum(1) / jnp.log(2.0)


@functools.partial(jax.jit, static_argnums=1)
def _trace(
    params: Params, config: CharacterConfig, ids: Int[Array, "B T"]
) -> Float[Array, "B T H"]:
    return bind_characters(config, params)(ids)[0][1]


@functools.partial(jax.jit, static_argnums=1)
def _write(
    params: Params,
    config: CharacterConfig,
    held: Float[Array, "B H"],
    numbers: Float[Array, "B L"],
) -> Int[Array, "B L"]:
    decoder, (rows, longest) = bind_characters(config, params), numbers.shape
    change = _holding(held)
    zeros = jnp.zeros((rows, config.units))
    start = (
        0,
        jnp.full(rows, END),
        (zeros, zeros),
        jnp.zeros(rows, bool),
        jnp.full((rows, longest), END),
    )

    def is_open(loop: tuple) -> Bool[Array, ""]:
        return (loop[0] < longest) & ~loop[3].all()

    def step(loop: tuple) -> tuple:
        at, ids, state, done, written = loop
        logits, state = decoder.step(ids, state, change)
        shares = jnp.cumsum(jax.nn.softmax(logits.at[:, UNKNOWN].set(-jnp.inf)), axis=1)
        drawn = (shares < numbers[:, at, None] * shares[:, -1:]).sum(1)
        done |= drawn == END
        ids = jnp.where(done, END, jnp.minimum(drawn, logits.shape[1] - 1))
        return at + 1, ids, state, done, written.at[:, at].set(ids)

    return jax.lax.while_loop(is_open, step, start)[-1]
