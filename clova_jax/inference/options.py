"""Defines how text is sampled: one dataclass, checked when it is made."""

import math
from dataclasses import dataclass
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.inference.arguments import LARGEST, real, texts, whole


@dataclass(frozen=True)
class Sampling:
    """Options of one request.

    They act in this order: penalties, temperature, top-k, top-p, min-p.

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
    logprobs: int | None = None

    def __post_init__(self) -> None:
        stop = [self.stop] if isinstance(self.stop, str) else self.stop
        values: dict[str, Any] = {"stop": tuple(texts(() if stop is None else stop, "stop"))}
        if not all(values["stop"]):
            raise ClovaError(f"stop={list(values['stop'])!r}: wants texts that are not empty")
        for name, high in (("max_new_tokens", math.inf), ("top_k", math.inf), ("logprobs", 100)):
            if name != "logprobs" or self.logprobs is not None:
                values[name] = whole(getattr(self, name), name, 0, high)
        for name, (low, high, wanted) in _RANGES.items():
            values[name] = real(getattr(self, name), name, low, high, wanted)
        for name, value in values.items():
            object.__setattr__(self, name, value)


_RANGES = {
    "temperature": (0, LARGEST, "a number from 0 to 1e9"),
    "top_p": (1e-9, 1, "a number above 0 and up to 1"),
    "min_p": (0, 1, "a number from 0 to 1"),
    "repetition_penalty": (1 / LARGEST, LARGEST, "a number above 0 and up to 1e9"),
    "frequency_penalty": (-LARGEST, LARGEST, "a number from -1e9 to 1e9"),
    "presence_penalty": (-LARGEST, LARGEST, "a number from -1e9 to 1e9"),
}
