"""Has the path that answers messages, in OpenAI's shape, with a model that has a chat template."""

from typing import Any

from fastapi import APIRouter, Request

from clova_jax.studio.chats import ChatAnswer, as_completion
from clova_jax.studio.completions import Completions
from clova_jax.studio.routes.common import ERRORS, Caller, State
from clova_jax.studio.routes.completions import STREAM, answer_to
from clova_jax.studio.schemas import ChatBody

router = APIRouter(responses=ERRORS)


@router.post("/v1/chat/completions", responses={200: {"content": STREAM}}, response_model=None)
async def chat(body: ChatBody, request: Request, studio: State, key: Caller) -> Any:
    """Answers the last message of a chat, as OpenAI's chat completions do."""
    completions = Completions(studio, key, as_completion(studio, body))
    answer = ChatAnswer(completions, body.model or studio.settings.model_name)
    return await answer_to(request, completions, answer)
