"""`LanguageModel`: what it hands on, ragged batches, meshes, bounded compilation."""

import jax
import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, language_model, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.model import bind, cross_entropy
from clova_jax.parallel import make_mesh


@pytest.fixture(scope="module")
def lm():
    tokenizer = train_tokenizer(["하나 둘 셋 넷", "a b c d"], kind="byte", vocab_size=257)
    config = ModelConfig(2, 16, 2, vocab_size=tokenizer.vocab_size, max_length=64)
    made = LanguageModel.create(config, tokenizer, seed=0)
    made.params = jax.tree.map(lambda x: 5 * x, made.params)
    return made


def ragged(*lengths):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 257, length).tolist() for length in lengths]


def test_logits_are_the_plain_forward_pass(lm):
    rows = ragged(9, 9)
    found = lm.logits(np.array(rows))
    assert found.shape == (2, 9, 257)
    assert found.dtype == np.float32

    @jax.jit
    def plain(params, ids):
        hidden, _ = bind(lm.config, params)(ids)
        return bind(lm.config, params).logits(hidden)

    np.testing.assert_allclose(found, plain(lm.params, np.array(rows, np.int32)), atol=1e-4)


def test_ragged_rows_give_what_each_gives_alone(lm):
    rows = ragged(3, 17, 8)
    found = lm.logits(rows)
    for row, ids in zip(found, rows, strict=True):
        np.testing.assert_allclose(row[: len(ids)], lm.logits([ids])[0], atol=1e-4)
        assert not row[len(ids) :].any()


def test_input_gradients_against_finite_differences(lm):
    ids, targets = np.array(ragged(6, 6)), np.array(ragged(6, 6)[::-1])
    loss, gradient = lm.input_gradients(ids, targets)
    assert gradient.shape == (2, 6, 16)
    embeddings = lm.params["embedding"][ids]
    step = np.random.default_rng(1).standard_normal(gradient.shape).astype(np.float32)

    @jax.jit
    def at(size):
        hidden, _ = bind(lm.config, lm.params)(embeddings=embeddings + size * step)
        return cross_entropy(lm.params, lm.config, hidden, targets).mean()

    assert abs(at(0.0) - loss) < 1e-5
    slope = (at(1e-3) - at(-1e-3)) / 2e-3
    np.testing.assert_allclose(slope, (gradient * step).sum(), rtol=2e-2)


def test_ragged_input_gradients_are_the_mean_over_tokens(lm):
    ids, targets = ragged(4, 10), ragged(4, 10)[::-1]
    targets = [row[::-1][: len(own)] for row, own in zip(ragged(10, 10), ids, strict=True)]
    loss, gradient = lm.input_gradients(ids, targets)
    parts = [lm.input_gradients([a], [b]) for a, b in zip(ids, targets, strict=True)]
    assert loss == pytest.approx((4 * parts[0][0] + 10 * parts[1][0]) / 14, abs=1e-5)
    np.testing.assert_allclose(gradient[0, :4], parts[0][1][0] * 4 / 14, rtol=1e-4, atol=1e-5)
    assert not gradient[0, 4:].any()


def test_input_gradients_in_several_passes_are_those_of_one(lm, monkeypatch):
    ids, targets = ragged(3, 40, 17, 64, 1, 40, 9), ragged(3, 40, 17, 64, 1, 40, 9)[::-1]
    targets = [(row * 64)[: len(own)] for row, own in zip(targets, ids, strict=True)]
    mask = [[int(place != 1) for place in range(len(row))] for row in ids]
    cases = [{}, {"loss_mask": mask}, {"per_row": True}, {"per_row": True, "loss_mask": mask}]
    whole = [lm.input_gradients(ids, targets, **options) for options in cases]
    cells, run = [], language_model._input_gradients

    def noting(params, config, rows, *others):
        cells.append(rows.size)
        return run(params, config, rows, *others)

    monkeypatch.setattr(language_model, "_input_gradients", noting)
    monkeypatch.setattr("clova_jax.inference.shapes.BATCH_TOKENS", 64)
    for options, (loss, gradient) in zip(cases, whole, strict=True):
        cells.clear()
        found = lm.input_gradients(ids, targets, **options)
        assert len(cells) > 1
        assert max(cells) <= 64
        np.testing.assert_allclose(found[0], loss, rtol=1e-5)
        assert found[1].dtype == np.float32
        np.testing.assert_allclose(found[1], gradient, atol=1e-4 * np.abs(gradient).max())


@pytest.mark.slow
def test_new_lengths_compile_nothing_new(lm):
    for rows in ([length] * count for length in (16, 24) for count in (1, 2, 3)):
        lm.logits(ragged(*rows))
        lm.input_gradients(ragged(*rows), ragged(*rows))
    counts = language_model._logits._cache_size(), language_model._input_gradients._cache_size()
    for lengths in ([3], [5, 7], [11, 2, 9], [24], [19, 1, 1, 4], [23, 8]):
        lm.logits(ragged(*lengths))
        lm.input_gradients(ragged(*lengths), ragged(*lengths))
    assert counts == (
        language_model._logits._cache_size(),
        language_model._input_gradients._cache_size(),
    )


@pytest.mark.slow
def test_a_mesh_changes_nothing(lm, tmp_path):
    lm.save(tmp_path / "model")
    spread = LanguageModel.load(tmp_path / "model", mesh=make_mesh((2, 1, 2)))
    rows = ragged(5, 9, 12)
    np.testing.assert_allclose(spread.logits(rows), lm.logits(rows), atol=1e-4)
    pair = (["하나", "a b"], [" 둘", " c"])
    np.testing.assert_allclose(spread.score(*pair), lm.score(*pair), atol=1e-4)
    options = {"max_new_tokens": 8, "temperature": 0}
    assert spread.generate(["하나", "a"], **options) == lm.generate(["하나", "a"], **options)


def test_mistakes_are_named(lm):
    with pytest.raises(ClovaError, match="row 1 has 65 tokens.*64"):
        lm.logits([[1], [1] * 65])
    with pytest.raises(ClovaError, match=r"row 0 has an id outside 0\.\.256"):
        lm.logits([[257]])
    with pytest.raises(ClovaError, match="differ in their lengths"):
        lm.input_gradients([[1, 2]], [[1]])
    with pytest.raises(ClovaError, match="the tokenizer has .* entries, the model 300"):
        LanguageModel(lm.config.replace(vocab_size=300), lm.params, lm.tokenizer)


def test_ids_from_any_iterable(lm):
    wanted = lm.logits([[1, 2], [3, 4]])
    for ids in (
        np.array([[1, 2], [3, 4]]),
        iter([(1, 2), iter([3, 4])]),
        [np.uint8([1, 2]), [3, 4]],
    ):
        np.testing.assert_array_equal(lm.logits(ids), wanted)


@pytest.mark.parametrize(
    "bad", [None, 5, "ab", [], [[]], [1, 2], [[1.5]], [["1"]], [[[1]]], [[2**40]], [[None]], [[-1]]]
)
def test_ids_that_are_none_are_named(lm, bad):
    with pytest.raises(ClovaError, match="^ids"):
        lm.logits(bad)
    with pytest.raises(ClovaError, match="^ids"):
        lm.input_gradients(bad, [[1]])
    with pytest.raises(ClovaError, match="^targets"):
        lm.input_gradients([[1]], bad)


def test_a_mask_and_virtual_tokens_of_a_wrong_kind_are_named(lm):
    for mask in ([[0.5, 1]], [[np.nan, 1]], [[2, 1]], [["1", "1"]], [[1]], [1, 1], 1, "11"):
        with pytest.raises(ClovaError, match="^loss_mask"):
            lm.input_gradients([[1, 2]], [[2, 3]], loss_mask=mask)
    with pytest.raises(ClovaError, match="no target counts"):
        lm.input_gradients([[1, 2]], [[2, 3]], loss_mask=[[0, 0]])
    given = lm.input_gradients([[1, 2]], [[2, 3]], loss_mask=np.array([[True, False]]))
    assert given[0] == lm.input_gradients([[1, 2]], [[2, 3]], loss_mask=[iter([1.0, 0])])[0]
    for virtual in (np.full((1, 16), np.nan), np.ones(16), [["a"] * 16], np.ones((1, 15)), 3):
        with pytest.raises(ClovaError, match="^virtual: wants rows of 16 finite numbers"):
            lm.input_gradients([[257]], [[2]], virtual=virtual)
