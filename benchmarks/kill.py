"""Checks that a training run that is killed again and again ends as if nothing had happened.

    python -m benchmarks.kill [--kills 30] [--mesh 2,2,2] [--seed 0] [--out runs/benchmark_kill]

Trains `tiny` on a little synthetic text with `clova pretrain`: once in one go, and once killed with SIGKILL at
random moments spread over the run and started again each time by the same command. A moment is drawn by the seed:
while the process starts, while it steps, or while a checkpoint is being written. At the end parameters, Adam's
moments and counters must be equal bit for bit, and so must the losses, gradient norms and validation rows of
`metrics.jsonl`. Compiled programs are cached on disk by JAX, which makes a restart three times as quick.
"""

import contextlib
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.command import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import as_json, option
from clova_jax.common.progress import progress
from clova_jax.common.report import Report
from clova_jax.train.metrics import read_metrics
from clova_jax.train.states_on_disk import MARK

MEASURED_BY_THE_CLOCK = ("tokens_per_second", "mfu", "time")


@dataclass(frozen=True)
class Options:
    """Kills a training run at random moments and compares it with one that was not."""

    kills: int = 30
    """how often"""
    steps: int = 120
    """of the run"""
    checkpoint_every: int = 3
    """steps between checkpoints"""
    mesh: tuple[int, ...] = option((2, 2, 2), metavar="D,P,M")
    """devices for data, pipe and model"""
    seed: int = 0
    """of the run and of the moments"""
    out: Path = Path("runs/benchmark_kill")
    """result folder; emptied first"""


def prepare(out: Path) -> tuple[Path, Path]:
    """Makes a token store and its tokenizer."""
    from clova_jax.corpus.documents import read_documents
    from clova_jax.data import serialize
    from clova_jax.sample import write_sample
    from clova_jax.tokenizers import train_tokenizer

    data = write_sample(out / "sample", megabytes=0.3, seed=0)
    tokenizer = train_tokenizer((d.text for d in read_documents(data)), kind="byte", vocab_size=512)
    tokenizer.save(out / "tokenizer")
    serialize(data, tokenizer, out / "tokens", workers=1, show=False)
    return out / "tokens", out / "tokenizer"


class Run:
    """Starts one `clova pretrain`, as often as needed, on virtual devices of the CPU."""

    def __init__(self, options: Options, name: str, store: Path, tokenizer: Path) -> None:
        self.out = options.out / name
        mesh = ",".join(map(str, options.mesh))
        self.command = [
            *(sys.executable, "-m", "clova_jax", "pretrain", "--size", "tiny"),
            *("--data", str(store), "--tokenizer", str(tokenizer), "--out", str(self.out)),
            *("--mesh", mesh, "--global-batch", "8", "--length", "32"),
            *("--steps", str(options.steps), "--checkpoint-every", str(options.checkpoint_every)),
            *("--validate-every", str(options.steps // 4), "--seed", str(options.seed)),
        ]
        count = "--xla_force_host_platform_device_count"
        flags = [f for f in os.environ.get("XLA_FLAGS", "").split() if not f.startswith(count)]
        self.environment = os.environ | {
            "JAX_PLATFORMS": "cpu",
            "NPROC": "64",  # threads for all devices to meet in collectives
            "XLA_FLAGS": " ".join([*flags, f"{count}={math.prod(options.mesh)}"]),
            "JAX_COMPILATION_CACHE_DIR": str((options.out / "programs").absolute()),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }
        self.log = options.out / f"{name}.log"

    def start(self) -> subprocess.Popen:
        """Starts the process."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.command, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def finish(self) -> None:
        """Starts the process and waits for its end.

        Raises:
            ClovaError: it failed.
        """
        if self.start().wait():
            last = self.log.read_text(errors="replace").strip().split("\n")[-1:]
            raise ClovaError(f"{self.log}: the run failed: {' '.join(last)}")

    def step(self) -> int:
        """Returns the last step that is in `metrics.jsonl`."""
        try:
            lines = (self.out / "metrics.jsonl").read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return 0
        return max((int(line.split(b",")[0].split(b":")[1]) for line in lines if line), default=0)

    def unfinished(self) -> set[tuple[str, int]]:
        """Returns the checkpoints that are not complete, by name and inode of the folder."""
        found = set()
        for folder in (self.out / "checkpoints").glob("*"):
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                if folder.name.isdigit() and not (folder / MARK).exists():
                    found.add((folder.name, folder.stat().st_ino))
        return found

    def file(self) -> int:
        """Returns the inode of `metrics.jsonl`, which a new process writes anew; 0 without one."""
        try:
            return (self.out / "metrics.jsonl").stat().st_ino
        except FileNotFoundError:
            return 0


def kill(run: Run, goal: int, moment: str, chance: random.Random) -> str:
    """Starts a run and ends it by SIGKILL; returns what it was doing, as far as its files show.

    Args:
        run: what to start.
        goal: the step it should have reached, unless it is to die earlier.
        moment: "start", "step" or "checkpoint".
        chance: draws the delays.
    """
    left, file = run.unfinished(), run.file()
    process = run.start()

    def until(what: Callable[[], bool]) -> None:
        while process.poll() is None and not what():
            time.sleep(0.001)

    if moment == "start":
        time.sleep(chance.uniform(0, 6))
    else:
        until(lambda: run.file() != file and run.step() >= goal)
        if moment == "checkpoint":
            until(lambda: bool(run.unfinished() - left))
            time.sleep(chance.uniform(0, 0.1))
        else:
            time.sleep(chance.uniform(0, 0.6))
    process.send_signal(signal.SIGKILL)
    if process.wait() != -signal.SIGKILL:
        raise ClovaError(f"{run.log}: the run ended before it was killed; give more --steps")
    if run.unfinished() - left:
        return "in a checkpoint's write"
    return "while it stepped" if run.file() != file else "while it started"


def read_run(run: Run) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Returns the last train state by name, as NumPy arrays, and the rows of the metrics without timings."""
    import jax
    import numpy as np
    import orbax.checkpoint as ocp

    last = max((run.out / "checkpoints").iterdir(), key=lambda folder: int(folder.name)) / "state"
    with ocp.StandardCheckpointer() as reader:
        shapes = reader.metadata(last).item_metadata.tree
        here = jax.sharding.SingleDeviceSharding(jax.devices()[0])
        wanted = jax.tree.map(
            lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=here), shapes
        )
        state = reader.restore(last, wanted)
    named = {
        jax.tree_util.keystr(path): np.asarray(value)
        for path, value in jax.tree.leaves_with_path(state)
    }
    rows = [
        {name: value for name, value in row.items() if name not in MEASURED_BY_THE_CLOCK}
        for row in read_metrics(run.out / "metrics.jsonl")
    ]
    return named, rows


def compare(whole: Run, killed: Run) -> None:
    """Checks that both runs ended alike.

    Raises:
        ClovaError: the first difference.
    """
    from clova_jax.model.directory import load_model

    (state, rows), (other, others) = read_run(whole), read_run(killed)
    if state.keys() != other.keys():
        raise ClovaError(f"the states hold other arrays: {state.keys() ^ other.keys()}")
    for name, value in state.items():
        if value.tobytes() != other[name].tobytes():
            raise ClovaError(f"{killed.out}: {name} differs from the run without kills")
    for row, again in zip(rows, others, strict=False):
        if row != again:
            raise ClovaError(f"{killed.out}: metrics differ: {again}, without kills {row}")
    if len(rows) != len(others):
        raise ClovaError(f"{killed.out}: {len(others)} rows of metrics, without kills {len(rows)}")
    models = [load_model(run.out / "model")[1]["embedding"] for run in (whole, killed)]
    if models[0].tobytes() != models[1].tobytes():
        raise ClovaError(f"{killed.out}: the model directory differs from the run without kills")


def run(options: Options) -> None:
    """Makes both runs, compares them and writes the report."""
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    store, tokenizer = prepare(options.out)
    begin = time.monotonic()
    whole = Run(options, "whole", store, tokenizer)
    whole.finish()
    killed = Run(options, "killed", store, tokenizer)
    chance = random.Random(options.seed)
    moments = [("step", "checkpoint", "start")[n % 3] for n in range(options.kills)]
    chance.shuffle(moments)
    found: Counter[str] = Counter()
    last = options.steps - 4 * options.checkpoint_every
    for number, moment in enumerate(progress(moments, desc="kills", unit="kill")):
        goal = int((number + chance.random()) / options.kills * last)
        found[kill(killed, goal, moment, chance)] += 1
    killed.finish()
    compare(whole, killed)
    report = Report("benchmark: kills", as_json(options))
    report.rows = [{"killed": moment, "times": times} for moment, times in found.most_common()]
    report.notes = [
        f"{options.kills} kills of a run of {options.steps} steps on mesh {','.join(map(str, options.mesh))}, in "
        f"{time.monotonic() - begin:.0f} s: train state, model and metrics are equal bit for bit to those of a run "
        "without kills",
    ]
    report.write(options.out)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
