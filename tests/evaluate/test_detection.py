"""AUROC is scikit-learn's, and its intervals are over groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Detection

GROUPS = [str(number // 3) for number in range(90)]


def drawn(seed=0):
    random = np.random.default_rng(seed)
    gold = np.tile([True, False, False], 30)
    return gold, gold + random.normal(size=90)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=30))
def test_the_value_is_scikit_learns_and_so_are_the_draws(items):
    gold = np.array([one for one, _ in items])
    scores = np.array([float(score) for _, score in items])
    if gold.all() or not gold.any():
        with pytest.raises(ClovaError, match="a detector needs both"):
            Detection(gold, ["0"] * len(gold))
        return
    found = Detection(gold, list(map(str, range(len(gold)))))
    assert found.score(scores).value == pytest.approx(100 * roc_auc_score(gold, scores))
    weights = found._weights
    kept = (weights[:, gold].sum(1) > 0) & (weights[:, ~gold].sum(1) > 0)
    ours = found._drawn(scores)
    theirs = [100 * roc_auc_score(gold, scores, sample_weight=row) for row in weights[kept][:5]]
    assert ours[:5] == pytest.approx(theirs)


def test_intervals_hold_the_value_and_widen_with_the_groups():
    gold, scores = drawn()
    single = Detection(gold, list(map(str, range(90)))).score(scores)
    grouped = Detection(gold, GROUPS).score(scores)
    assert single.value == grouped.value
    assert grouped.low < grouped.value < grouped.high
    repeated = Detection(np.tile(gold, 4), GROUPS * 4).score(np.tile(scores, 4))
    assert repeated.low == pytest.approx(grouped.low)  # the same groups, four times as many items


def test_a_difference_is_paired():
    gold, scores = drawn()
    found = Detection(gold, GROUPS)
    assert found.difference(scores, 2 * scores).high == 0.0
    better = found.difference(gold.astype(float), scores)
    assert better.low > 0
    assert better.value == pytest.approx(100 - found.score(scores).value)
