"""Continues prompts: any number of them, through one batch whose slots are filled again."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.inference.arguments import id_row, integer, seeds
from clova_jax.inference.model import Model
from clova_jax.inference.sampling import Sampling, seed_key
from clova_jax.inference.scoring import prefill_prefix, score_rows
from clova_jax.inference.slots import CALL_TOKENS, Slots, Text, slot_count
from clova_jax.inference.writer import Writer, stops_as_written

STOP_CALL_TOKENS = 4  # a call is short where a stop string may end the text


@dataclass(frozen=True)
class Completion:
    """Holds a continuation and how it came about.

    Args:
        text: the continuation, after the prompt where `echo` was asked for.
        ids: its tokens; `<|endoftext|>` and what a stop string cut off are not among them.
        finish: "end" (`<|endoftext|>`), "stop" (a stop string) or "length".
        logprobs: of `ids` by the model itself, before penalties and temperature; None where there is
            nothing before a token, and for virtual tokens, which are never predicted. Where `finish` is "end", one
            more: that of `<|endoftext|>`. None if they were not asked for.
        top: for each of these the likeliest alternatives, id to log-probability.
    """

    text: str
    ids: list[int]
    finish: str
    logprobs: list[float | None] | None = None
    top: list[dict[int, float]] | None = None


def generate(model: Model, prompts: Iterable[str], **options: Any) -> list[str]:
    """Returns continuations only; the options are those of `complete` and of `Sampling`.

    Returns:
        One text a prompt; with `num_samples`, those of the first prompt come first.
    """
    return [completion.text for completion in complete(model, prompts, **options)]


def complete(
    model: Model,
    prompts: Iterable[str] | Iterable[Iterable[int]],
    *,
    seed: int | Iterable[int] | None = None,
    num_samples: int = 1,
    echo: bool = False,
    prefix_ids: Iterable[int] = (),
    **options: Any,
) -> list[Completion]:
    """Continues prompts until `<|endoftext|>`, a stop string, `max_new_tokens` or the context's end.

    Args:
        prompts: texts, or token ids; an empty one stands for `<|endoftext|>`.
        seed: one for all prompts, whose draws then follow from it and their places: the same batch gives the
            same texts, equal prompts in it different ones. Or one each, which alone decides a prompt's
            draws, wherever it stands and whatever else is in the batch. None draws fresh ones.
        num_samples: continuations of each prompt.
        echo: give the prompt back before its continuation, with its log-probabilities if asked for.
        prefix_ids: tokens that all prompts begin with; prefilled once.
        options: of `Sampling`.

    Raises:
        ClovaError: an argument of a wrong kind, an option out of its range; a prompt that fills the model's
            context; a model whose scores are no numbers.
    """
    if isinstance(prompts, (str, bytes)) or not isinstance(prompts, Iterable):
        raise ClovaError(f"prompts={prompts!r}: wants a list of prompts")
    prompts = list(prompts)
    num_samples = integer(num_samples, "num_samples", 1)
    sampling = make_sampling(options)
    keys = seeds(seed, len(prompts))
    prefix_ids = id_row(prefix_ids, "prefix_ids", model.num_ids)
    rows = prompt_ids(model, prompts, prefix_ids)
    prefix_ids, rows = _keep_one(prefix_ids, rows)
    limit = model.config.max_length - len(prefix_ids)
    texts = [
        start(model, ids, sampling, seed_key(key, sample, place), limit, name=f"prompt {number}")
        for number, (ids, (key, place)) in enumerate(zip(rows, keys, strict=True))
        for sample in range(num_samples)
    ]
    run(model, texts, prefix_ids, sampling.logprobs or 0)
    done = [completion(model, text) for text in texts]
    if echo:
        done = _with_prompts(model, prompts, rows, prefix_ids, done, num_samples, sampling)
    return done


def prompt_ids(
    model: Model, prompts: Sequence[str | Iterable[int]], prefix_ids: Sequence[int] = ()
) -> list[list[int]]:
    """Returns the ids of each prompt; `<|endoftext|>` for an empty one with no prefix before it.

    Raises:
        ClovaError: a prompt is neither a text nor a row of known ids.
    """
    tokenizer = model.tokenizer
    texts = [prompt for prompt in prompts if isinstance(prompt, str)]
    encoded = iter(tokenizer.encode_batch(texts) if texts else [])
    known = model.num_ids
    rows = [
        next(encoded) if isinstance(p, str) else id_row(p, f"prompt {number}", known)
        for number, p in enumerate(prompts)
    ]
    return [ids or ([] if len(prefix_ids) else [tokenizer.end_of_text]) for ids in rows]


def make_sampling(options: dict[str, Any]) -> Sampling:
    """Checks the options of a request and returns them as `Sampling`.

    Raises:
        ClovaError: one is unknown or out of its range.
    """
    known = [field.name for field in dataclasses.fields(Sampling)]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ClovaError(f"generate: no option {unknown}; there are {', '.join(known)}")
    return Sampling(**options)


def start(
    model: Model, ids: list[int], sampling: Sampling, key: np.ndarray, size: int, name: str
) -> Text:
    """Prepares a text to be written where prompt and text have room for `size` tokens.

    Raises:
        ClovaError: the prompt leaves no room for a token.
    """
    room = size - len(ids)
    if room < min(1, sampling.max_new_tokens):
        raise ClovaError(
            f"{name}: {len(ids)} tokens leave no room in a context of {size}; shorten it"
        )
    for token, _ in sampling.logit_bias:
        if token >= model.config.vocab_size:
            raise ClovaError(f"logit_bias: id {token} is outside 0..{model.config.vocab_size - 1}")
    limit = min(sampling.max_new_tokens, room)
    stop = stops_as_written(model.tokenizer, sampling.stop)
    return Text(ids, sampling, key, Writer(model.tokenizer, stop), limit)


def run(model: Model, texts: Sequence[Text], prefix_ids: Sequence[int] = (), top: int = 0) -> None:
    """Writes all texts to their ends."""
    waiting = [text for text in texts if text.limit]
    for text in texts:
        if not text.limit:
            text.finish = "length"
    if not waiting:
        return
    # Long prompts first, so that prompts of one length are prefilled together.
    waiting.sort(key=lambda text: len(text.prompt_ids))
    longest = max(len(text.prompt_ids) + text.limit for text in waiting)
    count = slot_count(model, len(waiting), cache_size(longest))
    stops = any(text.sampling.stop for text in waiting)
    if model.cached_decoder.joins_late and count >= len(waiting) and not stops:
        # All calls are whole ones, and the last of a text leaves nothing that is read again.
        longest = max(
            len(text.prompt_ids) - 1 + (text.limit - 1) // CALL_TOKENS * CALL_TOKENS
            for text in waiting
        )
    size = cache_size(longest)
    slots = Slots(model, count, size, prefill_prefix(model, prefix_ids), prefix_ids, top)
    running = 0
    while waiting or running:
        joining = [waiting.pop() for _ in range(min(len(waiting), len(slots.free)))]
        if joining:
            slots.admit(joining)
        ended = slots.advance(STOP_CALL_TOKENS if stops or waiting else CALL_TOKENS)
        running += len(joining) - len(ended)


def cache_size(tokens: int) -> int:
    """Rounds a number of tokens up so that there are few shapes: 32, 64, 128, then multiples of 128."""
    return 32 if tokens <= 32 else 64 if tokens <= 64 else -(-tokens // 128) * 128


def completion(model: Model, text: Text) -> Completion:
    """Returns the completion of a text that has ended."""
    ids = text.ids
    if text.finish == "stop":  # tokens of the stop string alone are no part of the text
        # Compare text, not bytes: invalid UTF-8 is shown as U+FFFD, which has more bytes. `decode` is no use here,
        # since some tokenizers strip a leading space and this text continues another.
        decode = model.tokenizer.decode_bytes
        decoded = (decode(ids[:n]).decode("utf-8", "replace") for n in range(len(ids)))
        shown = (n for n, part in enumerate(decoded) if part.startswith(text.writer.text))
        ids = ids[: next(shown, len(ids))]
    logprobs = top = None
    if text.sampling.logprobs is not None:
        count = len(ids) + (text.finish == "end")
        logprobs = text.logprobs[:count]
        kept = text.sampling.logprobs
        top = [
            dict(zip(i[:kept].tolist(), p[:kept].tolist(), strict=True))
            for i, p in text.top[:count]
        ]
    return Completion(text.writer.text, ids, text.finish or "length", logprobs, top)


def _keep_one(prefix: list[int], rows: list[list[int]]) -> tuple[list[int], list[list[int]]]:
    """Leaves every prompt a token: if one has none, all take the prefix's last."""
    if all(rows):
        return prefix, rows
    return prefix[:-1], [[prefix[-1], *ids] for ids in rows]


def _with_prompts(
    model: Model,
    prompts: Sequence[Any],
    rows: Sequence[list[int]],
    prefix_ids: Sequence[int],
    done: Sequence[Completion],
    num_samples: int,
    sampling: Sampling,
) -> list[Completion]:
    """Returns the completions with their prompts before them."""
    top = sampling.logprobs
    scores: list[Any] = [None] * len(rows)
    if top is not None:
        scores = score_rows(model, rows, [1] * len(rows), prefix_ids, top)
    echoed = []
    for number, after in enumerate(done):
        which = number // num_samples
        prompt, ids, score = prompts[which], rows[which], scores[which]
        words = [i for i in ids if i < model.config.vocab_size]  # virtual tokens have no text
        text = prompt if isinstance(prompt, str) else model.tokenizer.decode(words)
        logprobs, tops = after.logprobs, after.top
        if score is not None:
            logprobs = [None, *score.logprobs.tolist(), *(after.logprobs or [])]
            tops = [
                {},
                *(
                    dict(zip(i.tolist(), p.tolist(), strict=True))
                    for i, p in zip(score.top_ids, score.top_logprobs, strict=True)
                ),
                *(after.top or []),
            ]
            for place, token in enumerate(ids):
                if token >= model.config.vocab_size:  # virtual: is never predicted
                    logprobs[place], tops[place] = None, {}
        echoed.append(Completion(text + after.text, ids + after.ids, after.finish, logprobs, tops))
    return echoed
