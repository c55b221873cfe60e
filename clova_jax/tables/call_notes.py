"""Says how to read the table of calls and which claims hold; draws it, and writes what else it has."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from clova_jax.apps import calls
from clova_jax.common.files import whole_file, write_json
from clova_jax.tables.call_cells import CALL_METRICS, NEXT_METRICS, TURN_METRICS
from clova_jax.tables.call_measures import OF_MODEL, Score, difference, is_right
from clova_jax.tables.call_sets import CANDIDATES, CallSets
from clova_jax.tables.figures import draw_bars, legend, panels
from clova_jax.tables.table import Row, TableRun

Found = Mapping[tuple[str, str, str], Sequence[Row]]  # model, system, kind -> answers


def notes(run: TableRun, sets: CallSets) -> list[str]:
    """Returns how to read the rows, and which claims hold."""
    options, found = run.options, run.found["calls"]
    lines = [
        "value, low, high: per cent with a 95% interval (bootstrap over items); baseline: the commonest answer, or chance",
        f"branch: {len(sets.branch)} answers to yes-or-no questions, as many mean yes, no, or leave it open; their wordings are "
        "in no document and in no example that a system learns from",
        f"turns and calls: {sets.callers} simulated callers of each of {len(sets.scenarios)} scenarios; turns are those of calls "
        f"that go as they should, heard as text (clean), by the likeliest of {options.hypotheses} hypotheses of a simulated "
        f"recogniser (first; {100 * options.noise:g}% of the letters that sound like others are wrong), or by all of them, "
        "weighed by their scores (n_best); calls hear all of them",
        f"next: the right utterance among {CANDIDATES}, the others of the same set; MRR: mean reciprocal rank; bm25 and "
        "vectors compare an utterance with the turns before it, neighbours with what followed like turns in other dialogues "
        "(chats: other groups)",
        "taken: written utterances that are one finished line of one speaker, new, with known places only, and most like their own "
        "state's description and wordings (baseline: a state by chance)",
    ]
    return [*lines, *claims(found, options.seed)]


def claims(found: Found, seed: int) -> Iterator[str]:
    """Yields verdicts: all hypotheses against the first, the prior taken off or left on, tuned or not, model against rivals."""
    for (model, system, kind), rows in found.items():
        name = f"{model} {system}".strip()
        if kind == "turns n_best" and (first := found.get((model, system, "turns first"))):
            for metric, score in TURN_METRICS.items():
                if any(score(row) is not None for row in rows):
                    what = f"{name}, {metric}: all hypotheses above the first"
                    yield _claim(what, rows, first, score, seed)
        if system == "model_normalised" and (raw := found.get((model, "model", kind))):
            what = f"{name}, {kind}, MRR: prior taken off above left on"
            yield _claim(what, rows, raw, NEXT_METRICS["MRR"], seed)
        if system == "tuned" and (untuned := found.get((model, "model", kind))):
            yield _claim(f"{name}, {kind}: above the model as it is", rows, untuned, is_right, seed)
    yield from _against_rivals(found, seed)


def _against_rivals(found: Found, seed: int) -> Iterator[str]:
    for model in dict.fromkeys(model for model, _, _ in found if model):
        for kind in dict.fromkeys(kind for _, _, kind in found if kind != "utterances"):
            score: Score = NEXT_METRICS["MRR"] if kind.startswith("next") else is_right
            if kind == "calls":
                score = CALL_METRICS["as it should"]
            own = _best(found, kind, score, lambda m, s, model=model: m == model and s in OF_MODEL)
            rival = _best(found, kind, score, lambda m, s: not m)
            if own and rival:
                what = f"{model}, {kind}: {own} above {rival}"
                rows = found[model, own, kind], found["", rival, kind]
                yield _claim(what, *rows, score, seed)


def _best(found: Found, kind: str, score: Score, takes: Callable[[str, str], bool]) -> str:
    """Returns the system with the best mean score among those that are taken."""
    means = {}
    for (model, system, own), rows in found.items():
        if own == kind and takes(model, system):
            values = [value for row in rows if (value := score(row)) is not None]
            means[system] = sum(values) / max(1, len(values))
    return max(means, key=means.__getitem__) if means else ""


def _claim(what: str, first: Sequence[Row], second: Sequence[Row], score: Score, seed: int) -> str:
    """Returns a sentence with the verdict on a difference: holds, fails, or cannot tell."""
    gap = difference(first, second, score, seed)
    verdict = "holds" if gap.low > 0 else "fails" if gap.high < 0 else "cannot tell"
    return f"{what}: {verdict} ({gap.value:+.1f}, {gap.low:+.1f} to {gap.high:+.1f})"


def draw(run: TableRun, path: Path) -> None:
    """Draws accuracy by kind and system, a panel a kind."""
    shown = [row for row in run.rows if row["kind"] != "utterances"] or run.rows
    kinds = list(dict.fromkeys(row["kind"] for row in shown))
    with panels(path, len(kinds), size=(4.5, 3.2), across=3) as axes:
        for panel, kind in zip(axes, kinds, strict=True):
            rows = [row for row in shown if row["kind"] == kind]
            names = list(dict.fromkeys((row["model"], row["system"]) for row in rows))
            metrics = list(dict.fromkeys(row["metric"] for row in rows))
            series = {
                metric: [
                    next(
                        r for r in rows if (r["model"], r["system"], r["metric"]) == (*name, metric)
                    )
                    for name in names
                ]
                for metric in metrics
            }
            draw_bars(panel, ["\n".join(filter(None, name[::-1])) for name in names], series)
            panel.tick_params("x", labelsize=6)
            panel.set(title=kind, ylabel="%", ylim=(0, 100))
            legend(panel)


def write_extras(run: TableRun, sets: CallSets) -> None:
    """Writes the analysis of the calls of each system, and the sheet that collectors fill in."""
    texts, tables = [], {}
    for (model, system, kind), rows in run.found["calls"].items():
        if kind == "calls":
            name = f"{model} {system}".strip()
            figures = calls.analyse({row["id"]: row["turns"] for row in rows}, sets.scenarios)
            tables[name] = figures
            texts.append(
                f"{calls.as_markdown(figures).replace('# 통화 분석', f'# 통화 분석: {name}')}"
            )
    if tables:
        write_json(run.out / "calls.json", tables)
        with whole_file(run.out / "calls.md") as file:
            file.write("\n".join(texts))
    drafts: dict[str, dict[str, list[str]]] = {}
    for (model, _, kind), rows in run.found["calls"].items():
        if kind == "utterances" and model == run.inputs.names[0]:
            for row in rows:
                own = drafts.setdefault(row["scenario"], {}).setdefault(row["state"], [])
                own += [] if row["reason"] else [row["text"]]
    calls.write_wording_sheet(run.out / "utterances.csv", sets.scenarios, drafts, run.options.rows)
