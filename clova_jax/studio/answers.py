"""Puts continuations into the shapes of the two APIs."""

import functools
import math
import time
from collections.abc import Sequence
from typing import Any

from clova_jax.studio.backends import Entry, Part
from clova_jax.studio.backends.entries import ID, token_name
from clova_jax.studio.completions import Chunk, Completions
from clova_jax.studio.schemas import ClovaBody


class OpenAIAnswer:
    """Makes the answer to one request, complete or in events.

    Args:
        completions: what is written.
        model: as the request or the server calls it.
    """

    def __init__(self, completions: Completions, model: str) -> None:
        self.completions, self.body = completions, completions.body
        self.head = {
            "id": f"cmpl-{completions.request_id}",
            "request_id": completions.request_id,
            "object": "text_completion",
            "created": int(time.time()),
            "model": model,
        }
        self._offsets: dict[int, int] = {}
        self._open = completions.count * len(self.body.prompt)  # choices that have not ended

    def complete(self, choices: Sequence[tuple[int, Part, dict[str, int]]]) -> dict[str, Any]:
        """Returns the complete answer."""
        shown = [
            self._choice(index, place, part, labels, first=True)
            for index, (place, part, labels) in enumerate(choices)
        ]
        return {**self.head, "choices": shown, "usage": self.usage(), **self._about_app()}

    def event(self, chunk: Chunk) -> dict[str, Any]:
        """Returns the event of a part; the prompt comes with the first of its choice."""
        first = chunk.index not in self._offsets
        place = chunk.index // self.completions.count
        choice = self._choice(chunk.index, place, chunk.part, chunk.labels, first)
        self._open -= chunk.part.finish is not None
        ended = not self._open and not self._wants_usage
        last = self._about_app() if ended else {}
        return {**self.head, "choices": [choice], **self._no_usage(), **last}

    def usage_event(self) -> dict[str, Any] | None:
        """Returns the last event, where the request wants it."""
        if not self._wants_usage:
            return None
        return {**self.head, "choices": [], "usage": self.usage(), **self._about_app()}

    def usage(self) -> dict[str, int]:
        """Returns how many tokens the request took."""
        prompt = sum(len(one.row) for one in self.completions.prompts)
        written = self.completions.written
        return {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
        }

    def _no_usage(self) -> dict[str, None]:
        return {"usage": None} if self._wants_usage else {}

    @property
    def _wants_usage(self) -> bool:
        return bool(self.body.stream_options and self.body.stream_options.include_usage)

    def _about_app(self) -> dict[str, Any]:
        """Returns which version of an app answered, and the passages that it was given, as the filters leave them."""
        app = self.completions.account.app
        if app is None:
            return {}
        sources = [
            {
                "document": source.document,
                "place": source.place,
                "text": self.completions.filtered(source.text),
            }
            for source in app.sources
        ]
        return {"app": {"name": app.name, "version": app.version}, "sources": sources}

    def _choice(
        self, index: int, place: int, part: Part, labels: dict[str, int] | None, first: bool
    ) -> dict[str, Any]:
        text, entries = part.text, list(part.entries)
        if first:
            self._offsets[index] = 0
            if self.body.echo:
                text = self.completions.prompts[place].text + text
                if self.completions.entries:
                    entries = [*self.completions.entries[place], *entries]
        choice: dict[str, Any] = {
            "index": index,
            "text": text,
            "logprobs": None if self.body.logprobs is None else self._logprobs(index, entries),
            "finish_reason": "stop" if part.finish == "end" else part.finish,
        }
        return choice if labels is None else {**choice, "filters": labels}

    def _logprobs(self, index: int, entries: Sequence[Entry]) -> dict[str, Any]:
        offsets = []
        for entry in entries:
            offsets.append(self._offsets[index])
            self._offsets[index] += entry.size
        return {
            "tokens": [self._name(entry.token) for entry in entries],
            "token_logprobs": [entry.logprob for entry in entries],
            "top_logprobs": [
                entry.top and {self._name(token): value for token, value in entry.top.items()}
                for entry in entries
            ],
            "text_offset": offsets,
        }

    def _name(self, token: int) -> str:
        if self.body.return_tokens_as_token_ids:
            return f"{ID}{token}"
        return token_name(self.completions.tokenizer, token)


STOP_REASONS = {"end": "end_token", "stop": "stop_before"}
FILTER_NAMES = {
    "personal": ("personal", "identifier"),
    "curse": ("curse", "insult"),
    "unsafe": ("unsafeContents", "discrimination"),
}


def clova_answer(
    completions: Completions, part: Part, labels: dict[str, int], body: ClovaBody
) -> dict[str, Any]:
    """Returns the answer in CLOVA Studio's shape; its `probs` are probabilities, not their logarithms.

    Args:
        part: the complete continuation, with entries where tokens were asked for.
        labels: of the filters.
        body: the request.
    """
    (prompt,) = completions.prompts
    result: dict[str, Any] = {
        "text": prompt.text + part.text + body.restart,
        "stopReason": STOP_REASONS.get(part.finish or "", part.finish),
        "startText": body.start,
        "restartText": body.restart,
        "inputText": prompt.text.removesuffix(body.start),
        "inputLength": len(prompt.row),
        "outputText": part.text,
        "outputLength": part.tokens,
        "ok": True,
    }
    if body.includeTokens:
        names = functools.partial(token_name, completions.tokenizer)
        result["inputTokens"] = [names(entry.token) for entry in completions.entries[0]]
        result["outputTokens"] = [names(entry.token) for entry in part.entries]
    if body.includeProbs:
        result["probs"] = [math.exp(entry.logprob or 0.0) for entry in part.entries]
    if body.includeAiFilters:
        result["aiFilter"] = [
            {"groupName": FILTER_NAMES[kind][0], "name": FILTER_NAMES[kind][1], "score": str(label)}
            for kind, label in labels.items()
        ]
    status = {"code": "20000", "message": "OK"}
    return {"status": status, "request_id": completions.request_id, "result": result}
