"""`clova pretrain` as people run it: stores on disk and elsewhere, going on, and what it refuses."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from clova_jax import LanguageModel, cli, load_tokenizer, train_tokenizer
from clova_jax.common.hashes import check_hashes
from clova_jax.common.options import name_of
from clova_jax.data import serialize
from clova_jax.train.metrics import read_metrics
from clova_jax.train.options import PretrainOptions
from clova_jax.train.pretraining import FREE, LATER, RESOLVED


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with documents, a tokenizer, a store made with it, and a run of three steps."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "documents").mkdir()
    with (folder / "documents" / "blog.jsonl").open("w", encoding="utf-8") as file:
        for number in range(400):
            file.write(json.dumps({"text": f"{number}번째 글. 오늘은 날씨가 좋다." * 3}) + "\n")
    texts = ["오늘은 날씨가 좋다. 번째 글."] * 3
    for name, size in (("tokenizer", 270), ("larger", 280)):
        train_tokenizer(texts, kind="byte", vocab_size=size).save(folder / name)
    train_tokenizer(["전혀 다른 말뭉치를 쓴다"] * 3, kind="byte", vocab_size=270).save(
        folder / "other"
    )
    tokenizer = load_tokenizer(folder / "tokenizer")
    serialize(folder / "documents", tokenizer, folder / "tokens", workers=1, show=False)
    assert pretrain(folder, "run", "--tensorboard") == 0
    return folder


def pretrain(world, out, *more, data="tokens", tokenizer="tokenizer"):
    data = data if "://" in data else str(world / data)
    arguments = {
        "--data": data,
        "--tokenizer": str(world / tokenizer),
        "--size": "tiny",
        "--steps": "3",
        "--global-batch": "2",
        "--length": "16",
        "--out": out if "://" in str(out) else str(world / out),
    }
    arguments |= dict(zip(more[::2], more[1::2], strict=False)) if len(more) > 1 else {}
    words = [word for pair in arguments.items() for word in pair]
    return cli.main(["pretrain", *words, *(more if len(more) == 1 else [])])


def losses(out):
    return [row["loss"] for row in read_metrics(out / "metrics.jsonl") if "loss" in row]


def test_it_leaves_metrics_event_files_and_a_model(world):
    assert len(losses(world / "run")) == 3
    assert read_metrics(world / "run" / "metrics.jsonl")[-1]["val_bits_per_byte_blog"] > 0
    assert list((world / "run" / "tensorboard").iterdir())
    model = LanguageModel.load(world / "run" / "model")
    assert model.config.vocab_size == 270


@pytest.mark.slow
def test_a_store_behind_a_url_gives_the_same_losses(world):
    tokenizer = load_tokenizer(world / "tokenizer")
    for url in ("memory://pretrain/tokens/", f"file://{world}/objects/"):
        serialize(world / "documents", tokenizer, url, workers=1, show=False)
    assert pretrain(world, "memory", data="memory://pretrain/tokens/") == 0
    assert losses(world / "memory") == losses(world / "run")
    assert pretrain(world, "file", data=f"file://{world}/objects/") == 0
    assert losses(world / "file") == losses(world / "run")


@pytest.mark.slow
def test_documents_are_serialised_first(world):
    assert pretrain(world, "documents-run", data="documents") == 0
    assert (world / "documents-run" / "tokens" / "manifest.json").is_file()
    assert losses(world / "documents-run") == losses(world / "run")


SHAPE = ("--layers", "2", "--width", "16", "--heads", "2")


def test_a_pipeline_trains_on_the_smallest_batch_of_a_ramp(world):
    ramp = ("--global-batch", "16", "--ramp-tokens", "1e6", "--steps", "1")
    assert pretrain(world, "ramp", *SHAPE, *ramp, "--mesh", "1,2,1") == 0
    (row,) = (row for row in read_metrics(world / "ramp" / "metrics.jsonl") if "loss" in row)
    assert row["tokens"] == 2 * 16


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--global-batch", "16", "--ramp-tokens", "1e6", "--mesh", "4,1,1"),
            "--global-batch: 16 sequences, of which --ramp-tokens takes 2 a step, do not divide by data=4 of "
            "--mesh; give a multiple of 32, for example 32",
        ),
        (
            ("--global-batch", "6", "--mesh", "4,1,1"),
            "--global-batch: 6 sequences do not divide by data=4 of --mesh; give a multiple of 4, for example 8",
        ),
        (
            ("--global-batch", "6", "--mesh", "2,1,1", "--microbatches", "2"),
            "6 sequences do not divide by data=2 of --mesh times 2 microbatches; give a multiple of 4, for example "
            "8, or other --microbatches",
        ),
    ],
)
def test_a_batch_that_does_not_divide_is_refused_before_documents_are_read(
    world, capsys, monkeypatch, words, message
):
    monkeypatch.setattr("clova_jax.train.build.serialize", lambda *_, **__: pytest.fail("too late"))
    assert pretrain(world, "undivided", *SHAPE, *words, data="documents") == 2
    assert message in capsys.readouterr().err.strip().splitlines()[-1]


def test_the_saved_options_do_the_same_again(world):
    before = (world / "run" / "metrics.jsonl").read_bytes()
    assert cli.main(["pretrain", "--config", str(world / "run" / "config.json")]) == 0
    assert (world / "run" / "metrics.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("flag", "value", "message"),
    [
        ("--seed", "5", "holds a run with seed=0, this one has 5"),
        ("--length", "24", "holds a run with length=16, this one has 24"),
        ("--global-batch", "4", "holds a run with global_batch=2, this one has 4"),
        ("--steps", "2", "holds a run with steps=3, this one has 2"),
        ("--size", "mini", "holds a run with size='tiny', this one has 'mini'"),
        ("--layers", "2", "holds a run with layers=None, this one has 2"),
        ("--weight-decay", "0", "holds a run with weight_decay=None, this one has 0.0"),
        ("--betas", "0.9,0.99", "holds a run with betas=None, this one has [0.9, 0.99]"),
        ("--dtype", "bfloat16", "holds a run with dtype=None, this one has 'bfloat16'"),
        ("--learning-rate", "0.001", "holds a run with learning_rate=0.005, this one has 0.001"),
        ("--warmup-tokens", "64", "holds a run with warmup_steps=1, this one has 2"),
        ("--max-epochs", "9", "holds a run with max_epochs=None, this one has 9.0"),
        (
            "--packing",
            "segments",
            "holds a run with packing='concatenate', this one has 'segments'",
        ),
    ],
)
def test_another_run_in_the_folder_is_refused_with_both_values(world, capsys, flag, value, message):
    assert pretrain(world, "run", flag, value) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert message in errors[-1]
    assert "give the same" in errors[-1]


@pytest.mark.slow
def test_the_user_s_registry_of_sources_tells_the_kinds(world, tmp_path, capsys):
    registry = tmp_path / "sources.json"
    registry.write_text('{"blog": {"kind": "modu"}}')
    words = ("--weights", "table1", "--sources", str(registry))
    assert pretrain(world, "kinds", *words) == 0
    assert capsys.readouterr().out.split("\n")[2].split()[:4] == ["|", "blog", "|", "modu"]
    registry.write_text('{"blog": {"kind": "kin"}}')
    assert pretrain(world, "kinds", *words) == 2
    assert "kinds={'blog': 'modu'}, this one has {'blog': 'kin'}" in capsys.readouterr().err
    registry.write_text('{"blog": {"kind": "weblog"}}')
    assert pretrain(world, "kinds", *words) == 2
    assert f"{registry}: blog: kind is 'weblog'" in capsys.readouterr().err


def test_another_vocabulary_or_tokenizer_than_the_store_s_is_refused(world, capsys):
    assert pretrain(world, "new", tokenizer="larger") == 2
    error = capsys.readouterr().err
    assert "made with a tokenizer whose vocab_size is 270, the one given has 280" in error
    assert pretrain(world, "new", tokenizer="other") == 2
    error = capsys.readouterr().err
    for name in ("tokenizer", "other"):
        assert load_tokenizer(world / name).fingerprint in error
    assert not (world / "new").exists()


def test_another_store_or_tokenizer_on_resume_is_refused(world, capsys):
    serialize(
        world / "documents", load_tokenizer(world / "larger"), world / "t2", workers=1, show=False
    )
    assert pretrain(world, "run", data="t2", tokenizer="larger") == 2
    assert "vocab_size=270, this one has 280" in capsys.readouterr().err


def test_a_damaged_shard_is_named_before_training_starts(world, tmp_path, capsys):
    tokenizer = load_tokenizer(world / "tokenizer")
    serialize(world / "documents", tokenizer, tmp_path / "tokens", workers=1, show=False)
    shard = tmp_path / "tokens" / "train" / "00-blog-00000.bin"
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    assert pretrain(world, "damaged", data=str(tmp_path / "tokens")) == 2
    error = capsys.readouterr().err
    assert f"{shard}: damaged" in error
    assert not (world / "damaged" / "metrics.jsonl").exists()


def test_every_option_is_part_of_the_run_or_on_the_list_of_those_that_change_no_number():
    names = {name_of(field) for field in dataclasses.fields(PretrainOptions)}
    assert names >= FREE | RESOLVED
    assert names - FREE - RESOLVED == {
        *("global_batch", "length", "ramp_tokens"),
        *("packing", "weights", "max_epochs", "seed"),
        *LATER,
    }


def test_another_run_is_refused_where_the_checkpoints_are_gone(world, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(world / "run", run)
    shutil.rmtree(run / "checkpoints")
    model = (run / "model" / "hashes.json").read_bytes()
    saved = (run / "config.json").read_bytes()
    assert pretrain(world, run, "--seed", "5") == 2
    said = capsys.readouterr()
    assert "holds a run with seed=0, this one has 5" in said.err
    assert "model:" not in said.out
    assert (run / "model" / "hashes.json").read_bytes() == model
    assert (run / "config.json").read_bytes() == saved


def test_a_model_of_somebody_else_in_the_folder_is_left_alone_and_told(world, tmp_path, capsys):
    (tmp_path / "run" / "model").mkdir(parents=True)
    (tmp_path / "run" / "model" / "config.json").write_text('{"theirs": true}')
    assert pretrain(world, tmp_path / "run") == 2
    assert "is a model that this run has not made" in capsys.readouterr().err
    assert (tmp_path / "run" / "model" / "config.json").read_text() == '{"theirs": true}'


def test_a_finished_run_whose_model_is_damaged_writes_it_again(world, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(world / "run", run)
    (run / "model" / "tokenizer" / "tokenizer.json").write_text("damaged")
    assert pretrain(world, run) == 0
    check_hashes(run / "model")
    before = (run / "model" / "hashes.json").stat().st_mtime_ns
    assert pretrain(world, run) == 0  # and a sound one is not
    assert (run / "model" / "hashes.json").stat().st_mtime_ns == before


def test_what_will_be_done_is_said_first(world, tmp_path, capsys):
    assert pretrain(world, tmp_path / "run") == 0
    said = capsys.readouterr().err.split("\n")
    assert said[0] == f"clova pretrain: {tmp_path / 'run'}"
    model, budget, stages = said[1:4]
    parameters = LanguageModel.load(world / "run" / "model").config.num_params
    assert f"tiny, {parameters:,} parameters, float32 on 1 x cpu (mesh 1,1,1)" in model
    assert "3 steps, 96 tokens (2 x 16 a step), learning rate 0.005" in budget
    assert "compile, train (validations: 1, checkpoints: 1)" in stages
    assert not any("\r" in line for line in said)


def test_stopped_early_it_returns_130_so_that_the_next_command_does_not_run(world, monkeypatch):
    monkeypatch.setattr("clova_jax.train.pretrain", lambda options: False)
    assert pretrain(world, "stopped") == 130


def test_an_object_store_is_no_place_for_a_run(world, capsys):
    assert pretrain(world, "gs://bucket/run") == 2
    assert "--out: gs://bucket/run is a URL" in capsys.readouterr().err
    assert not Path("gs:").exists()
