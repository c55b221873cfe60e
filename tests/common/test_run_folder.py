"""One process at a time in a run's folder; the lock ends with its process."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import whole_file
from clova_jax.common.run_folder import LOCK, holds_out, run_folder

HOLD = """
import sys, time
from clova_jax.common.run_folder import run_folder
with run_folder(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds `tmp_path/run`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_process_is_told_who_holds_the_folder_and_since_when(tmp_path, holder):
    with pytest.raises(ClovaError) as told, run_folder(tmp_path / "run"):
        pass
    since = json.loads((tmp_path / "run" / LOCK).read_text())["since"]
    assert str(tmp_path / "run") in str(told.value)
    assert f"process {holder.pid} has been working here since {since}" in str(told.value)
    assert "give another folder" in str(told.value)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_ends_with_its_process(tmp_path, holder, number):
    holder.send_signal(number)
    holder.wait()
    assert (tmp_path / "run" / LOCK).exists()  # nobody could tidy up
    with run_folder(tmp_path / "run"):
        assert json.loads((tmp_path / "run" / LOCK).read_text())["pid"] == os.getpid()
    assert not (tmp_path / "run" / LOCK).exists()


WRITE = """
import os, signal, sys
from clova_jax.common.files import whole_file
with whole_file(sys.argv[1]) as file:
    print("writing", flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_was_writing_goes_and_what_another_writes_stays(tmp_path):
    run = tmp_path / "run"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, str(run / name)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in ("table.md", "deep/documents.jsonl", "inner/living.json")
    ]
    for writer in writers:
        assert writer.stdout.readline() == b"writing\n"
    for writer in writers[:2]:
        writer.communicate()
    mine = {".hidden", ".a.txt.bak", "a.unfinished", ".a.unfinished"}
    for name in mine:
        (run / name).write_text("mine")
    assert len(list(run.rglob(".*.unfinished"))) == 4
    with run_folder(run), whole_file(run / "now.txt") as file, run_folder(run):
        file.write("글")
    names = {path.name for path in run.rglob("*") if path.is_file()}
    (living,) = names - mine - {"now.txt"}
    assert living.startswith(".living.json.")
    writers[2].communicate()
    with run_folder(run):
        pass
    assert {path.name for path in run.rglob("*") if path.is_file()} == mine | {"now.txt"}


def test_children_of_the_holder_do_not_keep_the_lock(tmp_path):
    with run_folder(tmp_path / "run"):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert _in_a_thread(tmp_path / "run") is None
    finally:
        child.kill()
        child.wait()


def _in_a_thread(folder):
    """What another holder meets: an error, or None."""
    found = []

    def take():
        try:
            with run_folder(folder):
                found.append(None)
        except ClovaError as error:
            found.append(error)

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return found[0]


def test_the_same_thread_may_go_in_again_and_others_wait_for_the_outermost(tmp_path):
    with run_folder(tmp_path / "run"):
        with run_folder(tmp_path / "other" / ".." / "run"):
            pass
        assert _in_a_thread(tmp_path / "run") is not None
    assert _in_a_thread(tmp_path / "run") is None


def test_an_error_lets_go(tmp_path):
    with pytest.raises(ZeroDivisionError), run_folder(tmp_path / "run"):
        _ = 1 / 0
    assert _in_a_thread(tmp_path / "run") is None


def test_a_folder_made_for_nothing_goes_again_and_others_stay(tmp_path):
    with run_folder(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()
    (tmp_path / "old").mkdir()
    with run_folder(tmp_path / "old"), run_folder(tmp_path / "full"):
        (tmp_path / "full" / "results.json").write_text("{}")
    assert (tmp_path / "old").is_dir()
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["results.json"]


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ClovaError, match="a file; --out takes a folder"), run_folder(path):
            pass


def test_a_link_named_like_the_lock_is_not_followed(tmp_path):
    target = tmp_path / "precious"
    target.write_text("do not touch")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).symlink_to(target)
    with pytest.raises(OSError, match=LOCK), run_folder(tmp_path / "run"):
        pass
    assert target.read_text() == "do not touch"


RACE = """
import sys, time
from clova_jax.common.errors import ClovaError
from clova_jax.common.run_folder import run_folder
folder, until = sys.argv[1], time.monotonic() + float(sys.argv[2])
taken = 0
while time.monotonic() < until:
    try:
        with run_folder(folder):
            file = open(f"{folder}/only_one", "x")  # fails where another is inside
            file.close()
            __import__("os").unlink(f"{folder}/only_one")
            taken += 1
    except ClovaError as error:
        assert "working here" in str(error), error
print(taken)
"""


def test_never_two_at_once_though_the_lock_file_comes_and_goes(tmp_path):
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path / "run"), "1.5"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    taken = [int(racer.communicate()[0]) for racer in racers]
    assert all(racer.returncode == 0 for racer in racers)
    assert sum(taken) > 100


@dataclass
class Options:
    out: Path


def test_a_decorated_function_holds_the_folder_it_is_given(tmp_path):
    @holds_out
    def run(options):
        return _in_a_thread(options.out)

    @holds_out
    def measure(model, *, out=None):
        return None if out is None else _in_a_thread(out)

    assert run(Options(tmp_path / "a")) is not None
    assert measure("model", out=tmp_path / "b") is not None
    assert measure("model") is None
    assert run.__name__ == "run"


def test_a_folder_that_another_process_removes_meanwhile_is_made_again(tmp_path, monkeypatch):
    """pathlib asks twice, and what it found first may be gone when it looks again."""
    real, calls = Path.mkdir, []

    def mkdir(self, *args, **options):
        calls.append(self)
        if len(calls) == 1:
            raise FileExistsError(self)
        return real(self, *args, **options)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with run_folder(tmp_path / "out") as out:
        assert out.is_dir()
    assert len(calls) > 1
