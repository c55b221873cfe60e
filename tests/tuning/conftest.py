"""A small model with random weights over bytes, and a task whose answer stands in its text."""

import pytest

from clova_jax.evaluate import Item, Task, TaskData, metrics
from tests.worlds.models import make_lm


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
