"""The sample world's model: trained once, kept in a folder named by a hash of code and settings."""

import fcntl
import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path(os.environ.get("CLOVA_TEST_WORLDS", ROOT / "build" / "test_worlds"))
SETTINGS = ("--shots", "0,2", "--limit", "200", "--seed", "0")


@dataclass(frozen=True)
class SampleWorld:
    """A finished quickstart.

    Args:
        out: its result folder, with `model/`, `sample/` and `results.json`.
    """

    out: Path

    @property
    def model(self) -> Path:
        """The model directory."""
        return self.out / "model"

    @property
    def data(self) -> Path:
        """The embedded sample, laid out like the official data."""
        return self.out / "sample"


def run_as_user(
    *words: object, cwd: Path = ROOT, timeout: float = 1500
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m …` in a process of its own, on one device and compiled as users compile."""
    environment = {name: value for name, value in os.environ.items() if name not in _OURS}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


_OURS = ("XLA_FLAGS", "NPROC", "PYTEST_CURRENT_TEST")


def make_sample_world() -> SampleWorld:
    """Runs the quickstart, or finds it finished; other processes wait meanwhile."""
    out = KEPT / _fingerprint()
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{out.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (out / "results.json").exists():
            result = run_as_user("experiments.quickstart", *SETTINGS, "--out", out)
            assert result.returncode == 0, result.stderr[-4000:]
    return SampleWorld(out)


def _fingerprint() -> str:
    hashed = hashlib.sha256(" ".join((*SETTINGS, sys.version)).encode())
    for folder in ("clova_jax", "experiments"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".json", ".tsv"):
                hashed.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return hashed.hexdigest()[:16]
