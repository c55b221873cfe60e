"""Searches for the words of a prompt by gradients (AutoPrompt, Shin et al. 2020), the discrete rival of p-tuning."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clova_jax.evaluate import Task
from clova_jax.inference import Model, SoftPrompt, Template
from clova_jax.model import Params
from clova_jax.tokenizers import Tokenizer
from clova_jax.train import TrainState
from clova_jax.tuning.examples import Example
from clova_jax.tuning.inside import Inside
from clova_jax.tuning.methods.base import SoftPrompts
from clova_jax.tuning.options import TuneOptions, check_at_least_one


@dataclass(frozen=True)
class AutoPromptConfig:
    """Configures AutoPrompt: the prompt is made of words, found by gradients.

    Args:
        num_virtual_tokens: words.
        candidates: tried for the place of one word in a step.
    """

    num_virtual_tokens: int = 10
    candidates: int = 8

    def __post_init__(self) -> None:
        check_at_least_one(self, "num_virtual_tokens", "candidates")

    def method(self) -> "AutoPrompt":
        """Returns the method with these settings."""
        return AutoPrompt(self)


class AutoPrompt(SoftPrompts):
    """Trains nothing, but chooses the tokens whose embeddings are the prompt vectors."""

    most_steps = 150  # a step tries several words

    @classmethod
    def usual(cls, task: Task, encoder: str) -> AutoPromptConfig:
        """Returns the defaults."""
        return AutoPromptConfig()

    def init(self, model: Model, seed: int) -> Params:
        """Returns the embeddings of random tokens."""
        table = _table(model)
        return {"embedding": table[_draw(self.config, len(table), seed)[0]]}

    def steps(self, model: Model, gradient: Inside, options: TuneOptions) -> "Search":
        """Returns the search."""
        return Search(model, self.config, gradient, options)

    def about(self, model: Model, trainable: Params) -> dict[str, Any]:
        """Returns the tokens that were found, and how they read."""
        table = _table(model)
        ids = [int((table == row).all(axis=1).argmax()) for row in trainable["embedding"]]
        return {"ids": ids, "words": [model.tokenizer.decode([i]) for i in ids]}


class Search:
    """Replaces one token a step by the best of a few candidates that its gradient suggests.

    The loss is linear in a token's embedding to first order, so -gradient · embedding ranks the vocabulary; the
    first `candidates` are tried on the same batch, and the best is kept where it is better than the present token.

    Args:
        model: with `params`, `config` and `tokenizer`.
        config: of AutoPrompt.
        gradient: from the tokens' embeddings to the loss of a batch and its gradient.
        options: steps and seed.
    """

    def __init__(
        self, model: Model, config: AutoPromptConfig, gradient: Inside, options: TuneOptions
    ) -> None:
        self.table, self.end = _table(model), model.tokenizer.end_of_text
        self.gradient, self.candidates = gradient, config.candidates
        self._start, random = _draw(config, len(self.table), options.seed)
        # Drawn before the first step, so that each is a function of its step.
        self._places = [int(random.integers(len(self._start))) for _ in range(options.steps)]

    def begin(self, trainable: Params) -> TrainState:
        """Returns the state before the first step: embeddings as `params`, their tokens as `opt_state`."""
        return self._state(self._start, np.int32(0))

    def __call__(
        self, state: TrainState, batch: Sequence[Example]
    ) -> tuple[TrainState, dict[str, Any]]:
        """Replaces a token, or none."""
        step, ids = int(state.step), np.array(state.opt_state["ids"])
        place = self._places[step]
        loss, change = self.gradient(self._vectors(ids), batch)
        promise = -(self.table @ np.asarray(change["embedding"][place]))
        promise[[self.end, ids[place]]] = -np.inf
        lowest, choice = float(loss), ids[place]
        for candidate in np.argsort(-promise)[: self.candidates]:
            tried = ids.copy()
            tried[place] = candidate
            own = float(self.gradient.loss(self._vectors(tried), batch))
            if own < lowest:
                lowest, choice = own, candidate
        ids[place] = choice
        metrics = {"loss": np.float64(lowest), "skipped": ~np.isfinite(lowest)}
        return self._state(ids, np.int32(step + 1)), metrics

    def _state(self, ids: np.ndarray, step: np.int32) -> TrainState:
        return TrainState(self._vectors(ids), {"ids": ids}, step, np.int32(0))

    def _vectors(self, ids: np.ndarray) -> Params:
        return {"embedding": self.table[ids]}


def carry(prompt: SoftPrompt, tokenizer: Tokenizer, model: Model) -> SoftPrompt:
    """Returns a prompt of the same words for another model.

    The tokens are the same where both models have one tokenizer; otherwise the words that were found are encoded anew,
    place by place, and may become more or fewer. Words of the template stay.

    Args:
        prompt: as AutoPrompt found it.
        tokenizer: of the model that it was found on.
        model: the other one.
    """
    same = tokenizer.fingerprint == model.tokenizer.fingerprint
    left: list[int] = list(prompt.about["ids"])
    ids: list[int] = []
    sides: list[list[int | str]] = [[], []]
    for side, parts in zip(sides, (prompt.template.before, prompt.template.after), strict=True):
        for part in parts:
            if isinstance(part, int):
                own, left = left[:part], left[part:]
                own = own if same else model.tokenizer.encode(tokenizer.decode(own))
                ids += own
                part = len(own)
            if part:
                side.append(part)
    template = Template(*map(tuple, sides))
    return SoftPrompt(_table(model)[ids], template, model.fingerprint, prompt.about)


def _table(model: Model) -> np.ndarray:
    """Returns the token embeddings float32[V,D]."""
    return np.asarray(model.params["embedding"], np.float32)[: model.config.vocab_size]


def _draw(
    config: AutoPromptConfig, vocab_size: int, seed: int
) -> tuple[np.ndarray, np.random.Generator]:
    """Draws the first tokens int32[P]; the generator draws on from there."""
    random = np.random.default_rng([seed, 3])
    ids = random.integers(0, vocab_size, config.num_virtual_tokens)
    return ids.astype(np.int32), random


METHOD = AutoPrompt
