import pytest

from clova_jax.data import serialize
from tests.worlds.byte_tokenizer import Bytes
from tests.worlds.corpora import write_corpus


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus", {"blog": 300, "news": 120, "law": 4})


@pytest.fixture
def store(tmp_path, corpus):
    return serialize(corpus, Bytes(), tmp_path / "tokens", shard_tokens=3_000, show=False)
