"""`clova pretrain` as people run it: stores on disk and elsewhere, going on, and what it refuses."""

import json

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache

from clova_jax import LanguageModel, cli, load_tokenizer, train_tokenizer
from clova_jax.data import serialize
from clova_jax.train.metrics import read_metrics


@pytest.fixture(scope="module", autouse=True)
def programs(tmp_path_factory):
    """A cache of compiled programs: all runs here are of one shape."""
    folder = str(tmp_path_factory.mktemp("programs"))
    settings = {
        "jax_compilation_cache_dir": folder,
        "jax_persistent_cache_min_compile_time_secs": 0,
    }
    before = {name: getattr(jax.config, name) for name in settings}
    for values in (settings, before):
        for name, value in values.items():
            jax.config.update(name, value)
        compilation_cache.reset_cache()
        if values is settings:
            yield


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
        "--out": str(world / out),
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


def test_a_store_behind_a_url_gives_the_same_losses(world):
    tokenizer = load_tokenizer(world / "tokenizer")
    for url in ("memory://pretrain/tokens/", f"file://{world}/objects/"):
        serialize(world / "documents", tokenizer, url, workers=1, show=False)
    assert pretrain(world, "memory", data="memory://pretrain/tokens/") == 0
    assert losses(world / "memory") == losses(world / "run")
    assert pretrain(world, "file", data=f"file://{world}/objects/") == 0
    assert losses(world / "file") == losses(world / "run")


def test_documents_are_serialised_first(world):
    assert pretrain(world, "documents-run", data="documents") == 0
    assert (world / "documents-run" / "tokens" / "manifest.json").is_file()
    assert losses(world / "documents-run") == losses(world / "run")


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
        ("--steps", "4", "holds a run with steps=3, this one has 4"),
        ("--size", "mini", "holds a run with size='tiny', this one has 'mini'"),
    ],
)
def test_another_run_in_the_folder_is_refused_with_both_values(world, capsys, flag, value, message):
    assert pretrain(world, "run", flag, value) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert message in errors[-1]
    assert "give the same" in errors[-1]


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
