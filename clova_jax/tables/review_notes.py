"""Says how to read the table of review summaries, judges the talk's claims, and draws it."""

from pathlib import Path

from clova_jax.evaluate import Detection
from clova_jax.tables.claims import judged
from clova_jax.tables.figures import draw_bars, legend, panels
from clova_jax.tables.review_cells import GROUPS, METERS, PREMISES, ROUGES, WRITERS
from clova_jax.tables.review_sets import ReviewSets
from clova_jax.tables.table import TableRun

PLAIN = {
    "own": "its own premise",
    "one": "one premise drawn of five",
    "joined": "five premises joined",
    "best": "the best of five premises",
}


def notes(run: TableRun, sets: ReviewSets) -> list[str]:
    """Returns how to read the rows, and what the claims came to."""
    labelled = "" if _labelled(sets) else "; no review says its aspect or polarity: no Rand index"
    return [
        f"{sets.counts['films']}{labelled}; meters learn from {sets.counts['training']} and are tested on {len(sets.test):,} "
        f"pairs of {sets.counts['test']}, no premise of which is among the former",
        "adjusted Rand index (100: as labelled, 0: by chance): k-means with as many clusters as a film has labels, mean over "
        "films, interval over films; single: all reviews in one cluster, random: clusters drawn",
        "auroc, per cent (50: by chance): does the sentence follow from its premises? own: from the premise that it was written "
        "for; one: from one drawn of five, its own and four others; joined: from all five as one text; best: the highest score "
        "over the five; intervals over premises. rouge: the share of the sentence's morphemes, pairs of them, or longest "
        "common sequence that the premises have; overlap: logistic regression on such shares; nli: the model, tuned",
        "lines about a cluster of reviews, a film or similar documents, per cent of groups (rouge1: mean): supported: the NLI head "
        "finds that it follows from one of the texts but the representative (from the score on that separates its own "
        "development pairs best); copied: stands in a text; passed: a line of the model was kept, else the representative "
        "is the answer. few_shot: as the model writes it below examples, "
        "listed: as one more of a list of the texts, checked: the truest of several, or the representative; other (and "
        "baseline): the listed line about another group",
        *claims(run),
    ]


def _labelled(sets: ReviewSets) -> bool:
    return any(film.truths for film in sets.films)


def claims(run: TableRun) -> list[str]:
    """Returns the talk's claims for each model, each with the interval of the difference over the same pairs."""
    scores = run.found.get("scores", {})
    detection: Detection | None = run.found.get("detection")
    found = []
    for model in dict.fromkeys(model for model, system, _ in scores if system == "nli"):
        given = {kind: scores[model, "nli", kind] for kind in PREMISES}
        for kind in ("own", "joined", "best"):
            rivals = {s: scores["", s, kind] for s in ROUGES if ("", s, kind) in scores}
            if rivals and detection:
                name = max(rivals, key=lambda s: detection.score(rivals[s]).value)
                gap = detection.difference(given[kind], rivals[name])
                found.append(judged(f"{model}: NLI above ROUGE ({name}), {PLAIN[kind]}", gap))
        for kind in ("joined", "best"):
            for single in ("one", "own"):
                gap = detection.difference(given[kind], given[single])
                claim = f"several premises above one: NLI, {PLAIN[kind]} above {PLAIN[single]}"
                found.append(judged(f"{model}: {claim}", gap))
    return found


def draw(run: TableRun, path: Path) -> None:
    """Draws the meters by premises, and how many lines are supported."""
    detected = [row for row in run.rows if row["metric"] == "auroc"]
    supported = [row for row in run.rows if row["metric"] == "supported"]
    with panels(path, count=2, size=(6, 4)) as (left, right):
        names = dict.fromkeys((row["system"], row["model"]) for row in detected)
        ordered = sorted(names, key=lambda name: METERS.index(name[0]))
        draw_bars(
            left,
            PREMISES,
            {
                " ".join(name).strip(): [r for r in detected if (r["system"], r["model"]) == name]
                for name in ordered
            },
        )
        left.axhline(50, ls="--", color="0.4", lw=1)
        left.set(ylim=(30, 100), ylabel="AUROC, %", xlabel="premises")
        legend(left)
        groups = [name for name in GROUPS if any(row["kind"] == name for row in supported)]
        models = dict.fromkeys(row["model"] for row in supported)
        if groups:
            draw_bars(
                right,
                groups,
                {
                    f"{model} {system}": [
                        r for r in supported if (r["model"], r["system"]) == (model, system)
                    ]
                    for model in models
                    for system in WRITERS
                },
            )
            legend(right)
        right.set(ylim=(0, 100), ylabel="lines that follow, %")
