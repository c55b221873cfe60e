"""Date and commit of a measurement."""

import json
import re
import subprocess
from datetime import UTC, datetime

from clova_jax.common.environment import commit
from clova_jax.common.report import Report


def git(folder, *words):
    me = ["-c", "user.name=Someone", "-c", "user.email=someone@example.org"]
    subprocess.run(["git", "-C", str(folder), *me, *words], check=True, capture_output=True)


def test_results_say_when_and_with_which_code(tmp_path):
    Report("a table", {}).write(tmp_path, show=False)
    about = json.loads((tmp_path / "results.json").read_text())["environment"]
    written = datetime.fromisoformat(about["date"])
    assert abs((datetime.now(UTC) - written).total_seconds()) < 300
    assert about["commit"] is None or re.fullmatch(r"[0-9a-f]{40}\+?", about["commit"])


def test_a_commit_is_marked_where_the_files_differ_from_it(tmp_path):
    assert commit(tmp_path) is None
    git(tmp_path, "init")
    assert commit(tmp_path) is None  # no commit yet
    (tmp_path / "code.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    clean = commit(tmp_path)
    assert re.fullmatch("[0-9a-f]{40}", clean)
    (tmp_path / "new.txt").write_text("no part of it")
    assert commit(tmp_path) == clean
    (tmp_path / "code.py").write_text("2")
    assert commit(tmp_path) == clean + "+"
