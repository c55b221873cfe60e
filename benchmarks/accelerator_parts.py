"""Measures the cases of `benchmarks.accelerator`, each by itself."""

import functools
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.few_shot import make_tokenizer, ours
from benchmarks.generate import Numbers, memory_rate
from clova_jax import LanguageModel
from clova_jax.config import SIZES, ModelConfig
from clova_jax.inference import complete
from clova_jax.model import (
    causal_mask,
    choose_path,
    cudnn_attention,
    self_attention,
    splash_attention,
    triton_attention,
)
from clova_jax.parallel.chips import chip_of
from clova_jax.parallel.peak import peak_flops
from clova_jax.plan.memory_use import Run, memory
from clova_jax.sample import write_sample
from clova_jax.train import LearningRate, TrainStep, adamw

TOY = ModelConfig(2, 64, 2, vocab_size=512, max_length=128)
MEMORY_SHARE = 0.7  # of the device's, that a training step may be estimated to need
ROWS = 16  # of a training step at most


@dataclass(frozen=True)
class Case:
    """Names a measurement, and makes it: columns of its row."""

    name: str
    measure: Callable[[], dict[str, Any]]


# Correctness.


def correctness(options: Any, toy: bool) -> Iterator[Case]:
    """Yields every attention path of the platform, with and without segments, at the widths of the paper's heads."""
    platform = jax.default_backend()
    if toy:  # the kernels in Pallas' interpreter
        paths = {
            "triton": functools.partial(triton_attention, interpret=True),
            "splash": functools.partial(splash_attention, interpret=True),
        }
    elif platform == "gpu":
        paths = {"cudnn": cudnn_attention, "triton": triton_attention}
    else:
        paths = {"splash": splash_attention}
    time_, widths = (128, (24,)) if toy else (2_048, (48, 64, 128))
    dtype = jnp.float32 if toy else jnp.bfloat16
    for width in widths:
        yield from _attention_cases({"plain": None, **paths}, time_, width, dtype)


def _attention_cases(paths: dict[str, Any], time_: int, width: int, dtype: Any) -> Iterator[Case]:
    for name, kernel in paths.items():
        for segments in (False, True):
            if name == "cudnn" and segments:
                continue
            kind = "segments" if segments else "causal"
            yield Case(
                f"{name}, {kind}, heads of {width}, {time_} tokens",
                functools.partial(_attention_error, kernel, time_, width, segments, dtype),
            )


def _attention_error(
    kernel: Any, time_: int, width: int, segments: bool, dtype: Any
) -> dict[str, Any]:
    """Compares a kernel with attention in float32; None is attention with a mask, in the kernel's type."""
    rng = np.random.default_rng(0)
    given = [rng.standard_normal((2, time_, 4, width), np.float32) for _ in range(4)]
    ids = np.sort(rng.integers(1, 9, (2, time_)), 1).astype(np.int32) if segments else None
    mask = causal_mask(time_, ids)

    @functools.partial(jax.jit, static_argnums=(0, 1))
    def both(attend: Any, dtype: Any, query: Any, key: Any, value: Any, out: Any) -> Any:
        heads = (x.astype(jnp.bfloat16).astype(dtype) for x in (query, key, value))
        result, back = jax.vjp(attend, *heads)
        return jax.tree.map(
            lambda x: x.astype(jnp.float32), (result, *back(out.astype(result.dtype)))
        )

    plain = functools.partial(self_attention, mask=mask)
    fused = kernel if ids is None or kernel is None else functools.partial(kernel, segment_ids=ids)
    with jax.default_matmul_precision("float32"):
        wanted = both(plain, jnp.float32, *given)
    found = both(plain if fused is None else fused, dtype, *given)
    errors = [
        float(jnp.abs(a - b).max() / jnp.abs(b).max()) for a, b in zip(found, wanted, strict=True)
    ]
    limit = 1e-4 if dtype == jnp.float32 else 2e-2
    worst = max(errors)
    return {
        "value": worst,
        "unit": "of the greatest entry",
        "limit": limit,
        "note": "correct" if worst <= limit else "WRONG",
    }


# Training.


def training(options: Any, toy: bool) -> Iterator[Case]:
    """Yields a training step of each size as a user gets it, then those of the smallest with packed rows and plain."""
    length = TOY.max_length if toy else 2_048
    shapes = {"toy": TOY} if toy else {name: SIZES[name] for name in options.sizes}
    dtype = jnp.float32 if toy else jnp.bfloat16
    cases = [(name, None, False) for name in shapes]
    first = next(iter(shapes))
    for name, path, segments in [*cases, (first, None, True), (first, "plain", False)]:
        chosen = choose_path(path, length, segments, shapes[name].head_dim, dtype)
        packed = ", packed rows" if segments else ""
        yield Case(
            f"{name}, {length} tokens, {chosen} attention{packed}",
            functools.partial(
                _training_rate, shapes[name], length, 2 if toy else ROWS, path, segments, dtype
            ),
        )


def _training_rate(
    config: ModelConfig, length: int, most: int, path: Any, segments: bool, dtype: Any
) -> dict[str, Any]:
    """Times steps of as many rows as fit; after a failure for want of memory, of half as many."""
    rows = _rows_that_fit(config, length, most, materialised=path == "plain")
    while True:
        try:
            seconds = _step_seconds(config, length, rows, path, segments, dtype)
            break
        except Exception as error:
            if "RESOURCE_EXHAUSTED" not in str(error) or rows == 1:
                raise
            rows //= 2
    rate = rows * length / seconds
    device = jax.devices()[0]
    chip, flops = chip_of(device.device_kind), config.flops_per_token(length)
    peak = chip.flops if chip else peak_flops(device) if device.platform == "cpu" else None
    return {
        "value": rate,
        "unit": "tokens/s",
        "limit": peak and peak / flops,
        "percent": peak and 100 * rate * flops / peak,
        "note": f"{rows} rows, {1e3 * seconds:.1f} ms a step, {rate * flops / 1e12:.3g} TFLOP/s",
    }


def _rows_that_fit(config: ModelConfig, length: int, most: int, materialised: bool) -> int:
    stats = jax.devices()[0].memory_stats() or {}
    limit = stats.get("bytes_limit", 16 << 30) * MEMORY_SHARE
    rows = most
    while rows > 1:
        run = Run(config, (1, 1, 1), rows, length, microbatches=1, remat="none")
        if sum(memory(run, 2, materialised).values()) <= limit:
            break
        rows //= 2
    return rows


def _step_seconds(
    config: ModelConfig, length: int, rows: int, path: Any, segments: bool, dtype: Any
) -> float:
    step = TrainStep(config, adamw(LearningRate(1e-4, 10, 1_000)), dtype=dtype, attention=path)
    rng = np.random.default_rng(0)
    ids = rng.integers(0, config.vocab_size, (rows, length + 1), np.int32)
    batch = {"ids": ids[:, :-1].copy(), "targets": ids[:, 1:].copy()}
    if segments:
        batch["segment_ids"] = np.sort(rng.integers(1, 9, (rows, length)), 1).astype(np.int32)
    state, times = step.init(0), []
    begin = time.perf_counter()
    for number in range(22):
        start = time.perf_counter()
        state, metrics = step(state, batch)
        float(metrics["loss"])
        if number > 1:  # the first compiles, the second warms up
            times.append(time.perf_counter() - start)
        if len(times) >= 3 and time.perf_counter() - begin > 20:
            break
    return statistics.median(times)


# Decoding.


def decoding(options: Any, toy: bool) -> Iterator[Case]:
    """Yields greedy decoding at each batch size: with weights as a model directory has them, and in bfloat16."""
    name = "toy" if toy else options.sizes[-1]
    config = TOY if toy else SIZES[name]
    prompt, tokens = (8, 8) if toy else (128, 128)

    @functools.cache
    def model(weights: str) -> LanguageModel:
        tokenizer = Numbers(config.vocab_size)
        lm = LanguageModel.create(config, tokenizer, 0)  # type: ignore[arg-type]
        dtype = jnp.dtype(weights)
        return lm.with_params(jax.tree.map(lambda x: x.astype(dtype), lm.params))

    for weights in ("float32",) if toy else ("float32", "bfloat16"):
        for batch in options.batches:
            yield Case(
                f"{name}, batch {batch}, {weights} weights, {prompt} + {tokens} tokens",
                functools.partial(_decoding_rate, model, weights, batch, prompt, tokens),
            )


def _decoding_rate(
    model: Callable[[str], LanguageModel], weights: str, batch: int, prompt: int, tokens: int
) -> dict[str, Any]:
    lm = model(weights)
    config = lm.config
    rng = np.random.default_rng(0)
    ids = rng.integers(1, config.vocab_size, (batch, prompt)).tolist()

    def call(count: int) -> tuple[float, int]:
        begin = time.perf_counter()
        written = complete(lm, ids, max_new_tokens=count, temperature=0.0, seed=0)
        return time.perf_counter() - begin, sum(len(one.ids) for one in written)

    call(tokens), call(1)  # compile
    rates = []
    for _ in range(3):
        (first, few), (whole, many) = call(1), call(tokens)
        rates.append((many - few) / max(whole - first, 1e-9))
    rate = statistics.median(rates)
    device = jax.devices()[0]
    chip = chip_of(device.device_kind)
    bandwidth = chip.memory_bandwidth if chip else memory_rate(1 << 22)
    cache = 4 * config.num_layers * config.embed_dim * batch * (prompt + tokens / 2)
    read = 2 * (config.num_params - config.max_length * config.embed_dim) + cache
    limit = batch * bandwidth / read
    return {
        "value": rate,
        "unit": "tokens/s",
        "limit": limit,
        "percent": 100 * rate / limit,
        "note": f"{1e3 * batch / rate:.2f} ms a step, "
        f"memory at {bandwidth / 1e9:.0f} GB/s ({'published' if chip else 'measured'})",
    }


# Few-shot items.


def few_shot(options: Any, toy: bool) -> Iterator[Case]:
    """Yields few-shot NSMC of the sample world on a model of the first size with a tokenizer of that text."""
    shots, items = (2, 8) if toy else (70, 512)
    name = "toy" if toy else options.sizes[0]

    def measure() -> dict[str, Any]:
        data = write_sample(options.out / "sample", 0.5 if toy else 10.0)
        tokenizer = make_tokenizer(data, 512 if toy else 32_768, options.out)
        shape = TOY.replace(max_length=512) if toy else SIZES[name]
        config = shape.replace(vocab_size=tokenizer.vocab_size)
        lm = LanguageModel.create(config, tokenizer, 0)
        asked = _Asked(shots)
        cold, _ = ours(lm, data, items, asked)
        warm = statistics.median(ours(lm, data, items, asked)[0] for _ in range(1 if toy else 3))
        return {
            "value": items / warm,
            "unit": "items/s",
            "note": f"{items} items; the first call, compiling included, took {cold:.1f} s",
        }

    yield Case(f"{name}, {shots}-shot NSMC", measure)


@dataclass(frozen=True)
class _Asked:
    """Holds what `benchmarks.few_shot.ours` reads of its options."""

    shots: int
    seed: int = 0
