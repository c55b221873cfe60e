"""Times help: `import clova_jax`, `clova --help`, and the help of every verb and every experiment.

python -m benchmarks.help_time

Each in a process of its own, as users start it; the median of a few rounds, after one that fills the disk cache. The
goals are for an idle machine: 0.5 s for the import, 1 s for each help, 0.3 s to the quickstart's first line.
"""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from clova_jax.cli import VERBS
from clova_jax.cli.table import find_tables
from clova_jax.common.command import main
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Options:
    """Measures the time from the command to its help."""

    rounds: int = option(5, least=1)
    """processes a command"""
    out: Path = Path("runs/benchmark_help_time")
    """where everything goes"""


def run(options: Options) -> None:
    """Times every command, round by round, so that a busy moment hits all alike."""
    commands = {
        "python": (["-c", "pass"], None),
        "import clova_jax": (["-c", "import clova_jax"], 0.5),
        "clova --help": (["-m", "clova_jax", "--help"], 1.0),
        **{f"clova {v} --help": (["-m", "clova_jax", v, "--help"], 1.0) for v in VERBS},
        **{f"{n} --help": (["-m", f"experiments.{n}", "--help"], 1.0) for n in find_tables()},
    }
    seconds: dict[str, list[float]] = {name: [] for name in [*commands, FIRST_LINE]}
    for _ in range(1 + options.rounds):
        for name, (words, _) in commands.items():
            begin = time.perf_counter()
            subprocess.run([sys.executable, *words], cwd=ROOT, check=True, capture_output=True)
            seconds[name].append(time.perf_counter() - begin)
        seconds[FIRST_LINE].append(first_line(options.out / "quickstart"))
    goals = {name: goal for name, (_, goal) in commands.items()} | {FIRST_LINE: 0.3}
    rows = [
        {"command": name, "seconds": median(found[1:]), "most": max(found[1:]), "goal": goals[name]}
        for name, found in seconds.items()
    ]
    late = [row["command"] for row in rows if row["goal"] and row["seconds"] > row["goal"]]
    notes = [
        f"median of {options.rounds} processes",
        f"beyond the goal: {', '.join(late) or 'none'}",
    ]
    Report("benchmark_help_time", as_json(options), rows, notes=notes).write(options.out)


FIRST_LINE = "quickstart, first line"


def first_line(out: Path) -> float:
    """Returns the seconds until the quickstart has said where everything goes; it is ended then."""
    words = [sys.executable, "-m", "experiments.quickstart", "--out", str(out)]
    begin = time.perf_counter()
    with subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        process.stderr.readline()
        spent = time.perf_counter() - begin
        process.kill()
    return spent


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
