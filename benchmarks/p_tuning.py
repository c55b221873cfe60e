"""Measures p-tuning steps a second and memory: ours beside PEFT in torch, and full fine-tuning, on CPU.

    python -m benchmarks.p_tuning [--out runs/benchmark_p_tuning]

One run, one machine: the same GPT-2 weights, encoder shape, batch, length and optimizer, float32. Speed is taken
in turns (steps of both in one process each, a pause for the other), memory is the peak of a child process of its
own once the model is there. "above start" leaves out what interpreter and libraries take before.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.p_tuning_weights import (
    HIDDEN,
    TARGET,
    VIRTUAL,
    forget_peak,
    peak,
    resident,
    weights,
)
from benchmarks.ratios import Ratio, compare, write_ratios
from clova_jax.common.command import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report
from clova_jax.config import ModelConfig

SHAPES = {  # name: (model, batch, text and target tokens)
    "7m": (ModelConfig(6, 256, 4, vocab_size=8_192, max_length=256), 16, 44),
    "124m": (ModelConfig(12, 768, 12, vocab_size=51_200, max_length=256), 8, 44),
    "355m": (ModelConfig(24, 1024, 16, vocab_size=51_200, max_length=256), 8, 44),
}
Engine = Literal["clova_jax", "peft", "clova_jax fine-tuning", "transformers fine-tuning"]
ENGINES: tuple[Engine, ...] = (
    "clova_jax",
    "peft",
    "clova_jax fine-tuning",
    "transformers fine-tuning",
)
GOAL = 1.5


@dataclass(frozen=True)
class Options:
    """Measures p-tuning (LSTM of 128 units, 20 virtual tokens) against PEFT, and its memory against fine-tuning."""

    sizes: tuple[str, ...] = option(tuple(SHAPES), help=f"of {', '.join(SHAPES)}")
    rounds: int = option(5, least=1)
    """timed rounds in turn; their median counts"""
    steps: int = 3
    """steps of a round"""
    seed: int = 0
    """of weights and batch"""
    child: str | None = None
    """used by the benchmark itself: a file that says what to do"""
    out: Path = Path("runs/benchmark_p_tuning")
    """result folder"""


def run(options: Options) -> None:
    """Measures every size and writes the report; with --child, makes the steps of one engine."""
    if options.child:
        return child(**read_json(options.child))
    unknown = set(options.sizes) - set(SHAPES)
    if unknown:
        raise ClovaError(f"--sizes: no {sorted(unknown)}; there are {', '.join(SHAPES)}")
    report = Report("benchmark: p-tuning", as_json(options))
    ratios = []
    for size in options.sizes:
        rows, ratio = measure(size, options)
        report.rows += rows
        ratios.append(ratio)
        ours, peft, *whole = report.rows[-4:]
        difference = abs(ours["first_loss"] - peft["first_loss"])
        drift = abs(ours["last_loss"] - peft["last_loss"])
        report.notes.append(
            f"{size}: {ours['steps_per_second'] / peft['steps_per_second']:.2f} times PEFT's steps a second; "
            f"losses differ by {difference:.1e} at the first step, {drift:.1e} at the last; memory above the start "
            + ", ".join(
                f"{ours['above_start_mib'] / row['above_start_mib']:.2f} of {row['engine']}'s"
                for row in (*whole, peft)
            )
        )
    write_ratios(options.out, ratios)
    report.write(options.out)


def measure(size: str, options: Options) -> tuple[list[dict[str, Any]], Ratio]:
    """Measures a row an engine, and ours against PEFT. Both p-tunings are timed in turn, each in its process."""
    config, batch, length = SHAPES[size]
    rows = []
    timed = [Child(size, engine, options) for engine in ENGINES[:2]]
    times: list[list[float]] = [[], []]
    for number in range(options.rounds + 1):  # the first warms up
        for own, process in zip(times, timed, strict=True):
            seconds = process.ask(options.steps)["seconds"]
            if number:
                own.append(seconds / options.steps)
    ends = [process.ask(0) for process in timed]
    for engine, own, end in zip(ENGINES, times, ends, strict=False):
        rows.append({"engine": engine, "step_ms": 1e3 * statistics.median(own), **end})
    for engine in ENGINES[2:]:
        process = Child(size, engine, options)
        seconds = [process.ask(1)["seconds"] for _ in range(3)]
        rows.append({"engine": engine, "step_ms": 1e3 * min(seconds), **process.ask(0)})
    about = {
        "size": size,
        "parameters": config.num_params,
        "batch": f"{batch} x ({VIRTUAL} + {length})",
    }
    steps = [[1 / seconds for seconds in own] for own in times]
    ratio = compare(f"p-tuning, {size}", "PEFT", *steps, "steps/s", goal=GOAL)
    return [about | row | {"steps_per_second": 1e3 / row["step_ms"]} for row in rows], ratio


class Child:
    """Runs a process that makes steps when asked to; `ask(0)` ends it and returns its memory."""

    def __init__(self, size: str, engine: Engine, options: Options) -> None:
        path = options.out / f"{size}_{engine.replace(' ', '_')}.json"
        write_json(path, {"size": size, "engine": engine, "seed": options.seed})
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.p_tuning", "--child", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, steps: int) -> dict[str, float]:
        """Has it make so many steps; returns the seconds they took."""
        print(steps, file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise ClovaError("a child of the benchmark died; its error stands above")
        if not steps:
            self._process.wait()
        return json.loads(line)


def child(size: str, engine: Engine, seed: int) -> None:
    """Makes the step, then as many as each line of the input asks for."""
    config, batch, length = SHAPES[size]
    random = np.random.default_rng(seed)
    ids = random.integers(1, config.vocab_size, (batch, length), np.int32)
    start, step = maker(engine)(config, ids, seed)
    forget_peak()  # random weights are made in more memory than weights are loaded in
    losses = []
    for line in sys.stdin:
        begin = time.perf_counter()
        for _ in range(int(line)):
            losses.append(step())
        found = {"seconds": time.perf_counter() - begin}
        if not int(line):
            found = {"peak_mib": peak(), "above_start_mib": peak() - start}
            found |= {"first_loss": losses[0], "last_loss": losses[-1], "steps": len(losses)}
        print(json.dumps(found), flush=True)
        if not int(line):
            return


def maker(engine: Engine) -> Callable[[ModelConfig, np.ndarray, int], tuple[float, Any]]:
    """Returns the function that makes an engine's step, and the memory before the model is there."""
    if engine.startswith("clova_jax"):
        return ours if engine == "clova_jax" else whole_ours
    from benchmarks import p_tuning_torch  # here: our side's memory is measured without torch

    return p_tuning_torch.peft if engine == "peft" else p_tuning_torch.whole_torch


def our_params(config: ModelConfig, seed: int) -> Any:
    """Makes our parameters: normal kernels by name, LayerNorms and biases as they start."""
    import jax
    import jax.numpy as jnp

    from clova_jax.model import abstract_params

    tensor = weights(seed)

    def leaf(path: tuple, shape: Any) -> Any:
        name = jax.tree_util.keystr(path, simple=True, separator=".")
        if name.endswith(("bias", "scale")):
            return (jnp.ones if name.endswith("scale") else jnp.zeros)(shape.shape)
        return jnp.asarray(tensor(name, shape.shape))

    return jax.tree_util.tree_map_with_path(leaf, abstract_params(config))


class Words:
    """Stands for a tokenizer: the benchmark has ids already."""

    fingerprint = "none"

    def __init__(self, vocab_size: int) -> None:
        self.vocab_size = vocab_size

    def encode(self, text: str) -> list[int]:
        """Returns no ids."""
        return []


def our_model(config: ModelConfig, seed: int) -> Any:
    from clova_jax.inference import Model

    return Model(config, our_params(config, seed), Words(config.vocab_size), dtype=np.float32)


def examples_of(ids: np.ndarray) -> list[Any]:
    from clova_jax.tuning.examples import Example

    return [Example(tuple(row[:-TARGET].tolist()), tuple(row[-TARGET:].tolist())) for row in ids]


def our_step(model: Any, method: Any, template: Any, ids: np.ndarray) -> Callable[[], float]:
    """Returns a step of `tuning.loop`, on the same batch each time."""
    import jax
    import jax.numpy as jnp

    from clova_jax.train import LearningRate, adamw
    from clova_jax.train.optimizer import fresh_state
    from clova_jax.tuning import TuneOptions
    from clova_jax.tuning.inside import Inside

    make_step = method.steps(model, Inside(model, method, template), TuneOptions())
    constant = LearningRate(1e-4, warmup_steps=1, total_steps=10**9)
    make_step.optimizer = adamw(constant, b2=0.999, weight_decay=0.0)
    # Not `begin`, which copies what is trained: fine-tuning here trains the model itself.
    state = fresh_state(make_step.optimizer, jax.tree.map(jnp.asarray, method.init(model, 0)))
    batch = examples_of(ids)

    def step() -> float:
        nonlocal state
        state, metrics = make_step(state, batch)
        return float(metrics["loss"])

    return step


def ours(config: ModelConfig, ids: np.ndarray, seed: int) -> tuple[float, Callable[[], float]]:
    import jax
    import jax.numpy as jnp

    from clova_jax.inference import Template
    from clova_jax.tuning import PromptEncoderConfig
    from clova_jax.tuning.methods.p_tuning import PTuning

    class SameStart(PTuning):
        """Sets the encoder's weights by name, as PEFT's are set."""

        def init(self, model: Any, seed: int) -> Any:
            tensor = weights(1)
            return jax.tree_util.tree_map_with_path(
                lambda path, x: jnp.asarray(
                    tensor(jax.tree_util.keystr(path, simple=True, separator="."), x.shape)
                ),
                super().init(model, seed),
            )

    jnp.zeros(1).block_until_ready()
    start = resident()
    model = our_model(config, seed)
    method = SameStart(PromptEncoderConfig(VIRTUAL, "LSTM", HIDDEN))
    return start, our_step(model, method, Template((VIRTUAL,)), ids)


def whole_ours(config: ModelConfig, ids: np.ndarray, seed: int) -> tuple[float, Any]:
    import jax.numpy as jnp

    from clova_jax.inference import Template
    from clova_jax.tuning import FineTuningConfig
    from clova_jax.tuning.methods.fine_tuning import FineTuning

    jnp.zeros(1).block_until_ready()
    start = resident()

    class InPlace(FineTuning):
        """Trains the model itself: no second copy that a user would not pay for."""

        def init(self, model: Any, seed: int) -> Any:
            params, model.params = model.params, {"embedding": model.params["embedding"][:1]}
            return params

    model = our_model(config, seed)
    model.params = dict(model.params)
    return start, our_step(model, InPlace(FineTuningConfig()), Template(), ids)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
