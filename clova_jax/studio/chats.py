"""Turns the messages of a chat into a request for its next words, and these into OpenAI's shape."""

from collections.abc import Sequence
from typing import Any

from clova_jax.model import Message
from clova_jax.studio.answers import OpenAIAnswer
from clova_jax.studio.backends import Part
from clova_jax.studio.completions import Chunk, Completions
from clova_jax.studio.errors import ApiError
from clova_jax.studio.schemas import ChatBody, CompletionBody, Parameters
from clova_jax.studio.server import Studio


def as_completion(studio: Studio, body: ChatBody) -> CompletionBody:
    """Returns the request that continues a chat, its messages put into the model's template.

    Raises:
        ApiError: 400, the model has no template, or the last message is not the user's; 503 while it is being loaded.
    """
    name, _ = studio.settings.model_name, studio.backend
    if studio.chat is None:
        message = f"model {name!r} has no chat template: it continues texts; ask /v1/completions"
        raise ApiError(400, message, param="messages", code="no_chat_template")
    if body.messages[-1].role == "assistant":
        message = "messages: the last one is to be the user's, which is answered"
        raise ApiError(400, message, param="messages")
    said = [Message(one.role, one.content) for one in body.messages]
    fields = {
        name: getattr(body, name)
        for name in ("model", "n", "logit_bias", "stream", "stream_options")
    }
    fields |= {name: getattr(body, name) for name in Parameters.model_fields}
    fields["max_tokens"] = body.max_completion_tokens or body.max_tokens
    return CompletionBody.model_construct(
        body.model_fields_set | {"prompt"}, prompt=[studio.chat.prompt(said)], **fields
    )


class ChatAnswer(OpenAIAnswer):
    """Makes the answer to a chat: a message without the space that it begins with.

    Args:
        completions: what is written.
        model: as the request or the server calls it.
    """

    def __init__(self, completions: Completions, model: str) -> None:
        super().__init__(completions, model)
        self.head["id"] = f"chatcmpl-{completions.request_id}"
        self._silent: set[int] = set(range(completions.count))  # choices of which nothing is shown
        self._unnamed = set(self._silent)  # choices whose role has not been given

    def complete(self, choices: Sequence[tuple[int, Part, dict[str, int]]]) -> dict[str, Any]:
        """Returns the complete answer."""
        shown = [
            self._message(index, part, labels) for index, (_, part, labels) in enumerate(choices)
        ]
        head = self.head | {"object": "chat.completion"}
        return {**head, "choices": shown, "usage": self.usage()}

    def event(self, chunk: Chunk) -> dict[str, Any]:
        """Returns the event of a part; the role comes with the first of its choice."""
        index, text = chunk.index, chunk.part.text
        if index in self._silent:
            text = text.lstrip()
            self._silent -= {index} if text else set()
        delta: dict[str, Any] = {"role": "assistant"} if index in self._unnamed else {}
        self._unnamed.discard(index)
        choice = self._around(index, chunk.part, chunk.labels) | {
            "delta": delta | ({"content": text} if text or delta else {})
        }
        head = self.head | {"object": "chat.completion.chunk"}
        return {**head, "choices": [choice], **self._no_usage()}

    def usage_event(self) -> dict[str, Any] | None:
        """Returns the last event, where the request wants it."""
        last = super().usage_event()
        return last and last | {"object": "chat.completion.chunk"}

    def _message(self, index: int, part: Part, labels: dict[str, int]) -> dict[str, Any]:
        message = {"role": "assistant", "content": part.text.lstrip()}
        return self._around(index, part, labels) | {"message": message}

    def _around(self, index: int, part: Part, labels: dict[str, int] | None) -> dict[str, Any]:
        """Returns what a choice has beside its words."""
        finish = "stop" if part.finish == "end" else part.finish
        choice = {"index": index, "logprobs": None, "finish_reason": finish}
        return choice if labels is None else choice | {"filters": labels}
