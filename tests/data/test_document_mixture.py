"""The mixture of documents: how often each is written, by weights, tiers, sizes and the user's sources."""

import numpy as np
import pytest

from clova_jax.corpus.settings import Selection
from clova_jax.corpus.sources import Registry, Source
from clova_jax.data.document_mixture import selector


def shares(selection: Selection, registry: Registry, counts: dict[str, int]) -> dict[str, float]:
    """The share of each source in what is written, of so many documents of 100 bytes each."""
    names = list(counts)
    sources = np.repeat(np.arange(len(names)), list(counts.values()))
    sizes = np.full(len(sources), 100, np.int64)
    copies = selector(selection, registry)(sources, sizes, names)
    written = np.bincount(sources, copies * sizes, len(names))
    return dict(zip(names, written / written.sum(), strict=True))


def test_auto_weights_prefer_better_tiers_and_smaller_sources():
    auto = Selection(weights=("auto",))
    found = shares(auto, {}, {"law": 1000, "petitions": 1000, "reviews_game": 1000})
    assert found == pytest.approx({"law": 1.5 / 3, "petitions": 1 / 3, "reviews_game": 0.5 / 3})
    found = shares(auto, {}, {"law": 1000, "literature": 100})
    assert found["literature"] == pytest.approx(1 / (1 + 10**0.7), abs=0.002)


def test_the_user_s_sources_decide_tiers_and_kinds():
    registry = {"law": Source("comments", 3), "reviews_game": Source("news", 1)}
    found = shares(Selection(weights=("auto",)), registry, {"law": 1000, "reviews_game": 1000})
    assert found == pytest.approx({"law": 0.25, "reviews_game": 0.75})
    found = shares(Selection(weights=("table1",)), registry, {"law": 1000, "reviews_game": 1000})
    assert found["law"] == pytest.approx(41.1 / (41.1 + 73.8), abs=0.002)


def test_a_mixture_has_the_wished_size_and_epochs():
    selection = Selection(weights=("natural",), megabytes=0.05, max_epochs=4)
    sources, sizes = np.zeros(200, np.int64), np.full(200, 100, np.int64)
    copies = selector(selection, {})(sources, sizes, ["blogs"])
    assert copies.sum() == 500
    assert set(copies.tolist()) == {2, 3}
