"""The pipeline end to end: what stays, resuming after a kill, the same ids on every executor."""

import dataclasses
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from corpus_world import prose, write_world

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_jsonl
from clova_jax.corpus import documents
from clova_jax.corpus.documents import read_documents
from clova_jax.corpus.run import clean_part, pipeline, write
from clova_jax.corpus.run.pipeline import clean_corpus
from clova_jax.corpus.run.stream import map_stream
from clova_jax.corpus.settings import Cleaning, Job


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 8 KB, so that a small corpus has many parts."""
    monkeypatch.setattr(documents, "BLOCK_BYTES", 8192)


def kept(out: Path) -> dict[str, str]:
    return {document.id: document.text for document in read_documents(out / "documents")}


def files_of(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "settings.json"
    }


def test_what_goes_and_what_stays(tmp_path):
    data = write_world(tmp_path)
    report = clean_corpus(Job(data, tmp_path / "out", workers=1))
    stay = kept(tmp_path / "out")
    assert not {"b10", "b11", "b12", "b13", "b14", "b16"} & set(stay)
    assert {"b3", "b4", "b15", "note.txt"} <= set(stay)
    assert "010-1234-5678" not in stay["b15"]
    assert "<|phone|>" in stay["b15"]
    page = next(text for name, text in stay.items() if name.endswith(".html"))
    assert page.startswith("# ")
    assert "Copyright" not in page
    assert report["documents"] == {"read": 310, "kept": len(stay)}
    dropped = sum(row["documents"] for row in report["drops"].values())
    assert dropped == 310 - len(stay)
    for reason in ("dedup/exact", "dedup/near", "language/language", "length/short", "spam/spam"):
        assert report["drops"][reason]["documents"] >= 1, reason
        assert report["samples"][reason]
    matches = {row["id"]: row for _, row in read_jsonl(tmp_path / "out" / "matches.jsonl.zst")}
    assert matches["b10"]["kept"] == "b3"
    assert matches["b10"]["kind"] == "exact"
    assert matches["b11"]["kept"] == "b4"
    assert 0.6 <= matches["b11"]["similarity"] < 1
    html = (tmp_path / "out" / "report.html").read_text()
    assert "dedup/near" in html
    assert any("toxicity model" in warning for warning in report["warnings"])


def test_an_idle_step_is_told(tmp_path):
    rows = [{"text": prose(__import__("random").Random(seed))} for seed in range(5)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = clean_corpus(Job(tmp_path / "a.jsonl", tmp_path / "out", workers=1))
    assert {"spam", "dedup"} <= set(report["idle_steps"])
    assert not any("spam" in warning for warning in report["warnings"])  # it is no fault
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Steps that found nothing to do: " in page


def test_workers_and_stops_do_not_change_a_byte(tmp_path, small_blocks, monkeypatch):
    data = write_world(tmp_path)
    clean_corpus(Job(data, tmp_path / "whole", workers=1))
    whole = files_of(tmp_path / "whole")
    assert len([name for name in whole if name.startswith("documents/")]) > 5

    # Stops in every stage: each time the work is taken up again.
    stages = []
    for module, name, after in (
        (clean_part, "signatures", 7),
        (pipeline, "find_duplicates", 0),
        (write, "write_lines", 3),
        (write, "write_matches", 0),
    ):
        real, calls = getattr(module, name), [0]

        def stumble(*args, real=real, calls=calls, after=after, name=name):
            calls[0] += 1
            if calls[0] > after:
                stages.append(name)
                raise KeyboardInterrupt
            return real(*args)

        with monkeypatch.context() as patch:
            patch.setattr(module, name, stumble)
            with pytest.raises(KeyboardInterrupt):
                clean_corpus(Job(data, tmp_path / "cut", workers=1))
    assert stages == ["signatures", "find_duplicates", "write_lines", "write_matches"]
    clean_corpus(Job(data, tmp_path / "cut", workers=1))
    assert files_of(tmp_path / "cut") == whole
    clean_corpus(Job(data, tmp_path / "cut", workers=1))  # finished: nothing is done again
    assert files_of(tmp_path / "cut") == whole


_SCRIPT = """
import sys, time
from pathlib import Path
from clova_jax.corpus import documents
if __name__ == "__main__":
    documents.BLOCK_BYTES = 8192
    from clova_jax.corpus.run.pipeline import clean_corpus
    from clova_jax.corpus.settings import Job
    clean_corpus(Job(Path(sys.argv[1]), Path(sys.argv[2]), workers=2))
"""


def test_killed_and_run_again_ends_with_the_same_bytes(tmp_path):
    data = write_world(tmp_path, documents=600)
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}

    def start(out: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, str(script), str(data), str(tmp_path / out)],
            env=environment,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    assert start("whole").wait() == 0
    process = start("killed")
    mark = tmp_path / "killed" / "work" / "clean"
    deadline = time.monotonic() + 60
    while len(list(mark.glob("*.json"))) < 4 and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "report.json").exists()
    assert start("killed").wait() == 0
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "whole")


def test_the_same_ids_on_every_executor(tmp_path):
    data = write_world(tmp_path, documents=120)
    clean_corpus(Job(data, tmp_path / "one", workers=1))
    clean_corpus(Job(data, tmp_path / "two", workers=2))
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    # The stream has the map steps alone: compare with what was dropped for duplicates put back.
    matches = [row["id"] for _, row in read_jsonl(tmp_path / "one" / "matches.jsonl.zst")]
    target, log = io.BytesIO(), io.StringIO()
    source = io.BytesIO(gzip.decompress((data / "blogs.jsonl.gz").read_bytes()))
    lines = (json.loads(line) | {"source": "blogs"} for line in source)
    source = io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    counts = map_stream(source, target, Cleaning(), log)
    ids = {json.loads(line)["id"] for line in target.getvalue().splitlines()}
    blogs = {name for name in [*kept(tmp_path / "one"), *matches] if name.startswith("b")}
    assert ids == blogs
    assert counts["kept"] == len(ids)
    assert "reporter:counter:clova corpus,length/short,1" in log.getvalue()


@pytest.mark.claims("services")
def test_spark_writes_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setenv("MASTER", "local[2]")
    data = write_world(tmp_path)
    clean_corpus(Job(data, tmp_path / "local", workers=1))
    clean_corpus(Job(data, tmp_path / "spark", executor="spark"))
    assert files_of(tmp_path / "local") == files_of(tmp_path / "spark")


def test_bad_input_is_listed_and_the_rest_processed(tmp_path):
    data = write_world(tmp_path)
    good = json.dumps({"text": prose(__import__("random").Random(77)), "id": "good"})
    huge = json.dumps({"text": "가" * 4_000_000, "id": "huge"})
    with (data / "bad.jsonl").open("wb") as file:
        file.write(b'{"text": "\xff\xfe"}\nnot json\n[1]\n' + f"{good}\n{huge}\n".encode())
    whole = gzip.compress((good.replace("good", "cut") + "\n").encode() * 2000)
    (data / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (data / "wrong.csv").write_text("a,b\n1,2\n")
    report = clean_corpus(Job(data, tmp_path / "out", workers=1))
    told = "\n".join(report["bad_lines"]["messages"])
    assert report["bad_lines"]["count"] == 5
    for place in ("bad.jsonl:1", "bad.jsonl:2", "bad.jsonl:3", "cut.jsonl.gz:", "wrong.csv:1"):
        assert place in told, told
    assert report["drops"]["read/too_long"]["documents"] == 1
    assert "good" in kept(tmp_path / "out")


def test_against_an_existing_corpus(tmp_path):
    data = write_world(tmp_path)
    clean_corpus(Job(data, tmp_path / "first", workers=1))
    (tmp_path / "more").mkdir()
    old = next(iter(kept(tmp_path / "first").items()))
    new = prose(__import__("random").Random(5))
    rows = [{"text": old[1], "id": "old", "source": "law"}, {"text": new, "id": "new"}]
    (tmp_path / "more" / "m.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    report = clean_corpus(
        Job(tmp_path / "more", tmp_path / "second", against=tmp_path / "first", workers=1)
    )
    assert list(kept(tmp_path / "second")) == ["new"]
    matches = [row for _, row in read_jsonl(tmp_path / "second" / "matches.jsonl.zst")]
    assert [(row["id"], row["kept"]) for row in matches] == [("old", old[0])]
    assert report["documents"] == {"read": 2, "kept": 1}


def test_other_settings_need_another_folder(tmp_path):
    data = write_world(tmp_path, documents=20)
    job = Job(data, tmp_path / "out", workers=1)
    clean_corpus(job)
    with pytest.raises(ClovaError, match="other settings .cleaning."):
        clean_corpus(dataclasses.replace(job, cleaning=Cleaning(min_letters=50)))
    with pytest.raises(ClovaError, match="no step 'x'"):
        Cleaning(steps=("x",))
    with pytest.raises(ClovaError, match="no such file"):
        clean_corpus(dataclasses.replace(job, data=tmp_path / "nowhere"))


def test_workers_need_no_jax():
    code = "import sys, clova_jax.corpus.run.pipeline, clova_jax.corpus.run.spark; print('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
