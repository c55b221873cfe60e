import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.corpus.sources import Source, kinds_of
from clova_jax.data import Interleave, mix, parse_weights
from clova_jax.data.permutation import permute, round_keys
from clova_jax.paper import TABLE_1

SIZES = {"blogs": 600, "news_comments": 100, "news_headlines": 200, "reviews_game": 100, "law": 50}


def shares(*args, **options):
    return {share.source: share.share for share in mix(*args, **options)}


def test_natural_shares_are_the_sizes():
    assert shares(SIZES) == pytest.approx({k: v / 1050 for k, v in SIZES.items()})
    assert [share.epochs for share in mix(SIZES, total=2100)] == pytest.approx([2.0] * 5)


def test_table_1_gives_each_kind_its_share_and_splits_it_by_size():
    found = shares(SIZES, "table1")
    whole = sum(TABLE_1[kind] for kind in ("blog", "comments", "news", "others"))
    assert found["blogs"] == pytest.approx(TABLE_1["blog"] / whole)
    assert found["news_headlines"] == pytest.approx(TABLE_1["news"] / whole)
    assert found["news_comments"] == found["reviews_game"] == pytest.approx(41.1 / 2 / whole)
    assert sum(found.values()) == pytest.approx(1)


def test_the_user_s_registry_tells_the_kinds():
    registered = {"law": Source("kin"), "blogs": Source("news")}
    found = {
        share.source: share for share in mix(SIZES, "table1", kinds=kinds_of(SIZES, registered))
    }
    assert (found["law"].kind, found["blogs"].kind) == ("kin", "news")
    whole = sum(TABLE_1[kind] for kind in ("kin", "comments", "news"))
    assert found["law"].share == pytest.approx(TABLE_1["kin"] / whole)
    assert found["blogs"].share == pytest.approx(3 * found["news_headlines"].share)


def test_explicit_weights():
    assert shares(SIZES, {"blogs": 3, "law": 1}) == {
        "blogs": 0.75,
        "law": 0.25,
        "news_comments": 0,
        "news_headlines": 0,
        "reviews_game": 0,
    }


def test_a_cap_hands_the_rest_to_the_others_in_proportion():
    found = {
        share.source: share
        for share in mix(
            SIZES, {"law": 0.5, "blogs": 0.3, "reviews_game": 0.2}, total=500, max_epochs=2
        )
    }
    assert found["law"].epochs == 2  # 250 wished for, 100 allowed
    assert found["reviews_game"].share / found["blogs"].share == pytest.approx(2 / 3)
    assert sum(share.share for share in found.values()) == pytest.approx(1)
    assert all(share.epochs <= 2 for share in found.values())


@given(
    st.lists(st.integers(1, 10_000), min_size=1, max_size=6),
    st.lists(st.floats(0.01, 10), min_size=6, max_size=6),
    st.floats(0.01, 1),
)
def test_a_cap_is_never_exceeded_and_always_uses_all(sizes, weights, fill):
    names = [f"s{number}" for number in range(len(sizes))]
    total = fill * 3 * sum(sizes)
    found = mix(
        dict(zip(names, sizes, strict=True)),
        dict(zip(names, weights, strict=False)),
        total=total,
        max_epochs=3,
    )
    assert sum(share.share for share in found) == pytest.approx(1)
    assert all(share.epochs <= 3 + 1e-6 for share in found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({}, "natural"), "no sources"),
        ((SIZES, "even"), "'even'"),
        ((SIZES, {"cafe": 1}), "no source 'cafe'; there are: blogs"),
        ((SIZES, {"law": -1}), "law=-1"),
        ((SIZES, {"law": float("nan")}), "law=nan"),
        ((SIZES, {"law": 0}), "all are zero"),
    ],
)
def test_impossible_wishes_are_told(arguments, message):
    with pytest.raises(ClovaError, match=message):
        mix(*arguments)


def test_a_cap_that_leaves_too_little_is_told():
    with pytest.raises(ClovaError, match=r"2 epochs of the sources are 50\.0%"):
        mix({"a": 100}, total=400, max_epochs=2)
    with pytest.raises(ClovaError, match="needs the length"):
        mix({"a": 100}, max_epochs=2)


def test_a_source_s_name_may_be_composed_in_another_way():
    apart = unicodedata.normalize("NFD", "소설")
    assert parse_weights((f"{apart}=2", "신문=1")) == {"소설": 2.0, "신문": 1.0}
    for name in ("소설", apart):
        shares = mix({name: 30, "신문": 10}, {unicodedata.normalize("NFD", "소설"): 1, "신문": 3})
        assert {share.source: share.share for share in shares} == {name: 0.25, "신문": 0.75}
    with pytest.raises(ClovaError, match="--weights: source '소설' stands there twice"):
        parse_weights(("소설=1", f"{apart}=2"))


def test_weights_on_the_command_line():
    assert parse_weights(("table1",)) == "table1"
    assert parse_weights(("blog=2", "a=b=0.5")) == {"blog": 2, "a=b": 0.5}
    with pytest.raises(ClovaError, match="'news' is not source=number"):
        parse_weights(("blog=2", "news"))


@settings(max_examples=50)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=6).filter(lambda given: sum(given) > 0.1),
    st.integers(0, 2**31),
    st.integers(0, 10**10),
)
def test_counts_in_closed_form_are_the_counts(weights, seed, far):
    interleave = Interleave({str(n): w / sum(weights) for n, w in enumerate(weights)}, seed)
    for start, count in ((0, 300), (far, 500)):
        of = interleave.sources_of(start + np.arange(count))
        counted = np.bincount(of, minlength=len(weights))
        before, after = interleave.counts_before(start), interleave.counts_before(start + count)
        assert (np.array(after) - before).tolist() == counted.tolist()
        assert sum(after) == start + count
        assert all(counted[n] == 0 for n, weight in enumerate(weights) if weight == 0)


def test_every_stretch_has_nearly_its_share_of_each_source():
    wanted = {"a": 0.6, "b": 0.3, "c": 0.09, "d": 0.01}
    interleave = Interleave(wanted, seed=1)
    for start in (0, 12_345, 10**9):
        for count in (10, 100, 10_000):
            of = interleave.sources_of(start + np.arange(count))
            found = np.bincount(of, minlength=4)
            assert np.abs(found - count * np.array(list(wanted.values()))).max() < 4


@settings(max_examples=60)
@given(st.integers(1, 5_000), st.text())
def test_a_permutation_has_every_index_once(size, key):
    assert sorted(permute(np.arange(size), size, round_keys(key))) == list(range(size))


def test_permutations_differ_by_key_and_look_shuffled():
    size = 100_000
    one, other = (permute(np.arange(size), size, round_keys(key)) for key in ("1", "2"))
    assert (one == other).mean() < 1e-3
    # Order statistics of a uniform shuffle: no correlation with the place, neighbours torn apart.
    for found in (one, other):
        assert abs(np.corrcoef(np.arange(size), found)[0, 1]) < 0.015
        assert abs(np.abs(np.diff(found)).mean() / size - 1 / 3) < 0.01
    chosen = permute(np.array([7, 3, 7]), size, round_keys("1"))
    assert chosen.tolist() == [one[7], one[3], one[7]]
    assert permute(np.arange(5), 10**12, round_keys("x")).max() < 10**12


def test_several_permutations_at_once_are_each_their_own():
    indices, sizes, names = np.array([0, 5, 99, 7]), np.array([1, 10, 100, 10**9]), "abcd"
    keys = np.stack([round_keys(name) for name in names], 1)
    alone = [
        permute(np.array([index]), int(size), round_keys(name))[0]
        for index, size, name in zip(indices, sizes, names, strict=True)
    ]
    assert permute(indices, sizes, keys).tolist() == alone


def test_every_permutation_of_few_is_about_as_frequent():
    found = [tuple(permute(np.arange(3), 3, round_keys(str(key)))) for key in range(6_000)]
    counts = [found.count(order) for order in set(found)]
    assert len(counts) == 6
    assert sum((count - 1_000) ** 2 / 1_000 for count in counts) < 20.5  # chi-square, p = 0.001
