"""Has the paths that continue texts, in OpenAI's shape and in CLOVA Studio's."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from clova_jax.studio.answers import OpenAIAnswer, clova_answer
from clova_jax.studio.apps.addresses import PREFIX, version_of
from clova_jax.studio.apps.running import filled_request
from clova_jax.studio.backends import Part
from clova_jax.studio.completions import Chunk, Completions
from clova_jax.studio.errors import ApiError, as_api_error
from clova_jax.studio.routes.common import ERRORS, Caller, State
from clova_jax.studio.schemas import ClovaBody, CompletionBody
from clova_jax.studio.server import Studio
from clova_jax.studio.store import Key
from clova_jax.studio.streams import DONE, PING, PING_SECONDS, EventStream, event, while_connected

router = APIRouter(responses=ERRORS)
CLIENT_LEFT = Response(status_code=499)  # nobody reads it
Choices = list[tuple[int, Part, dict[str, int]]]
_EVENT = {"type": "object", "properties": {"data": {"type": "string"}}}
STREAM = {"text/event-stream": {"schema": _EVENT}}


@router.post("/v1/completions", responses={200: {"content": STREAM}}, response_model=None)
async def complete(body: CompletionBody, request: Request, studio: State, key: Caller) -> Any:
    """Continues prompts, as OpenAI's completions do; with `model: "app:NAME"` they are what an app is told."""
    completions = await while_connected(request, _completions(studio, key, body))
    if completions is None:
        return CLIENT_LEFT
    answer = OpenAIAnswer(completions, body.model or studio.settings.model_name)
    return await answer_to(request, completions, answer)


async def answer_to(request: Request, completions: Completions, answer: OpenAIAnswer) -> Any:
    """Writes what a request asks for, in events or at once; a client that leaves ends it.

    Args:
        request: of HTTP.
        completions: what is to be written.
        answer: puts it into a shape.
    """
    if completions.body.stream:
        begun = await while_connected(request, _begin(completions))
        if not begun:
            return CLIENT_LEFT
        return EventStream(events(completions.chunks(), answer), completions.aclose)
    choices = await while_connected(request, _all(completions))
    return CLIENT_LEFT if choices is None else JSONResponse(answer.complete(choices))


@router.post("/v1/completions/{model}", response_model=None)
async def clova(model: str, body: ClovaBody, request: Request, studio: State, key: Caller) -> Any:
    """Continues a text, as CLOVA Studio's completions do."""
    wants_entries = body.includeTokens or body.includeProbs
    asked = CompletionBody(
        model=model,
        prompt=body.text + body.start,
        max_tokens=body.maxTokens,
        temperature=body.temperature,
        top_p=body.topP,
        top_k=body.topK,
        # Their scale ends at 10; ours is a divisor of logits, of which 1.4 is much.
        repetition_penalty=1 + body.repeatPenalty / 25,
        stop=body.stopBefore,
        seed=body.seed or None,
        logprobs=0 if wants_entries else None,
        echo=wants_entries,
    )
    completions = Completions(studio, key, asked)
    choices = await while_connected(request, _all(completions))
    if choices is None:
        return CLIENT_LEFT
    ((_, part, labels),) = choices
    return JSONResponse(clova_answer(completions, part, labels, body))


async def _completions(studio: Studio, key: Key, body: CompletionBody) -> Completions:
    """Returns what is to be written, for an app with its prompts filled."""
    if body.model is None or not body.model.startswith(PREFIX):
        if body.variables is not None:
            raise ApiError(400, "variables: only with an app", param="variables")
        return Completions(studio, key, body)
    app, version = await asyncio.to_thread(version_of, studio.store, body.model, key.name)
    request, for_app = await filled_request(studio, app, version, body)
    return Completions(studio, key, request, for_app)


async def _begin(completions: Completions) -> bool:
    await completions.begin()
    return True


async def _all(completions: Completions) -> Choices:
    try:
        await completions.begin()
        return await completions.complete()
    finally:
        await completions.aclose()


async def events(
    written: AsyncGenerator[Chunk, None], answer: OpenAIAnswer
) -> AsyncGenerator[bytes, None]:
    """Yields the events of a stream; an error is the last of them, without a `[DONE]`.

    Args:
        written: what is being written; closed at the end.
        answer: puts it into OpenAI's shape.
    """
    try:
        async with contextlib.aclosing(written) as chunks:
            upcoming = aiter(chunks)
            while True:
                task = asyncio.ensure_future(anext(upcoming))
                try:
                    while not (await asyncio.wait({task}, timeout=PING_SECONDS))[0]:
                        yield PING
                    chunk = task.result()
                except StopAsyncIteration:
                    break
                finally:
                    task.cancel()
                yield event(answer.event(chunk))
        if (usage := answer.usage_event()) is not None:
            yield event(usage)
        yield DONE
    except Exception as error:
        yield event(as_api_error(error).body)
