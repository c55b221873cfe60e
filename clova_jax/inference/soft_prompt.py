"""Defines a tuned prompt: vectors that stand among a text's token embeddings, and where they stand.

The vectors are virtual tokens: ids that continue where the model's token table ends, looked up beside it
(`Decoder.token_embeddings`) and never predicted. So scoring, writing, shared prefixes and batches
work as they do for words, and the model's parameters are neither copied nor changed.
"""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float64
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, whole_file, write_json
from clova_jax.common.hashes import HASHES, check_hashes, write_hashes
from clova_jax.common.json_values import fields
from clova_jax.common.places import local_path
from clova_jax.inference import scoring
from clova_jax.inference.arguments import text_pairs, texts
from clova_jax.inference.completion import generate
from clova_jax.inference.model import Model
from clova_jax.model import not_finite
from clova_jax.tokenizers import Tokenizer

FORMAT = "clova_jax prompt 2"
TEXT = "{text}"
_PART = re.compile(r"\s*(\[P\](?:\*(\d+))?)\s*|\{text\}")


@dataclass(frozen=True)
class Template:
    """Describes what stands around a text: `[P]*10 {text} [P]*10` and the like.

    Args:
        before, after: parts in order; a number is so many virtual tokens, a string is words, encoded
            by themselves.
    """

    before: tuple[int | str, ...] = ()
    after: tuple[int | str, ...] = ()

    @classmethod
    def parse(cls, pattern: str) -> "Template":
        """Parses `[P]*n`, `{text}` once, and words; spaces beside a `[P]` only separate.

        Raises:
            ClovaError: no `{text}`, or two.
        """
        sides: list[list[int | str]] = [[]]
        at = 0
        for match in _PART.finditer(pattern):
            sides[-1].append(pattern[at : match.start()])
            if match[1]:
                sides[-1].append(int(match[2] or 1))
            else:
                sides.append([])
            at = match.end()
        sides[-1].append(pattern[at:])
        if len(sides) != 2:
            raise ClovaError(
                f"template {pattern!r}: wants {{text}} once, for example '[P]*10 {{text}} [P]*10'"
            )
        return cls(*(tuple(part for part in side if part) for side in sides))

    def __str__(self) -> str:
        """Returns a pattern that `parse` makes this template of."""
        parts = [*self.before, TEXT, *self.after]
        shown = [f"[P]*{part}" if isinstance(part, int) else part for part in parts]
        found = shown[0]
        for (last, part), words in zip(itertools.pairwise(parts), shown[1:], strict=True):
            if isinstance(last, int) or isinstance(part, int):
                found += " "
            elif TEXT not in (last, part):  # words that are encoded apart
                found += " [P]*0 "
            found += words
        return found

    @property
    def num_virtual_tokens(self) -> int:
        """Returns the number of vectors that the template takes."""
        return sum(part for part in (*self.before, *self.after) if isinstance(part, int))

    def ids(self, tokenizer: Tokenizer, first: int) -> tuple[list[int], list[int]]:
        """Returns the ids before and after the text; virtual tokens are numbered from `first` on."""
        sides: list[list[int]] = []
        for parts in (self.before, self.after):
            sides.append([])
            for part in parts:
                if isinstance(part, int):
                    sides[-1] += range(first, first + part)
                    first += part
                else:
                    sides[-1] += tokenizer.encode(part)
        return sides[0], sides[1]


@dataclass(frozen=True)
class SoftPrompt:
    """Holds prompt vectors for one model (`lm.generate(…, prompt=…)`, `lm.score(…, prompt=…)`).

    Args:
        vectors: float32[P,D], in the template's order.
        template: where they stand.
        model: the fingerprint of the model they were tuned on.
        about: how they were made, as JSON values.
    """

    vectors: Float[np.ndarray, "P D"]
    template: Template
    model: str
    about: dict[str, Any] = field(default_factory=dict)

    def attach(self, model: Model) -> tuple[Model, list[int], list[int]]:
        """Returns the model with the virtual tokens, and the ids before and after a text.

        Raises:
            ClovaError: the prompt was tuned on another model.
        """
        width = model.config.embed_dim
        if self.vectors.shape != (self.template.num_virtual_tokens, width):
            raise ClovaError(
                f"prompt: {list(self.vectors.shape)} vectors, but template '{self.template}' on this "
                f"model wants {[self.template.num_virtual_tokens, width]}"
            )
        if self.model != model.fingerprint:
            raise ClovaError(
                f"prompt: tuned on model {self.model}, this is {model.fingerprint}; tune one for this model"
            )
        before, after = self.template.ids(model.tokenizer, model.first_virtual)
        return model.with_virtual(self.vectors), before, after

    def generate(self, model: Model, prompts: Iterable[str], **options: Any) -> list[str]:
        """Calls `inference.generate` with the template around each prompt."""
        view, before, after = self.attach(model)
        rows = [ids + after for ids in model.tokenizer.encode_batch(texts(prompts, "prompts"))]
        return generate(view, rows, prefix_ids=before, **options)

    def score(
        self, model: Model, contexts: Iterable[str], continuations: Iterable[str]
    ) -> Float64[np.ndarray, "n"]:
        """Calls `inference.score` with the template around each context.

        Context and continuation are encoded separately; spaces at the end of a context belong to the continuation.
        """
        contexts, continuations = text_pairs(contexts, continuations)
        view, before, after = self.attach(model)
        heads = [context.rstrip() for context in contexts]
        tails = [
            context[len(head) :] + continuation
            for context, head, continuation in zip(contexts, heads, continuations, strict=True)
        ]
        encode = model.tokenizer.encode_batch
        rows = [ids + after for ids in encode(heads)]
        return scoring.score_ids(view, rows, encode(tails), prefix_ids=before)[0]

    def save(self, directory: str | Path) -> None:
        """Writes a folder: `prompt.safetensors`, `prompt.json`, and last their hashes."""
        directory = local_path(directory)
        (directory / HASHES).unlink(missing_ok=True)
        with whole_file(directory / "prompt.safetensors", "wb") as file:
            file.write(save({"virtual": np.ascontiguousarray(self.vectors, np.float32)}))
        values = {
            "format": FORMAT,
            "model": self.model,
            "before": self.template.before,
            "after": self.template.after,
            "about": self.about,
        }
        write_json(directory / "prompt.json", values)
        write_hashes(directory)

    @classmethod
    def load(cls, directory: str | Path) -> "SoftPrompt":
        """Reads what `save` wrote.

        Raises:
            ClovaError: it is not a prompt folder, or damaged; a number is not finite.
        """
        directory = Path(directory)
        path = directory / "prompt.json"
        if not path.is_file():
            raise ClovaError(f"{directory}: not a prompt folder (no prompt.json)")
        values = fields(read_json(path), path, {"format": str})
        if values["format"] == "clova_jax prompt 1":
            raise ClovaError(
                f"{directory}: saved before prompts were bound to all weights of their model; tune it again"
            )
        if values["format"] != FORMAT:
            raise ClovaError(f"{directory}: prompt.json is not of the format {FORMAT!r}")
        check_hashes(directory)
        parts = tuple[int | str, ...]
        kinds = {"model": str, "before": parts, "after": parts, "about": dict}
        values = fields(read_json(path), path, kinds)
        template = Template(values["before"], values["after"])
        try:
            vectors = load_file(directory / "prompt.safetensors")["virtual"]
        except (KeyError, SafetensorError, OSError) as error:
            raise ClovaError(f"{directory}: the prompt is damaged ({error})") from None
        if vectors.dtype != np.float32 or vectors.ndim != 2:
            raise ClovaError(
                f"{directory}: the prompt is damaged ({vectors.dtype}{list(vectors.shape)} vectors)"
            )
        if not_finite(vectors) is not None:
            raise ClovaError(
                f"{directory}: the prompt holds numbers that are not finite; tune it again"
            )
        return cls(vectors, template, values["model"], values["about"])
