"""Continuations of one context, scored as a tree, beside the plain forward pass."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.inference import branches, score_choices
from clova_jax.inference.branches import score_continuations

SOME = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = st.integers(1, 3)  # tokens of which many sequences begin alike


@pytest.fixture(autouse=True)
def short_rows(monkeypatch):
    """Rows so short that paths lie in several rows and passes."""
    monkeypatch.setattr(branches, "ROW", 16)
    monkeypatch.setattr(branches, "MOST_ROWS", 2)


def apart(model, context, continuations):
    """Each continuation by itself."""
    return np.array([score_choices(model, [], [context], [[one]])[0][0] for one in continuations])


@SOME
@given(st.lists(st.lists(FEW, min_size=1, max_size=5), min_size=1, max_size=30))
def test_a_tree_scores_each_continuation_as_it_is_scored_alone(model, continuations):
    context = [5, 6, 7]
    found = score_continuations(model, context, continuations)
    (whole,) = score_choices(model, [], [context], [continuations])
    np.testing.assert_allclose(found, whole, rtol=1e-4, atol=1e-4)


def test_contexts_of_no_token_one_and_many(model):
    end = model.tokenizer.end_of_text
    continuations = [[1], [1, 2], [1, 2, 3], [2, 2], [9] * 20]
    for context in ([], [4], list(range(1, 30))):
        found = score_continuations(model, context, continuations)
        alone = apart(model, context or [end], continuations)
        np.testing.assert_allclose(found, alone, rtol=1e-4, atol=1e-4)


def test_what_continuations_share_is_computed_once(model, monkeypatch):
    computed = []
    whole = branches._branches_pass

    def counting(params, config, prefix, ids, offsets, segments, queries, **options):
        computed.append(int((np.asarray(segments) > 0).sum()))
        return whole(params, config, prefix, ids, offsets, segments, queries, **options)

    monkeypatch.setattr(branches, "_branches_pass", counting)
    words = list(range(1, 11))
    score_continuations(model, [3], [words[:n] for n in range(1, 11)])
    assert (
        sum(computed) == 10
    )  # the context's last token and nine words, whose followers are asked for


@pytest.mark.parametrize("before", [1, 140])
def test_rows_fit_a_context_that_is_shorter_than_they_may_be(model, monkeypatch, before):
    monkeypatch.undo()  # rows as long as they are
    context = [5] * before
    continuations = [[a, 1] for a in range(1, 101)]
    found = score_continuations(model, context, continuations)
    alone = apart(model, context, continuations)
    np.testing.assert_allclose(found, alone, rtol=1e-4, atol=1e-4)


def test_what_is_refused_is_named(model):
    with pytest.raises(ClovaError, match="continuation 1 has no token"):
        score_continuations(model, [1], [[1], []])
    longest = model.config.max_length
    with pytest.raises(ClovaError, match=f"item 1 needs {longest + 5} tokens"):
        score_continuations(model, [1] * 10, [[1], [1] * (longest - 4)])
