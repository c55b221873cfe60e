"""Translates with recurrent networks, as before the Transformer: one reads, another writes, with attention between them or without.

Without attention all that the writer knows of a sentence is the reader's last state (Sutskever et al. 2014); with it every state of
the writer asks all states of the reader (Bahdanau et al. 2015, in the form of Luong et al. 2015).
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int

from clova_jax.config import ModelConfig
from clova_jax.inference import pad
from clova_jax.lecture.recurrent import LSTM, State, run_cell
from clova_jax.lecture.training import Batch
from clova_jax.model import Linear, Params, bind, parameter, weighted_loss
from clova_jax.tokenizers import Tokenizer

# The reader's states [B,S,D], and bool[B,S], True where they are no padding.
Source = tuple[Array, Array]


class RecurrentTranslator(nnx.Module):
    """Runs two LSTMs over one token table, which also scores what is written.

    Args:
        config: the sizes.
        rngs: random streams.
        virtual: there is no place for prompt vectors; 0.
    """

    def __init__(self, config: "RecurrentConfig", rngs: nnx.Rngs, virtual: int = 0) -> None:
        self.config, width = config, config.embed_dim
        table = rngs.params.normal((config.vocab_size, width))
        self.embedding = parameter(table / math.sqrt(width), "vocab", "embed")
        self.reader, self.writer = LSTM(width, width, rngs), LSTM(width, width, rngs)
        if config.attends:
            std = 1 / math.sqrt(2 * width)
            self.mix = Linear({"mlp": 2 * width}, {"embed": width}, std, rngs)

    def embed(self, ids: Int[Array, "B T"]) -> Float[Array, "B T D"]:
        """Returns the inputs of tokens, about 1 wide, which gates need: the table is narrower, since it scores too."""
        return self.embedding[...][ids] * math.sqrt(self.config.embed_dim)

    def read(self, ids: Int[Array, "B S"], lengths: Int[Array, "B"]) -> tuple[Source, State]:
        """Reads sources; returns what can be asked, and the state that writing begins with."""
        inside = jnp.arange(ids.shape[1]) < lengths[:, None]
        (states, _), last = run_cell(self.reader, self.embed(ids), mask=inside)
        return (states, inside), last

    def write(
        self, ids: Int[Array, "B T"], source: Source, state: State
    ) -> tuple[Float[Array, "B T D"], State, Float[Array, "B T S"] | None]:
        """Runs the writer over tokens that follow `state`.

        Returns:
            What the next tokens are scored by, the state after the last one, and how much each token takes of each of the
            source (None without attention).
        """
        (states, _), last = run_cell(self.writer, self.embed(ids), state)
        if not self.config.attends:
            return states, last, None
        memory, inside = source
        scores = states @ memory.swapaxes(1, 2) / math.sqrt(states.shape[-1])
        shares = jax.nn.softmax(jnp.where(inside[:, None], scores, -1e30))
        both = jnp.concatenate([states, shares @ memory], axis=-1)
        return jnp.tanh(self.mix(both)), last, shares


@dataclass(frozen=True)
class RecurrentConfig(ModelConfig):
    """Describes a recurrent translator; of the sizes `embed_dim` and `vocab_size` count.

    Args:
        attends: with attention over the source.
    """

    attends: bool = True

    decoder = RecurrentTranslator

    @property
    def num_params(self) -> int:
        """Counts all parameters exactly: token table, two LSTMs, and what mixes in the source."""
        width = self.embed_dim
        mix = (2 * width + 1) * width if self.attends else 0
        return self.vocab_size * width + 2 * (8 * width**2 + 4 * width) + mix


def pair_arrays(tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]]) -> Batch:
    """Returns pairs as arrays: `sources, lengths`, the target's tokens `before` each, `targets` and their `weights`."""
    sources, targets = (tokenizer.encode_batch([pair[side] for pair in pairs]) for side in (0, 1))
    end = tokenizer.end_of_text
    targets = [[*ids, end] for ids in targets]
    time = max(map(len, targets))
    ids = pad(targets, len(pairs), time)
    counted = np.arange(time) < np.array([len(one) for one in targets])[:, None]
    return {
        "sources": pad(sources, len(pairs), max(map(len, sources))),
        "lengths": np.array([len(one) for one in sources], np.int32),
        "before": np.pad(ids[:, :-1], ((0, 0), (1, 0)), constant_values=end),
        "targets": ids,
        "weights": counted.astype(np.float32),
    }


def translation_loss(
    params: Params, config: RecurrentConfig, batch: dict[str, Array]
) -> Float[Array, ""]:
    """Returns the mean cross-entropy of the targets' tokens, in nats."""
    model = bind(config, params)
    hidden, *_ = model.write(batch["before"], *model.read(batch["sources"], batch["lengths"]))
    total = weighted_loss(params, config, hidden, batch["targets"], batch["weights"])
    return total / batch["weights"].sum()


def translate(
    params: Params, config: RecurrentConfig, tokenizer: Tokenizer, texts: Sequence[str], most: int
) -> list[str]:
    """Returns a translation of each text, greedily, at most `most` tokens long."""
    rows, end = tokenizer.encode_batch(list(texts)), tokenizer.end_of_text
    lengths = np.array([len(row) for row in rows], np.int32)
    ids = np.asarray(
        _greedy(params, config, pad(rows, len(rows), max(lengths)), lengths, end, most)
    )
    return [tokenizer.decode(row[: row.index(end)] if end in row else row) for row in ids.tolist()]


@functools.partial(jax.jit, static_argnums=(1, 5))
def _greedy(
    params: Params, config: RecurrentConfig, ids: Array, lengths: Array, end: int, most: int
) -> Int[Array, "B most"]:
    model = bind(config, params)
    source, state = model.read(ids, lengths)

    def step(carry: tuple[Array, State], _: None) -> tuple[tuple[Array, State], Array]:
        hidden, state, _ = model.write(carry[0][:, None], source, carry[1])
        chosen = jnp.argmax(hidden[:, 0] @ model.embedding[...].T, axis=-1).astype(jnp.int32)
        return (chosen, state), chosen

    first = jnp.full(len(ids), end, jnp.int32), state
    return jax.lax.scan(step, first, None, length=most)[1].T
