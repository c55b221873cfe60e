"""The model directory: there and back on any mesh, and what is refused."""

import json
import shutil

import jax
import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.model.directory import load_model, read_config, save_model
from clova_jax.parallel import make_mesh


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(["하나 둘 셋", "a b c"], kind="byte", vocab_size=264)


@pytest.fixture(scope="module")
def lm(tokenizer):
    config = ModelConfig(2, 16, 2, vocab_size=tokenizer.vocab_size, max_length=32)
    return LanguageModel.create(config, tokenizer, seed=3)


@pytest.fixture(scope="module")
def saved(lm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "model"
    lm.save(folder)
    return folder


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def same(a, b):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y))


@pytest.mark.parametrize("shape", [None, (1, 1, 2), (2, 2, 2)])
def test_any_mesh_reads_what_was_written(lm, saved, shape):
    mesh = None if shape is None else make_mesh(shape)
    config, params, tokenizer = load_model(saved, mesh)
    assert config == lm.config == read_config(saved)
    assert tokenizer.fingerprint == lm.tokenizer.fingerprint
    same(params, lm.params)
    if mesh is not None:
        kernel = params["blocks"]["mlp"]["up"]["kernel"]
        assert kernel.sharding.mesh == mesh
        assert kernel.addressable_shards[0].data.size < kernel.size


def test_a_mesh_writes_what_one_device_reads(lm, tmp_path, tokenizer):
    spread = LanguageModel.create(lm.config, tokenizer, seed=3, mesh=make_mesh((2, 1, 4)))
    same(spread.params, lm.params)
    spread.save(tmp_path / "spread")
    same(LanguageModel.load(tmp_path / "spread").params, lm.params)


def test_saving_again_replaces(lm, copy, tokenizer):
    other = LanguageModel.create(lm.config, tokenizer, seed=4)
    other.save(copy)
    same(LanguageModel.load(copy).params, other.params)


def test_no_file_is_a_pickle(saved):
    for path in saved.rglob("*"):
        assert path.suffix not in (".pkl", ".pt", ".bin")
        if path.is_file():
            assert path.read_bytes()[:2] not in (b"\x80\x04", b"\x80\x05")


def test_mistakes_are_named(lm, copy, tmp_path, tokenizer):
    with pytest.raises(ClovaError, match="nowhere: no such model directory"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(ClovaError, match=r"no config\.json"):
        load_model(tmp_path)
    config = json.loads((copy / "config.json").read_text())
    changed = config | {"model": config["model"] | {"num_layers": 3}}
    (copy / "config.json").write_text(json.dumps(changed))
    with pytest.raises(ClovaError, match="params: damaged, or of another shape"):
        load_model(copy)
    (copy / "config.json").write_text(json.dumps(config | {"format": "?"}))
    with pytest.raises(ClovaError, match="import-hf"):
        load_model(copy)
    (copy / "config.json").write_text(json.dumps(config))
    shutil.rmtree(copy / "params")
    with pytest.raises(ClovaError, match="has no params/"):
        load_model(copy)
    with pytest.raises(ClovaError, match="the tokenizer has .* entries, the model 300"):
        save_model(tmp_path / "x", lm.config.replace(vocab_size=300), lm.params, tokenizer)
