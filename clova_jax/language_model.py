"""Defines `LanguageModel`, one handle on the decoder and on `inference/`."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.inference import (
    Batch,
    Model,
    SoftPrompt,
    batches,
    generate,
    id_rows,
    mask_rows,
    score,
)
from clova_jax.model import (
    Params,
    bind,
    claim_model,
    inference_shardings,
    init_params,
    input_gradients,
    load_model,
    model_directory,
    read_chat_template,
    save_model,
)
from clova_jax.tokenizers import Tokenizer

GRADIENT_ROWS = 1_024  # of a call of `input_gradients` over HTTP


class LanguageModel(Model):
    """Holds a decoder with its tokenizer, and scores and writes text with it.

        lm = LanguageModel.load("runs/quickstart/model")
        lm.generate(["옛날 옛적에"], max_new_tokens=40, temperature=0.8, seed=1)

    Its arguments and attributes are those of `Model`.
    """

    @classmethod
    def create(
        cls,
        config: ModelConfig,
        tokenizer: Tokenizer,
        seed: int = 0,
        mesh: Mesh | None = None,
    ) -> "LanguageModel":
        """Makes a model with random weights, the same on any mesh."""
        make = jax.jit(
            init_params, static_argnums=0, out_shardings=inference_shardings(config, mesh)
        )
        return cls(config, make(config, seed), tokenizer, mesh)

    @classmethod
    def load(
        cls,
        directory: str | Path,
        mesh: Mesh | None = None,
        *,
        verify: bool = True,
        config_class: type[ModelConfig] = ModelConfig,
    ) -> "LanguageModel":
        """Reads a model directory; with a mesh each device reads its own shards only.

        Args:
            directory: the model's, or what `clova pretrain --out` named, with the model in its `model/`.
            mesh: where the weights go; one device by default.
            verify: compare every file with its hash; a very large model loads faster without.
            config_class: that of a model of other modules (docs/how-to/own_model.md).

        Raises:
            ClovaError: it is not a model directory, or damaged; a weight is not finite.
        """
        loaded = load_model(directory, mesh, verify, config_class)
        return cls(*loaded, mesh, chat=read_chat_template(model_directory(directory)))

    def save(self, directory: str | Path) -> None:
        """Writes a model directory: `config.json`, `tokenizer/`, `params/`, a chat template where it has one, and their hashes.

        Args:
            directory: a folder, or a URL of an object store; what lies there under other names stays as it is.

        Raises:
            ClovaError: the directory holds files of these names that are no model of ours.
        """
        claim_model(directory)
        save_model(directory, self.config, self.params, self.tokenizer, chat=self.chat)

    def logits(self, ids: Iterable[Iterable[int]]) -> Float[np.ndarray, "B T V"]:
        """Returns the scores of the token after each position, float32; nothing is prepended.

        Args:
            ids: [B,T], or rows of different length: T is the longest then, and what stands behind a
                row's end is 0.
        """
        rows = self._rows(ids)
        out = np.zeros((len(rows), max(map(len, rows)), self.config.vocab_size), np.float32)
        for batch in self._batches(rows):
            found = _logits(self.params, self.config, *self.place(batch.pad(rows)), self.dtype)
            for row, scores in zip(batch.items, np.asarray(found), strict=False):
                out[row, : len(rows[row])] = scores[: len(rows[row])]
        return out

    def score(
        self,
        contexts: Iterable[str],
        continuations: Iterable[str],
        *,
        prompt: SoftPrompt | None = None,
    ) -> Float[np.ndarray, "n"]:
        """Sums the log-probabilities of each continuation's tokens, float64, in nats.

        Spaces at the end of a context belong to the continuation; an empty context stands for
        `<|endoftext|>`.

        Args:
            prompt: a tuned prompt, whose template goes around each context.
        """
        if prompt is not None:
            return prompt.score(self, contexts, continuations)
        return score(self, contexts, continuations)

    def generate(
        self, prompts: Iterable[str], *, prompt: SoftPrompt | None = None, **options: Any
    ) -> list[str]:
        """Continues the prompts; the options are those of `inference.completion.generate`.

        Args:
            prompt: a tuned prompt, whose template goes around each of the prompts.
        """
        if prompt is not None:
            return prompt.generate(self, prompts, **options)
        return generate(self, prompts, **options)

    def input_gradients(
        self,
        ids: Iterable[Iterable[int]],
        targets: Iterable[Iterable[int]],
        *,
        loss_mask: Iterable[Iterable[int]] | None = None,
        virtual: Float[np.ndarray, "P D"] | None = None,
        per_row: bool = False,
    ) -> tuple[float | Float[np.ndarray, "B"], Float[np.ndarray, "B T D"]]:
        """Returns the mean negative log-likelihood of `targets`, and its gradient at the input embeddings.

        The rows are computed in passes of a bounded number of tokens, however many there are.

        Args:
            ids, targets: [B,T], or rows of different length (the same in both): the mean is over real
                tokens then, and the gradient behind a row's end is 0.
            loss_mask: of the same lengths, 1 where a target counts and 0 where not; all do by default.
            virtual: embeddings beside the model's, float32; row p is used where ids say `vocab_size + p`. With
                them a prompt can be tuned without the weights (the API that the paper plans in section 5.3).
            per_row: each row's sum over its targets and the gradient of that, instead of the mean over all
                targets; any function of the rows' likelihoods can be differentiated with it.

        Returns:
            loss in nats, a number or float32[B], and float32[B,T,D].

        Raises:
            ClovaError: an argument of a wrong kind; rows of unequal length; an id outside the vocabulary and
                the virtual tokens; a mask of nothing, or of other numbers than 0 and 1.
        """
        params, known = self.params, self.config.vocab_size
        if virtual is not None:
            view = self.with_virtual(self._virtual(virtual))
            params, known = view.params, view.num_ids
        rows, aims = self._rows(ids, known), self._rows(targets, name="targets")
        lengths = list(map(len, rows))
        if lengths != list(map(len, aims)):
            raise ClovaError("input_gradients: ids and targets differ in their lengths")
        counts = [[1] * length for length in lengths]
        if loss_mask is not None:
            counts = mask_rows(loss_mask, lengths, "loss_mask")
        count = sum(map(sum, counts))
        if not count:
            raise ClovaError("input_gradients: no target counts; set 1 somewhere in loss_mask")
        losses = np.zeros(len(rows), np.float32)
        gradient = np.zeros((len(rows), max(lengths), self.config.embed_dim), np.float32)
        for batch in self._batches(rows):
            given = self.place(batch.pad(rows), batch.pad(aims), batch.pad(counts))
            sums, found = map(np.asarray, _input_gradients(params, self.config, *given, self.dtype))
            losses[[*batch.items]] = sums[: len(batch.items)]
            for row, part in zip(batch.items, found, strict=False):
                gradient[row, : lengths[row]] = part[: lengths[row]]
        if per_row:
            return losses, gradient
        gradient /= count
        return float(losses.sum(dtype=np.float64) / count), gradient

    def _virtual(self, virtual: Any) -> Float[np.ndarray, "P D"]:
        wanted = f"virtual: wants rows of {self.config.embed_dim} finite numbers"
        try:
            virtual = np.asarray(virtual, np.float32)
        except (TypeError, ValueError):
            raise ClovaError(wanted) from None
        if virtual.ndim != 2 or virtual.shape[1] != self.config.embed_dim:
            raise ClovaError(f"{wanted}, not {list(virtual.shape)}")
        if not np.isfinite(virtual).all():
            raise ClovaError(f"{wanted}; one is not finite")
        return virtual

    def _rows(self, ids: Any, known: int | None = None, name: str = "ids") -> list[list[int]]:
        """Returns the ids, all of them below `known` (the vocabulary's size by default)."""
        rows = id_rows(ids, name, known or self.config.vocab_size)
        if not rows or not all(rows):
            raise ClovaError(f"{name}: wants rows [B,T] of at least one token each")
        for number, row in enumerate(rows):
            if len(row) > self.config.max_length:
                raise ClovaError(
                    f"{name}: row {number} has {len(row)} tokens, but the model's context is "
                    f"{self.config.max_length}; cut it"
                )
        return rows

    def _batches(self, rows: Sequence[Sequence[int]]) -> Iterator[Batch]:
        return batches(
            [len(row) for row in rows],
            before=0,
            heads=self.config.num_heads,
            limit=self.config.max_length,
        )


@functools.partial(jax.jit, static_argnums=(1, 3))
def _logits(
    params: Params, config: ModelConfig, ids: Array, dtype: DTypeLike
) -> Float[Array, "B T V"]:
    decoder = bind(config, params)
    return decoder.logits(decoder(ids, dtype=dtype)[0])


@functools.partial(jax.jit, static_argnums=(1, 5))
def _input_gradients(
    params: Params,
    config: ModelConfig,
    ids: Array,
    targets: Array,
    mask: Array,
    dtype: DTypeLike,
) -> tuple[Float[Array, "B"], Float[Array, "B T D"]]:
    """Returns each row's sum over its targets, and the gradient of that."""
    mask = mask.astype(jnp.float32)
    return input_gradients(params, config, ids, targets, loss_mask=mask, dtype=dtype, per_row=True)
