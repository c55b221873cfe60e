import pytest
from data_world import Bytes, write_corpus

from clova_jax.data import serialize


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus", {"blog": 300, "news": 120, "law": 4})


@pytest.fixture
def store(tmp_path, corpus):
    return serialize(corpus, Bytes(), tmp_path / "tokens", shard_tokens=3_000, show=False)
