"""A small model with random weights over bytes, and a task whose answer stands in its text."""

import jax
import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig
from clova_jax.evaluate import Item, Task, TaskData, metrics
from clova_jax.model import init_params


class Bytes:
    """256 bytes and `<|endoftext|>`."""

    kind, vocab_size, end_of_text, fingerprint = "bytes", 257, 256, "bytes"
    prefix_stable = True

    def encode(self, text):
        return list(text.encode())

    def encode_batch(self, texts):
        return [self.encode(text) for text in texts]

    def decode_bytes(self, ids):
        return bytes(i for i in ids if i < 256)

    def decode(self, ids):
        return self.decode_bytes(ids).decode(errors="replace")


def make_lm(seed=0, max_length=96):
    """Weights far from their start, so that distributions are not flat."""
    config = ModelConfig(2, 32, 2, vocab_size=257, max_length=max_length)
    rng = np.random.default_rng(seed)
    params = jax.tree.map(
        lambda x: jax.device_put(
            np.asarray(x) + np.float32(0.1) * rng.standard_normal(x.shape, np.float32)
        ),
        jax.jit(init_params, static_argnums=0)(config, seed),
    )
    return LanguageModel(config, params, Bytes(), dtype=np.float32)


@pytest.fixture(scope="session")
def lm():
    return make_lm()


@pytest.fixture(scope="session")
def other_lm():
    return make_lm(seed=1)


def _items(count, start=0):
    return [
        Item(str(i), f"made:{i}", f"{'good' if i % 2 else 'bad'} {i % 7}", (str(i % 2),))
        for i in range(start, start + count)
    ]


@pytest.fixture(scope="session")
def labels():
    """Labels of several tokens each, of different length."""
    return Task(
        name="made",
        files=(),
        load=lambda folder: TaskData(_items(24, 1000), _items(200)),
        shots=2,
        trials=1,
        metrics=(metrics.accuracy,),
        labels={"0": "no", "1": "yes"},
        separator="\n",
        source="test",
    )


@pytest.fixture(scope="session")
def texts():
    """A free-text task: the answer is the text's last letter, thrice."""

    def items(count, start):
        return [
            Item(str(i), f"made:{i}", f"{'xyz'[i % 3]}>", ("xyz"[i % 3] * 3,), source="x")
            for i in range(start, start + count)
        ]

    return Task(
        name="texts",
        files=(),
        load=lambda folder: TaskData(items(12, 1000), items(120, 0)),
        shots=2,
        trials=1,
        metrics=(metrics.exact_match,),
        separator="\n",
        source="test",
        max_new_tokens=6,
        copies=True,
    )
