"""Defines what the API needs of whatever writes its texts."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from clova_jax.tokenizers import Tokenizer


@dataclass(frozen=True)
class Entry:
    """Holds the log-probability of one token.

    Args:
        token: its id.
        logprob: natural logarithm; None for a text's first token.
        top: the likeliest tokens in its place, by id, and the token itself; None where there is nothing before.
        size: characters that the token completes.
    """

    token: int
    logprob: float | None
    top: dict[int, float] | None
    size: int


@dataclass(frozen=True)
class Part:
    """Holds a part of a text that is being written.

    Args:
        text: what is new; never half a character.
        entries: of the new tokens, if log-probabilities were asked for.
        finish: at the end, "end" (`<|endoftext|>`), "stop" (a stop string, or an upstream that does not say) or "length".
        tokens: ids written so far.
        score: mean log-probability of the tokens, at the end; None where it is not known, or there is no token.
    """

    text: str
    entries: tuple[Entry, ...] = ()
    finish: str | None = None
    tokens: int = 0
    score: float | None = None


@dataclass(frozen=True)
class Ask:
    """Holds what one continuation is asked for.

    Args:
        ids: of the prompt.
        sampling: options of `Sampling`, without `logprobs`.
        logprobs: alternatives to a token; None for no log-probabilities.
        seed: decides the draws, with `sample` and `place`; None for fresh ones.
        sample, place: numbers of the continuation and of its prompt.
        owner: whose turn it takes.
        scored: the last part is to have a score, whether or not log-probabilities are asked for.
    """

    ids: Sequence[int]
    sampling: Mapping[str, Any] = field(default_factory=dict)
    logprobs: int | None = None
    seed: int | None = None
    sample: int = 0
    place: int = 0
    owner: str = ""
    scored: bool = False


class Writing(Protocol):
    """Is one text that is being written."""

    def __aiter__(self) -> AsyncIterator[Part]:
        """Yields the text as it is written, the last part with its finish.

        Raises:
            ApiError, ClovaError: it cannot be written any further.
        """

    async def aclose(self) -> None:
        """Ends the writing and frees its slot; does nothing after its end."""


class Backend(Protocol):
    """Writes and scores texts.

    Attributes:
        tokenizer: of the model.
        max_length: tokens of prompt and text together.
        lacks: what it cannot do, of "gradients", "prompts".
    """

    tokenizer: Tokenizer
    max_length: int
    lacks: frozenset[str]

    async def write(self, ask: Ask) -> Writing:
        """Begins a text; whoever gets it closes it.

        Raises:
            ApiError, ClovaError: it cannot be written.
        """

    async def score(
        self, rows: Sequence[Sequence[int]], first: int, top: int, owner: str
    ) -> list[list[Entry]]:
        """Returns an entry of each token of each row from the `first` on; a row's very first has no log-probability."""

    @property
    def load(self) -> tuple[int, int]:
        """Returns (texts being written, requests waiting), as far as it is known."""

    @property
    def failed(self) -> bool:
        """Returns True if it will never write again."""

    async def close(self) -> None:
        """Frees what it holds; texts that are being written end with an error."""
