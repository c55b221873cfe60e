"""Runs every benchmark that has a peer, one after the other, and writes one table of ratios and a plot.

    python -m benchmarks [--only NAME,…] [--rounds 5] [--data DIR] [--again] [--out runs/bench]

Each is a process of its own with a folder in --out: its report, `ratios.json` (benchmarks/ratios.py), what it printed (`log.txt`) and
its command line (`state.json`). One that was measured by the same command line is not run again, so an interrupted run goes on where
it stopped; another command line begins in an empty folder. One that fails is a line of the table; the next run tries it again. The
table is `table.md` and `results.json`, the plot `ratios.png`. Nothing else should run meanwhile.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.ratios import FILE, Ratio, read_ratios
from clova_jax.common.command import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.common.options import as_json, option
from clova_jax.common.progress import progress
from clova_jax.common.report import Report
from clova_jax.common.run_folder import run_folder

STATE = "state.json"  # words, and seconds once it is measured
COLUMNS = (
    *("benchmark", "name", "against", "ours", "peer", "unit"),
    *("ratio", "low", "high", "rounds", "goal", "verdict"),
)


@dataclass(frozen=True)
class Benchmark:
    """Names a module that has a peer, the words it is called with, and whether it reads --data."""

    module: str
    words: tuple[str, ...] = ()
    data: bool = False


TEN_MILLION = "--layers 6 --width 384 --vocab-size 8192 --batches 16 --prompts 32"
BENCHMARKS = {
    "train_step": Benchmark("benchmarks.train_step"),
    "generate": Benchmark("benchmarks.generate"),
    "generate_10m": Benchmark("benchmarks.generate", tuple(TEN_MILLION.split())),
    "few_shot": Benchmark("benchmarks.few_shot", data=True),
    "p_tuning": Benchmark("benchmarks.p_tuning"),
    "preference": Benchmark("benchmarks.preference"),
    "augmentation": Benchmark("benchmarks.augmentation"),
    "tokenizers": Benchmark("benchmarks.tokenizers", data=True),
    "corpus": Benchmark("benchmarks.corpus", data=True),
    "loader": Benchmark("benchmarks.loader"),
    "studio": Benchmark("benchmarks.studio"),
}


@dataclass(frozen=True)
class Options:
    """Measures how many times as fast everything is as its peer: torch.compile, transformers, lm-evaluation-harness, PEFT, TRL, Kiwi, datatrove, grain."""

    only: tuple[str, ...] = option((), help=f"of {', '.join(BENCHMARKS)}; all by default")
    rounds: int = option(5, least=1)
    """timed rounds of each; their median counts"""
    data: Path | None = None
    """a folder laid out like the real data, for those that read text (default: the sample world)"""
    again: bool = False
    """measure also what the same command line has measured before"""
    out: Path = Path("runs/bench")
    """result folder"""


@dataclass(frozen=True)
class Outcome:
    """Holds what became of a benchmark: its comparisons, or why there are none."""

    ratios: list[Ratio]
    seconds: float
    failure: str = ""
    kept: bool = False


def run(options: Options, benchmarks: Mapping[str, Benchmark] = BENCHMARKS) -> None:
    """Runs those asked for and writes table and plot.

    Args:
        options: of the command.
        benchmarks: those there are, by name.

    Raises:
        ClovaError: an unknown name, or, once the table is written, benchmarks that failed.
    """
    if unknown := set(options.only) - set(benchmarks):
        raise ClovaError(f"--only: no {sorted(unknown)}; there are {', '.join(benchmarks)}")
    names = [name for name in benchmarks if not options.only or name in options.only]
    outcomes: dict[str, Outcome] = {}
    with run_folder(options.out):
        with progress(total=len(names), desc="benchmarks", unit="benchmark") as bar:
            for name in names:
                bar.set_postfix_str(name)
                outcomes[name] = outcome(name, benchmarks[name], options)
                bar.update()
        write_table(outcomes, options)
    if failed := [name for name, found in outcomes.items() if found.failure]:
        raise ClovaError(
            f"{len(failed)} of {len(names)} failed: {', '.join(failed)}; see {options.out}/NAME/log.txt, "
            "then run this again: only they are measured"
        )


def outcome(name: str, benchmark: Benchmark, options: Options) -> Outcome:
    """Returns what an earlier run has measured by the same command line, or runs the benchmark."""
    folder = options.out / name
    words = ["-m", benchmark.module, *benchmark.words, "--rounds", str(options.rounds)]
    if benchmark.data and options.data is not None:
        words += ["--data", str(options.data)]
    words += ["--out", str(folder)]
    earlier = read_json(folder / STATE) if (folder / STATE).is_file() else {"words": words}
    if earlier["words"] != words:
        shutil.rmtree(folder)  # what it prepared was for another command line
    elif "seconds" in earlier and not options.again:
        return Outcome(read_ratios(folder), earlier["seconds"], kept=True)
    write_json(folder / STATE, {"words": words})
    (folder / FILE).unlink(missing_ok=True)
    begin = time.perf_counter()
    with (folder / "log.txt").open("wb") as log:
        status = subprocess.run(
            [sys.executable, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        ).returncode
    seconds, ratios = time.perf_counter() - begin, read_ratios(folder)
    if status or not ratios:
        said = (folder / "log.txt").read_text("utf-8", "replace").strip().rpartition("\n")[2]
        why = f"status {status}" if status else "no ratios: is the peer installed?"
        return Outcome([], seconds, f"{why}: {said[:200]}" if status and said else why)
    write_json(folder / STATE, {"words": words, "seconds": seconds})
    return Outcome(ratios, seconds)


def rows_of(outcomes: Mapping[str, Outcome]) -> list[dict[str, Any]]:
    """Returns a row a comparison, and one a benchmark that failed."""
    rows = []
    for name, found in outcomes.items():
        if found.failure:
            rows.append({"benchmark": name, "name": f"failed, {found.failure}"})
        rows += [{"benchmark": name, **asdict(one), "verdict": one.verdict} for one in found.ratios]
    return rows


def write_table(outcomes: Mapping[str, Outcome], options: Options) -> None:
    """Writes and prints the table, and draws the plot where there is anything to draw."""
    rows = rows_of(outcomes)
    if drawn := [row for row in rows if "ratio" in row]:
        draw(drawn, options.out / "ratios.png")
    times = ", ".join(f"{name} {found.seconds:.0f} s" for name, found in outcomes.items())
    notes = [
        "ratio: how many times as fast ours is, the median over rounds in which both took turns; ours and peer are medians too",
        "low, high: the least and the greatest round, which hold the median with 94% for five rounds (1 - 2^(1 - rounds))",
        "verdict: the goal holds where low reaches it, fails where high does not; with fewer than five rounds nothing is said",
        f"{len(os.sched_getaffinity(0))} CPU cores, float32; processes took {times}",
    ]
    if kept := [name for name, found in outcomes.items() if found.kept]:
        notes.append(f"measured by an earlier run of the same command line: {', '.join(kept)}")
    Report("benchmarks: ratios", as_json(options), rows, notes=notes).write(
        options.out, list(COLUMNS)
    )


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Draws each ratio with its interval on a log axis, a line a comparison, and its goal."""
    from matplotlib.ticker import LogLocator, NullFormatter

    from clova_jax.common.plots import figure

    rows = rows[::-1]  # the first at the top
    places = list(range(len(rows)))
    with figure(path, size=(10, 1.4 + 0.32 * len(rows))) as axes:
        axes.errorbar(
            [row["ratio"] for row in rows],
            places,
            xerr=[
                [row["ratio"] - row["low"] for row in rows],
                [row["high"] - row["ratio"] for row in rows],
            ],
            **{"fmt": "o", "ms": 5, "capsize": 3, "label": "ours / peer"},
        )
        goals = [(row["goal"], place) for row, place in zip(rows, places, strict=True)]
        if goals := [one for one in goals if one[0] is not None]:
            axes.scatter(*zip(*goals, strict=True), marker="|", s=200, color="C3", label="goal")
        axes.axvline(1, color="0.4", lw=1, ls="--", label="as fast as the peer")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_yticks(
            places, [f"{row['benchmark']}: {row['name']} / {row['against']}" for row in rows]
        )
        axes.tick_params(axis="y", labelsize=8)
        axes.set_xlabel("times as fast as the peer (median of rounds, least to greatest)")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, fontsize=8)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
