"""Has the paths that turn text into ids and back, in vLLM's shape."""

from typing import Any

from fastapi import APIRouter

from clova_jax.inference import id_row
from clova_jax.interop import as_jinja
from clova_jax.studio.backends.entries import token_name
from clova_jax.studio.routes.common import ERRORS, Caller, State
from clova_jax.studio.schemas import DetokenizeBody, TokenizeBody
from clova_jax.tokenizers import END_OF_TEXT

router = APIRouter(responses=ERRORS)


@router.post("/tokenize")
async def tokenize(body: TokenizeBody, studio: State, key: Caller) -> dict[str, Any]:
    """Returns the ids of a text; exactly `<|endoftext|>` is that token, so that a client can find its id."""
    studio.around(body.model)
    tokenizer = studio.backend.tokenizer
    studio.access.charge(key, 0)

    def work() -> tuple[list[int], list[str] | None]:
        if body.prompt == END_OF_TEXT:
            ids = [tokenizer.end_of_text]
        else:
            (ids,) = tokenizer.encode_batch([body.prompt])
        shown = bool(body.return_token_strs)
        return ids, [token_name(tokenizer, token) for token in ids] if shown else None

    ids, names = await studio.in_encoder(work)
    return {
        "count": len(ids),
        "max_model_len": studio.backend.max_length,
        "tokens": ids,
        "token_strs": names,
    }


@router.post("/detokenize")
async def detokenize(body: DetokenizeBody, studio: State, key: Caller) -> dict[str, Any]:
    """Returns the text of ids."""
    studio.around(body.model)
    tokenizer = studio.backend.tokenizer
    studio.access.charge(key, 0)

    def work() -> str:
        return tokenizer.decode(id_row(body.tokens, "tokens", tokenizer.vocab_size))

    return {"prompt": await studio.in_encoder(work)}


@router.get("/tokenizer_info")
async def tokenizer_info(studio: State, _: Caller) -> dict[str, Any]:
    """Returns what a client has to know of the tokenizer."""
    tokenizer = studio.backend.tokenizer
    return {
        "tokenizer_class": f"clova_jax.{tokenizer.kind}",
        "vocab_size": tokenizer.vocab_size,
        "model_max_length": studio.backend.max_length,
        "eos_token": END_OF_TEXT,
        "bos_token": None,
        "pad_token": END_OF_TEXT,
        "chat_template": studio.chat and as_jinja(studio.chat),
    }
