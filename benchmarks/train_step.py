"""Measures the speed of a training step on this CPU, beside `transformers` GPT-2 under `torch.compile`.

    python -m benchmarks.train_step [--sizes 1m,7m,124m] [--rounds 5] [--out runs/benchmark_train_step]

Same shapes, float32, AdamW with clipping at 1.0, no dropout, one process, timed rounds in turn; the median of
the rounds counts. FLOP/s are the model's (`ModelConfig.flops_per_token`), not the hardware's.
"""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

from benchmarks.ratios import Ratio, compare, write_ratios
from clova_jax.common.command import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report
from clova_jax.config import ModelConfig
from clova_jax.train import LearningRate, TrainStep, adamw

SHAPES = {  # name: (model, sequences, length)
    "1m": (ModelConfig(4, 128, 4, vocab_size=4_096, max_length=128), 16, 128),
    "7m": (ModelConfig(6, 256, 4, vocab_size=8_192, max_length=256), 8, 256),
    "124m": (ModelConfig(12, 768, 12, vocab_size=51_200, max_length=256), 2, 256),
}
STEPS = {"1m": 6, "7m": 3, "124m": 1}  # a timed round
OURS, PEER = "clova_jax", "transformers, torch.compile"
GOAL = 1.0


@dataclass(frozen=True)
class Options:
    """Measures tokens per second of a training step: ours and torch's."""

    sizes: tuple[str, ...] = ("1m", "7m", "124m")
    """which of 1m, 7m, 124m"""
    rounds: int = option(5, least=1)
    """timed rounds; their median counts"""
    peer: bool = True
    """measure torch as well"""
    out: Path = Path("runs/benchmark_train_step")
    """result folder"""


def ours(
    config: ModelConfig, batch: dict[str, np.ndarray], **options: object
) -> Callable[[], float]:
    """Returns a step of clova_jax on the same batch each time; it returns the loss."""
    step = TrainStep(config, adamw(LearningRate(1e-3, 10, 1_000)), **options)
    state = step.init(0)

    def run() -> float:
        nonlocal state
        state, metrics = step(state, batch)
        return float(metrics["loss"])

    return run


def torch_gpt2(config: ModelConfig, batch: dict[str, np.ndarray]) -> Callable[[], float]:
    """Returns a step of transformers under `torch.compile`; it returns the loss."""
    import torch

    from benchmarks.torch_gpt2 import gpt2

    torch.manual_seed(0)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    model = gpt2(config)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True
    )
    ids = torch.from_numpy(batch["ids"]).long()
    targets = torch.from_numpy(batch["targets"]).long()

    @torch.compile
    def loss_of() -> torch.Tensor:
        scores = model(input_ids=ids).logits
        return torch.nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten())

    def run() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return float(loss.detach())

    return run


def measure(size: str, rounds: int, peer: bool) -> tuple[list[dict[str, object]], list[Ratio]]:
    """Times the steps of one size in turn; returns a row an engine, and ours against the peer's."""
    config, sequences, length = SHAPES[size]
    ids = np.random.default_rng(0).integers(0, config.vocab_size, (sequences, length + 1), np.int32)
    batch = {"ids": ids[:, :-1].copy(), "targets": ids[:, 1:].copy()}
    runs = {OURS: ours(config, batch)}
    if peer:
        runs[PEER] = torch_gpt2(config, batch)
    for run in runs.values():
        for _ in range(2):
            run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            for _ in range(STEPS[size]):
                run()
            times[name].append((time.perf_counter() - start) / STEPS[size])
    rows = []
    for name, seconds in times.items():
        rate = sequences * length / statistics.median(seconds)
        rows.append(
            {
                "size": size,
                "parameters": config.num_params,
                "batch": f"{sequences} x {length}",
                "engine": name,
                "step_ms": 1e3 * statistics.median(seconds),
                "fastest_ms": 1e3 * min(seconds),
                "tokens_per_second": round(rate),
                "gflops": rate * config.flops_per_token(length) / 1e9,
            }
        )
    for row in rows:
        row["against_torch"] = (
            row["tokens_per_second"] / rows[-1]["tokens_per_second"] if peer else None
        )
    if not peer:
        return rows, []
    rates = {name: [sequences * length / one for one in seconds] for name, seconds in times.items()}
    name = f"training step, {size}"
    return rows, [compare(name, "torch.compile", rates[OURS], rates[PEER], "tokens/s", goal=GOAL)]


def run(options: Options) -> None:
    """Measures every size and writes the report."""
    unknown = set(options.sizes) - set(SHAPES)
    if unknown:
        raise ClovaError(f"--sizes: no {sorted(unknown)}; there are {', '.join(SHAPES)}")
    report = Report("benchmark: training step", as_json(options))
    report.notes = [
        f"{jax.default_backend()}, {len(os.sched_getaffinity(0))} cores, float32; "
        "GFLOP/s = tokens/s x ModelConfig.flops_per_token (attention counted as the full square)"
    ]
    ratios: list[Ratio] = []
    for size in options.sizes:
        rows, found = measure(size, options.rounds, options.peer)
        report.rows, ratios = report.rows + rows, ratios + found
    write_ratios(options.out, ratios)
    report.write(options.out)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
