"""Manages the rows of a running batch: texts join when a slot is free, all of them advance together, and leave.

`generate` and the engine both stand on `Slots`. The state lives on the device and is donated from call to
call; one call advances all rows by several tokens, and ends early when no row is left.

A prompt's last token is not part of the prefill: it is the first input of the decoding loop, so that
drawing a token is written once.
"""

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Int

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.inference.decoders import CachedDecoder
from clova_jax.inference.model import Model
from clova_jax.inference.sampling import Rows, Sampling, draw, draw_apart, penalise
from clova_jax.inference.shapes import bucket, most_rows, pad, row_bucket, slot_bucket
from clova_jax.inference.writer import Writer
from clova_jax.model import Cache, Params, Prefix, bind, refuse_nan

CALL_TOKENS = 32  # the most tokens a row advances in one call
CACHE_BYTES = 1 << 31  # of all rows together
MOST_ROWS = 64
Drawn = tuple[Array, ...]  # what `_advance` returns after its state


@dataclass(eq=False)
class Text:
    """Holds a text that is being written: its options, and its tokens so far."""

    prompt_ids: list[int]
    sampling: Sampling
    key: np.ndarray
    writer: Writer
    limit: int
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    top: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    finish: str | None = None  # "end", "stop", "length", "cancelled"


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    """Holds the batch on the device.

    Args:
        cache: keys and values of all tokens so far, as the decoder keeps them.
        token: int32[B], the next input of each row.
        made: int32[B], tokens drawn so far; `limit` of them are wanted.
        in_prompt: bool[B,V], tokens of the prompt.
        counts: int32[B,V], how often a token was drawn.
        rows: the options.
    """

    cache: Any
    token: Int[Array, "B"]
    made: Int[Array, "B"]
    limit: Int[Array, "B"]
    in_prompt: Bool[Array, "B V"]
    counts: Int[Array, "B V"]
    rows: Rows


class Slots:
    """Advances a batch with `count` slots of `size` tokens each, behind a shared prefix.

    Args:
        model: what the texts are written by.
        count: rows that advance together.
        size: prompt and text tokens a row has room for.
        prefix, prefix_ids: what all prompts begin with.
        top: alternatives reported a token; fixed, since it is part of the compiled shape.
        apart: whether rows attend and draw one after another: slower where all have texts, quicker where few have.
    """

    def __init__(
        self,
        model: Model,
        count: int,
        size: int,
        prefix: Prefix | None = None,
        prefix_ids: Sequence[int] = (),
        top: int = 0,
        apart: bool = False,
    ) -> None:
        self.model, self.count, self.size, self.apart = model, count, size, apart
        self.top = min(top, model.config.vocab_size)
        self.prefix = prefix
        vocab = model.config.vocab_size
        self.in_prefix = np.zeros(vocab, bool)
        self.in_prefix[[i for i in prefix_ids if i < vocab]] = True  # virtual tokens are no words
        self.texts: list[Text | None] = [None] * count
        self.decoder = model.cached_decoder
        self.state = model.beside(
            _empty(self.decoder.stored, model.config, count, size, self.decoder.dtype)
        )

    @property
    def free(self) -> list[int]:
        """Returns the numbers of the slots without a text."""
        return [slot for slot, text in enumerate(self.texts) if text is None]

    @property
    def used(self) -> int:
        """Counts the slots with a text."""
        return sum(text is not None for text in self.texts)

    def admit(self, texts: Sequence[Text]) -> None:
        """Gives each text a free slot and prefills its prompt, those of one length bucket in one pass, equal ones once.

        Args:
            texts: not more than there are free slots.
        """
        free = self.free
        if len(texts) > len(free):
            raise ClovaError(f"{len(texts)} texts for {len(free)} free slots")
        groups: dict[int, dict[tuple[int, ...], list[Text]]] = {}
        longest = min(self.size, self.model.config.max_length)
        for text in texts:
            group = groups.setdefault(bucket(len(text.prompt_ids) - 1, longest), {})
            group.setdefault(tuple(text.prompt_ids), []).append(text)
        before = 0 if self.prefix is None else self.prefix.keys.shape[1]
        for time, group in groups.items():
            most = most_rows(time, before, self.model.config.num_heads)
            for at in range(0, len(group), most):
                part = list(group.values())[at : at + most]
                count = sum(map(len, part))
                slots, free = free[:count], free[count:]
                rows = 3 if len(part) == 3 <= most else row_bucket(len(part), most)
                self._prefill(part, slots, rows, time)

    def _prefill(
        self, groups: Sequence[Sequence[Text]], slots: Sequence[int], rows: int, time: int
    ) -> None:
        """Prefills `rows` prompts of up to `time` tokens, each once for all of its texts."""
        prompts = [texts[0].prompt_ids for texts in groups]
        texts = [text for group in groups for text in group]
        lengths = np.zeros(rows, np.int32)
        lengths[: len(prompts)] = [len(ids) - 1 for ids in prompts]
        last = np.zeros(rows, np.int32)
        last[: len(prompts)] = [ids[-1] for ids in prompts]
        # Two programs: the dear one is the same however many slots there are.
        prefilled, seen = _prefill(
            self.decoder.params,
            self.prefix,
            self.in_prefix,
            *self.model.place(pad([ids[:-1] for ids in prompts], rows, time), lengths),
            last,
            config=self.model.config,
            dtype=self.decoder.dtype,
        )
        source = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        # As many as there are prompts where none is wanted twice, so that few programs are compiled.
        wanted = rows if len(texts) == len(groups) else min(slot_bucket(len(texts)), self.count)
        self._seat(texts, slots, prefilled, seen, source, wanted)

    def _seat(
        self,
        texts: Sequence[Text],
        slots: Sequence[int],
        prefilled: Cache,
        seen: Bool[Array, "R V"],
        source: Int[np.ndarray, "S"],
        rows: int,
    ) -> None:
        """Gives texts their slots; `source` says which row of the prefill each goes on after."""
        spare = np.zeros(rows - len(texts), np.int32)
        last = [text.prompt_ids[-1] for text in texts]
        limits = [text.limit for text in texts]
        self.state = _seat(
            self.state,
            prefilled,
            seen,
            np.concatenate([source.astype(np.int32), spare]),
            np.concatenate([np.array(slots, np.int32), spare + self.count]),
            np.concatenate([np.array(last, np.int32), spare]),
            np.concatenate([np.array(limits, np.int32), spare]),
            Rows.of([t.sampling for t in texts], [t.key for t in texts], rows),
        )
        for slot, text in zip(slots, texts, strict=True):
            self.texts[slot] = text

    def seat(self, text: Text, prefilled: Cache) -> None:
        """Gives a text a free slot; all but the last token of its prompt were prefilled elsewhere.

        Args:
            prefilled: one row, without a prefix.
        """
        seen = np.zeros((1, self.model.config.vocab_size), bool)
        seen[0, [i for i in text.prompt_ids if i < seen.size]] = True
        self._seat([text], self.free[:1], prefilled, seen, np.zeros(1, np.int32), 1)

    def advance(self, tokens: int) -> list[Text]:
        """Advances every text by up to `tokens` tokens; returns those that ended, their slots free."""
        return self.take(self.send(tokens))

    def send(self, tokens: int, first: int | None = None) -> Drawn:
        """Has the device advance every text, and does not wait for it.

        Args:
            tokens: that a text advances, at most.
            first: the same for a text of which no character is written yet; `tokens` by default. A text is cut at the same places
                whatever is written beside it, since its bits depend on them.
        """
        most = np.array(
            [
                0 if text is None else tokens if first is None or text.writer.text else first
                for text in self.texts
            ],
            np.int32,
        )
        self.state, *drawn = _advance(
            self.decoder,
            self.state,
            self.prefix,
            np.minimum(most, CALL_TOKENS),
            np.int32(self.model.tokenizer.end_of_text),
            top=self.top,
            apart=self.apart,
        )
        return tuple(drawn)

    def take(self, sent: Drawn) -> list[Text]:
        """Waits for what `send` returned, and adds it to the texts; returns those that ended, their slots free."""
        drawn, logprobs, top_ids, top_logprobs = map(np.asarray, sent)
        ended = []
        for slot, text in enumerate(self.texts):
            if text is None:
                continue
            count = int(np.argmin(drawn[:, slot])) if drawn[-1, slot] < 0 else len(drawn)
            refuse_nan(logprobs[:count, slot])
            text.logprobs.extend(logprobs[:count, slot].tolist())
            text.top.extend(zip(top_ids[:count, slot], top_logprobs[:count, slot], strict=True))
            self._take(text, drawn[:count, slot].tolist())
            if text.finish:
                ended.append(text)
                self.texts[slot] = None
        return ended

    def _take(self, text: Text, ids: list[int]) -> None:
        """Adds the new tokens of one text, writes them and notices its end."""
        if ids and ids[-1] == self.model.tokenizer.end_of_text:
            text.ids.extend(ids[:-1])  # its log-probability stays, the last of all
            text.finish = "end"
        else:
            text.ids.extend(ids)
            if len(text.ids) >= text.limit:
                text.finish = "length"
        if text.writer.write(text.ids, last=text.finish is not None):
            text.finish = "stop"

    def cancel(self, text: Text) -> None:
        """Frees the slot of a text; nothing more is written to it."""
        self.texts[self.texts.index(text)] = None
        text.finish = "cancelled"


def slot_count(model: Model, texts: int, size: int) -> int:
    """Returns how many rows so many texts get: 1, 2, 3, 4, 8, 16, …, bounded by the memory of their cache."""
    config = model.config
    row = 2 * config.num_layers * size * config.embed_dim * jnp.dtype(model.dtype).itemsize
    most = max(1, min(MOST_ROWS, CACHE_BYTES // row))
    return min(slot_bucket(texts), 1 << most.bit_length() - 1)


@functools.partial(jax.jit, static_argnums=range(5))
def _empty(stored: Any, config: ModelConfig, count: int, size: int, dtype: DTypeLike) -> State:
    zeros, vocab = jnp.zeros(count, jnp.int32), (count, config.vocab_size)
    rows = jax.tree.map(jnp.asarray, Rows.of([], [], count))
    cache = stored.empty(config, count, size, dtype)
    return State(
        cache, zeros, zeros, zeros, jnp.zeros(vocab, bool), jnp.zeros(vocab, jnp.int32), rows
    )


@functools.partial(jax.jit, static_argnames=("config", "dtype"))
def _prefill(
    params: Params,
    prefix: Prefix | None,
    in_prefix: Bool[Array, "V"],
    ids: Int[Array, "R T"],
    lengths: Int[Array, "R"],
    last: Int[Array, "R"],
    *,
    config: ModelConfig,
    dtype: DTypeLike,
) -> tuple[Cache, Bool[Array, "R V"]]:
    """Returns the cache of prompts without their last tokens, and which tokens are in prefix and prompt."""
    count, time = ids.shape
    valid = jnp.arange(time) < lengths[:, None]
    fresh = Cache.empty(config, count, 0, dtype, prefix)
    prefilled = bind(config, params).prefill(
        ids, cache=fresh, segment_ids=valid.astype(jnp.int32), dtype=dtype
    )
    seen = jnp.broadcast_to(in_prefix, (count, in_prefix.size))
    row = jnp.arange(count)
    seen = seen.at[row[:, None], jnp.where(valid, ids, in_prefix.size)].set(True, mode="drop")
    return prefilled.with_prefix(None), seen.at[row, last].set(True)


@functools.partial(jax.jit, donate_argnames=("state",))
def _seat(
    state: State,
    prefilled: Cache,
    seen: Bool[Array, "R V"],
    source: Int[Array, "S"],
    slots: Int[Array, "S"],
    last: Int[Array, "S"],
    limit: Int[Array, "S"],
    rows: Rows,
) -> State:
    """Puts prefilled rows into slots, a row into as many as want it; spare entries have a slot number that does not exist."""
    return State(
        state.cache.put(slots, prefilled.take(source)),
        state.token.at[slots].set(last, mode="drop"),
        state.made.at[slots].set(0, mode="drop"),
        state.limit.at[slots].set(limit, mode="drop"),
        state.in_prompt.at[slots].set(seen[source], mode="drop"),
        state.counts.at[slots].set(0, mode="drop"),
        jax.tree.map(lambda all, new: all.at[slots].set(new, mode="drop"), state.rows, rows),
    )


@functools.partial(jax.jit, static_argnames=("top", "apart"), donate_argnames="state")
def _advance(
    decoder: CachedDecoder,
    state: State,
    prefix: Prefix | None,
    steps: Int[Array, "B"],
    end_of_text: Int[Array, ""],
    *,
    top: int,
    apart: bool,
) -> tuple[State, Array, Array, Array, Array]:
    """Draws up to `steps` tokens for every row.

    Returns:
        The state; tokens int32[CALL_TOKENS,B], -1 where a row had ended; their log-probabilities (of
        the model, before penalties and temperature); the likeliest alternatives [.,B,top] of both.
    """
    batch = state.token.shape[0]
    row = jnp.arange(batch)
    cache = state.cache
    state = dataclasses.replace(state, cache=decoder.begin(cache, CALL_TOKENS))

    def step(carry: tuple) -> tuple:
        number, state, active, out = carry
        hidden, carried = decoder.step(state.token, cache, state.cache, prefix, active, apart=apart)
        scores = decoder.scores(hidden)
        weighed = penalise(scores, state.rows, state.in_prompt, state.counts)
        token = (draw_apart if apart else draw)(weighed, state.rows, state.made, active)
        total = jax.nn.logsumexp(scores, axis=-1)
        logprob = scores[row, token] - total
        values, ids = lax.top_k(scores, top) if top else (jnp.zeros((batch, 0)),) * 2
        news = (
            jnp.where(active, token, -1),
            logprob,
            ids.astype(jnp.int32),
            values - total[:, None],
        )
        out = tuple(all.at[number].set(new) for all, new in zip(out, news, strict=True))
        state = State(
            carried,
            jnp.where(active, token, state.token),
            state.made + active,
            state.limit,
            state.in_prompt,
            state.counts.at[row, token].add(active.astype(jnp.int32)),
            state.rows,
        )
        active = active & (token != end_of_text) & (state.made < state.limit)
        active = active & (number + 1 < steps)
        return number + 1, state, active, out

    out = (
        jnp.full((CALL_TOKENS, batch), -1, jnp.int32),
        jnp.zeros((CALL_TOKENS, batch), jnp.float32),
        jnp.zeros((CALL_TOKENS, batch, top), jnp.int32),
        jnp.zeros((CALL_TOKENS, batch, top), jnp.float32),
    )
    active = (steps > 0) & (state.made < state.limit)
    _, state, _, out = lax.while_loop(
        lambda carry: jnp.any(carry[2]), step, (0, state, active, out)
    )
    return dataclasses.replace(state, cache=decoder.finish(cache, state.cache)), *out
