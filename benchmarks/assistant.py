"""Measures a turn of the assistant: its three candidates in one batch, and one after the other.

    python -m benchmarks.assistant [--model DIR --data DIR]

One process, float32, CPU; the model, and random weights of the paper's smallest size behind the same tokenizer: a small model's
step is all computing and calls, a larger one's mostly the reading of weights, which a batch shares. Both ways write under the same prompts
with the same seeds, 32 tokens a candidate; both are called once before, to compile, and then take turns. The median of the rounds counts.
"""

import dataclasses
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clova_jax import LanguageModel, tables
from clova_jax.apps import assistant as app
from clova_jax.common.command import main
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report
from clova_jax.config import SIZES
from clova_jax.tables.assistant_sets import AssistantSets


@dataclass(frozen=True)
class Options:
    """Measures what batching the candidates of a turn is worth.

    Without --model and --data the quickstart's model answers on its sample world.
    """

    model: Path | None = None
    """a model directory"""
    data: Path | None = None
    """a folder laid out like the official data"""
    turns: int = option(12, least=1)
    """turns of a round"""
    rounds: int = option(3, least=1)
    """timed rounds; their median counts"""
    seed: int = 0
    """of all draws"""
    out: Path = Path("runs/benchmark_assistant")
    """where everything goes"""


def prompts_of(lm: LanguageModel, data: Path, options: Options) -> list[list[str]]:
    """Returns the prompts of each turn, one a responder."""
    sets = AssistantSets(data, 300, options.turns, options.seed)
    known = {
        kind: [(one.said, one.answers[0]) for one in split.train]
        for kind, split in sets.kinds.items()
    }
    responders = [app.Responder(kind, pairs) for kind, pairs in known.items()]
    selector = app.Selector({kind: [said for said, _ in pairs] for kind, pairs in known.items()})
    assistant = app.Assistant(lm, responders, selector)
    said = [one.said for split in sets.kinds.values() for one in split.test][: options.turns]
    session = app.Session()
    return [[assistant.prompt(one, session, text, text, {}) for one in responders] for text in said]


def run(options: Options) -> None:
    """Times both in turn and writes the report."""
    inputs = tables.find_models((options.model,) if options.model else (), options.data, (1, 1, 1))
    lm = LanguageModel.load(inputs.models[0])
    turns = prompts_of(lm, inputs.data, options)
    config = dataclasses.replace(SIZES["137m"], vocab_size=lm.tokenizer.vocab_size)
    report = Report("benchmark: assistant", as_json(options))
    for one in (lm, LanguageModel.create(config, lm.tokenizer)):
        report.rows.append(measure(one, turns, options))
    report.notes = [
        "times: how much quicker a turn is in one batch",
        f"{len(turns)} turns of {len(turns[0])} candidates, float32, CPU, {len(os.sched_getaffinity(0))} cores",
    ]
    report.write(options.out)


def measure(lm: LanguageModel, turns: list[list[str]], options: Options) -> dict[str, float]:
    """Times both ways in turn with one model; returns its row of the table."""
    end = lm.tokenizer.end_of_text

    def write(prompts: list[str], seed: int) -> list[str]:
        # No stop string and no end: all candidates have the same length, whatever the model has learned.
        options = {"max_new_tokens": 32, "temperature": 0.0, "logit_bias": {end: -100.0}}
        return list(lm.generate(prompts, seed=[seed] * len(prompts), **options))

    ways: dict[str, Callable[[list[str]], list[str]]] = {
        "one batch": lambda prompts: write(prompts, options.seed),
        "one after the other": lambda prompts: [
            write([prompt], options.seed)[0] for prompt in prompts
        ],
    }
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(options.rounds + 1):
        for name, way in ways.items():
            begin = time.perf_counter()
            for prompts in turns:
                way(prompts)
            if number:  # the first compiles
                spent[name].append((time.perf_counter() - begin) / len(turns))
    medians = {name: statistics.median(found) for name, found in spent.items()}
    return {
        "parameters": lm.config.num_params,
        **{f"{name}, ms a turn": 1e3 * seconds for name, seconds in medians.items()},
        "times": medians["one after the other"] / medians["one batch"],
    }


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
