"""Scores clusters of reviews, meters of faithfulness, and the lines that a model writes about groups of texts."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.apps import reviews as app
from clova_jax.common.stop import Stopped
from clova_jax.evaluate import Detection, Records, digest, generator, interval
from clova_jax.retrieve import text_states
from clova_jax.tables.review_sets import Film, ReviewSets
from clova_jax.tables.table import Row, TableRun

CLUSTERERS = ("single", "random", "tfidf", "encoder")
ROUGES = ("rouge1", "rouge2", "rougeL")
METERS = (*ROUGES, "overlap", "nli")
PREMISES = ("own", "one", "joined", "best")
WRITERS = ("few_shot", "listed", "checked", "representative", "other")
GROUPS = ("cluster", "film", "documents")
OF_A_MODEL = ("encoder", "nli")


def encoded(model: Any) -> app.Vectors:
    """Returns what gives the model's vectors: hidden states, their mean over all texts taken off, of length 1."""

    def vectors(texts: Sequence[str]) -> np.ndarray:
        means = text_states(model, texts)[0].astype(np.float64)
        means -= means.mean(0)
        return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)

    return vectors


def _kept(
    run: TableRun, system: str, kind: str, settings: dict[str, Any], compute: Any
) -> list[Row]:
    """Returns rows of `predictions.jsonl`, computed once.

    Raises:
        ClovaError: they are there with other settings.
        Stopped: a stop was requested.
    """
    if run.stop.requested:
        raise Stopped(run.stop.requested)
    if "records" not in run.found:
        run.found["records"] = Records(run.out)
    own = run.model_name if system in (*OF_A_MODEL, *WRITERS) else ""
    key = (f"{own} {system}".strip(), kind, 0, 0)
    settings = {"seed": run.options.seed} | settings
    if own:
        settings["weights"] = run.model.fingerprint
    kept = run.found["records"].find(key, settings)
    if kept is None:
        about = {"app": "review_summary", "kind": kind, "system": system, "model": own}
        rows = [about | row for row in compute()]
        run.found["records"].add(key, settings, {}, rows)
        return rows
    return list(kept[1])


def _first(run: TableRun) -> bool:
    return run.model_name in run.inputs.names[:1]


@dataclass(frozen=True)
class Clusters:
    """Clusters the labelled reviews of each film as finely as they are labelled; scores the adjusted Rand index against the labels.

    Args:
        sets: with films.
        system: one of `CLUSTERERS`.
    """

    sets: ReviewSets
    system: str

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns a row for each kind of label that the reviews carry."""
        if self.system not in OF_A_MODEL and not _first(run):
            return []
        films, rows = self.sets.films, []
        for truth in dict.fromkeys(name for film in films for name in film.truths):
            labelled = [film for film in films if len(set(film.labelled(truth)[1])) > 1]
            if not labelled:
                continue
            data = digest(
                [text for film in labelled for some in film.labelled(truth) for text in some]
            )
            found = _kept(
                run,
                self.system,
                truth,
                {"data": data},
                lambda films=labelled, truth=truth: [
                    row for film in films for row in self._film(run, film, truth)
                ],
            )
            rows.append(self._row(run, truth, found))
        return rows

    def _film(self, run: TableRun, film: Film, truth: str) -> list[Row]:
        texts, gold = film.labelled(truth)
        labels = self._labels(run, film.name, texts, len(set(gold)))
        return [
            {"film": film.name, "text": text, "gold": right, "cluster": int(label)}
            for text, right, label in zip(texts, gold, labels, strict=True)
        ]

    def _labels(self, run: TableRun, film: str, texts: Sequence[str], count: int) -> np.ndarray:
        seed = run.options.seed
        if self.system == "single":
            return np.zeros(len(texts), int)
        if self.system == "random":
            return generator(seed, "random", film).integers(0, count, len(texts))
        vectors = app.tfidf if self.system == "tfidf" else encoded(run.model)
        return app.labels_of(vectors(texts), count, seed)

    def _row(self, run: TableRun, truth: str, found: Sequence[Row]) -> Row:
        from sklearn.metrics import adjusted_rand_score

        by_film: dict[str, list[Row]] = {}
        for row in found:
            by_film.setdefault(row["film"], []).append(row)
        scores = [
            adjusted_rand_score([row["gold"] for row in rows], [row["cluster"] for row in rows])
            for rows in by_film.values()
        ]
        statistics = np.stack([scores, np.ones(len(scores))], axis=1)
        score = interval([statistics], _percent, bounds=(-100.0, 100.0), seed=run.options.seed)
        return _about(run, truth, self.system, "adjusted Rand index", asdict(score)) | {
            "task": "films",
            "baseline": 0.0,
            "items": len(scores),
            "training": "",
        }


def _percent(total: np.ndarray) -> float:
    return 100 * float(total[0] / total[1]) if total[1] else 0.0


def _about(run: TableRun, kind: str, system: str, metric: str, score: dict[str, Any]) -> Row:
    own = run.model_name if system in (*OF_A_MODEL, *WRITERS) else ""
    named = {"app": "review_summary", "kind": kind, "system": system, "model": own}
    return named | {"metric": metric} | score


def head_folder(run: TableRun) -> Path:
    """Returns where the tuning of a model's NLI head is kept until all its answers are complete."""
    return run.out / "tuning" / run.model_name.replace("/", "_")


def nli_head(run: TableRun, sets: ReviewSets) -> app.Entailment:
    """Returns the model tuned on the training pairs; tuned once."""
    key = f"{run.model_name}: head"
    if key not in run.found:
        options = run.options
        run.found[key] = app.Entailment(
            run.model,
            sets.train,
            sets.dev,
            steps=options.steps,
            learning_rate=options.learning_rate,
            seed=options.seed,
            out=head_folder(run),
            stop=run.stop,
            label="nli head",
        )
    return run.found[key]


def forget_head(run: TableRun) -> list[Row]:
    """Lets the tuned head go, and its folder: a complete model."""
    run.found.pop(f"{run.model_name}: head", None)
    shutil.rmtree(head_folder(run), ignore_errors=True)
    return []


def _training(run: TableRun, sets: ReviewSets) -> dict[str, Any]:
    texts = [text for pair in (*sets.train, *sets.dev) for text in (pair.premise, pair.hypothesis)]
    options = run.options
    return {"steps": options.steps, "rate": options.learning_rate, "training": digest(texts)}


@dataclass(frozen=True)
class Detector:
    """Tests a meter of faithfulness as a detector of sentences that follow.

    The premises are the pair's own, one drawn of five among which its own is, all five joined, or the best of them.

    Args:
        sets: with pairs.
        system: one of `METERS`.
    """

    sets: ReviewSets
    system: str

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the AUROC for each kind of premises, and keeps the scores for the claims."""
        if self.system not in OF_A_MODEL and not _first(run):
            return []
        gold = np.array([pair.follows for pair in self.sets.test])
        detection = Detection(gold, [pair.premise for pair in self.sets.test], run.options.seed)
        rows = []
        for kind in PREMISES:
            found = self._scores(run, kind)
            scores = np.array([row["score"] for row in found])
            own = run.model_name if self.system in OF_A_MODEL else ""
            run.found.setdefault("scores", {})[own, self.system, kind] = scores
            run.found["detection"] = detection
            score = asdict(detection.score(scores))
            rows.append(
                _about(run, kind, self.system, "auroc", score)
                | {"task": self.sets.counts["test"], "baseline": 50.0, "items": len(gold)}
                | {"training": "" if self.system in ROUGES else self.sets.counts["training"]}
            )
        return rows

    def _scores(self, run: TableRun, kind: str) -> list[Row]:
        pairs, sources = self.sets.test, self.sources(kind)
        sentences = [pair.hypothesis for pair in pairs]
        settings: dict[str, Any] = {
            "data": digest([text for some in sources for text in some] + sentences)
        }
        if self.system not in ROUGES:
            settings |= _training(run, self.sets)

        def compute() -> list[Row]:
            several = "joined" if kind == "joined" else "best"
            faithful = app.Faithfulness(self.meter(run), several)
            return [
                {
                    "sources": list(some),
                    "sentence": pair.hypothesis,
                    "relation": pair.relation,
                    "score": round(float(score), 6),
                }
                for some, pair, score in zip(
                    sources, pairs, faithful.scores(sources, sentences), strict=True
                )
            ]

        return _kept(run, self.system, kind, settings, compute)

    def sources(self, kind: str) -> list[Sequence[str]]:
        """Returns the premises of each pair."""
        if kind == "own":
            return [[pair.premise] for pair in self.sets.test]
        if kind == "one":
            return [[premise] for premise in self.sets.drawn]
        return list(self.sets.sources)

    def meter(self, run: TableRun) -> app.Meter:
        """Returns the meter; those that learn do so from the training pairs."""
        if self.system == "nli":
            return nli_head(run, self.sets)
        if self.system == "overlap":
            if "overlap" not in run.found:
                run.found["overlap"] = app.WordOverlap(self.sets.train)
            return run.found["overlap"]
        return app.Rouge(self.system)


@dataclass(frozen=True)
class Lines:
    """Has the model write lines about clusters of reviews, films or documents, and measures how true they are.

    Beside what the model writes and what is left of it after the check stand the representative text, and the line about
    another group. All are measured under the texts of the group but the representative.

    Args:
        sets: with films and documents.
        kind: one of `GROUPS`.
    """

    sets: ReviewSets
    kind: str

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns rows for each way to get a line."""
        groups = self._groups(run)
        if not groups:
            return []
        texts = [text for _, cluster in groups for text in cluster.texts]
        settings = {"data": digest(texts), "samples": run.options.samples}
        settings |= _training(run, self.sets)
        found = _kept(run, "checked", self.kind, settings, lambda: self._written(run, groups))
        return [row for system in WRITERS for row in self._rows(run, system, found)]

    def _groups(self, run: TableRun) -> list[tuple[str, app.Cluster]]:
        """Returns named groups of three texts or more."""
        if self.kind == "documents":
            named = [(str(number), one) for number, one in enumerate(self.sets.groups)]
        else:
            named = []
            for film in self.sets.films:
                count, seed = run.options.clusters, run.options.seed
                clusters = app.find_clusters(film.texts, count, seed, what=f"film {film.name}")
                if self.kind == "film":
                    chosen = [text for one in clusters for text in one.texts[:2]]
                    clusters = [app.Cluster(chosen)]
                named += [(film.name, one) for one in clusters]
        return [(name, one) for name, one in named if len(one.texts) >= 3]

    def _written(self, run: TableRun, groups: Sequence[tuple[str, app.Cluster]]) -> list[Row]:
        """Returns a row a group with its lines and how true they are to its texts but the representative."""
        head = nli_head(run, self.sets)
        nli, rouge = app.Faithfulness(head), app.Faithfulness(app.Rouge("rouge1"))
        options = run.options
        writer = app.Summarizer(run.model, nli, head.threshold, options.samples, options.seed)
        clusters = [cluster for _, cluster in groups]
        summaries = writer.lines(clusters)
        listed = [one.drafts[1] for one in summaries]
        lines = {
            "few_shot": [one.drafts[0] for one in summaries],
            "listed": listed,
            "checked": [one.line for one in summaries],
            "representative": [cluster.representative for cluster in clusters],
            "other": _rotated([name for name, _ in groups], listed),
        }
        sources = [cluster.others for cluster in clusters]
        scored = {
            system: (nli.scores(sources, some), rouge.scores(sources, some))
            for system, some in lines.items()
        }
        return [
            {
                "group": name,
                "texts": list(cluster.texts),
                "passed": summary.passed,
                "drafts": list(summary.drafts),
                "threshold": round(head.threshold, 6),
                "lines": {system: some[number] for system, some in lines.items()},
                "nli": {s: round(float(both[0][number]), 6) for s, both in scored.items()},
                "rouge1": {s: round(float(both[1][number]), 6) for s, both in scored.items()},
            }
            for number, ((name, cluster), summary) in enumerate(zip(groups, summaries, strict=True))
        ]

    def _rows(self, run: TableRun, system: str, found: Sequence[Row]) -> list[Row]:
        counts = {
            "supported": lambda row, of: row["nli"][of] >= row["threshold"],
            "rouge1": lambda row, of: row["rouge1"][of],
            "copied": lambda row, of: any(_copied(row["lines"][of], one) for one in row["texts"]),
        }
        if system == "checked":
            counts["passed"] = lambda row, of: row["passed"]
        rows = []
        for metric, count in counts.items():
            score = self._score(found, lambda row, c=count: c(row, system), run.options.seed)
            base = self._score(found, lambda row, c=count: c(row, "other"), run.options.seed)
            rows.append(
                _about(run, self.kind, system, metric, score)
                | {"task": self.kind, "items": len(found)}
                | {"baseline": None if metric == "passed" else base["value"]}
                | {"training": self.sets.counts["training"]}
            )
        return rows

    def _score(self, found: Sequence[Row], count: Any, seed: int) -> dict[str, float]:
        """Returns the mean of what is counted, in per cent, with an interval over films or groups."""
        totals: dict[str, np.ndarray] = {}
        for row in found:
            totals[row["group"]] = totals.get(row["group"], 0) + np.array([float(count(row)), 1.0])
        return asdict(interval([np.stack(list(totals.values()))], _percent, seed=seed))


def _rotated(names: Sequence[str], lines: Sequence[str]) -> list[str]:
    """Returns for each group the line about the next group that has another name."""
    count = len(names)
    found = []
    for at, name in enumerate(names):
        later = ((at + step) % count for step in range(1, count))
        found.append(lines[next((i for i in later if names[i] != name), at)])
    return found


def _copied(line: str, text: str) -> bool:
    return bool(line) and " ".join(line.split()) in " ".join(text.split())
