"""A run whose checkpoints, metrics and model lie on an object store: in memory, and slow, on an S3 server."""

import json
import shutil

import pytest

from clova_jax import LanguageModel, cli
from clova_jax.common.files import read_json
from clova_jax.common.objects import Objects
from clova_jax.data import serialize
from clova_jax.interop import model_folder
from clova_jax.tokenizers import train_tokenizer
from clova_jax.train.metrics import read_metrics

TEXTS = [f"{number}번째 글. 오늘은 날씨가 좋다." * 3 for number in range(200)]
SHAPE = ("--layers", "1", "--width", "16", "--heads", "2")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with a tokenizer, a store, and a run that lies on this disk."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "documents").mkdir()
    lines = (json.dumps({"text": text}) for text in TEXTS)
    (folder / "documents" / "blog.jsonl").write_text("\n".join(lines), encoding="utf-8")
    tokenizer = train_tokenizer(TEXTS[:3], kind="byte", vocab_size=270)
    tokenizer.save(folder / "tokenizer")
    serialize(folder / "documents", tokenizer, folder / "tokens", workers=1, show=False)
    assert pretrain(world=folder, out=folder / "here") == 0
    return folder


def pretrain(world, out, *more, steps=4, data=None, tokenizer=None):
    words = {
        "--data": data or world / "tokens",
        "--tokenizer": tokenizer or world / "tokenizer",
        **{"--global-batch": 2, "--length": 16, "--steps": steps, "--checkpoint-every": 2},
        "--out": out,
    }
    flat = [str(word) for pair in words.items() for word in pair]
    return cli.main(["pretrain", *flat, *SHAPE, *more])


def losses(folder):
    return [row["loss"] for row in read_metrics(folder / "metrics.jsonl") if "loss" in row]


def generated(model):
    return LanguageModel.load(model_folder(model)).generate(["오늘은"], max_new_tokens=8, seed=3)


def resume_anywhere(world, tmp_path, url, monkeypatch, capsys, **places):
    """Trains at a URL, loses the machine, goes on on another one, and compares with the run on a disk."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first, second = tmp_path / "first", tmp_path / "second"
    assert pretrain(world, first, "--remote", url, "--tensorboard", **places) == 0
    assert f"model: {url}/model" in capsys.readouterr().out
    assert not (first / "model").exists()
    assert not (first / "checkpoints").exists()
    names = Objects(url).names()
    assert {"run.json", "config.json", "metrics.jsonl", "health.json"} <= set(names)
    assert any(name.startswith("tensorboard/") for name in names)
    assert losses(first) == losses(world / "here")
    assert generated(url) == generated(f"{url}/model") == generated(world / "here")
    shutil.rmtree(first)
    Objects(url).remove(["checkpoints/4/checkpoint.json"])
    assert pretrain(world, second, "--remote", url, "--tensorboard", **places) == 0
    said = capsys.readouterr().err
    assert "checkpoint 4 is damaged (its write was cut short)" in said
    assert f"going on from step 2 in {second}" in said
    assert losses(second) == losses(world / "here")
    health = json.loads(Objects(url).read("health.json"))
    assert (health["state"], health["step"]) == ("finished", 4)


def test_a_run_on_an_object_store_goes_on_on_another_machine(world, tmp_path, monkeypatch, capsys):
    resume_anywhere(world, tmp_path, f"memory://run{tmp_path}", monkeypatch, capsys)


def test_the_webhook_s_address_stands_in_no_file(world, tmp_path, monkeypatch):
    url, out = f"memory://secret{tmp_path}", tmp_path / "run"
    address = "http://127.0.0.1:9/services/T0SECRET"

    def with_the_secret():
        objects = Objects(url)
        kept = {str(path): path.read_bytes() for path in out.rglob("*") if path.is_file()}
        kept |= {name: objects.read(name) for name in objects.names()}
        assert {"config.json", "run.json", "health.json"} <= kept.keys()
        return [name for name, data in kept.items() if b"T0SECRET" in data]

    assert pretrain(world, out, "--remote", url, "--alert-url", address, steps=1) == 0
    assert with_the_secret() == []
    monkeypatch.setenv("CLOVA_ALERT_URL", address)
    shutil.rmtree(out)
    assert pretrain(world, out, "--remote", url, steps=1) == 0, "the same run, although not given"
    assert with_the_secret() == []


def test_an_address_of_the_environment_that_is_none_is_refused(
    world, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("CLOVA_ALERT_URL", "hooks/T0SECRET")
    assert pretrain(world, tmp_path / "run") == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "CLOVA_ALERT_URL: not an http or https address" in said
    assert "T0SECRET" not in said


def test_a_damaged_object_is_named_and_the_checkpoint_before_is_used(world, tmp_path, capsys):
    url = f"file://{tmp_path}/store"
    assert pretrain(world, tmp_path / "run", "--remote", url) == 0
    objects = Objects(url)
    name = next(n for n in objects.names("checkpoints/4/state/") if "/c/" in n)
    objects.write(name, objects.read(name)[:-1])
    objects.remove(objects.names("model/"))
    assert pretrain(world, tmp_path / "run", "--remote", url) == 0
    said = capsys.readouterr().err
    assert f"{name}: is damaged" in said
    assert "going on from step 2" in said
    assert losses(tmp_path / "run") == losses(world / "here")


def test_another_run_at_the_url_is_refused(world, tmp_path, capsys):
    url = f"memory://other{tmp_path}"
    assert pretrain(world, tmp_path / "run", "--remote", url, steps=1) == 0
    assert pretrain(world, tmp_path / "new", "--remote", url, "--seed", "5", steps=1) == 2
    assert "holds a run with seed=0, this one has 5" in capsys.readouterr().err


def test_what_lies_at_the_url_already_is_left_alone(world, tmp_path, capsys):
    objects = Objects(f"memory://theirs{tmp_path}")
    objects.write("model/notes.txt", b"theirs")
    assert pretrain(world, tmp_path / "run", "--remote", str(objects)) == 2
    assert "/model: is a model that this run has not made" in capsys.readouterr().err
    assert objects.read("model/notes.txt") == b"theirs"


def test_a_run_of_its_own_in_the_folder_is_left_alone(world, tmp_path, capsys):
    before = (world / "here" / "run.json").read_bytes()
    assert pretrain(world, world / "here", "--remote", f"memory://own{tmp_path}") == 2
    assert "here: holds a run of its own; with --remote" in capsys.readouterr().err
    assert (world / "here" / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--remote", "bucket/run"), "--remote: 'bucket/run' is no URL"),
        (("--remote", "hdfs://host/run"), "hdfs://host/run"),
        (("--alert-url", "ftp://host"), "--alert-url: 'ftp://host' is not an http or https"),
        (("--profile", "3-2"), "--profile: '3-2' is not a step such as 12"),
        (("--profile", "0"), "--profile: '0' is not a step"),
        (("--process-id", "0"), "give all three"),
    ],
)
def test_bad_places_are_refused_in_a_line(world, tmp_path, capsys, words, message):
    assert pretrain(world, tmp_path / "run", *words) == 2
    assert message in capsys.readouterr().err.strip().splitlines()[-1]


def test_no_model_at_a_url_is_said(tmp_path, capsys):
    words = ["--model", f"memory://none{tmp_path}", "--prompt", "a"]
    assert cli.main(["generate", *words]) == 2
    assert "no model here" in capsys.readouterr().err


def test_a_trace_names_the_step_s_function(world, tmp_path):
    assert pretrain(world, tmp_path / "run", "--profile", "2-3") == 0
    (trace,) = (tmp_path / "run" / "profile").rglob("*.xplane.pb")
    assert b"jit__train" in trace.read_bytes()
    assert losses(tmp_path / "run") == losses(world / "here")
    assert read_json(tmp_path / "run" / "health.json")["state"] == "finished"


@pytest.fixture
def s3(monkeypatch):
    """The URL of an empty bucket of an S3 server on this machine."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "ap-northeast-2")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    import boto3

    where = {"LocationConstraint": "ap-northeast-2"}
    boto3.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration=where)
    yield "s3://bucket"
    server.stop()


@pytest.mark.slow
@pytest.mark.peers
def test_all_of_a_run_lies_on_s3(world, tmp_path, monkeypatch, capsys, s3):
    tokenizer = Objects(f"{s3}/tokenizer")
    files = [p.name for p in (world / "tokenizer").iterdir() if p.is_file()]
    tokenizer.upload(world / "tokenizer", files)
    words = ("--data", world / "documents", "--tokenizer", world / "tokenizer", "--workers", 1)
    assert cli.main(["serialize", *map(str, words), "--out", f"{s3}/tokens"]) == 0
    places = {"data": f"{s3}/tokens", "tokenizer": f"{s3}/tokenizer"}
    resume_anywhere(world, tmp_path, f"{s3}/run", monkeypatch, capsys, **places)
    shutil.rmtree(tmp_path / "cache")
    words = ["--from", f"{s3}/run", "--data", f"{s3}/tokens", "--steps", "1", "--length", "16"]
    assert cli.main(["pretrain", *words, "--out", str(tmp_path / "further")]) == 0
