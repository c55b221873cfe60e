"""The lecture's models: what a token sees, and how many parameters there are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clova_jax import ModelConfig, lecture
from clova_jax.model import bind, causal_mask, init_params, self_attention

SIZES = {"num_layers": 2, "embed_dim": 16, "num_heads": 2, "vocab_size": 30, "max_length": 24}
BERT = lecture.BertConfig(**SIZES)
VIT = lecture.ViTConfig(**SIZES, patch_dim=3)
POST = lecture.PostNormConfig(**SIZES)
IDS = np.random.default_rng(0).integers(1, 29, (2, 12)).astype(np.int32)
INSIDE = (np.arange(12) < np.array([[12], [7]])).astype(np.int32)


def far(config):
    return jax.tree.map(lambda x: x * 3, init_params(config, 1))


@jax.jit
def encode(params, ids):
    return bind(BERT, params).encode(ids, INSIDE)


def test_every_token_of_bert_sees_all_others_of_its_text_and_no_padding():
    params, changed, padded = init_params(BERT, 1), IDS.copy(), IDS.copy()
    changed[0, -1] += 1
    padded[1, 7:] = 3
    before = encode(params, IDS)
    assert jnp.abs(encode(params, changed) - before)[0, 0].max() > 1e-3
    np.testing.assert_allclose(encode(params, padded)[1, :7], before[1, :7], atol=1e-6)


@pytest.mark.parametrize("config", [BERT, VIT, POST], ids=lambda config: type(config).__name__)
def test_parameters_are_counted_exactly(config):
    assert config.num_params == sum(leaf.size for leaf in jax.tree.leaves(init_params(config)))


def test_a_post_norm_decoder_is_causal_and_normalises_its_stream():
    params, changed = far(POST), IDS.copy()
    changed[:, 6:] = 1
    run = jax.jit(lambda ids: bind(POST, params)(ids)[0])
    before, after = run(IDS), run(changed)
    np.testing.assert_allclose(before[:, :6], after[:, :6], atol=1e-6)
    assert jnp.abs(before[:, 6:] - after[:, 6:]).max() > 1e-3


def test_attention_over_everything_has_the_gradients_of_its_definition():
    random = np.random.default_rng(1)
    given = [random.standard_normal((2, 128, 2, 4), np.float32) for _ in range(3)]
    mask = jnp.asarray(random.random((2, 1, 1, 128)) < 0.7)

    def ours(query, key, value):
        return jnp.sin(self_attention(query, key, value, mask, causal=False)).sum()

    def plain(query, key, value):
        return jnp.sin(jax.nn.dot_product_attention(query, key, value, mask=mask)).sum()

    found, wanted = (jax.grad(one, (0, 1, 2))(*given) for one in (ours, plain))
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_attention_weights_sum_to_one_and_see_nothing_that_follows():
    config = ModelConfig(**SIZES)
    weights = np.asarray(lecture.attention_weights(far(config), config, IDS[0]))
    assert weights.shape == (2, 2, 12, 12)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
    assert not weights[..., ~np.asarray(causal_mask(12))[0, 0]].any()
