"""Writes texts through another server of OpenAI's API, vLLM with an export of the model say; it is sent token ids.

Rules, keys, filters and the tokenizer stay here. What the upstream does not have is refused by name.
"""

import dataclasses
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx

from clova_jax.studio.backends.base import Ask, Entry, Part
from clova_jax.studio.backends.entries import ID, HeldEntries, Sizes
from clova_jax.studio.errors import ApiError
from clova_jax.tokenizers import Tokenizer

NAMES = {"max_new_tokens": "max_tokens"}
SECONDS = 600.0


class UpstreamBackend:
    """Forwards what is asked for.

    Args:
        url: of the server, without `/v1`.
        model: what the upstream calls the model.
        tokenizer: of the model; texts are encoded here.
        max_length: tokens of its context.
        key: sent as a bearer token, if the upstream wants one.
    """

    lacks = frozenset({"gradients", "prompts"})
    load = (0, 0)
    failed = False

    def __init__(
        self, url: str, model: str, tokenizer: Tokenizer, max_length: int, key: str | None = None
    ) -> None:
        self.tokenizer, self.max_length, self.model = tokenizer, max_length, model
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers=headers,
            timeout=httpx.Timeout(SECONDS, connect=10),
            limits=httpx.Limits(max_connections=None),
        )

    async def write(self, ask: Ask) -> "UpstreamWriting":
        """Opens a stream of the upstream's."""
        request = self._client.build_request("POST", "/v1/completions", json=self._body(ask))
        try:
            answer = await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise ApiError(503, f"the upstream: {_words(error)}", retry_after=5) from None
        if answer.status_code != 200:
            content = await answer.aread()
            await answer.aclose()
            raise _refused(answer.status_code, content, answer.headers)
        return UpstreamWriting(answer, self.tokenizer)

    async def score(
        self, rows: Sequence[Sequence[int]], first: int, top: int, owner: str
    ) -> list[list[Entry]]:
        """Returns what the upstream echoes of given tokens."""
        body = {"model": self.model, "prompt": [*map(list, rows)], "max_tokens": 0, "echo": True}
        answer = await self._post(body | _named_by_id(top) | {"temperature": 0})
        choices = sorted(answer["choices"], key=lambda choice: choice["index"])
        found = []
        for choice in choices:
            found.append(_entries(choice["logprobs"], Sizes(self.tokenizer))[first:])
        return found

    async def check(self) -> None:
        """Checks that the upstream is there and has the model.

        Raises:
            ApiError: it is not.
        """
        try:
            answer = await self._client.get("/v1/models")
            names = [model["id"] for model in answer.json()["data"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise ApiError(503, f"the upstream does not answer ({_words(error)})") from None
        if self.model not in names:
            raise ApiError(503, f"the upstream has {', '.join(names)}, not {self.model}")

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    def _body(self, ask: Ask) -> dict[str, Any]:
        options = {NAMES.get(name, name): value for name, value in ask.sampling.items()}
        if bias := options.pop("logit_bias", None):
            options["logit_bias"] = {str(token): value for token, value in dict(bias).items()}
        options = {name: value for name, value in options.items() if value not in ((), [], None)}
        body = {"model": self.model, "prompt": list(ask.ids), "stream": True, **options}
        body["stream_options"] = {"include_usage": True}
        if ask.seed is not None:
            seed = ask.seed + ask.sample + (ask.place << 20)
            body["seed"] = (seed + (1 << 63)) % (1 << 64) - (1 << 63)  # of 64 bits, with a sign
        top = 0 if ask.logprobs is None and ask.scored else ask.logprobs
        return body if top is None else body | _named_by_id(top)

    async def _post(self, body: Mapping[str, Any]) -> Any:
        try:
            answer = await self._client.post("/v1/completions", json=body)
        except httpx.HTTPError as error:
            raise ApiError(503, f"the upstream: {_words(error)}", retry_after=5) from None
        if answer.status_code != 200:
            raise _refused(answer.status_code, answer.content, answer.headers)
        return answer.json()


class UpstreamWriting:
    """Follows a stream of the upstream's.

    Args:
        answer: whose body is the stream.
        tokenizer: of the model.
    """

    def __init__(self, answer: httpx.Response, tokenizer: Tokenizer) -> None:
        self._answer, self._end = answer, tokenizer.end_of_text
        self._sizes, self._held = Sizes(tokenizer), HeldEntries()
        self._characters = self._tokens = 0
        self._logprobs: list[float] = []
        self._last = -1  # the id of the last token, where it is known

    async def __aiter__(self) -> AsyncIterator[Part]:
        """Yields the text as the upstream writes it; the last part waits for the usage, which counts its tokens."""
        end: Part | None = None
        async for event in self._events():
            for choice in event.get("choices", []):
                part = self._part(choice)
                if part.finish:
                    end = part
                else:
                    yield part
            if end and (usage := event.get("usage")):
                end = dataclasses.replace(end, tokens=usage["completion_tokens"])
        if end is None:
            raise ApiError(503, "the upstream ended in the middle of a text", retry_after=1)
        yield end

    def _part(self, choice: dict[str, Any]) -> Part:
        """Returns what one event says of the text, with the entries of tokens whose characters are shown."""
        text, logprobs = choice.get("text") or "", choice.get("logprobs")
        self._characters += len(text)
        new = _entries(logprobs, self._sizes)
        for entry in new:
            self._held.add(entry)
            self._logprobs.append(entry.logprob or 0.0)
            self._last = entry.token
        self._tokens += len(new) or bool(text)
        finish = self._finish(choice)
        if finish is None:
            return Part(text, tuple(self._held.shown(self._characters)), None, self._tokens)
        # A stop string's tokens are among the upstream's; they are no part of the text.
        stopped = finish == "stop"
        entries = self._held.begun(self._characters) if stopped else self._held.rest()
        score = sum(self._logprobs) / len(self._logprobs) if self._logprobs else None
        return Part(text, tuple(entries), finish, self._tokens, score)

    def _finish(self, choice: dict[str, Any]) -> str | None:
        """Returns how the text ended; vLLM says by a `stop_reason` of null that it was `<|endoftext|>`."""
        finish = choice.get("finish_reason")
        if finish not in (None, "stop", "length", "content_filter"):
            raise ApiError(503, f"the upstream ended a text ({str(finish)[:100]})", retry_after=1)
        by_reason = "stop_reason" in choice and choice["stop_reason"] is None
        return "end" if finish == "stop" and (by_reason or self._last == self._end) else finish

    async def aclose(self) -> None:
        """Closes the connection, at which the upstream ends the text."""
        await self._answer.aclose()

    async def _events(self) -> AsyncIterator[dict[str, Any]]:
        try:
            async for line in self._answer.aiter_lines():
                if not line.startswith("data:") or line[5:].strip() == "[DONE]":
                    continue
                event = json.loads(line[5:])
                if "error" in event:
                    raise ApiError(503, f"the upstream: {_message(event)}", retry_after=1)
                yield event
        except (httpx.HTTPError, httpx.StreamError, ValueError) as error:
            raise ApiError(503, f"the upstream: {_words(error)}", retry_after=5) from None


def _named_by_id(top: int) -> dict[str, Any]:
    """Asks for log-probabilities of tokens by id: as text, two halves of characters have the same name in vLLM."""
    return {"logprobs": top, "return_tokens_as_token_ids": True}


def _entries(logprobs: Any, sizes: Sizes) -> list[Entry]:
    """Returns the entries of OpenAI's lists.

    Raises:
        ApiError: tokens are not named by their ids.
    """
    if not logprobs or not logprobs["tokens"]:
        return []
    ids = [*map(_id, logprobs["tokens"])]
    tops = logprobs.get("top_logprobs") or [None] * len(ids)
    found = []
    for token, logprob, near, size in zip(
        ids, logprobs["token_logprobs"], tops, sizes.of(ids), strict=True
    ):
        top = None if near is None else {_id(name): value for name, value in near.items()}
        found.append(Entry(token, logprob, top, size))
    return found


def _id(name: str) -> int:
    number = name.removeprefix(ID)
    if number == name or not number.isdecimal():
        message = "the upstream does not name tokens by id (return_tokens_as_token_ids), as logprobs want it"
        raise ApiError(503, message)
    return int(number)


def _refused(status: int, content: bytes, headers: Mapping[str, str]) -> ApiError:
    """Returns the upstream's refusal as this server says it: a fault of the request stays one, all else is not the caller's."""
    try:
        message = _message(json.loads(content))
    except ValueError:
        message = f"status {status}"
    if status in (400, 413, 422):
        return ApiError(400, f"the upstream: {message}")
    wait = headers.get("retry-after", "5")
    return ApiError(503, f"the upstream: {message}", retry_after=int(wait) if wait.isdigit() else 5)


def _message(value: Any) -> str:
    found = value.get("error", value) if isinstance(value, dict) else value
    found = found.get("message", found) if isinstance(found, dict) else found
    return str(found)[:300]


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
