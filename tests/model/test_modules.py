"""The decoder as Flax modules: how they are read, bound, refused and changed."""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from clova_jax import LanguageModel, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.interop import to_hugging_face
from clova_jax.model import (
    MLP,
    Block,
    Decoder,
    abstract_params,
    bind,
    init_params,
    param_shardings,
    param_specs,
    parameter,
)
from clova_jax.parallel import make_mesh

CONFIG = ModelConfig(num_layers=3, embed_dim=16, num_heads=2, vocab_size=50, max_length=32)


@pytest.fixture(scope="module")
def params():
    return jax.jit(init_params, static_argnums=0)(CONFIG, 0)


def test_a_decoder_is_a_module_like_any_other():
    decoder = Decoder(CONFIG, nnx.Rngs(0))
    assert sum(x.size for x in jax.tree.leaves(nnx.state(decoder, nnx.Param))) == CONFIG.num_params
    assert decoder.blocks.attn.qkv.kernel.shape == (3, 16, 3, 2, 8)
    hidden, cache = decoder(np.ones((2, 5), np.int32))
    assert hidden.shape == (2, 5, 16)
    assert cache is None
    assert decoder.logits(hidden).shape == (2, 5, 50)


def test_a_module_tells_its_shapes_and_axes():
    told = repr(Decoder(CONFIG, nnx.Rngs(0)))
    for words in (
        "Attention(",
        "MLP(",
        "out_sharding=('layers', 'embed', 'qkv', 'heads', 'head_dim')",
    ):
        assert words in told
    table = nnx.tabulate(Decoder(CONFIG, nnx.Rngs(0)), np.ones((1, 4), np.int32))
    assert "embedding" in table
    assert "11,184" in table


def test_specs_are_read_off_the_modules(params):
    specs = param_specs(CONFIG)
    is_spec = lambda leaf: dataclasses.is_dataclass(leaf)  # noqa: E731
    shapes = jax.tree.map(lambda spec: spec.shape, specs, is_leaf=is_spec)
    assert shapes == jax.tree.map(jnp.shape, params)
    assert specs["blocks"]["mlp"]["down"]["kernel"].axes == ("layers", "mlp", "embed")
    assert specs["embedding"].axes == ("vocab", "embed")


def test_bound_parameters_are_the_modules_own(params):
    decoder = bind(CONFIG, params)
    assert nnx.to_pure_dict(nnx.state(decoder)).keys() == params.keys()
    np.testing.assert_array_equal(
        decoder.blocks.mlp.up.kernel[...], params["blocks"]["mlp"]["up"]["kernel"]
    )


def changed(params, path, value):
    """A copy of a tree with one entry replaced, or removed where `value` is None."""
    (key, *rest), copy = path, dict(params)
    if rest:
        copy[key] = changed(copy[key], rest, value)
    elif value is None:
        del copy[key]
    else:
        copy[key] = value
    return copy


ONE = np.ones(1, np.float32)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((["blocks", "mlp", "up", "kernal"], ONE), "params.blocks.mlp.up: unknown kernal"),
        ((["blocks", "attn", "out", "bias"], None), "params.blocks.attn.out: missing bias"),
        ((["ln_g"], {"scale": ONE}), "params: unknown ln_g"),
        ((["embedding"], {"table": ONE}), "params.embedding: an array belongs here, not dict"),
        ((["ln_f", "scale"], [1.0]), "params.ln_f.scale: an array belongs here, not list"),
        (([3], ONE), "params: unknown 3"),
        ((["ln_f"], ONE), "params.ln_f: a dict with the keys bias, scale belongs here"),
    ],
    ids=str,
)
def test_a_wrong_key_is_named(params, change, says):
    with pytest.raises(ClovaError) as told:
        bind(CONFIG, changed(params, *change))
    assert str(told.value).startswith(says)
    assert "\n" not in str(told.value)


def test_a_misspelt_key_is_not_taken_for_its_neighbour(params):
    wrong = changed(changed(params, ["blocks", "ln_1"], None), ["blocks", "ln_3"], params["ln_f"])
    with pytest.raises(ClovaError, match="missing ln_1; unknown ln_3"):
        bind(CONFIG, wrong)


def test_virtual_tokens_go_on_where_the_table_ends(params):
    vectors = np.random.default_rng(0).normal(size=(2, 16)).astype(np.float32)
    decoder = bind(CONFIG, params | {"virtual": vectors})
    found = decoder.token_embeddings(np.array([[3, 50, 51]], np.int32))
    np.testing.assert_array_equal(found[0, 0], params["embedding"][3])
    np.testing.assert_array_equal(found[0, 1:], vectors)


class Squared(MLP):
    def activation(self, x):
        return jnp.square(jax.nn.relu(x))


class SquaredBlock(Block):
    feed_forward = Squared


class SquaredDecoder(Decoder):
    block = SquaredBlock


class SquaredConfig(ModelConfig):
    decoder: ClassVar = SquaredDecoder


def test_a_config_may_name_its_own_modules(params):
    mine = SquaredConfig(**CONFIG.to_json())
    ids = np.arange(6, dtype=np.int32)[None]
    assert isinstance(bind(mine, params), SquaredDecoder)
    assert abstract_params(mine) == abstract_params(CONFIG)
    assert not np.allclose(bind(mine, params)(ids)[0], bind(CONFIG, params)(ids)[0])


def test_a_model_of_ones_own_is_loaded_by_its_own_config_alone(tmp_path):
    tokenizer = train_tokenizer(["하나 둘 셋"], kind="byte", vocab_size=260)
    config = SquaredConfig(1, 8, 1, vocab_size=tokenizer.vocab_size, max_length=8)
    lm = LanguageModel.create(config, tokenizer)
    for _ in range(2):  # a second save replaces the first
        lm.save(tmp_path / "model")
    again = LanguageModel.load(tmp_path / "model", config_class=SquaredConfig)
    np.testing.assert_array_equal(again.logits([[1, 2]]), lm.logits([[1, 2]]))
    with pytest.raises(ClovaError, match="made of the modules SquaredDecoder, not of Decoder"):
        LanguageModel.load(tmp_path / "model")
    with pytest.raises(ClovaError, match="SquaredDecoder is no GPT-2"):
        to_hugging_face(lm, tmp_path / "hf")


@pytest.mark.parametrize("params", [None, 3, ONE], ids=str)
def test_what_is_no_tree_is_refused(params):
    with pytest.raises(ClovaError, match="params: a dict with the keys blocks, embedding"):
        bind(CONFIG, params)


class PlainLinear(MLP):
    def __init__(self, config, rngs):
        super().__init__(config, rngs)
        self.extra = nnx.Linear(config.embed_dim, config.embed_dim, rngs=rngs)


class PlainBlock(Block):
    feed_forward = PlainLinear


class PlainDecoder(Decoder):
    block = PlainBlock


class PlainConfig(ModelConfig):
    decoder = PlainDecoder


def test_a_parameter_without_axes_is_named():
    with pytest.raises(ClovaError, match=r"PlainDecoder.*'extra'.*'bias'.*parameter\(value"):
        init = PlainConfig(2, 16, 2, vocab_size=32, max_length=8)
        bind(init, {})


def gated(*axes):
    """A config whose feed-forward layers have a gate with these axes."""

    class Gated(MLP):
        def __init__(self, config, rngs):
            super().__init__(config, rngs)
            self.gate = parameter(jnp.ones((config.mlp_dim, 2)), *axes)

    class GatedBlock(Block):
        feed_forward = Gated

    class GatedDecoder(Decoder):
        block = GatedBlock

    class GatedConfig(ModelConfig):
        decoder = GatedDecoder

    return GatedConfig(2, 16, 2, vocab_size=32, max_length=8)


def test_a_misspelt_axis_is_named():
    with pytest.raises(
        ClovaError, match=r"GatedDecoder.*'gate'\]: no axis is called 'mpl'"
    ) as caught:
        param_specs(gated("mpl", None))
    assert "embed, head_dim, heads, layers, length, mlp" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_axis_of_none_is_not_split():
    found = param_shardings(gated("mlp", None), make_mesh((1, 1, 2)))
    assert tuple(found["blocks"]["mlp"]["gate"].spec) == (None, "model", None)


@dataclasses.dataclass(frozen=True)
class RotaryConfig(ModelConfig):
    base: float = 10_000.0
    scaled: bool = False
    kind: str = "rope"
    window: int = 0


def test_a_field_of_a_subclass_is_checked_by_its_type():
    config = RotaryConfig(2, 16, 2, base=0.5)
    assert RotaryConfig(**config.to_json()) == config
    assert hash(config.replace(base=0.25)) != hash(config)
    for wrong, wants in (
        ({"base": "x"}, "base='x' must be a finite number"),
        ({"base": float("nan")}, "base=nan must be a finite number"),
        ({"scaled": 1}, "scaled=1 must be True or False"),
        ({"kind": 3}, "kind=3 must be a text"),
        ({"window": 1.5}, "window=1.5 must be a whole number"),
        ({"num_layers": 2.0}, "num_layers=2.0 must be a whole number above 0"),
    ):
        with pytest.raises(ClovaError, match=wants):
            config.replace(**wrong)


def test_a_config_class_that_names_another_decoder_is_another_config(params):
    @dataclasses.dataclass(frozen=True)
    class Mine(ModelConfig):
        decoder = Decoder

    run = jax.jit(lambda config, params, ids: bind(config, params)(ids)[0], static_argnums=0)
    first, ids = Mine(**CONFIG.to_json()), np.arange(6, dtype=np.int32)[None]
    before = run(first, params, ids)
    Mine.decoder = SquaredDecoder
    second = Mine(**CONFIG.to_json())
    assert second != first
    assert type(bind(first, params)) is Decoder
    assert type(bind(second, params)) is SquaredDecoder
    assert not np.allclose(run(second, params, ids), before)
    np.testing.assert_array_equal(run(first, params, ids), before)
