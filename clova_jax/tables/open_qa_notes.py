"""Says how to read the table of open questions, what the talk's claim came to, and draws it."""

from pathlib import Path

from clova_jax.apps import answers as app
from clova_jax.evaluate import character_f1
from clova_jax.tables.claims import difference, judged
from clova_jax.tables.expansion_rows import RIVALS
from clova_jax.tables.figures import draw_bars, legend, panels
from clova_jax.tables.open_qa import risk_by_coverage, statistics
from clova_jax.tables.open_questions import Splits
from clova_jax.tables.table import Row, TableRun


def notes(run: TableRun, splits: Splits) -> list[str]:
    """Returns how to read the rows, and the talk's claim with its verdict."""
    asked = splits.every
    counts = ", ".join(f"{count:,} of {name}" for name, count in asked.counts.items())
    found = [
        f"{len(asked.items):,} questions among {len(asked.texts):,} passages ({counts}), each indexed as it is; "
        f"{len(splits.dev.items):,} of them, on other passages, are the development split",
        "value, low, high: per cent with a 95% interval (bootstrap over questions); MRR: mean reciprocal rank",
        "answers: zero-shot, KorQuAD's exact match (em) and F1; a reader writes greedily, or chooses the likeliest of the "
        "passage's spans; baseline: the commonest answer to every question; "
        "sentence: no model, the sentence of the retrieved passage that fits the question best; "
        "left out: questions whose prompt is longer than the model's context with one of the passages",
        "f1 of the surest N%: a model that answers only where the log-probability of its answer, per character, is among the "
        "highest N%; evidence: the sentence of the passage that fits question and answer best holds an accepted answer "
        "(baseline: the sentence that fits the question)",
        f"silence: the retrieved passage, and no answer below a threshold that is chosen on the development split; worth: an "
        f"answer's F1 less {100 * app.COST:g} points, 0 for silence (baseline: always answering)",
    ]
    if any(row["measure"] == "expansion" for row in run.rows):
        found.append(
            "expansion: copied (the first sentence of the input) and nearest (the answer of the most similar training row, its "
            "names replaced) ask no model; baseline of a model: the better of the two"
        )
    found += [
        f"{model} {reader}: silent below {below:.3f}"
        for (model, reader), below in run.found.get("below", {}).items()
    ]
    return found + claims(run)


def claims(run: TableRun) -> list[str]:
    """Returns what the talk claims, with its verdict for each model, over the same questions."""
    found = []
    answers = run.found.get("answers", {})
    for model, reader, passage in answers:
        if passage != "retrieved":
            continue
        others = {
            "no passage": (model, "writes", "none"),
            "a wrong one": (model, reader, "wrong"),
            "a written answer": (model, "writes", "retrieved"),
        }
        for claim, other in others.items():
            if other in answers and other != (model, reader, passage):
                both = [[statistics(answers[one])] for one in ((model, reader, passage), other)]
                gap = difference([both[0]], [both[1]], character_f1.finish, run.options.seed)
                found.append(
                    judged(f"{model} {reader}: F1 with the retrieved passage above {claim}", gap)
                )
    return found + _expansion_claims(run)


def _expansion_claims(run: TableRun) -> list[str]:
    """Returns of each kind of expansion whether a model is above the better rival, over the same rows."""
    known = run.found.get("expansion", {})
    finish, seed = character_f1.finish, run.options.seed
    found = []
    for kind, model, metric in known:
        if metric != "f1" or model in RIVALS:
            continue
        rival = max(RIVALS, key=lambda one: finish(known[kind, one, metric].sum(axis=0)))
        gap = difference(
            [[known[kind, model, metric]]], [[known[kind, rival, metric]]], finish, seed
        )
        found.append(judged(f"{model}: F1 of {kind} above {rival}", gap))
    return found


def draw(run: TableRun, path: Path) -> None:
    """Draws retrieval by ranking, F1 by kind and passage, risk against coverage, and F1 of expansions."""
    parts = {
        name: [row for row in run.rows if row["measure"] == name]
        for name in ("retrieval", "answers", "expansion")
    }
    metrics = {"retrieval": ("R@1", "R@5", "R@10", "MRR")}
    curves = run.found.get("answers", {})
    shown = [name for name, rows in parts.items() if rows]
    with panels(path, len(shown) + bool(curves), size=(6.5, 4), across=2) as axes:
        for panel, name in zip(axes, shown, strict=False):
            if name == "retrieval":
                groups = list(dict.fromkeys(_system(row) for row in parts[name]))
                series = {
                    metric: [row for row in parts[name] if row["metric"] == metric]
                    for metric in metrics[name]
                }
            else:
                rows = [row for row in parts[name] if row["metric"] == "f1"]
                groups = list(dict.fromkeys(row["kind"] for row in rows))
                systems = list(dict.fromkeys(_system(row) for row in rows))
                series = {one: [row for row in rows if _system(row) == one] for one in systems}
            draw_bars(panel, groups, series)
            panel.tick_params("x", labelsize=7)
            panel.set(ylabel="%" if name == "retrieval" else "F1, %", title=name)
            legend(panel)
        if curves:
            for (model, reader, passage), answers in curves.items():
                axes[-1].plot(*risk_by_coverage(answers), label=f"{model} {reader} {passage}")
            axes[-1].set(xlabel="coverage, %", ylabel="risk, 100 − F1", title="risk and coverage")
            legend(axes[-1])


def _system(row: Row) -> str:
    return " ".join(filter(None, (row["model"], row.get("reader"), row["system"])))
