"""Follows one request for the figures, the logs and the table of requests."""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clova_jax.retrieve import Passage
from clova_jax.studio.errors import as_api_error
from clova_jax.studio.schemas import CompletionBody, Parameters
from clova_jax.studio.server import LOG, Studio
from clova_jax.studio.store import Key, RequestRecord
from clova_jax.studio.store.database import now
from clova_jax.studio.usage import LEFT

REFUSED = 429  # is counted in the figures only: who asks too often must not fill the table too
WORST = ("content_filter", "length", "stop", "end")  # of several texts, the first of these counts


@dataclass(frozen=True)
class Prompted:
    """Holds one prompt of a request.

    Args:
        text: as it may be echoed.
        ids: of the text alone.
        row: with what stands around it.
        blocked: whether a filter lets nothing be written after it.
        labels: of the filters.
    """

    text: str
    ids: list[int]
    row: list[int]
    blocked: bool
    labels: dict[str, int]


@dataclass(frozen=True)
class ForApp:
    """Says which version of an app a request is for.

    Args:
        name: of the app.
        version: its number.
        owner: whose app it is.
        variables: what the caller gave, with the text as `input`.
        keep_texts: whether the version lets its texts be kept.
        filters: of the version, kind to action.
        sources: the passages that stand in its prompts.
        listed: whether the request stands in the table of requests; those of a scoring do not.
    """

    name: str
    version: int
    owner: str
    variables: Mapping[str, str] = field(default_factory=dict)
    keep_texts: bool = False
    filters: Mapping[str, str] = field(default_factory=dict)
    sources: Sequence[Passage] = ()
    listed: bool = True


class Account:
    """Collects what is to be known of one request.

    Args:
        studio: the server.
        key: who asks.
        body: what is asked for.
        app: that it is for, if it is for one.
    """

    def __init__(
        self, studio: Studio, key: Key, body: CompletionBody, app: ForApp | None = None
    ) -> None:
        self.studio, self.key, self.body, self.app = studio, key, body, app
        self.request_id = uuid.uuid4().hex
        self._when, self._started = now(), time.perf_counter()
        self._first: float | None = None
        self._finishes: dict[int, str] = {}
        self._labels: list[Mapping[str, int]] = []
        self._raw: dict[int, str] = {}
        self._text: str | None = None
        self._status: int | None = None

    def wrote(self) -> None:
        """Notes the time of the first text."""
        if self._first is None:
            self._first = time.perf_counter() - self._started
            self.studio.metrics.first.observe(self._first)

    def finished(
        self, index: int, finish: str, labels: Mapping[str, int], text: str, raw: str
    ) -> None:
        """Notes the end of a choice.

        Args:
            index: of the choice.
            finish: how it ended.
            labels: of the filters.
            text: as it was shown.
            raw: as the model wrote it.
        """
        self._finishes[index], self._raw[index] = finish, raw
        self._labels.append(labels)
        if index == 0:
            self._text = text

    def failed(self, error: BaseException) -> None:
        """Notes that the request ended with an error, or that the client left."""
        left = isinstance(error, asyncio.CancelledError | GeneratorExit)
        self._status = LEFT if left else as_api_error(error).status

    def end(
        self, prompts: Sequence[Prompted], written: int, choices: int, policy: Mapping[str, str]
    ) -> None:
        """Writes it all down.

        Args:
            prompts: of the request, as far as they were read.
            written: tokens of all choices.
            choices: how many there were to be.
            policy: of the filters.
        """
        if self._status is None:
            self._status = 200 if len(self._finishes) == choices else LEFT
        seconds = time.perf_counter() - self._started
        tokens = sum(len(prompt.row) for prompt in prompts)
        if self._finishes:
            self.studio.metrics.complete.observe(seconds)
        if self._status != REFUSED and (self.app is None or self.app.listed):
            record = RequestRecord(
                self.request_id,
                self._when,
                self.key.name,
                self.app.owner if self.app else self.key.name,
                self.app.name if self.app else None,
                self.app.version if self.app else None,
                _storable(self.body.model or self.studio.settings.model_name)[:300],
                choices,
                tokens,
                written,
                self._first,
                seconds,
                self._finish,
                _worst([*self._labels, *(prompt.labels for prompt in prompts)]),
                self._status,
                **self._texts(prompts, policy),
            )
            self.studio.log.add(record)
        self._write_log(prompts, tokens, written, seconds)

    @property
    def _finish(self) -> str:
        if self._status == LEFT:
            return "left"
        found = self._finishes.values()
        return "error" if self._status != 200 else next(one for one in WORST if one in found)

    def _texts(self, prompts: Sequence[Prompted], policy: Mapping[str, str]) -> dict[str, Any]:
        """Returns what is kept only where texts may be."""
        if not (self.studio.settings.log_texts or (self.app and self.app.keep_texts)):
            return {}
        filters = self.studio.filters
        given = self.app.variables if self.app else None
        shown = given and {k: _storable(filters.apply(v, policy)[0]) for k, v in given.items()}
        return {
            "parameters": {name: getattr(self.body, name) for name in Parameters.model_fields},
            "variables": shown,
            "prompt": _storable(prompts[0].text) if prompts else None,
            "text": None if self._text is None else _storable(self._text),
        }

    def _write_log(
        self, prompts: Sequence[Prompted], tokens: int, written: int, seconds: float
    ) -> None:
        texts = [[prompt.text for prompt in prompts], [*self._raw.values()]]
        LOG.info(
            "key=%r prompts=%d prompt_tokens=%d tokens=%d seconds=%.3f%s",
            self.key.name,
            len(prompts),
            tokens,
            written,
            seconds,
            f" texts={texts!r}" if self.studio.settings.log_texts else "",
        )


def _storable(text: str) -> str:
    """Returns a text as any database takes it: without halves of surrogate pairs, and without NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _worst(labels: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Returns the least label of each kind: 0 is harmful."""
    kinds = {kind for one in labels for kind in one}
    return {kind: min(one[kind] for one in labels if kind in one) for kind in sorted(kinds)}
