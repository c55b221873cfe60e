"""A small model with random weights, and a tokenizer of single bytes."""

import pytest

from tests.worlds.models import make_lm


@pytest.fixture(scope="session")
def model():
    """Weights far from their start, so that distributions are not flat."""
    return make_lm(max_length=160, noise=0.3)
