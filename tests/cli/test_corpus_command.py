"""`clova corpus` and who reads after it; reruns, leftovers of a killed run, `--out` inside `--data`."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clova_jax import cli
from clova_jax.common.errors import ClovaError
from clova_jax.corpus.documents import document_files, read_documents
from clova_jax.data import TokenStore
from tests.corpus.corpus_world import prose


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "data"
    (folder / "more").mkdir(parents=True)
    rng = random.Random(0)
    for name in ("blogs", "more/news"):
        rows = [{"text": prose(rng)} for _ in range(30)] + [{"text": "짧다"}]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def corpus(data: Path, out: Path) -> int:
    return cli.main(["corpus", "--data", str(data), "--out", str(out), "--workers", "1"])


def test_what_it_writes_the_next_commands_read(tmp_path, data):
    clean, tokenizer, tokens = (str(tmp_path / name) for name in ("clean", "tok", "tokens"))
    assert corpus(data, Path(clean)) == 0
    words = ["tokenizer", "--data", clean, "--kind", "byte", "--vocab-size", "300"]
    assert cli.main([*words, "--out", tokenizer]) == 0
    words = ["serialize", "--data", clean, "--tokenizer", tokenizer, "--out", tokens]
    assert cli.main(words) == 0
    assert TokenStore.open(tokens).count().documents == 60  # nothing of dropped/ or matches
    assert len(list(read_documents(clean))) == 60
    assert corpus(Path(clean), tmp_path / "again") == 0
    assert len(list(read_documents(tmp_path / "again"))) == 60


def test_a_run_that_is_not_finished_is_no_input(tmp_path, data, capsys):
    assert corpus(data, tmp_path / "clean") == 0
    (tmp_path / "clean" / "report.json").unlink()
    (tmp_path / "clean" / "work").mkdir()
    with pytest.raises(ClovaError, match="not finished"):
        document_files(tmp_path / "clean")
    with pytest.raises(ClovaError, match="it holds results: name one of clean"):
        document_files(_only(tmp_path))


def _only(folder: Path) -> Path:
    """A folder with nothing but a run in it."""
    outer = folder / "outer"
    outer.mkdir()
    (folder / "clean").rename(outer / "clean")
    return outer


def test_results_inside_the_data_are_not_read_at_the_next_run(data, capsys):
    out = data / "clean"
    for _ in range(3):
        assert corpus(data, out) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["documents"] == {"read": 62, "kept": 60}
    # Nor by another run, nor by the serializer: results are no input.
    assert corpus(data, data / "clean 2") == 0
    again = json.loads((data / "clean 2" / "report.json").read_text())
    assert again["documents"] == report["documents"]
    assert len(document_files(data)) == 2


def test_the_folder_that_is_read_is_no_place_for_results(data, capsys):
    before = sorted(data.rglob("*"))
    for out in (data, data / "more"):
        assert corpus(data, out) == 2
        assert "--out" in capsys.readouterr().err
    assert sorted(data.rglob("*")) == before


def test_what_a_killed_run_was_writing_is_removed(tmp_path, data):
    script = (
        "import os, signal, sys\n"
        "from clova_jax.common import files\n"
        "from clova_jax.corpus.run import write\n"
        "def lines():\n"
        "    yield '{}'\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write.write_lines = lambda path, rows: files.write_lines(path, lines())\n"
        "from clova_jax import cli\n"
        f"cli.main(['corpus', '--data', {str(data)!r}, '--out', {str(tmp_path / 'out')!r}, '--workers', '1'])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [path.name[0] for path in (tmp_path / "out" / "documents").iterdir()] == ["."]
    assert corpus(data, tmp_path / "out") == 0
    assert not [path for path in (tmp_path / "out").rglob(".*") if path.name != ".lock"]
    assert len(list(read_documents(tmp_path / "out"))) == 60


def test_two_at_once_end_with_one_that_works(tmp_path, data):
    words = ["-m", "clova_jax", "corpus", "--data", str(data), "--out", str(tmp_path / "out")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    pair = [
        subprocess.Popen(
            [sys.executable, *words, "--workers", "1"],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(2)
    ]
    ended = [(process.communicate(timeout=120)[1], process.returncode) for process in pair]
    assert {status for _, status in ended} <= {0, 2}
    assert 0 in {status for _, status in ended}
    for errors, status in ended:
        assert status == 0 or "working here since" in errors
        assert "Traceback" not in errors
    assert len(list(read_documents(tmp_path / "out"))) == 60
