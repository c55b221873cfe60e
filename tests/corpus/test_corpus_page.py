"""The how-to of a corpus at size runs as it stands, block by block; Hadoop has a stand-in, Spark is the real one."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from corpus_world import prose

from clova_jax.common.files import read_json
from clova_jax.corpus import read_sources
from tests.worlds.corpora import content

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "corpus.md"
TIERS = {"music_pages": 2, "rumour_pages": 3, "health_archive": 1}

# `hadoop fs -put|-get FROM TO`, and `hadoop jar …`: each file of -input in two splits, as Hadoop cuts plain text.
HADOOP = """
import os, shutil, subprocess, sys, tempfile
from pathlib import Path
from clova_jax.common.files import read_chunks
words = sys.argv[1:]
hdfs = Path("hdfs")
if words[0] == "fs":
    one, two = (words[2], hdfs / words[3]) if words[1] == "-put" else (hdfs / words[2], words[3])
    shutil.copytree(one, two)
    sys.exit()
given = dict(zip(words[2::2], words[3::2]))
out = hdfs / given["-output"]
out.mkdir()
part = 0
for path in sorted((hdfs / given["-input"]).iterdir()):
    data = b"".join(read_chunks(path))
    plain = path.suffix == ".jsonl"
    middle = data.find(b"\\n", len(data) // 2) + 1 if plain else 0
    cuts = [(0, middle), (middle, len(data))] if middle else [(0, len(data))]
    for start, end in cuts:
        length = end - start if plain else path.stat().st_size
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / given["-files"]).symlink_to(Path(given["-files"]).resolve())
            found = {"file": f"hdfs://node:9000/user/kim/{path.relative_to(hdfs)}", "start": str(start), "length": str(length)}
            found = os.environ | {f"mapreduce_map_input_{key}": value for key, value in found.items()}
            done = subprocess.run(given["-mapper"], shell=True, cwd=folder, env=found, input=data[start:end], stdout=-1, check=True)
        lines = done.stdout.replace(b"\\n", b"\\t\\n")  # as TextOutputFormat writes a key without a value
        (out / f"part-{part:05d}").write_bytes(lines)
        part += 1
(out / "_SUCCESS").touch()
"""


def write_data(folder: Path) -> None:
    """Writes what the reader of the page has: documents of sites with fields in `meta`, and web pages with pictures."""
    rng = random.Random(0)
    (known,) = (code for kind, code in blocks() if kind == "json")
    (folder / "known.json").write_text(known, encoding="utf-8")
    tiers = {name: row["tier"] for name, row in json.loads(known).items()} | TIERS
    (folder / "raw").mkdir()
    for name, tier in tiers.items():
        level = 4 - tier
        rows = []
        for _ in range(12):
            meta = {
                "backlinks": rng.randint(8**level, 9**level),
                "trust": level / 3,
                "views": 20**level,
            }
            rows.append(json.dumps({"text": prose(rng), "source": name, "meta": meta}))
        (folder / "raw" / f"{name}.jsonl").write_text("\n".join(rows))
    (folder / "pages").mkdir()
    (folder / "pages" / "a.jpg").write_bytes(b"a picture")
    (folder / "pages" / "index.html").write_text(
        f"<html><body><article><h1>등대</h1><p>{prose(rng)}</p><figure><img src=a.jpg alt=등대>"
        f"<figcaption>문의 010-1234-5678</figcaption></figure><p>{prose(rng)}</p></article></body></html>"
    )


def blocks() -> list[tuple[str, str]]:
    return re.findall(r"```(bash|python|json)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def run_page(folder: Path, spark: bool) -> None:
    write_data(folder)
    (folder / "bin").mkdir()
    (folder / "hadoop.py").write_text(HADOOP)
    shims = {"clova": "-m clova_jax", "python": "", "hadoop": f'"{folder / "hadoop.py"}"'}
    for name, words in shims.items():
        shim = folder / "bin" / name
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        shim.chmod(0o755)
    script = ["set -e"]
    for number, (kind, code) in enumerate(blocks()):
        if kind == "python":
            (folder / f"block{number}.py").write_text(code, encoding="utf-8")
            script.append(f"python block{number}.py")
        elif kind == "bash" and spark >= ("--executor spark" in code):
            script.append(code)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    found = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "MASTER": "local[2]"}
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)], cwd=folder, env=found, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "image" in done.stdout


@pytest.mark.slow
def test_every_block_of_the_page_runs_in_order(tmp_path):
    run_page(tmp_path, spark=False)
    learned = read_sources(tmp_path / "tiers.sources.json")
    assert {name: learned[name].tier for name in TIERS} == TIERS
    words = ["serialize", "--data", "clean", "--tokenizer", "tok", "--out", "tokens-local"]
    clova = [sys.executable, "-m", "clova_jax", *words]
    found = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(clova, cwd=tmp_path, env=found, check=True, capture_output=True)
    assert content(tmp_path / "tokens") == content(tmp_path / "tokens-local")
    uses = read_json(tmp_path / "runs" / "uses" / "results.json")["rows"]
    assert {row["by"] for row in uses} == {"use", "source", "rule"}
    speed = read_json(tmp_path / "runs" / "benchmark_serialize" / "results.json")
    assert {row["side"] for row in speed["rows"]} >= {"local", "stream"}
    assert [row["speed_up"] for row in speed["paper"]] == [1.0, 168.0]
    assert any("CPU cores" in note for note in speed["notes"])


@pytest.mark.claims("services")
def test_the_page_runs_with_spark(tmp_path):
    run_page(tmp_path, spark=True)
    assert content(tmp_path / "tokens") == content(tmp_path / "tokens-spark")
    assert content(tmp_path / "clean" / "documents") == content(
        tmp_path / "clean-spark" / "documents"
    )
