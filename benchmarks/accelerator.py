"""Measures training, decoding, few-shot scoring and attention on the accelerator of this machine, in ten minutes at most.

    python -m benchmarks.accelerator [--out runs/benchmark_accelerator]

Where JAX finds no accelerator the same runs at toy size on the CPU. Rows are written as soon as they are measured, and what no time is left
for is not begun: a run that is cut off keeps what it has. One device, random weights, bfloat16 on accelerators.

    correctness  every attention path of the platform against attention in float32: result and gradients
    training     tokens/s and model FLOPs utilisation (MFU): 137M, 350M and 1.3B parameters, rows of 2,048 tokens
    decoding     tokens/s of greedy decoding beside what memory bandwidth allows: weights in bfloat16 and the cache, read once a token
    few_shot     items/s of 70-shot NSMC of the sample world, without compiling
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax

from benchmarks.accelerator_parts import Case, correctness, decoding, few_shot, training
from clova_jax.common.command import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report, format_table

# Each part may use the time up to this share of the whole; what an earlier one leaves is the next one's.
PARTS: dict[str, tuple[float, Callable[["Options", bool], Iterator[Case]]]] = {
    "correctness": (0.2, correctness),
    "training": (0.65, training),
    "decoding": (0.85, decoding),
    "few_shot": (1.0, few_shot),
}


@dataclass(frozen=True)
class Options:
    """Measures what an accelerator reaches: MFU, decoding beside its bandwidth, few-shot items, correct attention."""

    parts: tuple[str, ...] = tuple(PARTS)
    """which of correctness, training, decoding, few_shot"""
    sizes: tuple[str, ...] = ("137m", "350m", "1.3b")
    """models that are trained; the last one decodes"""
    batches: tuple[int, ...] = option((1, 16, 64), least=1)
    """texts at once when decoding"""
    seconds: int = option(540, least=10)
    """time for everything; no measurement begins after it"""
    out: Path = Path("runs/benchmark_accelerator")
    """result folder"""

    def __post_init__(self) -> None:
        if unknown := set(self.parts) - set(PARTS):
            raise ClovaError(f"--parts: no {sorted(unknown)}; there are {', '.join(PARTS)}")


@dataclass
class Measurement:
    """Holds the table and the clock.

    Args:
        report: is written after every row.
        out: its folder.
        seconds: for everything.
    """

    report: Report
    out: Path
    seconds: float
    begin: float = field(default_factory=time.monotonic)

    @property
    def gone(self) -> float:
        """Returns the seconds since the start."""
        return time.monotonic() - self.begin

    def run(self, part: str, cases: Iterator[Case], share: float) -> None:
        """Measures the cases of a part until its time is over; a case that fails leaves a row and the others."""
        for case in cases:
            row: dict[str, Any] = {"part": part, "case": case.name}
            started = self.gone
            if started > share * self.seconds:
                row["note"] = "not measured: no time left"
            else:
                try:
                    row |= case.measure()
                except Exception as error:  # out of memory, a kernel that does not compile
                    reason = str(error).strip().split("\n")[0][:160]
                    row["note"] = f"failed: {type(error).__name__}: {reason}"
                row["seconds"] = round(self.gone - started, 1)
            self.report.rows.append(row)
            self.report.write(self.out, COLUMNS, show=False)
            print(format_table([row], COLUMNS).split("\n")[-1], flush=True)


COLUMNS = ["part", "case", "value", "unit", "limit", "percent", "seconds", "note"]


def run(options: Options) -> None:
    """Measures the parts in order and writes the report.

    Raises:
        ClovaError: an attention path is wrong, or a case failed; the report has it.
    """
    device = jax.devices()[0]
    toy = device.platform == "cpu"
    report = Report("benchmark: accelerator", as_json(options))
    report.notes = [
        f"one of {jax.device_count()} x {device.device_kind} ({device.platform}), JAX {jax.__version__}"
        + (", at toy size: nothing here says how fast anything is" if toy else ""),
        "limit and percent: of training, tokens/s at an MFU of 100% by the device's published dense bf16 rate and "
        "ModelConfig.flops_per_token; of decoding, tokens/s at the bandwidth of memory; of correctness, the greatest error "
        "that is allowed, over the greatest entry",
        "seconds: of the case, compiling included",
    ]
    measurement = Measurement(report, options.out, options.seconds)
    for part in options.parts:
        share, cases = PARTS[part]
        measurement.run(part, cases(options, toy), share)
    report.write(options.out, COLUMNS)
    bad = [
        row["case"] for row in report.rows if row.get("note", "").startswith(("failed", "WRONG"))
    ]
    if bad:
        raise ClovaError(f"{options.out}: failed or wrong: {', '.join(bad)}")


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
