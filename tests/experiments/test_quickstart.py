"""The first command anyone runs, as they run it: by itself, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = "--megabytes 0.4 --steps 8 --global-batch 8 --length 64 --limit 20 --shots 0,2 --trials 2"


def quickstart(out: Path, *words: str, **settings) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "experiments.quickstart", *SMALL.split(), "--out", str(out)]
    return subprocess.run(
        [*command, *words], cwd=ROOT, capture_output=True, text=True, timeout=500, **settings
    )


def assert_one_line(result: subprocess.CompletedProcess, *words: str) -> None:
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    line = result.stderr.strip().splitlines()[-1]
    assert line.startswith("python -m experiments.quickstart: error: ")
    for word in words:
        assert word in line


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("quickstart")
    return out, quickstart(out)


def test_the_first_line_does_not_wait_for_what_takes_seconds_to_load():
    heavy = {"jax", "matplotlib", "scipy", "orbax", "tokenizers", "kiwipiepy"}
    script = f"import sys, experiments.quickstart; print(*{heavy}.intersection(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stdout == "\n", result.stderr


def test_the_steps_are_told_as_they_begin(finished):
    _, result = finished
    said = result.stderr.splitlines()
    assert said[0].startswith("quickstart: everything goes to ")
    assert said[1] == "quickstart: text: 0.4 MB of the synthetic sample world"
    assert "quickstart: tokenizer: morpheme_byte, 4,096 ids" in said


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


def test_a_stop_in_training_leaves_a_checkpoint_and_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-m", "experiments.quickstart", *SMALL.split()]
    process = subprocess.Popen(
        [*command, "--steps", "100000", "--out", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.time() + 300
    metrics = tmp_path / "metrics.jsonl"
    while not (metrics.exists() and metrics.read_text().count("\n") > 2):
        assert process.poll() is None, process.communicate()
        assert time.time() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "stopped after step" in said
    assert "-m experiments.quickstart" in said.split("run the same command again")[1]
    assert "Traceback" not in said
    assert list((tmp_path / "checkpoints").glob("*/checkpoint.json"))


def test_a_wrong_path(tmp_path):
    assert_one_line(quickstart(tmp_path, "--data", str(tmp_path / "nowhere")), "nowhere", "no such")


def test_an_unknown_flag(tmp_path):
    assert_one_line(quickstart(tmp_path, "--epochs", "3"), "--epochs")


def test_an_empty_corpus(tmp_path):
    (tmp_path / "data" / "corpus").mkdir(parents=True)
    assert_one_line(quickstart(tmp_path / "out", "--data", str(tmp_path / "data")), "empty corpus")


def test_a_malformed_line(tmp_path):
    corpus = tmp_path / "data" / "corpus"
    corpus.mkdir(parents=True)
    (corpus / "blog.jsonl").write_text('{"text": "하나"}\n{"text": "둘"\n')
    result = quickstart(tmp_path / "out", "--data", str(tmp_path / "data"))
    assert_one_line(result, "blog.jsonl:2", "not JSON")


def test_no_room_on_the_disk(tmp_path):
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", tmp_path], capture_output=True
        ).returncode
    ):
        pytest.skip("a small disk can only be made by root")
    try:
        assert_one_line(quickstart(tmp_path / "out"), "no room left on the disk")
    finally:
        subprocess.run(["umount", tmp_path], check=True)
