"""Measures 70-shot NSMC items a second: our runner beside lm-evaluation-harness on the same exported weights.

python -m benchmarks.few_shot --data DIR

One run, one machine, the same prompts. Ours is a trial of `evaluate.measure`, as a table runs it: its prompts are
built, and the 70 examples are computed once. The harness, with `transformers`, computes them again for every label of
every item. Both take turns after a first call each, with compiling and warming up. In a round ours is timed twice:
with everything counted, that is, after its programs were forgotten, so that it compiles them again, and compiled. A
small model labels many items with both. Peak memory is our process's, before torch is loaded.
"""

import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import jax
import numpy as np

from benchmarks.ratios import Ratio, compare, write_ratios
from clova_jax import LanguageModel, ModelConfig, load_tokenizer, train_tokenizer
from clova_jax.common.command import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_jsonl, read_lines
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report
from clova_jax.evaluate import load_task, measure
from clova_jax.evaluate.prompts import Prompt, build_prompts, draw_items
from clova_jax.interop import to_hugging_face
from clova_jax.sample import write_sample
from clova_jax.tokenizers import Tokenizer

TASK = load_task("nsmc")
SMALL_VOCAB = 4_096
HARNESS = "lm-evaluation-harness, transformers"
GOAL = 20.0  # with everything counted


@dataclass(frozen=True)
class Options:
    """Measures few-shot label scoring against lm-evaluation-harness with transformers, on CPU.

    Without --data the items come from the embedded sample world.
    """

    data: Path | None = None
    """a folder with nsmc/"""
    shots: int = 70
    """examples in the prompt"""
    items: int = 256
    """items that ours is timed on"""
    harness_items: int = 16
    """the first of them, that the harness is timed on"""
    agreement_items: int = 1000
    """items that the small model labels with both"""
    rounds: int = option(5, least=1)
    """timed rounds in turn; their median counts"""
    vocab_size: int = 50_257
    """entries of the tokenizer of the 124M shape, at most"""
    seed: int = 0
    """of weights, items and examples"""
    out: Path = Path("runs/benchmark_few_shot")
    """where everything goes"""


def run(options: Options) -> None:
    """Times ours and the harness in turn, on the same weights and prompts, and compares their labels."""
    data = options.data or write_sample(options.out / "sample", seed=options.seed)
    tokenizer = make_tokenizer(data, options.vocab_size, options.out)
    large = model_of(12, 768, 12, tokenizer, options.seed)
    small_tokenizer = make_tokenizer(data, SMALL_VOCAB, options.out)
    small = model_of(2, 64, 2, small_tokenizer, options.seed)
    prompts = prompts_of(large, data, options.items, options)
    many = prompts_of(small, data, options.agreement_items, options)
    tokens = np.mean([len(prompt.shared_ids) + len(prompt.own_ids) for prompt in prompts])
    _, labels = ours(large, data, options.items, options)
    small_seconds, small_labels = ours(small, data, options.agreement_items, options)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    compared = min(options.items, options.harness_items)
    folder = options.out / "hugging_face"
    to_hugging_face(large, folder / "large")
    to_hugging_face(small, folder / "small")
    peer = harness(folder / "large", prompts[:compared])
    harness_cold, harness_labels = peer()
    _, small_harness_labels = harness(folder / "small", many)()
    spent: dict[str, list[float]] = {"cold": [], "warm": [], "peer": []}
    for _ in range(options.rounds):
        jax.clear_caches()
        spent["cold"].append(ours(large, data, options.items, options)[0])
        spent["warm"].append(ours(large, data, options.items, options)[0])
        spent["peer"].append(peer()[0])
    per_second = {
        name: [(compared if name == "peer" else options.items) / one for one in seconds]
        for name, seconds in spent.items()
    }
    ratios = ratios_of(per_second, options.shots)
    rows = [
        {
            "runner": "clova_jax",
            "items": options.items,
            "seconds": median(spent["warm"]),
            "items/s": median(per_second["warm"]),
            "first call, seconds": median(spent["cold"]),
            "peak GiB": memory,
        },
        {
            "runner": HARNESS,
            "items": compared,
            "seconds": median(spent["peer"]),
            "items/s": median(per_second["peer"]),
            "first call, seconds": harness_cold,
        },
    ]
    same = np.mean(np.array(small_labels) == np.array(small_harness_labels))
    notes = [
        f"{ratios[1].ratio:.1f} times as fast compiled, {ratios[0].ratio:.1f} times "
        f"with our compiling counted and the harness warm; {options.shots} shots, {tokens:.0f} tokens a prompt on "
        f"average, 12 layers of 768, vocabulary {tokenizer.vocab_size:,}, context 2,048, float32, CPU",
        f"the large model's labels are the same on "
        f"{sum(a == b for a, b in zip(labels[:compared], harness_labels, strict=True))} "
        f"of {compared} items",
        f"a small model (2 layers of 64) gives the same label with both on {100 * same:.2f}% of "
        f"{len(many)} items; ours took {small_seconds:.1f} s for them, compilation included",
    ]
    write_ratios(options.out, ratios)
    Report("benchmark_few_shot", as_json(options), rows, notes=notes).write(options.out)


def ratios_of(per_second: dict[str, list[float]], shots: int) -> list[Ratio]:
    """Compares both of our rates with the warm harness."""
    peer, cold, warm = (per_second[name] for name in ("peer", "cold", "warm"))
    title, against = f"{shots}-shot NSMC", "lm-eval, transformers"
    return [
        compare(f"{title}, everything counted", against, cold, peer, "items/s", goal=GOAL),
        compare(f"{title}, compiled", against, warm, peer, "items/s"),
    ]


def make_tokenizer(data: Path, vocab_size: int, out: Path) -> Tokenizer:
    """Trains a byte-level BPE on the reviews, which transformers reads as it is, or loads it."""
    folder = out / f"tokenizer_{vocab_size}"
    if not folder.exists():
        path = find_file(data / "nsmc", "ratings_train.txt")
        texts = (line.split("\t")[1] for _, line in read_lines(path) if line.count("\t") == 2)
        train_tokenizer(texts, kind="byte", vocab_size=vocab_size).save(folder)
    return load_tokenizer(folder)


def model_of(layers: int, width: int, heads: int, tokenizer: Tokenizer, seed: int) -> LanguageModel:
    """Makes a model of a shape with random weights."""
    config = ModelConfig(layers, width, heads, vocab_size=tokenizer.vocab_size, max_length=2_048)
    return LanguageModel.create(config, tokenizer, seed)


def prompts_of(lm: LanguageModel, data: Path, count: int, options: Options) -> list[Prompt]:
    """Builds the prompts of the trial for the harness, of the same text and in the order of our predictions."""
    loaded = TASK.load(data)
    items = draw_items(loaded, TASK, count, options.seed)
    if len(items) < count:
        raise ClovaError(f"{count} items asked for, {data} has {len(items)}; ask for fewer")
    prompts, _ = build_prompts(
        TASK,
        loaded,
        items,
        lm.tokenizer,
        shots=options.shots,
        trial=0,
        seed=options.seed,
        max_length=lm.config.max_length,
        reserve=max(len(lm.tokenizer.encode(choice)) for choice in TASK.choices()),
    )
    return prompts


def ours(lm: LanguageModel, data: Path, count: int, options: Options) -> tuple[float, list[int]]:
    """Runs one trial of the task; returns its seconds, and the label of each item."""
    with (
        tempfile.TemporaryDirectory() as out
    ):  # a folder of its own: a finished trial is not run again
        more = {"shots": options.shots, "limit": count, "seed": options.seed}
        measure(lm, TASK, data, trials=1, out=out, **more)
        ((_, trial),) = read_jsonl(Path(out) / "trials.jsonl")
        names = list(TASK.labels)
        rows = read_jsonl(Path(out) / "predictions.jsonl")
        return trial["seconds"], [names.index(row["prediction"]) for _, row in rows]


def harness(folder: Path, prompts: Sequence[Prompt]) -> Callable[[], tuple[float, list[int]]]:
    """Returns scoring with the harness's own model class on the export: (seconds, labels) of a call."""
    import torch
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM
    from transformers import AutoTokenizer, GPT2LMHeadModel

    model = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    peer: Any = HFLM(pretrained=model, tokenizer=tokenizer, device="cpu", batch_size=1)
    requests = [
        Instance("loglikelihood", {}, (prompt.text, choice), number)
        for prompt in prompts
        for number, choice in enumerate(TASK.choices())
    ]

    def call() -> tuple[float, list[int]]:
        begin = time.perf_counter()
        scores = peer.loglikelihood(requests)
        seconds = time.perf_counter() - begin
        table = np.array([score for score, _ in scores]).reshape(len(prompts), -1)
        return seconds, [int(label) for label in table.argmax(axis=1)]

    return call


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
