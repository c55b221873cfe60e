"""Measures accepted utterances a second: ours beside `transformers.generate` on the same weights and prompts.

    python -m benchmarks.augmentation [--model DIR --data DIR] [--count 25]

One process, float32, CPU. Both write for the 20 targets of a draw after the same sources, with the same temperature
and top-p, and their lines are accepted by the same rule. Ours prefills the sources once for all; transformers gets
complete prompts, 16 at a time, padded on the left, as many as ours tried. Both are called once before, with few lines, to
compile and warm up; then they take turns, and the median of the rounds counts.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.ratios import compare, write_ratios
from clova_jax import LanguageModel
from clova_jax.apps.augmentation import Acceptance, write_lines
from clova_jax.apps.augmentation.writer import MOST_TOKENS, SAMPLING
from clova_jax.common.command import main
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report
from clova_jax.interop import to_hugging_face
from clova_jax.tables import adapted_models
from clova_jax.tables.intent_cells import adapted_folder
from clova_jax.tables.intents import Draw, IntentDraws
from experiments.intent_augmentation import Options as TableOptions

PEER_BATCH = 16
GOAL = 2.0
Write = Callable[[int], tuple[int, int]]  # lines wanted of each target -> (accepted, tried)


@dataclass(frozen=True)
class Options:
    """Measures how fast utterances are written: ours and transformers.

    Without --model the quickstart's is adapted to the sample world's intents.
    """

    model: Path | None = None
    """a model directory that writes lists of utterances"""
    data: Path | None = None
    """a folder with dialogue/sae4k"""
    n: int = option(0, least=0, most=5)
    """originals a target"""
    count: int = option(25, least=1)
    """lines wanted of each of the 20 targets"""
    steps: int = option(300, least=1)
    """of the adaptation"""
    rounds: int = option(5, least=1)
    """timed rounds; their median counts"""
    seed: int = 0
    """of all draws"""
    out: Path = Path("runs/benchmark_augmentation")
    """where everything goes"""


def adapted(options: Options) -> tuple[Path, Path]:
    """Returns the model that writes, and the data; the sample world's is adapted here if it is missing."""
    if options.model and options.data:
        return options.model, options.data
    table = TableOptions(out=options.out, writer=("adapted",), steps=options.steps)
    inputs = adapted_models(table)
    return adapted_folder(options.out, inputs.names[0]) / "model", inputs.data


def ours(lm: LanguageModel, draw: Draw, options: Options) -> Write:
    """Returns writing by clova_jax."""

    def write(count: int) -> tuple[int, int]:
        asked = draw.asked(options.n)
        found = write_lines(lm, draw.prompt, asked, count=count, seed=options.seed)
        lines = [line for some in found.values() for line in some]
        return sum(line.accepted for line in lines), len(lines)

    return write


def theirs(lm: LanguageModel, folder: Path, draw: Draw, options: Options) -> Callable[..., Any]:
    """Returns writing by transformers on the same weights: of so many lines, how many are accepted."""
    import torch
    from transformers import AutoModelForCausalLM

    to_hugging_face(lm, folder)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(options.seed)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = lm.tokenizer
    ends = [i for i, part in enumerate(tokenizer.token_bytes()) if b"\n" in part]
    asked = draw.asked(options.n)
    prefix, owns = draw.prompt.encode(
        tokenizer, [draw.prompt.own(name, texts) for name, texts in asked.items()]
    )
    rows = {name: prefix + own for name, own in zip(asked, owns, strict=True)}
    shown = [text for _, texts in draw.prompt.sources for text in texts]

    def write(tried: int) -> int:
        names = [list(rows)[i % len(rows)] for i in range(tried)]
        accept = {name: Acceptance((*shown, *texts)) for name, texts in asked.items()}
        accepted = 0
        for at in range(0, tried, PEER_BATCH):
            some = names[at : at + PEER_BATCH]
            width = max(len(rows[name]) for name in some)
            ids = [[0] * (width - len(rows[name])) + rows[name] for name in some]
            mask = [[0] * (width - len(rows[n])) + [1] * len(rows[n]) for n in some]
            with torch.inference_mode():
                out = model.generate(
                    torch.tensor(ids),
                    attention_mask=torch.tensor(mask),
                    max_new_tokens=MOST_TOKENS,
                    do_sample=True,
                    top_k=0,
                    **SAMPLING,
                    eos_token_id=[*ends, tokenizer.end_of_text],
                    pad_token_id=tokenizer.end_of_text,
                )
            for name, new in zip(some, out[:, width:].tolist(), strict=True):
                stop = next(
                    (i for i, t in enumerate(new) if t in {*ends, tokenizer.end_of_text}), None
                )
                text = tokenizer.decode(new[:stop])
                accepted += accept[name](text, stop is not None, 0.0).accepted
        return accepted

    return write


def run(options: Options) -> None:
    """Times both in turn and writes the report."""
    folder, data = adapted(options)
    lm = LanguageModel.load(folder)
    draw = next(iter(IntentDraws.read(data, 1, None, options.seed)))
    with tempfile.TemporaryDirectory() as exported:
        peer = theirs(lm, Path(exported), draw, options)
        own = ours(lm, draw, options)
        own(options.count)  # compiles every shape of the timed call
        peer(PEER_BATCH)
        rates: dict[str, list[float]] = {"clova_jax": [], "transformers": []}
        shares: dict[str, float] = {}
        for _ in range(options.rounds):
            begin = time.perf_counter()
            accepted, tried = own(options.count)
            middle = time.perf_counter()
            other = peer(tried)
            end = time.perf_counter()
            rates["clova_jax"].append(accepted / (middle - begin))
            rates["transformers"].append(other / (end - middle))
            shares = {"clova_jax": accepted / tried, "transformers": other / tried}
    medians = {name: statistics.median(found) for name, found in rates.items()}
    rows = [
        {"writer": name, "accepted a second": medians[name], "accepted share": shares[name]}
        | {"fastest": max(rates[name]), "lines tried": tried}
        for name in rates
    ]
    ratio = compare("accepted utterances", "transformers", *rates.values(), "lines/s", goal=GOAL)
    tokens = len(lm.tokenizer.encode(draw.prompt.shared))
    notes = [
        f"{ratio.ratio:.1f} times as fast; sources of {tokens} tokens, 20 targets, n={options.n}, "
        f"{lm.config.num_params / 1e6:.1f}M parameters, float32, CPU, {len(os.sched_getaffinity(0))} cores"
    ]
    write_ratios(options.out, [ratio])
    Report("benchmark: augmentation", as_json(options), rows, notes=notes).write(options.out)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
