"""Tunes prompts over HTTP: a model behind a Studio, as far as `tuning.tune_outside` needs one.

client = StudioClient("http://127.0.0.1:8000", key="sk-…")
prompt, _ = tune_outside(client, task, items, PromptEncoderConfig(20, "LSTM"), TuneOptions())
client.save_prompt("nsmc", prompt)          # from now on `model: "prompt:nsmc"`
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
from jaxtyping import Float

from clova_jax.common.errors import ClovaError
from clova_jax.inference import SoftPrompt, Template
from clova_jax.studio.arrays import from_body, to_body
from clova_jax.studio.schemas import Array
from clova_jax.tokenizers import END_OF_TEXT

SECONDS = 600.0


@dataclass(frozen=True)
class RemoteConfig:
    """Says of the model what a tuning has to know: entries, width and context."""

    vocab_size: int
    embed_dim: int
    max_length: int


class StudioClient:
    """Asks a Studio for tokens and input gradients.

    Args:
        url: of the server, without `/v1`.
        key: sent as a bearer token.
        model: its name in the API; the server's own by default.

    Raises:
        ClovaError: the server does not answer, or has no input gradients.
    """

    def __init__(self, url: str, key: str | None = None, model: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.url = url.rstrip("/")
        self._client = httpx.Client(base_url=self.url, headers=headers, timeout=SECONDS)
        models = self.ask("GET", "/v1/models")["data"]
        about = next((one for one in models if model in (None, one["id"])), None)
        if about is None or "embed_dim" not in about:
            raise ClovaError(f"{self.url}: no model {model or ''} with input gradients")
        self.fingerprint: str = about["fingerprint"]
        self.config = RemoteConfig(about["vocab_size"], about["embed_dim"], about["max_model_len"])
        self.tokenizer = RemoteTokenizer(self)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Returns the JSON of an answer.

        Raises:
            ClovaError: the server does not answer, or refuses.
        """
        try:
            answer = self._client.request(method, path, json=body)
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ClovaError(f"{self.url}{path}: {error or type(error).__name__}") from None
        if answer.is_error:
            raise ClovaError(f"{self.url}{path}: {found['error']['message']}")
        return found

    def input_gradients(
        self,
        ids: Iterable[Iterable[int]],
        targets: Iterable[Iterable[int]],
        *,
        loss_mask: Iterable[Iterable[int]] | None = None,
        virtual: Float[np.ndarray, "P D"] | None = None,
        per_row: bool = False,
    ) -> tuple[float | Float[np.ndarray, "B"], Float[np.ndarray, "B T D"]]:
        """Returns what `LanguageModel.input_gradients` returns for the server's model, bit for bit."""
        body = {
            "ids": _lists(ids),
            "targets": _lists(targets),
            "loss_mask": None if loss_mask is None else _lists(loss_mask),
            "virtual": None if virtual is None else to_body(virtual),
            "per_row": per_row,
        }
        answer = self.ask("POST", "/v1/input_gradients", body)
        loss, gradients = answer["loss"], from_body(Array(**answer["gradients"]), "gradients")
        return from_body(Array(**loss), "loss") if per_row else loss, gradients

    def save_prompt(
        self, name: str, prompt: SoftPrompt, filters: Mapping[str, str] | None = None
    ) -> None:
        """Uploads a tuned prompt, to be used as `model: "prompt:NAME"`.

        Args:
            name: of the prompt.
            prompt: what was tuned.
            filters: what the filters do to texts written with it, kind to action; by default they flag.

        Raises:
            ClovaError: as `ask`; a name that is taken; a template that no pattern says.
        """
        pattern = str(prompt.template)
        if Template.parse(pattern) != prompt.template:  # the server reads the pattern
            raise ClovaError(
                f"prompt {name!r}: template {pattern!r} would be read as another; tune it without blanks beside [P] "
                "and without [P] among its words"
            )
        body = {
            "name": name,
            "model": prompt.model,
            "template": pattern,
            "vectors": to_body(prompt.vectors),
            "about": prompt.about,
            "filters": dict(filters or {}),
        }
        self.ask("POST", "/v1/prompts", body)


class RemoteTokenizer:
    """Encodes and decodes on the server.

    Args:
        client: of the server.
    """

    prefix_stable = False  # not known from here

    def __init__(self, client: StudioClient) -> None:
        self._client = client
        (self.end_of_text,) = self.encode(END_OF_TEXT)
        self.vocab_size = client.config.vocab_size

    def encode(self, text: str) -> list[int]:
        """Returns the ids of a text."""
        return self._client.ask("POST", "/tokenize", {"prompt": text})["tokens"]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns the ids of each text."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """Returns the text of ids."""
        return self._client.ask("POST", "/detokenize", {"tokens": [*map(int, ids)]})["prompt"]


def _lists(rows: Iterable[Iterable[int]]) -> list[list[int]]:
    return [[*map(int, row)] for row in rows]
