"""A training over several processes: one is killed, and fewer or as many go on from the last checkpoint."""

import json
import signal
import subprocess
import sys
import time

import pytest

from clova_jax.common.files import read_json
from clova_jax.data import serialize
from clova_jax.tokenizers import train_tokenizer
from clova_jax.train.metrics import read_metrics
from tests.worlds.cluster import environment, free_port

pytestmark = pytest.mark.slow
TEXTS = [f"{number}번째 글. 오늘은 날씨가 좋다." * 3 for number in range(200)]
STEPS, EVERY = 40, 5


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with a tokenizer and a store."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "documents").mkdir()
    lines = (json.dumps({"text": text}) for text in TEXTS)
    (folder / "documents" / "blog.jsonl").write_text("\n".join(lines), encoding="utf-8")
    tokenizer = train_tokenizer(TEXTS[:3], kind="byte", vocab_size=270)
    tokenizer.save(folder / "tokenizer")
    serialize(folder / "documents", tokenizer, folder / "tokens", workers=1, show=False)
    return folder


class Cluster:
    """Starts the same command in several processes."""

    def __init__(self, world, out, count, *more):
        self.out, port = out, free_port()
        command = [
            *(sys.executable, "-m", "clova_jax", "pretrain", "--size", "tiny", "--length", "16"),
            *("--data", world / "tokens", "--tokenizer", world / "tokenizer", "--out", out),
            *("--steps", STEPS, "--global-batch", 12, "--checkpoint-every", EVERY),
            *("--mesh", f"{count},1,1", "--coordinator", f"127.0.0.1:{port}"),
            *("--num-processes", count, *more),
        ]
        out.mkdir(exist_ok=True)
        self.logs = [out / f"{number}.log" for number in range(count)]
        self.processes = []
        for number, log in enumerate(self.logs):
            words = [*map(str, command), "--process-id", str(number)]
            with log.open("ab") as file:
                self.processes.append(
                    subprocess.Popen(words, env=environment(world), stdout=file, stderr=file)
                )

    def said(self):
        return "\n".join(log.read_text(errors="replace")[-3000:] for log in self.logs)

    def reach(self, step):
        """Waits until a step is in the metrics."""
        path = self.out / "metrics.jsonl"
        while not path.exists() or f'"step": {step},' not in path.read_text():
            assert all(process.poll() is None for process in self.processes), self.said()
            time.sleep(0.05)

    def wait(self):
        """The exit statuses."""
        try:
            return [process.wait(timeout=400) for process in self.processes]
        finally:
            for process in self.processes:
                process.kill()


def losses(out):
    return {row["step"]: row["loss"] for row in read_metrics(out / "metrics.jsonl") if "lr" in row}


@pytest.fixture(scope="module")
def unbroken(world):
    """The losses of four processes that nothing happened to."""
    cluster = Cluster(world, world / "unbroken", 4)
    assert cluster.wait() == [0, 0, 0, 0], cluster.said()
    return losses(world / "unbroken")


@pytest.mark.parametrize(("killed", "left"), [(2, 4), (0, 3)])
def test_a_process_is_killed_and_the_run_goes_on(world, unbroken, killed, left):
    out = world / f"left{left}"
    cluster = Cluster(world, out, 4)
    cluster.reach(2 * EVERY + 1)
    cluster.processes[killed].send_signal(signal.SIGKILL)
    codes = cluster.wait()
    assert codes.pop(killed) == -signal.SIGKILL
    # Without process 0, JAX may end the others before they see what is wrong.
    ends = {75} if killed else {75, -signal.SIGABRT}
    assert set(codes) <= ends, cluster.said()
    if killed:
        assert "another process of this run was lost" in cluster.said()
        assert read_json(out / "health.json")["state"] == "interrupted"
    newest = max(int(path.parent.name) for path in out.glob("checkpoints/*/checkpoint.json"))
    again = Cluster(world, out, left)
    assert again.wait() == [0] * left, again.said()
    assert f"going on from step {newest} " in again.said()
    found = losses(out)
    assert found.keys() == unbroken.keys()
    if left == 4:  # the same mesh: the same sums, in the same order
        assert found == unbroken
    else:  # a sum over three devices rounds otherwise than one over four
        assert found == pytest.approx(unbroken, rel=1e-4)
    assert read_json(out / "health.json")["state"] == "finished"


def test_one_process_that_is_asked_to_stop_stops_all_in_order(world, unbroken):
    out = world / "stopped"
    cluster = Cluster(world, out, 4)
    cluster.reach(EVERY + 1)
    cluster.processes[1].send_signal(signal.SIGTERM)
    assert cluster.wait() == [130] * 4, cluster.said()
    assert read_json(out / "health.json")["state"] == "stopped"
    again = Cluster(world, out, 4)
    assert again.wait() == [0] * 4, again.said()
    assert losses(out) == unbroken


def test_damaged_and_cut_checkpoints_are_named_and_skipped_on_fewer_processes(world, unbroken):
    out = world / "damaged"
    first = Cluster(world, out, 4)
    first.reach(4 * EVERY)
    first.processes[0].send_signal(signal.SIGTERM)
    assert first.wait() == [130] * 4, first.said()
    *_, before, last = sorted(out.glob("checkpoints/*/"), key=lambda path: int(path.name))
    (last / "checkpoint.json").unlink()
    file = max((f for f in before.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    again = Cluster(world, out, 2)
    assert again.wait() == [0, 0], again.said()
    said = again.said()
    assert f"checkpoint {last.name} is damaged (its write was cut short)" in said
    assert f"checkpoint {before.name} is damaged ({file}" in said
    assert losses(out) == pytest.approx(unbroken, rel=1e-4)
