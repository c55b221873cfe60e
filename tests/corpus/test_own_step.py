"""The how-to of a step of one's own runs as it stands: one file, and its line in the list of steps."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "corpus_step.md").read_text()
LINK = "https://example.com/a"
MORNING, EVENING = (
    "바다가 보이는 마을에서 아침을 먹고 산길을 걸었다.",
    "저녁에는 도서관에 들러 오래된 사진과 편지를 찾아보았다.",
)


@pytest.fixture
def changed_package(tmp_path: Path) -> Path:
    """A folder with the package as the page changes it."""
    package = tmp_path / "clova_jax"
    shutil.copytree(ROOT / "clova_jax", package, ignore=shutil.ignore_patterns("__pycache__"))
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (name,) = re.findall(r"Save it as\n`clova_jax/(\S+\.py)`", PAGE)
    assert not (package / name).exists()
    (package / name).write_text(code)
    steps = package / "corpus" / "clean" / "steps.py"
    text = steps.read_text()
    (diff,) = re.findall(r"```diff\n(.*?)```", PAGE, re.DOTALL)
    pairs = re.findall(r"^ (.*)\n\+(.*)$", diff, re.MULTILINE)
    assert len(pairs) == 2
    for before, added in pairs:
        assert text.count(f"{before}\n") == 1
        text = text.replace(f"{before}\n", f"{before}\n{added}\n")
    steps.write_text(text)
    return tmp_path


def test_the_step_of_the_page_cleans_and_is_reported(changed_package):
    links = "".join(f"{LINK}{number}\n" for number in range(9))
    texts = [f"{MORNING}\n{LINK}", links + MORNING, EVENING]
    lines = (json.dumps({"text": text, "id": str(at)}) for at, text in enumerate(texts))
    (changed_package / "blogs.jsonl").write_text("\n".join(lines))
    words = ["corpus", "--data", "blogs.jsonl", "--out", "out", "--workers", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "clova_jax", *words, "--max-links", "0.8"],
        cwd=changed_package,
        env=os.environ | {"PYTHONPATH": str(changed_package)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((changed_package / "out" / "report.json").read_text())
    assert report["documents"] == {"read": 3, "kept": 2}
    assert report["changes"]["links"] == {"links removed": 1}
    assert report["settings"]["cleaning"]["max_links"] == 0.8
    assert report["samples"]["links/links"][0]["detail"] == "9 of 10 lines"
