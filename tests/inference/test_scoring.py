"""Scores against the plain forward pass, with prefixes, choices, buckets and bounded compilation."""

import functools

import jax
import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.inference import scoring
from clova_jax.inference.choices import passes
from clova_jax.inference.scoring import score, score_choices, score_ids, score_tokens
from clova_jax.inference.shapes import batches, bucket
from clova_jax.model import bind


@functools.partial(jax.jit, static_argnums=0)
def _logprobs(config, params, ids):
    hidden, _ = bind(config, params)(ids)
    return jax.nn.log_softmax(bind(config, params).logits(hidden[0]))


def logprobs(model, ids):
    """float32[len(ids), V] from one forward pass without a cache; padded to one shape."""
    padded = np.zeros((1, model.config.max_length), np.int32)
    padded[0, : len(ids)] = ids
    return np.asarray(_logprobs(model.config, model.params, padded))[: len(ids)]


def plain(model, ids, start):
    """log p of ids[start:], from one forward pass."""
    logp = logprobs(model, ids)
    return sum(float(logp[i - 1, ids[i]]) for i in range(start, len(ids)))


def random_ids(rng, low, high):
    return rng.integers(0, 257, rng.integers(low, high)).tolist()


def test_buckets_hold_their_lengths_and_waste_little():
    for length in range(1, 3_000):
        size = bucket(length)
        assert size >= length
        assert size <= max(16, length * 1.5)
    assert bucket(100, limit=110) == 110


def test_batches_hold_every_item_once():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 500, 300).tolist()
    seen = []
    for batch in batches(lengths, before=100, heads=4):
        assert len(batch.items) <= batch.rows
        assert batch.rows * batch.time <= 4_096
        assert max(lengths[i] for i in batch.items) <= batch.time
        seen += batch.items
    assert sorted(seen) == list(range(300))


def test_score_is_the_plain_sum(model):
    contexts = ["옛날 옛적에", "", "a b ", "끝"]
    continuations = [" 호랑이가", "시작", "c", ""]
    found = score(model, contexts, continuations)
    assert found.dtype == np.float64
    encode = model.tokenizer.encode
    wanted = [
        plain(model, encode("옛날 옛적에 호랑이가"), len(encode("옛날 옛적에"))),
        plain(model, [256, *encode("시작")], 1),
        plain(model, encode("a b c"), 3),  # the blank belongs to the continuation
        0.0,
    ]
    np.testing.assert_allclose(found, wanted, atol=2e-4)


@pytest.mark.slow
def test_score_does_not_depend_on_the_batch(model):
    rng = np.random.default_rng(1)
    contexts = [random_ids(rng, 1, 30) for _ in range(40)]
    continuations = [random_ids(rng, 1, 20) for _ in range(40)]
    together, greedy = score_ids(model, contexts, continuations)
    for i in range(0, 40, 7):
        alone, _ = score_ids(model, contexts[i : i + 1], continuations[i : i + 1])
        np.testing.assert_allclose(alone[0], together[i], atol=2e-4)
        np.testing.assert_allclose(
            together[i], plain(model, contexts[i] + continuations[i], len(contexts[i])), atol=2e-4
        )
    assert greedy.dtype == bool


def test_greedy_is_told(model):
    context = [5, 6, 7]
    best = int(logprobs(model, context)[-1].argmax())
    _, greedy = score_ids(model, [context, context], [[best], [(best + 1) % 257]])
    assert greedy.tolist() == [True, False]


def test_a_shared_prefix_changes_nothing(model):
    rng = np.random.default_rng(2)
    prefix = random_ids(rng, 37, 38)
    contexts = [random_ids(rng, 1, 30) for _ in range(9)] + [[]]
    continuations = [random_ids(rng, 1, 9) for _ in range(10)]
    found, _ = score_ids(model, contexts, continuations, prefix)
    wanted, _ = score_ids(model, [prefix + ids for ids in contexts], continuations)
    np.testing.assert_allclose(found, wanted, atol=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("longest", "shared"), [(1, 33), (6, 0), (6, 33)])
def test_choices_are_scored_as_continuations(model, longest, shared):
    rng = np.random.default_rng(longest)
    prefix = random_ids(rng, shared, shared + 1)
    contexts = [random_ids(rng, 1, 30) for _ in range(11)]
    choices = [
        [random_ids(rng, 1, longest + 1) for _ in range(rng.integers(1, 5))] for _ in contexts
    ]
    done = []
    found = score_choices(model, prefix, contexts, choices, progress=done.append)
    assert sum(done) == 11
    for context, options, row in zip(contexts, choices, found, strict=True):
        assert row.dtype == np.float64
        wanted, _ = score_ids(model, [prefix + context] * len(options), options)
        np.testing.assert_allclose(row, wanted, atol=3e-4)


def test_an_item_may_be_longer_than_the_context_with_all_its_choices(model):
    context, options = [1] * (model.config.max_length - 3), [[5, 6, 7], [8, 9, 7], [4]]
    (found,) = score_choices(model, [], [context], [options])
    np.testing.assert_allclose(found, score_ids(model, [context] * 3, options)[0], atol=3e-4)


def test_passes_hold_every_item_once_and_waste_little():
    rng = np.random.default_rng(0)
    contexts = [[1] * n for n in rng.integers(1, 60, 700)]
    choices = [[[1, 2], [3, 4, 5]]] * 700
    seen, computed = [], 0
    shapes = set()
    for items, arrays in passes(contexts, choices, before=100, limit=1_000, heads=4):
        assert arrays.ids.size <= 4_096
        assert (arrays.items > 0).sum() == sum(len(contexts[i]) + 3 for i in items)
        assert len(items) <= len(arrays.ends) <= 256
        seen += items
        computed += arrays.ids.size
        shapes.add(tuple(array.shape for array in arrays.arrays))
    assert sorted(seen) == list(range(700))
    assert computed < 1.2 * sum(len(context) + 3 for context in contexts)
    assert len(shapes) <= 2


def test_choices_after_an_empty_context(model):
    options = [[[1, 2], [3]]]
    after_prefix = score_choices(model, [9, 8], [[]], options)[0]
    np.testing.assert_allclose(
        after_prefix, score_ids(model, [[9, 8]] * 2, options[0])[0], atol=2e-4
    )
    after_nothing = score_choices(model, [], [[]], options)[0]
    np.testing.assert_allclose(
        after_nothing, score_ids(model, [[256]] * 2, options[0])[0], atol=2e-4
    )


def test_top_alternatives_are_sorted_and_normalised(model):
    ids = [1, 2, 3, 4]
    scores = score_tokens(model, [ids], top=257)[0]
    assert scores.logprobs.shape == (3,)
    np.testing.assert_allclose(np.exp(scores.top_logprobs).sum(-1), 1, atol=1e-4)
    assert (np.diff(scores.top_logprobs) <= 0).all()
    for row, target in enumerate(ids[1:]):
        at = scores.top_ids[row].tolist().index(target)
        assert scores.top_logprobs[row, at] == scores.logprobs[row]
        assert scores.greedy[row] == (at == 0)


@pytest.mark.slow
def test_new_lengths_compile_nothing_new(model):
    rng = np.random.default_rng(3)

    def ask(lengths):
        contexts = [random_ids(rng, n, n + 1) for n in lengths]
        score_choices(model, [1] * 20, contexts, [[[1], [3]]] * len(lengths))
        score_ids(model, contexts, [[1]] * len(lengths))

    for tokens in (16, 32, 64, 96):  # of all, which may share a row
        for rows in (1, 2, 3):
            ask([min(tokens // rows, 32)] * rows)
    for length in (16, 24, 32):
        for rows in (1, 2, 3):
            ask([length] * rows)
    counts = scoring._choices_pass._cache_size(), scoring._score_pass._cache_size()
    for _ in range(25):
        ask(rng.integers(1, 33, rng.integers(1, 4)).tolist())
    assert (scoring._choices_pass._cache_size(), scoring._score_pass._cache_size()) == counts


def test_what_does_not_fit_is_refused(model):
    with pytest.raises(ClovaError, match="item 1 needs 171 tokens.*context is 160"):
        score_ids(model, [[1], [1] * 170], [[1], [1, 2]])
    with pytest.raises(ClovaError, match="item 0 has a choice without tokens"):
        score_choices(model, [], [[1]], [[[1], []]])
    with pytest.raises(ClovaError, match="2 contexts but 1"):
        score(model, ["a", "b"], ["c"])


def test_texts_and_ids_from_any_iterable(model):
    wanted = score(model, ["a", "b"], ["c", "d"])
    assert score(model, iter(["a", "b"]), (t for t in "cd")).tolist() == wanted.tolist()
    assert score(model, [], []).tolist() == []
    contexts, continuations = np.array([[97], [98]]), [iter([99]), (100,)]
    assert score_ids(model, contexts, continuations)[0].tolist() == wanted.tolist()


@pytest.mark.parametrize("bad", ["가나다", None, 3, [None], [["a"]], b"abc"])
def test_what_are_no_texts_is_refused(model, bad):
    with pytest.raises(ClovaError, match="contexts"):
        score(model, bad, ["라"])
    with pytest.raises(ClovaError, match="continuations"):
        score(model, ["라"], bad)


def test_ids_that_are_none_are_refused(model):
    for row in ([257], [-1], [1.5], [2**40], [[1]], None, "a"):
        with pytest.raises(ClovaError, match="contexts"):
            score_ids(model, [row], [[1]])
        with pytest.raises(ClovaError, match="continuations"):
            score_ids(model, [[1]], [row])
        with pytest.raises(ClovaError, match="prefix_ids"):
            score_ids(model, [[1]], [[1]], row)
        with pytest.raises(ClovaError, match="prefix_ids"):
            score_choices(model, row, [[1]], [[[1]]])
        with pytest.raises(ClovaError, match="choices of item 0"):
            score_choices(model, [], [[1]], [[[1], row]])
        with pytest.raises(ClovaError, match="sequences"):
            score_tokens(model, [row])
    with pytest.raises(ClovaError, match="1 contexts but 2"):
        score_ids(model, [[1]], [[1], [2]])
    for starts in ([0], [4], [1.5], [1, 1]):
        with pytest.raises(ClovaError, match="starts"):
            score_tokens(model, [[1, 2, 3]], starts=starts)
    with pytest.raises(ClovaError, match="row 0 has no token"):
        score_tokens(model, [[]])


def test_a_model_of_nan_is_not_scored(model):
    positions = model.params["positions"].at[1, 0].set(np.nan)
    broken = model.with_params(model.params | {"positions": positions})
    with pytest.raises(ClovaError, match="not numbers"):
        score(broken, ["ab"], ["cd"])
    with pytest.raises(ClovaError, match="not numbers"):
        score_choices(broken, [], [[1, 2]], [[[1], [2, 3]]])


@pytest.mark.slow
def test_the_last_token_may_be_the_context_s_last(model):
    found, _ = score_ids(model, [[1] * 160], [[2]])
    np.testing.assert_allclose(found[0], logprobs(model, [1] * 160)[-1, 2], atol=2e-4)


def test_a_token_behind_a_prefix_that_fills_the_context_has_no_scores(model):
    (found,) = score_tokens(model, [[5]], prefix_ids=[1] * model.config.max_length, top=2)
    assert (found.logprobs.shape, found.top_ids.shape) == ((0,), (0, 2))
