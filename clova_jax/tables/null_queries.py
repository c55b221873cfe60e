"""Scores rewriters on queries that find nothing, and says which wins where."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.apps import queries
from clova_jax.common.stop import Stopped
from clova_jax.evaluate import Comparison, Interval, Records, digest, interval, sum_units
from clova_jax.tables.claims import difference, judged
from clova_jax.tables.figures import draw_bars, legend, panels
from clova_jax.tables.query_sets import QuerySets
from clova_jax.tables.table import Row, TableRun

RIVALS = ("nothing", "kiwi", "symspell", "rules")
REWRITERS = ("candidates", "few_shot", "few_shot_previous", "tuned")
WEIGHED = 300  # training pairs that the weight of the candidates is chosen on
METRICS = ("exact", "cer", "restored")  # of broken queries; of healthy ones it is `spoilt`
# Two systems, and what it says if the first restores more: the talk's first two, and ours.
CLAIMS = (
    ("few_shot", "nothing", "few-shot rewriting restores more than nothing"),
    ("few_shot_previous", "few_shot", "the previous query helps few-shot rewriting"),
    ("tuned", "few_shot", "a tuned model restores more than a prompt"),
    ("candidates", "rules", "the model's choice of candidates restores more than the first one"),
)


@dataclass(frozen=True)
class System:
    """Rewrites the test queries of every kind, and scores what it made of them.

    Args:
        sets: pages and queries.
        name: of the system.
    """

    sets: QuerySets
    name: str

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows of all kinds; finished kinds are read back."""
        if self.name in RIVALS and run.model_name not in run.inputs.names[:1]:
            return []
        rewriter: Callable[[], queries.Rewriter] = _once(lambda: self._make(run))
        rows = []
        for kind, pairs in self.sets.test.items():
            if run.stop.requested:
                raise Stopped(run.stop.requested)
            found = self._answers(run, kind, pairs, rewriter)
            run.found.setdefault("answers", {})[self._model(run), self.name, kind] = found
            rows += self._rows(run, kind, found)
        if self.name == "tuned":  # a complete model
            shutil.rmtree(self._folder(run), ignore_errors=True)
        return rows

    def _model(self, run: TableRun) -> str:
        return "" if self.name in RIVALS else run.model_name

    def _folder(self, run: TableRun) -> Path:
        """Returns where a tuning is kept until its answers are complete."""
        return run.out / "tuning" / run.model_name.replace("/", "_")

    def _make(self, run: TableRun) -> queries.Rewriter:
        """Makes the rewriter; those of the model learn from the training queries."""
        pages, pairs, options = self.sets.pages, self.sets.train, run.options
        if self.name == "tuned":
            return queries.Tuned(
                run.model,
                pairs,
                method=options.method,
                steps=options.steps,
                seed=options.seed,
                out=self._folder(run),
                stop=run.stop,
            )
        if self.name.startswith("few_shot"):
            previous = self.name.endswith("previous")
            return queries.FewShot(run.model, examples(pairs, options.shots), previous)
        findable = queries.Findable(pages, self.sets.engine)
        makers: Mapping[str, Callable[[], queries.Rewriter]] = {
            "nothing": queries.Nothing,
            "kiwi": queries.KiwiCorrection,
            "symspell": lambda: queries.SymSpellCorrection(pages),
            "rules": lambda: queries.Rules(findable),
            "candidates": lambda: queries.Candidates(run.model, findable, pairs[:WEIGHED]),
        }
        return makers[self.name]()

    def _answers(
        self,
        run: TableRun,
        kind: str,
        pairs: Sequence[queries.Broken],
        rewriter: Callable[[], queries.Rewriter],
    ) -> list[Row]:
        """Returns a row a query with what became of it; kept in `predictions.jsonl`."""
        if "records" not in run.found:
            run.found["records"] = Records(run.out)
        records = run.found["records"]
        key = (f"{self._model(run)} {self.name}".strip(), kind, 0, 0)
        settings = self._settings(run, pairs)
        kept = records.find(key, settings)
        if kept is None:
            texts = rewriter().rewrite([pair.asked for pair in pairs]) if pairs else []
            pages = self.sets.engine.find_all(texts)
            rows = [
                {
                    "system": self.name,
                    "model": self._model(run),
                    "kind": kind,
                    "query": pair.query.text,
                    "typed": pair.text,
                    "previous": pair.query.previous,
                    "rewritten": text,
                    "found": pair.query.page in some,
                }
                for pair, text, some in zip(pairs, texts, pages, strict=True)
            ]
            records.add(key, settings, {}, rows)
            kept = {}, rows
        return list(kept[1])

    def _settings(self, run: TableRun, pairs: Sequence[queries.Broken]) -> dict[str, Any]:
        """Returns what must not change when answers are read back."""
        options, own = run.options, self.name not in RIVALS
        texts = [
            *self.sets.pages,
            *(text for pair in pairs for text in (pair.query.text, pair.text)),
        ]
        settings: dict[str, Any] = {"seed": options.seed, "data": digest(texts)}
        if own:
            learnt = [text for pair in self.sets.train for text in (pair.query.text, pair.text)]
            settings |= {"weights": run.model.fingerprint, "training": digest(learnt)}
        if self.name == "tuned":
            settings |= {"method": options.method, "steps": options.steps}
        if self.name.startswith("few_shot"):
            settings |= {"shots": options.shots}
        return settings

    def _rows(self, run: TableRun, kind: str, answers: Sequence[Row]) -> Iterator[Row]:
        base = run.found["answers"].get(("", baseline_of(self.name), kind))
        for metric in ("spoilt",) if kind == "healthy" else METRICS:
            if answers:
                yield {
                    "app": "null_queries",
                    "kind": kind,
                    "system": self.name,
                    "model": self._model(run),
                    "task": "korquad",
                    "metric": metric,
                    **asdict(score(answers, metric, run.options.seed)),
                    "baseline": score(base, metric).value if base else None,
                    "queries": len(answers),
                }


def baseline_of(system: str) -> str:
    """Returns the rival that a system is without its model."""
    return "rules" if system == "candidates" else "nothing"


def _once(make: Callable[[], Any]) -> Callable[[], Any]:
    made: list[Any] = []

    def get() -> Any:
        if not made:
            made.append(make())
        return made[0]

    return get


def examples(pairs: Sequence[queries.Broken], count: int) -> list[queries.Broken]:
    """Returns the first pairs, the kinds in turn, each of another query where that is possible."""
    kinds: dict[str, list[queries.Broken]] = {}
    for pair in pairs:
        kinds.setdefault(pair.kind, []).append(pair)
    chosen: list[queries.Broken] = []
    while len(chosen) < count and any(kinds.values()):
        for some in kinds.values():
            shown = {pair.query.text for pair in chosen}
            fresh = next((pair for pair in some if pair.query.text not in shown), None)
            if fresh or some:
                chosen.append(fresh or some[0])
                some.remove(chosen[-1])
    return chosen[:count]


def edits(first: str, second: str) -> int:
    """Returns the least number of characters to insert, drop or replace between two texts (Levenshtein)."""
    row = list(range(len(second) + 1))
    for number, letter in enumerate(first, 1):
        before, row[0] = row[0], number
        for at, other in enumerate(second, 1):
            least = min(row[at] + 1, row[at - 1] + 1, before + (letter != other))
            before, row[at] = row[at], least
    return row[-1]


def statistics(answers: Sequence[Row], metric: str) -> np.ndarray:
    """Returns float64[n, 2]: what a metric counts in each answer, and out of how many."""
    counts: Mapping[str, Callable[[Row], tuple[float, float]]] = {
        "exact": lambda row: (row["rewritten"] == row["query"], 1),
        "cer": lambda row: (edits(row["query"], row["rewritten"]), len(row["query"])),
        "restored": lambda row: (row["found"], 1),
        "spoilt": lambda row: (not row["found"], 1),
    }
    return np.array([counts[metric](row) for row in answers], np.float64)


def _percent(total: np.ndarray) -> float:
    return 100 * float(total[0] / total[1])


def score(answers: Sequence[Row], metric: str, seed: int = 0) -> Interval:
    """Returns a metric in per cent with its interval over queries."""
    most = np.inf if metric == "cer" else 100.0
    return interval([statistics(answers, metric)], _percent, bounds=(0.0, most), seed=seed)


def notes(run: TableRun, sets: QuerySets) -> list[str]:
    """Returns how to read the rows, what the breakers did, and who wins where."""
    drawn = ", ".join(
        f"{kind} {total - harm:,} of {total:,}" for kind, (harm, total) in sets.drawn.items()
    )
    few = [
        f"{kind} {len(some):,}"
        for kind, some in sets.test.items()
        if len(some) < len(sets.test["healthy"])
    ]
    return [
        f"{sets.counts['pages']:,} pages; a page must hold all content morphemes of a query; "
        f"{sets.counts['training queries']:,} training queries of other articles than the "
        f"{len(sets.test['healthy']):,} that are tested",
        "exact, cer (character error rate), restored (finds its passage again), spoilt (a healthy query no longer does): per "
        "cent with a 95% interval (bootstrap over queries); baseline: the query as it was typed, for candidates the rules",
        f"draws that did no harm and were drawn again: {drawn}"
        + (f"; queries of which no draw did harm are left out ({', '.join(few)})" if few else ""),
        "rules and candidates rewrite only what finds nothing, to what finds something, and so spoil nothing: rules takes the "
        "first of the candidates, without a model, candidates the likeliest by the model; the others do not ask the engine",
        *winners(run.found.get("answers", {}), run.options.seed),
        *claims(run.found.get("answers", {}), run.options.seed),
    ]


Answers = Mapping[tuple[str, str, str], Sequence[Row]]  # model, system, kind -> answers


def winners(answers: Answers, seed: int = 0) -> list[str]:
    """Returns for each model and kind the rewriter and the rival that restore most, and which of the two wins.

    The two are compared by the difference over the same queries, with a 95% interval.
    """
    found = []
    for model in dict.fromkeys(model for model, _, _ in answers if model):
        for kind in dict.fromkeys(kind for _, _, kind in answers if kind != "healthy"):
            own = _strongest(answers, model, REWRITERS, kind)
            rival = _strongest(answers, "", RIVALS, kind)
            if not own or not rival:
                continue
            compared = Comparison(_percent, seed=seed)
            for name, some in ((own, answers[model, own, kind]), (rival, answers["", rival, kind])):
                compared.add(name, [row["query"] for row in some], statistics(some, "restored"))
            gap = compared.difference(own, rival)
            winner = own if gap.low > 0 else rival if gap.high < 0 else ""
            ((_, sentence),) = compared.verdicts((own, rival))
            verdict = f"{winner} wins" if winner else "cannot tell"
            found.append(f"{model} {kind}: {verdict}: {sentence}")
    return found


def claims(answers: Answers, seed: int = 0) -> list[str]:
    """Returns what is claimed of rewriting, with its verdict for each model: over all kinds of damage of the same queries.

    A query under several kinds of damage is one draw.
    """
    found = []
    for model in dict.fromkeys(model for model, _, _ in answers if model):
        for first, second, claim in CLAIMS:
            keys = [(model, first), ("" if second in RIVALS else model, second)]
            kinds = [
                kind
                for name, system, kind in answers
                if (name, system) == keys[0] and kind != "healthy" and (*keys[1], kind) in answers
            ]
            if any(answers[*keys[0], kind] for kind in kinds):
                rows = [
                    [row for kind in kinds for row in answers[name, system, kind]]
                    for name, system in keys
                ]
                both = [
                    [[sum_units(statistics(some, "restored"), [row["query"] for row in some])]]
                    for some in rows
                ]
                found.append(judged(f"{model}: {claim}", difference(*both, _percent, seed)))
    return found


def _strongest(answers: Answers, model: str, systems: Sequence[str], kind: str) -> str:
    scores = {
        system: np.mean([row["found"] for row in answers[model, system, kind]])
        for system in systems
        if answers.get((model, system, kind))
    }
    return max(scores, key=scores.__getitem__) if scores else ""


def draw(run: TableRun, path: Path) -> None:
    """Draws what each system restores by kind, and what it spoils."""
    kinds = list(dict.fromkeys(row["kind"] for row in run.rows))
    names = list(dict.fromkeys((row["model"], row["system"]) for row in run.rows))
    with panels(path, size=(2 + 1.8 * len(kinds), 4)) as (axes,):
        shown = [row for row in run.rows if row["metric"] in ("restored", "spoilt")]
        series = {
            f"{model} {system}".strip(): [
                row for row in shown if (row["model"], row["system"]) == (model, system)
            ]
            for model, system in names
        }
        groups = [f"{kind}\n(spoilt)" if kind == "healthy" else kind for kind in kinds]
        draw_bars(axes, groups, series)
        axes.set(ylabel="restored, %")
        legend(axes)
