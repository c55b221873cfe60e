"""Says what the rows of Table 7 show, draws them, and writes the prompts and the answers to the paper's claims."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from clova_jax.common.files import read_json, write_jsonl
from clova_jax.tables.claims import difference, difference_of_gains, judged
from clova_jax.tables.figures import draw_baseline, draw_lines, legend, panels
from clova_jax.tables.intent_cells import accuracy, adapted_folder, prompt_id
from clova_jax.tables.intents import IntentDraws
from clova_jax.tables.table import Row, TableRun

Scores = Mapping[tuple[str, str, int, int], Sequence[np.ndarray]]  # model, method, n, k -> draws
WRITERS = ("adapted", "prompt")


def intent_notes(run: TableRun, draws: IntentDraws) -> list[str]:
    """Returns how to read the rows, what data and adaptation left out, and whether the paper's claims hold."""
    counts = draws.intents.counts
    notes = [
        "value, low, high: per cent with a 95% interval over test utterances (bootstrap) and draws (Student's t); std: "
        "over draws, as the paper's; baseline: a guess among 20",
        "name: nearest by character bigrams; none: n originals alone; eda: k of their variants; real: k true utterances, "
        "fewer where there are fewer; accepted, tried: lines of all classes and draws",
        "adapted stands for what 300 billion tokens gave the paper's models: this one was trained further on lists of "
        "other intents; prompt is the model as it is",
        f"{len(draws.intents.frequent)} intents have ten utterances or more; of {counts['rows']:,} rows "
        f"{counts['repeated rows']:,} repeat another, {counts['names in several spacings']:,} names had several spacings, "
        f"{counts['utterances under several names']:,} utterances under several names were dropped",
    ]
    for name in run.inputs.names if "adapted" in run.options.writer else ():
        removed = read_json(adapted_folder(run.out, name) / "removed.json")
        reasons = [row["reason"] for row in removed]
        notes.append(
            f"{name}: {len(removed):,} utterances were taken out of the adaptation data: {reasons.count('name'):,} under "
            f"the name of a test intent, {reasons.count('near'):,} near a test utterance (removed.json)"
        )
    most = max(run.options.k)
    for row in run.rows:
        if row.get("refused") and row["k"] == most:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in row["refused"].items())
            notes.append(f"{row['model']} {row['method']}, n={row['n']}: refused: {reasons}")
    return [*notes, *claims(run.found.get("intents", {}), run.options.seed)]


def claims(scores: Scores, seed: int = 0) -> list[str]:
    """Returns of each claim of the paper whether it holds, fails, or whether these draws cannot tell.

    The paper: more utterances help; they help most where there are few originals; the gap to the originals alone
    closes as these grow. Each is a difference over the same draws with a 95% interval.
    """
    notes = []
    for model, method in dict.fromkeys(key[:2] for key in scores if key[1] in WRITERS):
        own = {key[2:]: found for key, found in scores.items() if key[:2] == (model, method)}
        without = {n: found for (_, kind, n, _), found in scores.items() if kind == "none"}
        ks, ns = sorted({k for n, k in own if n == 0}), sorted(n for n in without if n)
        both = [n for n in ns if (n, max(ks, default=0)) in own]
        if len(ks) > 1:
            found = difference([own[0, ks[-1]]], [own[0, ks[0]]], accuracy, seed)
            notes.append(judged(f"{model} {method}: k={ks[-1]} above k={ks[0]} at n=0", found))
        if len(both) > 1:
            k, (first, *others) = max(ks), both
            gains = [(own[n, k], without[n]) for n in both]
            found = difference_of_gains(gains[0], gains[1:], accuracy, seed)
            claim = f"k={k} gains more at n={first} than at n={', '.join(map(str, others))}"
            notes.append(judged(f"{model} {method}: {claim}", found))
            found = difference_of_gains(gains[0], gains[-1:], accuracy, seed)
            claim = f"the gain of k={k} shrinks from n={first} to n={both[-1]}"
            notes.append(judged(f"{model} {method}: {claim}", found))
    return notes


def draw_intents(run: TableRun, path: Path) -> None:
    """Draws accuracy against written utterances at n=0, and against originals at the greatest k."""
    zero = [row for row in run.rows if not row["n"] and row["method"] in (*WRITERS, "real")]
    most = max(run.options.k)
    few = [row for row in run.rows if row["n"] and row["k"] in (0, most)]
    name = next((row for row in run.rows if row["method"] == "name"), None)
    with panels(path, 2, size=(5.5, 4)) as (left, right):
        draw_lines(left, zero, "k", _label)
        left.set(xscale="log", xlabel="written utterances a class, n=0", ylabel="accuracy, %")
        left.set_xticks(run.options.k, [str(k) for k in run.options.k])
        left.minorticks_off()
        draw_lines(right, few, "n", _label)
        right.set(xlabel=f"originals a class, k={most}", ylabel="accuracy, %")
        right.set_xticks(sorted({row["n"] for row in few}))
        if name is not None:
            draw_baseline(left, [{"baseline": name["value"]}], "nearest name")
        legend(left)
        legend(right)


def _label(row: Row) -> str:
    return f"{row['model']} {row['method']}".strip()


def write_prompts(run: TableRun, draws: IntentDraws) -> None:
    """Writes `prompts.jsonl`: under its key in `augmented.jsonl` the prompt of each text."""
    write_jsonl(
        run.out / "prompts.jsonl",
        (
            {
                "prompt": prompt_id(draw.number, n, name),
                "text": draw.prompt.shared + draw.prompt.own(name, texts),
            }
            for draw in draws
            for n in run.options.n
            for name, texts in draw.asked(n).items()
        ),
    )
