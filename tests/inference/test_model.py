"""A model keeps what follows from its parameters, and nothing of another model or of parameters that are gone."""

import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.inference import Model, generate


def greedy(model):
    return generate(model, ["ab", "c"], max_new_tokens=6, temperature=0)


def other_blocks(params):
    return params | {"blocks": jax.tree.map(lambda x: x[::-1], params["blocks"])}


def copied(model):
    """Returns the same model with arrays for itself."""
    return model.with_params(jax.tree.map(jnp.copy, model.params))


def test_the_copy_of_the_weights_is_made_once_and_freed_with_the_model(model):
    mine = copied(model)
    view = mine.with_virtual(np.ones((2, model.config.embed_dim), np.float32))
    assert mine.cached_decoder.weights is mine.cached_decoder.weights is view.cached_decoder.weights
    kernel = weakref.ref(mine.cached_decoder.weights.layers[0]["qkv"]["kernel"])
    array = weakref.ref(mine.params["embedding"])
    del mine
    gc.collect()
    assert kernel() is not None  # the view holds the same parameters
    del view
    gc.collect()
    assert kernel() is None
    assert array() is None


def test_models_with_swapped_parameters_give_their_own_answers(model):
    other = model.with_params(other_blocks(model.params))
    first, second = greedy(model), greedy(other)
    assert first != second
    assert (greedy(model), greedy(other)) == (first, second)
    swapped = other.with_params(model.params), model.with_params(other.params)
    assert [greedy(lm) for lm in swapped] == [first, second]
    assert model.fingerprint == swapped[0].fingerprint != swapped[1].fingerprint


def test_changed_parameters_are_noticed(model):
    fresh = copied(model)
    other = model.with_params(other_blocks(model.params))
    assert greedy(fresh) == greedy(model)
    marks = {fresh.fingerprint}
    up = fresh.params["blocks"]["mlp"]["up"]
    up["kernel"] = up["kernel"] * 0
    assert greedy(fresh) == greedy(model.with_params(fresh.params)) != greedy(model)
    marks.add(fresh.fingerprint)
    fresh.params = other.params
    assert greedy(fresh) == greedy(other)
    assert len({*marks, fresh.fingerprint}) == 3


def test_virtual_tokens_stand_behind_the_table(model):
    view = model.with_virtual(np.ones((2, model.config.embed_dim), np.float32))
    assert view.params["embedding"] is model.params["embedding"]
    assert (model.num_ids, view.num_ids) == (257, 259)
    assert view.first_virtual == 257
    assert "virtual" not in model.params


def test_a_subclass_stays_one(model):
    class Mine(Model):
        pass

    mine = Mine(model.config, model.params, model.tokenizer, dtype=model.dtype)
    assert type(mine.with_params(mine.params)) is Mine


def test_a_tokenizer_of_another_size_is_refused(model):
    config = ModelConfig(1, 8, 1, vocab_size=300, max_length=8)
    with pytest.raises(ClovaError, match="the tokenizer has 257 entries, the model 300"):
        Model(config, {}, model.tokenizer)
