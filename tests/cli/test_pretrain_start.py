"""`clova pretrain` from any shape, from any model, and on from a finished run."""

import itertools
import json
import math
import sys

import jax
import numpy as np
import pytest

from clova_jax import LanguageModel, cli, train_tokenizer
from clova_jax.config import PEAK_LEARNING_RATES, SIZES, ModelConfig, peak_learning_rate
from clova_jax.data import serialize
from clova_jax.model import init_params, load_model, save_model
from clova_jax.train.metrics import read_metrics

TEXTS = [f"{number}번째 글. 오늘은 날씨가 좋다." * 3 for number in range(200)]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with a tokenizer, a store, and a model whose weights are known."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "documents").mkdir()
    lines = (json.dumps({"text": text}) for text in TEXTS)
    (folder / "documents" / "blog.jsonl").write_text("\n".join(lines), encoding="utf-8")
    tokenizer = train_tokenizer(TEXTS[:3], kind="byte", vocab_size=270)
    tokenizer.save(folder / "tokenizer")
    serialize(folder / "documents", tokenizer, folder / "tokens", workers=1, show=False)
    config = ModelConfig(1, 12, 3, vocab_size=270, max_length=24)
    save_model(folder / "start", config, init_params(config, 7), tokenizer)
    return folder


def pretrain(world, out, *more, begin=("--tokenizer",)):
    words = {
        "--data": world / "tokens",
        "--global-batch": 2,
        "--length": 16,
        "--out": out,
    }
    if begin:
        words["--tokenizer"] = world / "tokenizer"
    flat = [str(word) for pair in words.items() for word in pair]
    return cli.main(["pretrain", *flat, *map(str, more)])


def rows(out):
    return [row for row in read_metrics(out / "metrics.jsonl") if "loss" in row]


def test_a_shape_of_one_s_own_is_trained(world, tmp_path, capsys):
    shape = ("--layers", 1, "--width", 24, "--heads", 3)
    assert pretrain(world, tmp_path / "run", *shape, "--steps", 2) == 0
    config = LanguageModel.load(tmp_path / "run").config
    assert (config.num_layers, config.embed_dim, config.num_heads) == (1, 24, 3)
    assert "1 layers of 24, 3 heads" in capsys.readouterr().err
    assert rows(tmp_path / "run")[0]["lr"] > 0


def test_one_number_replaces_the_size_s(world, tmp_path):
    assert pretrain(world, tmp_path / "run", "--size", "tiny", "--layers", 1, "--steps", 1) == 0
    config = LanguageModel.load(tmp_path / "run").config
    assert config == SIZES["tiny"].replace(num_layers=1, vocab_size=270)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--width", "30"), "--heads: 4 do not divide a width of 30; give both"),
        (("--size", "tiny", "--heads", "5"), "--heads: 5 do not divide a width of 128; give both"),
        (("--layers", "0"), "--layers: 0 is not at least 1"),
        (("--betas", "0.9"), "--betas: 0.9 is not 2 values B1,B2"),
        (("--betas", "0.9,1"), "--betas: 1.0 is not at least 0 and below 1"),
        (("--weight-decay", "-1"), "--weight-decay: -1.0 is not at least 0"),
        (("--dtype", "float16"), "--dtype: 'float16' is not one of float32, bfloat16"),
    ],
)
def test_bad_shapes_are_refused_in_a_line(world, tmp_path, capsys, words, message):
    assert pretrain(world, tmp_path / "run", "--steps", 1, *words) == 2
    assert message in capsys.readouterr().err.strip().splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_rates_of_the_sizes_are_the_table_s_and_others_lie_between_their_neighbours():
    for name, size in SIZES.items():
        assert peak_learning_rate(size.replace(vocab_size=999)) == PEAK_LEARNING_RATES[name]
    between = ModelConfig(24, 1_280, 16)
    assert PEAK_LEARNING_RATES["760m"] < peak_learning_rate(between) < PEAK_LEARNING_RATES["350m"]
    assert peak_learning_rate(ModelConfig(1, 8, 1)) == PEAK_LEARNING_RATES["tiny"]
    assert peak_learning_rate(ModelConfig(100, 20_480, 1)) == PEAK_LEARNING_RATES["82b"]
    widths = range(128, 12_288, 128)
    rates = [peak_learning_rate(ModelConfig(24, width, 1)) for width in widths]
    assert all(before >= after for before, after in itertools.pairwise(rates))


def test_it_goes_on_from_a_model_with_its_shape_tokenizer_and_weights(world, tmp_path):
    before = {path: path.read_bytes() for path in (world / "start").rglob("*") if path.is_file()}
    words = ("--from", world / "start", "--learning-rate", 1e-12)
    assert pretrain(world, tmp_path / "run", *words, "--steps", 1, begin=()) == 0
    start, params, tokenizer = load_model(world / "start")
    config, trained, same = load_model(tmp_path / "run")
    assert config == start
    assert same.fingerprint == tokenizer.fingerprint
    close = jax.tree.map(lambda a, b: np.allclose(a, b, atol=1e-9), params, trained)
    assert all(jax.tree.leaves(close))
    after = {path: path.read_bytes() for path in (world / "start").rglob("*") if path.is_file()}
    assert after == before


def test_its_first_loss_is_that_of_the_model_it_starts_from(world, tmp_path):
    assert pretrain(world, tmp_path / "one", "--layers", 1, "--width", 16, "--steps", 40) == 0
    words = ("--from", tmp_path / "one", "--steps", 1)
    assert pretrain(world, tmp_path / "two", *words, begin=()) == 0
    assert rows(tmp_path / "two")[0]["loss"] < 0.8 * math.log(270)


@pytest.mark.slow
def test_another_start_in_the_same_folder_is_refused(world, tmp_path, capsys):
    words = ("--from", world / "start", "--steps", 1)
    assert pretrain(world, tmp_path / "run", *words, begin=()) == 0
    assert pretrain(world, tmp_path / "run", *words, begin=()) == 0  # the same one is done
    config = ModelConfig(1, 12, 3, vocab_size=270, max_length=24)
    save_model(tmp_path / "other", config, init_params(config, 8), load_model(world / "start")[2])
    words = ("--from", tmp_path / "other", "--steps", 1)
    assert pretrain(world, tmp_path / "run", *words, begin=()) == 2
    assert "holds a run with from=" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--size", "tiny"), ("--layers", "2"), ("--width", "8"), ("--heads", "2")],
)
def test_a_shape_beside_a_model_is_refused(world, tmp_path, capsys, flag, value):
    words = ("--from", world / "start", "--steps", 1, flag, value)
    assert pretrain(world, tmp_path / "run", *words, begin=()) == 2
    assert f"{flag}: with --from it is that of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "package"), [("--tensorboard", "tensorboardX"), ("--wandb", "wandb")]
)
def test_a_tracker_s_package_is_missed_before_any_work(
    world, tmp_path, monkeypatch, capsys, flag, package
):
    monkeypatch.setitem(sys.modules, package, None)
    assert pretrain(world, tmp_path / "run", "--steps", 1, flag) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert f"{flag} needs the package {package}: pip install 'clova_jax[" in errors[-1]
    assert len(errors) == 2
    assert not (tmp_path / "run").exists()


def test_neither_tokenizer_nor_model_is_told(world, tmp_path, capsys):
    assert pretrain(world, tmp_path / "run", "--steps", 1, begin=()) == 2
    assert "--tokenizer is required" in capsys.readouterr().err


def test_longer_sequences_than_the_model_s_are_refused(world, tmp_path, capsys):
    words = ("--from", world / "start", "--steps", 1, "--length", 25)
    assert pretrain(world, tmp_path / "run", *words, begin=()) == 2
    assert "--length: 25 is above the 24 of the model" in capsys.readouterr().err


def test_a_finished_run_goes_on_where_it_gets_more_steps(world, tmp_path):
    shape = ("--layers", 1, "--width", 16, "--heads", 2)
    assert pretrain(world, tmp_path / "run", *shape, "--steps", 3) == 0
    short = [row["loss"] for row in rows(tmp_path / "run")]
    first = json.loads((tmp_path / "run" / "model" / "config.json").read_text())["about"]["tokens"]
    assert pretrain(world, tmp_path / "run", *shape, "--steps", 6) == 0
    longer = rows(tmp_path / "run")
    assert [row["step"] for row in longer] == [1, 2, 3, 4, 5, 6]
    assert [row["loss"] for row in longer[:3]] == short
    last = json.loads((tmp_path / "run" / "model" / "config.json").read_text())["about"]["tokens"]
    assert (first, last) == (3 * 32, 6 * 32)
    assert longer[3]["lr"] > longer[2]["lr"]  # along the longer cosine
    assert pretrain(world, tmp_path / "run", *shape, "--steps", 3) == 2  # it can't be made shorter


@pytest.mark.slow
def test_with_a_cap_on_epochs_a_run_can_t_be_made_longer(world, tmp_path, capsys):
    shape = ("--layers", 1, "--width", 16, "--heads", 2, "--max-epochs", 9)
    assert pretrain(world, tmp_path / "run", *shape, "--steps", 1) == 0
    assert pretrain(world, tmp_path / "run", *shape, "--steps", 2) == 2
    assert "holds a run with steps=1, this one has 2" in capsys.readouterr().err


@pytest.mark.slow
def test_weight_decay_and_betas_reach_the_optimizer(world, tmp_path):
    shape = ("--layers", 1, "--width", 16, "--heads", 2, "--steps", 3, "--learning-rate", 0.01)
    assert pretrain(world, tmp_path / "usual", *shape) == 0
    assert pretrain(world, tmp_path / "same", *shape, "--betas", "0.9,0.95") == 0
    assert pretrain(world, tmp_path / "decay", *shape, "--weight-decay", 5) == 0
    assert pretrain(world, tmp_path / "betas", *shape, "--betas", 0, 0.5) == 0
    losses = {
        name: [row["loss"] for row in rows(tmp_path / name)]
        for name in ("usual", "same", "decay", "betas")
    }
    assert losses["same"] == losses["usual"]
    assert losses["decay"] != losses["usual"] != losses["betas"]


def test_bfloat16_is_computed_in_on_request(world, tmp_path, capsys):
    shape = ("--layers", 1, "--width", 16, "--heads", 2, "--steps", 1)
    assert pretrain(world, tmp_path / "run", *shape, "--dtype", "bfloat16") == 0
    assert "bfloat16 on 1 x cpu" in capsys.readouterr().err
    assert {leaf.dtype for leaf in jax.tree.leaves(load_model(tmp_path / "run")[1])} == {
        np.dtype("float32")
    }
