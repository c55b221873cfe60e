"""Measures how fast text is generated on this CPU, beside `transformers` on the same weights.

    python -m benchmarks.generate [--layers 12] [--width 768] [--batches 1,16] [--prompts 32,1024] [--tokens 64] [--rounds 5]

One process, float32, greedy, random weights, written by `transformers` and
read by `from_hugging_face`. Both take turns in one run, and the median of the rounds counts. Prefill is the time of
a call for one token, decoding what a call for all tokens takes beyond that. The floor of a decoding step is the larger of two times: reading all weights and
the cache once at the measured rate of memory, and the step's products at the measured rate of the processor.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.ratios import Ratio, compare, write_ratios
from clova_jax import LanguageModel
from clova_jax.common.command import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report
from clova_jax.inference import complete
from clova_jax.interop import from_hugging_face
from clova_jax.parallel.peak import peak_flops

GOAL = 2.0  # of decoding


@dataclass(frozen=True)
class Options:
    """Measures tokens per second of generation: ours and those of transformers."""

    layers: int = option(12, least=1)
    """Transformer blocks"""
    width: int = option(768, least=64)
    """numbers a token is embedded in; 64 a head"""
    vocab_size: int = option(51_200, least=2)
    """entries of the token table"""
    batches: tuple[int, ...] = (1, 16)
    """texts at once"""
    prompts: tuple[int, ...] = (32, 1_024)
    """tokens of the prompts"""
    tokens: int = option(64, least=2)
    """tokens to write after each prompt"""
    rounds: int = option(5, least=1)
    """timed rounds; their median counts"""
    out: Path = Path("runs/benchmark_generate")
    """result folder"""


@dataclass(frozen=True)
class Numbers:
    """Stands for a tokenizer: ids without texts."""

    vocab_size: int
    kind, end_of_text = "numbers", 0

    def decode_bytes(self, ids: list[int]) -> bytes:
        """Returns a byte a token."""
        return b"." * len(ids)


Run = Callable[[np.ndarray, int], tuple[float, float, np.ndarray]]


def peer(options: Options, folder: Path) -> Run:
    """Writes random weights to `folder`; returns generation by transformers: (prefill and decoding seconds, new ids)."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel, StoppingCriteria, StoppingCriteriaList

    torch.manual_seed(0)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    config = GPT2Config(
        vocab_size=options.vocab_size,
        n_positions=1_280,
        n_embd=options.width,
        n_layer=options.layers,
        n_head=options.width // 64,
        eos_token_id=None,
        bos_token_id=None,
    )
    model = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for weight in model.parameters():  # far from uniform answers
            weight.mul_(2.0)
    model.save_pretrained(folder)

    class Clock(StoppingCriteria):
        def __init__(self) -> None:
            self.times: list[float] = []

        def __call__(self, ids: Any, scores: Any, **_: Any) -> Any:
            self.times.append(time.perf_counter())
            return torch.zeros(len(ids), dtype=torch.bool)

    def run(ids: np.ndarray, tokens: int) -> tuple[float, float, np.ndarray]:
        clock = Clock()
        begin = time.perf_counter()
        with torch.inference_mode():
            out = model.generate(
                torch.from_numpy(ids).long(),
                attention_mask=torch.ones(ids.shape, dtype=torch.long),
                max_new_tokens=tokens,
                do_sample=False,
                pad_token_id=0,
                stopping_criteria=StoppingCriteriaList([clock]),
            )
        first, last = clock.times[0], clock.times[-1]
        return first - begin, last - first, out[:, ids.shape[1] :].numpy()

    return run


def ours(lm: LanguageModel) -> Run:
    """Returns generation by clova_jax: (prefill and decoding seconds, new ids)."""

    def call(rows: list[list[int]], tokens: int) -> tuple[float, np.ndarray]:
        begin = time.perf_counter()
        written = complete(lm, rows, max_new_tokens=tokens, temperature=0.0, seed=0)
        return time.perf_counter() - begin, np.array([one.ids for one in written])

    def run(ids: np.ndarray, tokens: int) -> tuple[float, float, np.ndarray]:
        prefill, _ = call(ids.tolist(), 1)
        seconds, new = call(ids.tolist(), tokens)
        return prefill, seconds - prefill, new

    return run


def memory_rate(entries: int = 1 << 27) -> float:
    """Measures the bytes a second at which this machine reads an array of float32: the best of five sums."""
    array = jnp.ones(entries, jnp.float32)
    total = jax.jit(jnp.sum)
    total(array).block_until_ready()
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        total(array).block_until_ready()
        best = min(best, time.perf_counter() - begin)
    return array.nbytes / best


def run(options: Options) -> None:
    """Measures every batch size with every prompt length, and writes the report."""
    report = Report("benchmark: generation", as_json(options))
    with tempfile.TemporaryDirectory() as folder:
        theirs = peer(options, Path(folder))
        lm = from_hugging_face(folder, tokenizer=Numbers(options.vocab_size))  # type: ignore[arg-type]
    runs = {"clova_jax": ours(lm), "transformers": theirs}
    bandwidth, flops = memory_rate(), peak_flops(jax.devices()[0])
    if flops is None:
        raise ClovaError("the machine is busy with something else: no floor can be measured now")
    ratios: list[Ratio] = []
    for batch in options.batches:
        for length in options.prompts:
            row, found = measure(lm, runs, batch, length, options, bandwidth, flops)
            report.rows.append(row)
            ratios += found
    report.notes = [
        f"{jax.default_backend()}, {len(os.sched_getaffinity(0))} cores, float32; memory read at "
        f"{bandwidth / 1e9:.1f} GB/s, matrix products at {flops / 1e9:.0f} GFLOP/s",
        "tokens_per_second: decoding after the first token; of_floor: the floor's time / ours",
        "same_tokens: share of all new tokens that both wrote alike",
    ]
    write_ratios(options.out, ratios)
    report.write(options.out)


def measure(
    lm: LanguageModel,
    runs: dict[str, Run],
    batch: int,
    length: int,
    options: Options,
    bandwidth: float,
    flops: float,
) -> tuple[dict[str, Any], list[Ratio]]:
    """Times both on prompts of one shape; returns their row of the table, and decoding and prefill as ratios."""
    rng = np.random.default_rng(0)
    ids = rng.integers(1, lm.config.vocab_size, (batch, length), np.int32)
    prefilled: dict[str, list[float]] = {name: [] for name in runs}
    decoded: dict[str, list[float]] = {name: [] for name in runs}
    written = {name: run(ids, options.tokens)[2] for name, run in runs.items()}  # warm, compiled
    for _ in range(options.rounds):
        for name, run in runs.items():
            prompt, rest, _ = run(ids, options.tokens)
            prefilled[name].append(prompt)
            decoded[name].append(rest)
    count = batch * (options.tokens - 1)
    rates = {name: count / statistics.median(seconds) for name, seconds in decoded.items()}
    config = lm.config
    middle = length + options.tokens / 2
    cache = 2 * 4 * config.num_layers * config.embed_dim * batch * middle
    weights = 4 * (config.num_params - config.max_length * config.embed_dim)
    floor = max(
        (weights + cache) / bandwidth, batch * config.flops_per_token(int(middle)) / 3 / flops
    )
    step = {name: batch / rate for name, rate in rates.items()}
    row = {
        "batch": batch,
        "prompt": length,
        "tokens_per_second": rates["clova_jax"],
        "transformers": rates["transformers"],
        "ratio": rates["clova_jax"] / rates["transformers"],
        "floor_ms": 1e3 * floor,
        "step_ms": 1e3 * step["clova_jax"],
        "of_floor": floor / step["clova_jax"],
        "prompt_seconds": statistics.median(prefilled["clova_jax"]),
        "transformers_prompt_seconds": statistics.median(prefilled["transformers"]),
        "same_tokens": float((written["clova_jax"] == written["transformers"]).mean()),
    }
    shape = f"{config.num_params / 1e6:.0f}M, {batch} x {length}"
    speeds = {name: [count / one for one in seconds] for name, seconds in decoded.items()}
    decoding, prefill = f"decoding, {shape}", f"prefill, {shape}"
    return row, [
        compare(decoding, "transformers", *speeds.values(), "tokens/s", goal=GOAL),
        compare(prefill, "transformers", *prefilled.values(), "s", lower=True),
    ]


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
