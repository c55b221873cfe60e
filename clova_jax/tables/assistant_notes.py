"""Says how to read the assistant's rows, judges the talk's claims, and draws the rows."""

from pathlib import Path

import numpy as np

from clova_jax.evaluate import Interval
from clova_jax.tables.assistant_cells import BLEU, KINDS, Answered, scored
from clova_jax.tables.assistant_sets import AssistantSets
from clova_jax.tables.claims import difference, judged
from clova_jax.tables.figures import draw_bars, legend, panels
from clova_jax.tables.table import Row, TableRun


def note_size(run: TableRun) -> list[Row]:
    """Notes how many parameters the model has that is loaded; gives no row."""
    run.found.setdefault("sizes", {})[run.model_name] = run.model.config.num_params
    return []


def notes(run: TableRun, sets: AssistantSets) -> list[str]:
    """Returns how to read the table, what it was measured on, and what the claims came to."""
    held_out, known = sets.groups[1], sets.kinds
    counts = ", ".join(f"{kind} {len(s.train):,} and {len(s.test):,}" for kind, s in known.items())
    return [
        "value, low, high: per cent (BLEU: 0 to 100) with a 95% interval, bootstrap over items (encoder: over groups of "
        "paraphrases; talk: over talks, of one talk over its turns); baseline: chance (encoder), the "
        "commonest class or answer (choice, faq, answer f1), the follow-up as it was (rewriting), nothing settled (state), how "
        "much of what is known has that level (style)",
        f"encoder: mean of the last layer, trained on {len(sets.groups[0]):,} groups of paraphrases, every fifth left out "
        f"({len(held_out):,} groups, {sum(map(len, held_out)):,} texts); group found: the share of a text's group among as many "
        "nearest texts",
        f"choice, known and tested: {counts}; no intent, article or answer is in both",
        f"rewriting: {len(sets.follow_ups[0]):,} solved follow-ups to choose from; {BLEU.about()}",
        "style: each remark is answered in each level; plain: nothing is asked for; examples: those of the level are shown; "
        "instruction: and the level is named",
        "talk: the whole app, its transcripts are in predictions.jsonl; a model writes every answer, none is canned",
        *([] if sets.reservations else ["state: no dialogues with states in the data (KLUE-WoS)"]),
        *claims(run),
    ]


def claims(run: TableRun) -> list[str]:
    """Returns the verdicts: encoder above untrained and BM25, retrieved examples above random, size above retrieval."""
    found: dict[tuple[str, str, str], Answered] = run.found.get("answered", {})
    models = [name for name in run.inputs.names if any(key[0] == name for key in found)]
    said = []
    for model in models:
        for kind, metric in (("encoder", "R@1"), ("choice", "accuracy")):
            rivals = (("untrained", model), ("bigrams", ""), ("morphemes", ""), ("ngrams", ""))
            for system, owner in rivals:
                pair = found.get((model, kind, "encoder")), found.get((owner, kind, system))
                if all(pair):
                    claim = f"{model} {kind}: the encoder above {system}, {metric}"
                    said.append(judged(claim, gap(*pair, metric, run.options.seed)))
        for system in ("bm25", "encoder"):
            pair = (
                found.get((model, "rewriting", system)),
                found.get((model, "rewriting", "random")),
            )
            if all(pair):
                claim = f"{model} rewriting: examples by {system} above random ones"
                said.append(judged(claim, gap(*pair, "bleu", run.options.seed)))
    return [*said, *_size(run, found, models)]


def _size(run: TableRun, found: dict, models: list[str]) -> list[str]:
    """Judges whether the largest model with random examples is above the smallest with the encoder's."""
    sized = [name for name in models if (name, "rewriting", "encoder") in found]
    sizes = run.found.get("sizes", {})
    if len(sized) < 2:
        return ["size matters most: cannot tell with one model; give --model three sizes"]
    small, large = (pick(sized, key=lambda name: sizes.get(name, 0)) for pick in (min, max))
    rows = found.get((large, "rewriting", "random")), found[small, "rewriting", "encoder"]
    if not all(rows):
        return []
    claim = f"size matters most: {large} after random examples above {small} after the encoder's"
    return [judged(claim, gap(*rows, "bleu", run.options.seed))]


def gap(first: Answered, second: Answered, metric: str, seed: int = 0) -> Interval:
    """Returns by how much the first scores more than the second on the same items, with a 95% interval."""
    one, finish, _ = scored(first, metric)
    other = scored(second, metric)[0]
    return difference([[np.asarray(one)]], [[np.asarray(other)]], finish, seed)


def draw(run: TableRun, path: Path) -> None:
    """Draws the first metric of each kind by system, a panel a kind."""
    rows_of = {kind: [row for row in run.rows if row["kind"] == kind] for kind in KINDS}
    rows_of = {kind: rows for kind, rows in rows_of.items() if rows}
    names_of = {
        kind: list(dict.fromkeys(f"{row['system']}\n{row['model']}".strip() for row in rows))
        for kind, rows in rows_of.items()
    }
    width = max(4.2, 0.8 * max(map(len, names_of.values())))
    with panels(path, len(rows_of), size=(width, 3.6), across=3) as axes:
        for panel, (kind, rows) in zip(axes, rows_of.items(), strict=True):
            metrics = list(dict.fromkeys(row["metric"] for row in rows))
            series = {name: [row for row in rows if row["metric"] == name] for name in metrics}
            names = [name.replace("+", "+\n") for name in names_of[kind]]
            draw_bars(panel, names, series)
            panel.tick_params("x", labelsize=7)
            panel.set(title=kind, ylabel="%")
            legend(panel)
