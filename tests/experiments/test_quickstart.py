"""The first command anyone runs: from text to table, its mistakes; stopped once and taken up again."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clova_jax import SIZES, train_tokenizer
from clova_jax.corpus.documents import read_documents
from clova_jax.sample import write_sample
from experiments.quickstart import TABLE

ROOT = Path(__file__).resolve().parents[2]
SMALL = "--megabytes 0.4 --steps 150 --global-batch 2 --length 64 --limit 20 --shots 0,2 --trials 2"
SMALLEST = "--megabytes 0.2 --steps 3 --global-batch 2 --length 64 --limit 20 --shots 2 --trials 1"
COMMAND = [sys.executable, "-m", "experiments.quickstart", *SMALL.split()]
PROG = "python -m experiments.quickstart"


def quickstart(*words: object) -> tuple[int, str, str]:
    """Status, standard output and standard error, without a process of its own, which takes seconds to start."""
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as error,
    ):
        status = TABLE.main([*SMALLEST.split(), *map(str, words)], PROG)
    return status, out.getvalue(), error.getvalue()


def in_a_process(out: Path) -> tuple[int, str, str]:
    """The same as users run it, with more steps."""
    done = subprocess.run(
        [*COMMAND, "--out", str(out)], cwd=ROOT, capture_output=True, text=True, timeout=500
    )
    return done.returncode, done.stdout, done.stderr


def refused(*words: object) -> str:
    """What a mistake is answered with."""
    status, _, error = quickstart(*words)
    assert status == 2
    return error


def assert_one_line(error: str, *words: str) -> None:
    assert "Traceback" not in error
    line = error.strip().splitlines()[-1]
    assert line.startswith(f"{PROG}: error: ")
    for word in words:
        assert word in line


def assert_complete(out: Path, said: str, shots: list[int], items: int) -> None:
    """A table with its rows, plots, predictions and a model."""
    results = json.loads((out / "results.json").read_text())
    assert {"experiment", "config", "rows", "paper", "environment"} <= results.keys()
    scores = [row for row in results["rows"] if row["task"] == "nsmc"]
    assert [row["shots"] for row in scores] == shots
    for row in scores:
        assert 0 <= row["low"] <= row["value"] <= row["high"] <= 100
        assert 40 <= row["baseline"] <= 60
    sources = {row["source"] for row in results["rows"] if row["metric"] == "bits per byte"}
    assert sources >= {"all", "blog", "cafe", "news", "comments", "kin", "wiki"}
    assert results["paper"][0]["value"] == 73.11
    assert "synthetic" in (out / "table.md").read_text()
    assert (out / "quickstart.png").stat().st_size > 10_000
    assert (out / "model" / "config.json").is_file()
    predictions = [json.loads(line) for line in (out / "predictions.jsonl").open()]
    assert len(predictions) == items
    assert {"task", "trial", "id", "prediction", "answers"} <= predictions[0].keys()
    assert said.count("> **") == 3
    assert "nsmc" in said


def assert_computed_once(out: Path, first: str, again) -> None:
    """The same command once more gives the same table, and neither trains nor writes the model anew."""
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file() and "model" in p.parts}
    status, said, error = again()
    assert status == 0, error
    assert before
    assert before == {p: p.stat().st_mtime_ns for p in before}
    assert "training" not in error
    assert json.loads((out / "results.json").read_text())["rows"]
    assert said == first[first.index("## quickstart") :]


def test_from_text_to_table_and_the_second_run_computes_nothing_again(tmp_path):
    # A tokenizer that is there is taken: this one needs no analyser, which is a third of a small run.
    sample = write_sample(tmp_path / "sample", megabytes=0.2)
    texts = (document.text for document in read_documents(sample))
    size = SIZES["tiny"].vocab_size
    train_tokenizer(texts, kind="byte", vocab_size=size).save(tmp_path / "tokenizer")
    status, said, error = quickstart("--out", tmp_path)
    assert status == 0, error
    began = error.splitlines()
    assert began[0].startswith("quickstart: everything goes to ")
    assert began[1] == "text: 0.2 MB of the synthetic sample world"
    assert "training" in error
    assert_complete(tmp_path, said, [2], 20)
    assert_computed_once(tmp_path, said, lambda: quickstart("--out", tmp_path))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A run that was told to stop in its training: its folder, its status, what it said."""
    out = tmp_path_factory.mktemp("quickstart")
    process = subprocess.Popen(
        [*COMMAND, "--out", str(out)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.time() + 300
    metrics = out / "metrics.jsonl"
    while not (metrics.exists() and metrics.read_text().count("\n") > 2):
        assert process.poll() is None, process.communicate()
        assert time.time() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    checkpoints = list((out / "checkpoints").glob("*/checkpoint.json"))
    return out, process.returncode, said, checkpoints


def test_the_first_line_does_not_wait_for_what_takes_seconds_to_load():
    heavy = {"jax", "matplotlib", "scipy", "orbax", "tokenizers", "kiwipiepy"}
    script = f"import sys, experiments.quickstart; print(*{heavy}.intersection(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stdout == "\n", result.stderr


@pytest.mark.slow
def test_a_stop_in_training_leaves_a_checkpoint_and_says_how_to_go_on(stopped):
    _, status, said, checkpoints = stopped
    assert status == 130, said
    assert "tokenizer: morpheme_byte, 4,096 ids" in said.splitlines()
    assert "stopped after step" in said
    assert "-m experiments.quickstart" in said.split("run the same command again")[1]
    assert "Traceback" not in said
    assert len(checkpoints) == 1


@pytest.mark.slow
def test_it_goes_on_from_there(stopped):
    out, _, _, checkpoints = stopped
    status, said, error = in_a_process(out)
    assert status == 0, error
    assert f"going on from step {checkpoints[0].parent.name} in {out}" in error
    rows = [json.loads(line) for line in (out / "metrics.jsonl").open()]
    assert [row["step"] for row in rows if "loss" in row] == list(range(1, 151))
    assert_complete(out, said, [0, 2], 20 + 2 * 20)
    assert_computed_once(out, said, lambda: in_a_process(out))


def test_a_wrong_path(tmp_path):
    error = refused("--out", tmp_path, "--data", tmp_path / "nowhere")
    assert_one_line(error, "nowhere", "no such")


def test_an_unknown_flag(tmp_path):
    assert_one_line(refused("--out", tmp_path, "--epochs", 3), "--epochs")


def test_an_empty_corpus(tmp_path):
    (tmp_path / "data" / "corpus").mkdir(parents=True)
    error = refused("--out", tmp_path / "out", "--data", tmp_path / "data")
    assert_one_line(error, "empty corpus")


def test_a_malformed_line(tmp_path):
    corpus = tmp_path / "data" / "corpus"
    corpus.mkdir(parents=True)
    (corpus / "blog.jsonl").write_text('{"text": "하나"}\n{"text": "둘"\n')
    error = refused("--out", tmp_path / "out", "--data", tmp_path / "data")
    assert_one_line(error, "blog.jsonl:2", "not JSON")


@contextlib.contextmanager
def small_disk(folder: Path):
    words = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", folder]
    if os.geteuid() or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("a small disk can only be made by root")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def test_no_room_on_the_disk(tmp_path):
    with small_disk(tmp_path):
        error = refused("--out", tmp_path / "out")
    assert_one_line(error, "no room left on the disk")
