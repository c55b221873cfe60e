"""Measures DPO steps a second and memory beside TRL's trainer, and texts a second beside `transformers.generate`, on CPU.

    python -m benchmarks.preference [--out runs/benchmark_preference]

One run, one machine, float32: random weights and a tokenizer in a model directory and its export, reviews of the sample world
as pairs, the same batches' size, AdamW after clipping. Both engines are processes of their own that take turns. TRL's loss and
collator run in a bare torch loop, with the reference's log-probabilities computed once, as ours. Memory is a process's peak
through the steps, less what interpreter and libraries take before the model is there.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.p_tuning_weights import forget_peak, peak, resident
from benchmarks.ratios import compare, write_ratios
from clova_jax.common.command import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report

ENGINES = ("clova_jax", "trl")
MEASURED = {  # what a child is asked for: (column, name, peer, unit, goal)
    "step": ("steps_per_second", "DPO", "TRL", "steps/s", 1.2),
    "write": ("texts_per_second", "texts written", "transformers", "texts/s", 2.0),
}


@dataclass(frozen=True)
class Options:
    """Measures DPO and the writing of texts: ours, and those of TRL and transformers."""

    layers: int = option(6, least=1)
    """Transformer blocks"""
    width: int = option(256, least=1)
    """numbers a token is embedded in"""
    pairs: int = option(16, least=1)
    """a DPO step"""
    prompts: int = option(16, least=1)
    """continued at once, four texts each"""
    tokens: int = option(32, least=1)
    """of a text"""
    rounds: int = option(5, least=1)
    """timed rounds in turn; their median counts"""
    child: str | None = None
    """used by the benchmark itself: which engine this process is"""
    out: Path = Path("runs/benchmark_preference")
    """result folder"""


Engine = tuple[Callable[[], float], Callable[[], int]]  # a DPO step, and the writing of all texts


def prepare(options: Options) -> None:
    """Writes the model, its export and the pairs."""
    from clova_jax import LanguageModel, ModelConfig, train_tokenizer
    from clova_jax.align import write_preferences
    from clova_jax.interop import to_hugging_face
    from clova_jax.sample import write_sample
    from clova_jax.tables.preference_sets import read_reviews

    chosen = read_reviews(write_sample(options.out / "sample", 0.1), 1, None, 0)
    tokenizer = train_tokenizer(list(chosen.learned), kind="byte", vocab_size=2_048)
    config = ModelConfig(
        options.layers, options.width, 4, vocab_size=tokenizer.vocab_size, max_length=256
    )
    lm = LanguageModel.create(config, tokenizer)
    lm.save(options.out / "model")
    to_hugging_face(lm, options.out / "exported")
    write_preferences(options.out / "pairs.jsonl", chosen.train[: 8 * options.pairs])


def ours(options: Options, pairs: list[Any]) -> Engine:
    """Returns the engine of this project."""
    from clova_jax import LanguageModel
    from clova_jax.align import PreferenceConfig, encode_pairs
    from clova_jax.align.dpo import DpoGradient
    from clova_jax.inference import complete
    from clova_jax.tuning import Batches, FineTuningConfig, GradientSteps, TuneOptions

    lm = LanguageModel.load(options.out / "model")
    encoded, _ = encode_pairs(lm, pairs)
    method = FineTuningConfig().method()
    gradient = DpoGradient(lm, method, PreferenceConfig(), encoded, [], options.pairs)
    steps = GradientSteps(gradient, TuneOptions(learning_rate=1e-5))
    state, batches = steps.begin(lm.params), Batches(encoded, options.pairs, 0).iterate(0)

    def step() -> float:
        nonlocal state
        state, metrics = steps(state, next(batches))
        return float(metrics["loss"])

    def write() -> int:
        prompts = [one.prompt for one in pairs[: options.prompts]]
        return len(complete(lm, prompts, num_samples=4, max_new_tokens=options.tokens, seed=0))

    return step, write


def trl(options: Options, pairs: list[Any]) -> Engine:
    """Returns TRL's loss in a loop of torch, and the generation of transformers."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import DPOConfig, DPOTrainer

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    folder = str(options.out / "exported")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token, tokenizer.split_special_tokens = tokenizer.eos_token, False
    config = DPOConfig(
        str(options.out / "trl"),
        precompute_ref_log_probs=True,
        per_device_train_batch_size=options.pairs,
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        report_to=[],
    )
    rows = [{"prompt": one.prompt, "chosen": one.chosen, "rejected": one.rejected} for one in pairs]
    model = AutoModelForCausalLM.from_pretrained(folder)
    trainer = DPOTrainer(
        model, None, config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
    )
    batches = itertools.cycle(list(trainer.get_train_dataloader()))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.0, fused=True)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = trainer.compute_loss(model, next(batches))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return float(loss.detach())

    def write() -> int:
        tokenizer.padding_side = "left"
        texts = [one.prompt for one in pairs[: options.prompts]]
        given = tokenizer(texts, return_tensors="pt", padding=True)
        model.eval()
        with torch.inference_mode():
            asked = {"do_sample": True, "top_k": 0, "num_return_sequences": 4}
            new = model.generate(**given, **asked, max_new_tokens=options.tokens, use_cache=True)
        model.train()
        return len(new)

    return step, write


def child(options: Options) -> None:
    """Answers each line of the input, `step`, `write` or `memory`, with a line of JSON."""
    from clova_jax.align import read_preferences

    pairs = read_preferences(options.out / "pairs.jsonl")
    if options.child == "clova_jax":
        import jax.numpy as jnp

        jnp.zeros(1).block_until_ready()
    else:
        import torch

        import_module("trl")
        torch.zeros(1)
    start = resident()
    step, write = {"clova_jax": ours, "trl": trl}[options.child or ""](options, pairs)
    forget_peak()
    for line in sys.stdin:
        begin = time.perf_counter()
        if line.strip() == "memory":
            found = {"peak_mib": peak(), "above_start_mib": peak() - start}
        elif line.strip() == "step":
            losses = [step() for _ in range(4)]
            found = {"rate": len(losses) / (time.perf_counter() - begin), "loss": losses[0]}
        else:
            found = {"rate": write() / (time.perf_counter() - begin)}
        print(json.dumps(found), flush=True)


class Child:
    """Runs an engine in a process of its own."""

    def __init__(self, engine: str, options: Options) -> None:
        words = [sys.executable, "-m", "benchmarks.preference", "--child", engine]
        for name in ("pairs", "prompts", "tokens", "out"):
            words += [f"--{name}", str(getattr(options, name))]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, what: str) -> dict[str, float]:
        """Has it do something; returns its answer."""
        print(what, file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith("{"):  # libraries print too
                return json.loads(line)
        raise ClovaError("a child of the benchmark died; its error stands above")


def run(options: Options) -> None:
    """Measures both engines in turn and writes the report; with --child, is one of them."""
    if options.child:
        return child(options)
    prepare(options)
    engines = {name: Child(name, options) for name in ENGINES}
    rows: dict[str, dict[str, Any]] = {name: {"engine": name} for name in ENGINES}
    ratios = []
    for what, (column, title, peer, unit, goal) in MEASURED.items():
        rates: dict[str, list[float]] = {name: [] for name in ENGINES}
        for number in range(options.rounds + 2):  # two rounds warm up: each shape is compiled
            for name, engine in engines.items():
                found = engine.ask(what)
                if number == 0 and what == "step":
                    rows[name]["first_loss"] = found["loss"]
                if number > 1:
                    rates[name].append(found["rate"])
        for name, engine in engines.items():
            rows[name][column] = statistics.median(rates[name])
            if what == "step":
                rows[name] |= engine.ask("memory")
        ratios.append(compare(title, peer, *rates.values(), unit, goal=goal))
    for engine in engines.values():
        engine.process.stdin.close()
        engine.process.wait()
    report = Report("benchmark: preference", as_json(options), list(rows.values()))
    for one in ratios:
        report.notes.append(
            f"{one.name}: {one.ratio:.2f} times as many {one.unit} as {one.against}; the goal is {one.goal:g}"
        )
    report.notes.append(f"{len(os.sched_getaffinity(0))} CPU cores, float32")
    write_ratios(options.out, ratios)
    report.write(options.out)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
