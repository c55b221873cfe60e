"""How text is to be sampled: one dataclass, checked when made."""

import math
from dataclasses import dataclass

from clova_jax.common.errors import ClovaError


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
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        object.__setattr__(self, "stop", stop)
        ranges = {
            "max_new_tokens": (0, math.inf, "0 or more"),
            "temperature": (0, math.inf, "0 or more"),
            "top_k": (0, math.inf, "0 or more"),
            "top_p": (1e-9, 1, "above 0 and up to 1"),
            "min_p": (0, 1, "from 0 to 1"),
            "repetition_penalty": (1e-9, math.inf, "above 0"),
            "frequency_penalty": (-math.inf, math.inf, "a number"),
            "presence_penalty": (-math.inf, math.inf, "a number"),
            "logprobs": (0, 100, "from 0 to 100"),
        }
        whole = ("max_new_tokens", "top_k", "logprobs")
        for name, (low, high, wanted) in ranges.items():
            value = getattr(self, name)
            if name == "logprobs" and value is None:
                continue
            kinds = int if name in whole else (int, float)
            if (
                not isinstance(value, kinds)
                or isinstance(value, bool)
                or not low <= value <= high
                or (isinstance(value, float) and not math.isfinite(value))
            ):
                raise ClovaError(f"{name}={value!r}: wants {wanted}")
        if not all(isinstance(text, str) and text for text in stop):
            raise ClovaError(f"stop={list(stop)!r}: wants texts that are not empty")
