"""Draws texts from a character model; units of its cell may be held meanwhile."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from clova_jax.lecture.alphabet import END, UNKNOWN
from clova_jax.lecture.character_decoder import CharacterConfig, bind_characters
from clova_jax.lecture.character_states import ROWS, Held, holding
from clova_jax.lecture.characters import CharacterModel
from clova_jax.model import Params


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


@functools.partial(jax.jit, static_argnums=1)
def _write(
    params: Params,
    config: CharacterConfig,
    held: Float[Array, "B H"],
    numbers: Float[Array, "B L"],
) -> Int[Array, "B L"]:
    decoder, (rows, longest) = bind_characters(config, params), numbers.shape
    change = holding(held)
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
