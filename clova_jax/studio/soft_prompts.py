"""Keeps the tuned prompts of one model in use: their vectors are virtual tokens in one table."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.inference import Engine, Model, SoftPrompt, Template
from clova_jax.model import not_finite
from clova_jax.studio.store import Prompt

CAPACITY = 256  # virtual tokens at the start; the table doubles when it is full


@dataclass(frozen=True)
class Around:
    """Holds the ids that stand before and after a text, and what the filters do to it."""

    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)


class SoftPrompts:
    """Lends virtual tokens to prompts. What a prompt had is not lent again, so that no text meets another's vectors.

    Args:
        engine: uses the table.
        model: the engine's, without virtual tokens.
    """

    def __init__(self, engine: Engine, model: Model) -> None:
        self.engine, self.model = engine, model
        self.fingerprint = self.model.fingerprint
        width = self.model.config.embed_dim
        self._table = np.zeros((CAPACITY, width), np.float32)
        self._used = 0
        self._prompts: dict[str, Around] = {}
        self._change = asyncio.Lock()

    @property
    def names(self) -> list[str]:
        """Returns the names of the prompts in use."""
        return list(self._prompts)

    def get(self, name: str) -> Around | None:
        """Returns what stands around a text for a prompt of that name."""
        return self._prompts.get(name)

    def check(self, prompt: Prompt) -> SoftPrompt:
        """Returns a stored prompt as the model takes it.

        Raises:
            ClovaError: it was tuned on another model; its vectors do not fit its template or are not finite.
        """
        vectors = np.frombuffer(prompt.vectors, "<f4").astype(np.float32)
        if prompt.width != self.model.config.embed_dim or vectors.size % prompt.width:
            raise ClovaError(
                f"vectors: wants rows of {self.model.config.embed_dim} numbers, not of {prompt.width}"
            )
        vectors = vectors.reshape(-1, prompt.width)
        if not_finite(vectors) is not None:
            raise ClovaError("vectors: a number is not finite")
        soft = SoftPrompt(vectors, Template.parse(prompt.template), prompt.model, prompt.about)
        soft.attach(self.model)
        return soft

    async def add(self, prompt: Prompt) -> None:
        """Puts a prompt to use.

        Raises:
            ClovaError: as `check`.
        """
        soft = self.check(prompt)
        async with self._change:
            count = len(soft.vectors)
            table = self._table
            while self._used + count > len(table):
                table = np.concatenate([table, np.zeros_like(table)])
            table = table.copy()
            table[self._used : self._used + count] = soft.vectors
            first = self.model.first_virtual + self._used
            before, after = soft.template.ids(self.model.tokenizer, first)
            await asyncio.wrap_future(self.engine.use(self.model.with_virtual(table)))
            self._table, self._used = table, self._used + count
            self._prompts[prompt.name] = Around(tuple(before), tuple(after), prompt.filters)

    def remove(self, name: str) -> None:
        """Takes a prompt out of use."""
        self._prompts.pop(name, None)
