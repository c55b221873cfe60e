"""The first command anyone runs, as they run it: in processes of its own, stopped once and taken up again."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clova_jax.common.command import main
from experiments.quickstart import Options, run

ROOT = Path(__file__).resolve().parents[2]
SMALL = "--megabytes 0.4 --steps 150 --global-batch 2 --length 64 --limit 20 --shots 0,2 --trials 2"
COMMAND = [sys.executable, "-m", "experiments.quickstart", *SMALL.split()]
PROG = "python -m experiments.quickstart"


def quickstart(out: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*COMMAND, "--out", str(out)], cwd=ROOT, capture_output=True, text=True, timeout=500
    )


def assert_one_line(error: str, *words: str) -> None:
    assert "Traceback" not in error
    line = error.strip().splitlines()[-1]
    assert line.startswith(f"{PROG}: error: ")
    for word in words:
        assert word in line


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


@pytest.fixture(scope="module")
def finished(stopped):
    """The same command again."""
    out = stopped[0]
    return out, quickstart(out)


def test_the_first_line_does_not_wait_for_what_takes_seconds_to_load():
    heavy = {"jax", "matplotlib", "scipy", "orbax", "tokenizers", "kiwipiepy"}
    script = f"import sys, experiments.quickstart; print(*{heavy}.intersection(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stdout == "\n", result.stderr


def test_the_steps_are_told_as_they_begin(stopped):
    said = stopped[2].splitlines()
    assert said[0].startswith("quickstart: everything goes to ")
    assert said[1] == "quickstart: text: 0.4 MB of the synthetic sample world"
    assert "quickstart: tokenizer: morpheme_byte, 4,096 ids" in said


def test_a_stop_in_training_leaves_a_checkpoint_and_says_how_to_go_on(stopped):
    _, status, said, checkpoints = stopped
    assert status == 130, said
    assert "stopped after step" in said
    assert "-m experiments.quickstart" in said.split("run the same command again")[1]
    assert "Traceback" not in said
    assert len(checkpoints) == 1


def test_it_goes_on_from_there(stopped, finished):
    out, result = finished
    at = stopped[3][0].parent.name
    assert f"going on from step {at} in {out}" in result.stderr
    rows = [json.loads(line) for line in (out / "metrics.jsonl").open()]
    assert [row["step"] for row in rows if "loss" in row] == list(range(1, 151))


def test_it_leaves_table_plots_predictions_and_a_model(finished):
    out, result = finished
    assert result.returncode == 0, result.stderr
    results = json.loads((out / "results.json").read_text())
    assert {"experiment", "config", "rows", "paper", "environment"} <= results.keys()
    scores = [row for row in results["rows"] if row["task"] == "nsmc"]
    assert [row["shots"] for row in scores] == [0, 2]
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
    assert len(predictions) == 20 + 2 * 20
    assert {"task", "trial", "id", "prediction", "answers"} <= predictions[0].keys()
    assert result.stdout.count("> **") == 3
    assert "nsmc" in result.stdout


def test_the_second_run_computes_nothing_again(finished):
    out, first = finished
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file() and "model" in p.parts}
    again = quickstart(out)
    assert again.returncode == 0, again.stderr
    assert before == {p: p.stat().st_mtime_ns for p in before}
    assert "training" not in again.stderr
    assert json.loads((out / "results.json").read_text())["rows"]
    assert again.stdout == first.stdout[first.stdout.index("## quickstart") :]


def refused(capsys, *words: object) -> str:
    """What a mistake is answered with; without a process of its own, which takes seconds to start."""
    assert main(Options, run, [*SMALL.split(), *map(str, words)], PROG) == 2
    return capsys.readouterr().err


def test_a_wrong_path(tmp_path, capsys):
    error = refused(capsys, "--out", tmp_path, "--data", tmp_path / "nowhere")
    assert_one_line(error, "nowhere", "no such")


def test_an_unknown_flag(tmp_path):
    result = subprocess.run(
        [*COMMAND, "--out", str(tmp_path), "--epochs", "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert result.returncode == 2
    assert_one_line(result.stderr, "--epochs")


def test_an_empty_corpus(tmp_path, capsys):
    (tmp_path / "data" / "corpus").mkdir(parents=True)
    error = refused(capsys, "--out", tmp_path / "out", "--data", tmp_path / "data")
    assert_one_line(error, "empty corpus")


def test_a_malformed_line(tmp_path, capsys):
    corpus = tmp_path / "data" / "corpus"
    corpus.mkdir(parents=True)
    (corpus / "blog.jsonl").write_text('{"text": "하나"}\n{"text": "둘"\n')
    error = refused(capsys, "--out", tmp_path / "out", "--data", tmp_path / "data")
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


def test_no_room_on_the_disk(tmp_path, capsys):
    with small_disk(tmp_path):
        error = refused(capsys, "--out", tmp_path / "out")
    assert_one_line(error, "no room left on the disk")
