"""Writes texts through another server of OpenAI's API, vLLM with an export of the model say; it is sent token ids.

Rules, keys, filters and the tokenizer stay here. What the upstream does not have is refused by name.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx

from clova_jax.studio.backends.base import Ask, Entry, Part
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
        return UpstreamWriting(answer)

    async def score(
        self, rows: Sequence[Sequence[int]], first: int, top: int, owner: str
    ) -> list[list[Entry]]:
        """Returns what the upstream echoes of given tokens."""
        body = {"model": self.model, "prompt": [*map(list, rows)], "max_tokens": 0}
        answer = await self._post(body | {"echo": True, "logprobs": top, "temperature": 0})
        choices = sorted(answer["choices"], key=lambda choice: choice["index"])
        return [list(_entries(choice["logprobs"], choice["text"]))[first:] for choice in choices]

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
        seed = {} if ask.seed is None else {"seed": ask.seed + ask.sample + (ask.place << 20)}
        body = {"model": self.model, "prompt": list(ask.ids), "stream": True, **options, **seed}
        return body if ask.logprobs is None else body | {"logprobs": ask.logprobs}

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
    """

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[Part]:
        """Yields the text as the upstream writes it."""
        count = 0
        logprobs: list[float] = []
        async for event in self._events():
            for choice in event.get("choices", []):
                text, finish = choice.get("text", ""), choice.get("finish_reason")
                entries = _entries(choice.get("logprobs"), text)
                logprobs += [entry.logprob or 0.0 for entry in entries]
                count += len(entries) or bool(text)
                score = sum(logprobs) / len(logprobs) if finish and logprobs else None
                yield Part(text, entries, finish, count, score)
                if finish:
                    return
        raise ApiError(503, "the upstream ended in the middle of a text", retry_after=1)

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


def _entries(logprobs: Any, text: str) -> tuple[Entry, ...]:
    """Returns the entries of OpenAI's four lists."""
    if not logprobs or not logprobs["tokens"]:
        return ()
    names, offsets = logprobs["tokens"], logprobs["text_offset"]
    first = offsets[0]
    ends = [*(offset - first for offset in offsets[1:]), len(text)]
    starts = [offset - first for offset in offsets]
    tops = logprobs.get("top_logprobs") or [None] * len(names)
    return tuple(
        Entry(name, logprob, top, max(end - start, 0))
        for name, logprob, top, start, end in zip(
            names, logprobs["token_logprobs"], tops, starts, ends, strict=True
        )
    )


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
