"""Has the paths by which prompts are tuned from outside and used: input gradients, uploads, the list of models."""

import asyncio
import concurrent.futures
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from clova_jax.studio.arrays import to_body, vectors_of
from clova_jax.studio.errors import ApiError
from clova_jax.studio.routes.common import ERRORS, Caller, State
from clova_jax.studio.schemas import GradientsBody, PromptBody
from clova_jax.studio.server import PREFIX, Studio
from clova_jax.studio.store import Prompt
from clova_jax.studio.streams import while_connected

router = APIRouter(responses=ERRORS)
MOST_CELLS = 1 << 16  # of [rows, longest row], which the gradients are returned for


@router.post("/v1/input_gradients", response_model=None)
async def input_gradients(
    body: GradientsBody, request: Request, studio: State, key: Caller
) -> JSONResponse:
    """Returns the loss of targets and its gradient at the input embeddings (the API that the paper plans in section 5.3)."""
    engine, lm = studio.engine, studio.lm
    assert lm is not None
    studio.around(body.model)
    virtual = None if body.virtual is None else vectors_of(body.virtual, "virtual")
    studio.access.charge(key, _cells(body.ids))

    def work() -> tuple[Any, Any]:
        return lm.input_gradients(
            body.ids, body.targets, loss_mask=body.loss_mask, virtual=virtual, per_row=body.per_row
        )

    found = await while_connected(request, _result(engine.call(work, key.name)))
    if found is None:
        return JSONResponse({}, 499)
    loss, gradients = found
    shown = to_body(loss) if body.per_row else float(loss)
    return JSONResponse({"loss": shown, "gradients": to_body(gradients)})


def _cells(ids: list[list[int]]) -> int:
    """Returns the cells of the rectangle of all rows, each of which has a gradient in the answer.

    Raises:
        ApiError: 400, there are too many.
    """
    longest = max(map(len, ids))
    if len(ids) * longest > MOST_CELLS:
        message = (
            f"ids: {len(ids):,} rows, the longest of {longest:,} tokens, make {len(ids) * longest:,} gradients; "
            f"a request has {MOST_CELLS:,} at most; send fewer rows at once"
        )
        raise ApiError(400, message, param="ids")
    return len(ids) * longest


async def _result(future: concurrent.futures.Future[Any]) -> Any:
    return await asyncio.wrap_future(future)


@router.get("/v1/models")
async def models(studio: State, _: Caller) -> dict[str, Any]:
    """Lists the model and its tuned prompts, with what a client that tunes prompts has to know."""
    backend = studio.backend
    about = {"object": "model", "created": studio.created, "owned_by": "clova_jax"}
    own = {"id": studio.settings.model_name, **about, "max_model_len": backend.max_length}
    own["vocab_size"], own["lacks"] = backend.tokenizer.vocab_size, sorted(backend.lacks)
    own["chat"] = studio.chat is not None
    prompts = []
    if studio.soft_prompts is not None:
        own["fingerprint"] = studio.soft_prompts.fingerprint
        own["embed_dim"] = studio.soft_prompts.model.config.embed_dim
        prompts = [{"id": PREFIX + name, **about} for name in studio.soft_prompts.names]
    return {"object": "list", "data": [own, *prompts]}


@router.get("/v1/models/{model}")
async def one_model(model: str, studio: State, key: Caller) -> dict[str, Any]:
    """Describes one model."""
    studio.around(model)
    listed = (await models(studio, key))["data"]
    return next(one for one in listed if one["id"] == model)


@router.get("/v1/prompts")
async def prompts(studio: State, _: Caller) -> dict[str, Any]:
    """Lists the tuned prompts of this model and of others."""
    found = await asyncio.to_thread(studio.store.list_prompts)
    return {"object": "list", "data": [_about(studio, prompt) for prompt in found]}


@router.post("/v1/prompts", status_code=201)
async def save_prompt(body: PromptBody, studio: State, key: Caller) -> dict[str, Any]:
    """Keeps a tuned prompt and puts it to use as `model: "prompt:NAME"`."""
    soft_prompts = studio.tuned
    vectors = vectors_of(body.vectors, "vectors")
    studio.filters.check(dict(body.filters))
    prompt = Prompt(
        body.name,
        key.name,
        body.model,
        body.template,
        vectors.astype("<f4").tobytes(),
        vectors.shape[1],
        body.about,
        filters=dict(body.filters),
    )
    await asyncio.to_thread(soft_prompts.check, prompt)
    if not await asyncio.to_thread(studio.store.save_prompt, prompt):
        message = f"prompt {body.name!r}: there is one of this name; delete it first"
        raise ApiError(400, message, param="name", code="name_taken")
    try:
        await soft_prompts.add(prompt)
    except BaseException:  # a full queue, say: what was refused is not there
        await asyncio.to_thread(studio.store.delete_prompt, prompt.name)
        raise
    return _about(studio, prompt)


@router.delete("/v1/prompts/{name}")
async def delete_prompt(name: str, studio: State, key: Caller) -> dict[str, Any]:
    """Deletes a tuned prompt; only the key that uploaded it may."""
    soft_prompts = studio.tuned
    found = await asyncio.to_thread(studio.store.list_prompts)
    owner = next((prompt.owner for prompt in found if prompt.name == name), None)
    # What belongs to another key is not there, as far as this one is told.
    if owner != key.name or not await asyncio.to_thread(studio.store.delete_prompt, name):
        message = f"prompt {name[:100]!r}: this key has none of this name"
        raise ApiError(404, message, param="name", code="prompt_not_found")
    soft_prompts.remove(name)
    return {"id": PREFIX + name, "object": "prompt", "deleted": True}


def _about(studio: Studio, prompt: Prompt) -> dict[str, Any]:
    known = studio.soft_prompts is not None and prompt.model == studio.soft_prompts.fingerprint
    return {
        "id": PREFIX + prompt.name,
        "object": "prompt",
        "name": prompt.name,
        "model": prompt.model,
        "usable": known,
        "template": prompt.template,
        "virtual_tokens": len(prompt.vectors) // (4 * prompt.width),
        "about": prompt.about,
        "filters": prompt.filters,
    }
