"""A small model with random weights, and a small data folder with every task's files."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from clova_jax.config import ModelConfig
from clova_jax.inference import Model
from tests.worlds.byte_tokenizer import Bytes
from tests.worlds.labelled_data import write_labelled
from tests.worlds.models import make_lm


@pytest.fixture
def bytes_tokenizer() -> type[Bytes]:
    return Bytes


@pytest.fixture(scope="session")
def model() -> Any:
    return make_lm(max_length=2_048, noise=0.0)


@pytest.fixture
def guesser(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A model that guesses by the ids it sees: for what is around the scores, without compiling."""
    from clova_jax.evaluate import runner

    def score_choices(model, prefix_ids, contexts, choices, progress):
        found = [
            -np.random.default_rng([len(prefix_ids), *ids]).random(len(options)) * 9
            for ids, options in zip(contexts, choices, strict=True)
        ]
        progress(len(contexts))
        return found

    def complete(model, prompts, **_):
        return [SimpleNamespace(text=f" {sum(ids) % 4}", logprobs=[-1.0]) for ids in prompts]

    monkeypatch.setattr(runner, "score_choices", score_choices)
    monkeypatch.setattr(runner, "complete", complete)

    def make(max_length: int = 2_048, missing: str = "") -> Any:
        config = ModelConfig(1, 8, 1, vocab_size=257, max_length=max_length)
        params = {"tokens": np.ones((257, 8), np.float32)}
        return Model(
            config=config,
            params=params,
            tokenizer=Bytes(missing=missing),
            mesh=None,
            dtype=np.float32,
        )

    return make


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder of a few rows a file."""
    return write_labelled(tmp_path / "data")
