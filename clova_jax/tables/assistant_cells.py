"""Computes the rows of the assistant: encoder, choice of the responder, FAQ, rewriting, states, speech levels, and whole talks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from clova_jax.apps import assistant as app
from clova_jax.apps import augmentation, dialogues
from clova_jax.common.stop import Stopped
from clova_jax.evaluate import Prediction, Records, bleu, character_f1, digest, interval, sum_units
from clova_jax.inference import Model
from clova_jax.language_model import LanguageModel
from clova_jax.retrieve import Index, train_encoder
from clova_jax.tables.assistant_sets import AssistantSets
from clova_jax.tables.table import Row, TableRun

BLEU = bleu("ko-mecab")
VECTORS = ("untrained", "encoder")
KINDS = ("encoder", "choice", "faq", "rewriting", "state", "style", "talk")
TURNS = 6  # of a talk: two requests, two questions, two remarks
STYLED = 40  # remarks that are answered in each speech level
Answered = list[Row]  # a row an item: what was asked, what came of it, and `scores`


@dataclass(frozen=True)
class Part:
    """Computes the rows of one kind for one system.

    Args:
        sets: the data.
        kind: one of `KINDS`.
        system: what is measured.
    """

    sets: AssistantSets
    kind: str
    system: str

    @property
    def asks_model(self) -> bool:
        """Returns whether the system asks the model; what does not is computed once."""
        return self.system not in ("bigrams", "morphemes", "ngrams", "none", "match", "linear") or (
            self.kind == "rewriting"
        )

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; what was answered before is read back."""
        if run.stop.requested:
            raise Stopped(run.stop.requested)
        if not self.asks_model and run.model_name not in run.inputs.names[:1]:
            return []
        model = run.model_name if self.asks_model else ""
        answered = self._answered(run, model)
        run.found.setdefault("answered", {})[model, self.kind, self.system] = answered
        return [self._row(run, model, metric, answered) for metric in metrics_of(answered)]

    def _answered(self, run: TableRun, model: str) -> Answered:
        if "records" not in run.found:
            run.found["records"] = Records(run.out)
        records = run.found["records"]
        settings = {"seed": run.options.seed, "data": self.sets.digest, "limit": run.options.limit}
        if self.asks_model:
            settings |= {"weights": run.model.fingerprint, "shots": run.options.shots}
            settings |= {name: getattr(run.options, name) for name in ("steps", "batch")}
        if self.kind == "encoder":
            settings["tested"] = digest([text for some in self.sets.groups[1] for text in some])
        if self.kind == "talk":
            settings["talks"] = run.options.talks
        key = (f"{model} {self.system}".strip(), self.kind, 0, 0)
        kept = records.find(key, settings)
        if kept is None:
            about = {"app": "assistant", "kind": self.kind, "system": self.system, "model": model}
            rows = [about | row for row in _COMPUTE[self.kind](self, run)]
            records.add(key, settings, {}, rows)
            kept = {}, rows
        return list(kept[1])

    def _row(self, run: TableRun, model: str, metric: str, answered: Answered) -> Row:
        statistics, finish, most = scored(answered, metric)
        found = interval([statistics], finish, bounds=(0.0, most), seed=run.options.seed)
        if metric == "bleu":
            copies = [Prediction(row["asked"], (row["gold"],)) for row in answered]
            baseline = BLEU(copies)
        else:
            baseline = baseline_of(answered, metric)
        return {
            "app": "assistant",
            "kind": self.kind,
            "system": self.system,
            "model": model,
            "metric": metric,
            **asdict(found),
            "baseline": baseline,
            "items": sum(metric in row["scores"] for row in answered),
        }


def metrics_of(answered: Answered) -> list[str]:
    """Returns the metrics of what was answered, in order."""
    return list(dict.fromkeys(name for row in answered for name in row["scores"]))


def baseline_of(answered: Answered, metric: str) -> float | None:
    """Returns the baseline of a metric in per cent, counted over the same parts of items as the score; None where it has none."""
    rows = [row for row in answered if metric in row["baseline"]]
    if not rows:
        return None
    shares = [row["baseline"][metric] for row in rows]
    return 100 * float(np.average(shares, weights=[row["scores"][metric][1] for row in rows]))


def scored(
    answered: Answered, metric: str
) -> tuple[np.ndarray, Callable[[np.ndarray], float], float]:
    """Returns a metric's statistics, what makes a score of their sum, and its bound.

    They have a row an item that has the metric; texts of a group count together, and so do turns of a talk where there
    are several talks.
    """
    rows = [row for row in answered if metric in row["scores"]]
    if metric == "bleu":
        written = [Prediction(row["written"], (row["gold"],)) for row in rows]
        return BLEU.statistics(written), BLEU.finish, 100.0
    statistics = np.array([row["scores"][metric] for row in rows], np.float64)
    units = [row.get("group", row.get("talk", f"item {n}")) for n, row in enumerate(rows)]
    if len(set(units)) > 1:
        statistics = sum_units(statistics, units)
    return statistics, _percent, 100.0


def _percent(total: np.ndarray) -> float:
    return 100 * float(total[0] / total[1])


def encoder_of(run: TableRun, sets: AssistantSets) -> Model:
    """Returns the encoder of the model that is loaded: trained now, or read from `out/encoder`."""
    options, key = run.options, ("encoder", run.model_name)
    if key not in run.found:
        named = [run.model.fingerprint, *map(str, (options.steps, options.batch, options.seed))]
        folder = run.out / "encoder" / digest([*named, sets.digest])
        if not (folder / "config.json").exists():
            trained = train_encoder(
                run.model,
                sets.groups[0],
                steps=options.steps,
                batch=options.batch,
                seed=options.seed,
                stop=run.stop,
            )
            trained.save(folder)
        run.found[key] = LanguageModel.load(folder, mesh=run.model.mesh)
    return run.found[key]


def tracker_of(run: TableRun, sets: AssistantSets) -> app.StateTracker:
    """Returns the tracker of the reservations, one for all cells."""
    data = sets.reservations
    assert data is not None
    if "tracker" not in run.found:
        run.found["tracker"] = app.StateTracker(data.train, data.ontology)
    return run.found["tracker"]


def search_of(system: str, run: TableRun, sets: AssistantSets) -> dict[str, Any]:
    """Returns the arguments of an index for a system: BM25 by its features, a model's vectors, or both joined by +."""
    names = system.split("+")
    by = ["vectors" if name in VECTORS else name for name in names]
    model = encoder_of(run, sets) if "encoder" in names else run.model
    return {"by": by, "model": model if "vectors" in by else None}


def _encoder(part: Part, run: TableRun) -> Answered:
    """Looks for the other texts of each held-out group among the texts of all held-out groups."""
    groups = part.sets.groups[1]
    texts = [text for group in groups for text in group]
    owner = [number for number, group in enumerate(groups) for _ in group]
    index = Index.build(texts, **search_of(part.system, run, part.sets))
    rows = []
    for number in range(len(texts)):
        others = len(groups[owner[number]]) - 1
        hits = [hit.index for hit in index.search(texts[number], others + 1)]
        near = [other for other in hits if other != number][:others]
        right = [owner[other] == owner[number] for other in near]
        chance = others / (len(texts) - 1)
        rows.append(
            {
                "asked": texts[number],
                "group": owner[number],
                "found": [texts[other] for other in near],
                "scores": {"R@1": [sum(right[:1]), 1], "group found": [sum(right), others]},
                "baseline": {"R@1": chance, "group found": chance},
            }
        )
    return rows


def _choice(part: Part, run: TableRun) -> Answered:
    """Chooses the responder of each test turn."""
    known = {kind: [one.said for one in split.train] for kind, split in part.sets.kinds.items()}
    test = [(kind, one) for kind, split in part.sets.kinds.items() for one in split.test]
    said = [one.said for _, one in test]
    if part.system == "ngrams":
        labels = [kind for kind, some in known.items() for _ in some]
        chosen = augmentation.LinearClassifier(
            [t for some in known.values() for t in some], labels
        ).predict(said)
    else:
        selector = app.Selector(known, **search_of(part.system, run, part.sets))
        chosen = [selector.ranked(text)[0] for text in said]
    most = max(sum(kind == name for kind, _ in test) for name in known) / len(test)
    return [
        {"asked": one.said, "gold": kind, "written": found}
        | {"scores": {"accuracy": [found == kind, 1]}, "baseline": {"accuracy": most}}
        for (kind, one), found in zip(test, chosen, strict=True)
    ]


def _faq(part: Part, run: TableRun) -> Answered:
    """Finds the pair of another wording of its question."""
    split = part.sets.faq
    search = search_of(part.system, run, part.sets)
    index = Index.build([one.said for one in split.train], **search)
    answers = [one.answers[0] for one in split.train]
    common = max(set(answers), key=answers.count)
    rows = []
    for one in split.test:
        hits = index.search(one.said, 1)
        found = answers[hits[0].index] if hits else ""
        rows.append(
            {"asked": one.said, "gold": one.answers[0], "written": found}
            | {"scores": {"R@1": [found == one.answers[0], 1]}}
            | {"baseline": {"R@1": float(common == one.answers[0])}}
        )
    return rows


def _rewriting(part: Part, run: TableRun) -> Answered:
    """Rewrites follow-ups after examples chosen by the system."""
    train, test = part.sets.follow_ups
    encoder = encoder_of(run, part.sets) if part.system == "encoder" else None
    rewriter = app.Rewriter(
        run.model, train, part.system, encoder, run.options.shots, run.options.seed
    )
    return [
        {"turns": list(one.turns), "asked": one.text, "gold": one.rewrite, "written": written}
        | {"scores": {"bleu": [], "exact": [written == one.rewrite, 1]}}
        | {"baseline": {"exact": float(one.text == one.rewrite)}}
        for one, written in zip(test, rewriter.rewrite(test), strict=True)
    ]


def _state(part: Part, run: TableRun) -> Answered:
    """Tracks the states of the dev dialogues; one of several domains counts as all others do."""
    data = part.sets.reservations
    assert data is not None
    test = part.sets.drawn(data.dev, part.sets.limit, "reservations")
    turns = [one.turns for one in test]
    tracker = tracker_of(run, part.sets)
    if part.system == "linear":
        states = tracker.track(turns)
    elif part.system == "match":
        named = [tracker.domain(some) for some in turns]
        values = {
            name: {f"{name}-{slot}": own for slot, own in slots.items()}
            for name, slots in data.ontology.items()
        }
        states = [
            dialogues.match_values([some], values[name])[0]
            for some, name in zip(turns, named, strict=True)
        ]
    else:
        states = [[{} for turn in some if turn.role == "user"] for some in turns]
    rows = []
    for one, found in zip(test, states, strict=True):
        gold = [dict(turn.state or {}) for turn in one.turns if turn.role == "user"]
        right = sum(dict(state) == own for state, own in zip(found, gold, strict=True))
        rows.append(
            {"asked": one.id, "gold": gold, "written": found}
            | {"scores": {"joint goal accuracy": [right, len(gold)]}}
            | {"baseline": {"joint goal accuracy": sum(not own for own in gold) / len(gold)}}
        )
    return rows


def _responder(run: TableRun, sets: AssistantSets, kind: str, encoder: Model) -> app.Responder:
    pairs = [(one.said, one.answers[0]) for one in sets.kinds[kind].train]
    passages = Index.build(sets.passages) if kind == "qa" else None
    by: dict[str, Any] = {"by": ("vectors",), "model": encoder}
    return app.Responder(kind, pairs, passages=passages, shots=run.options.shots, **by)


def _style(part: Part, run: TableRun) -> Answered:
    """Answers remarks in each speech level: not asked for, by examples in it, or by an instruction too."""
    sets = part.sets
    responder = _responder(run, sets, "talk", encoder_of(run, sets))
    kinds = {"talk": [said for said, _ in responder.pairs]}
    remarks = [one.said for one in sets.kinds["talk"].test[:STYLED]]
    of_pool = [app.speech_level(answer) for _, answer in responder.pairs]
    assistant = app.Assistant(run.model, [responder], app.Selector(kinds))
    room = run.model.config.max_length - assistant.max_tokens
    rows: Answered = []
    for level in app.LEVELS:
        asked = {"level": "" if part.system == "plain" else level}
        asked["instructed"] = part.system == "instruction"
        count = lambda text: len(run.model.tokenizer.encode(text))  # noqa: E731
        prompts = [responder.prompt(text, (), room, count, **asked) for text in remarks]
        share = of_pool.count(level) / len(of_pool)
        for text, answer in zip(remarks, assistant.write(prompts, run.options.seed), strict=True):
            found = app.speech_level(answer)
            rows.append(
                {"asked": text, "level": level, "written": answer}
                | {"scores": {level: [found == level, 1]}, "baseline": {level: share}}
            )
    return rows


def _talk(part: Part, run: TableRun) -> Answered:
    """Holds talks with the whole app: a turn of each kind in turn, follow-ups rewritten, states tracked."""
    sets = part.sets
    encoder = encoder_of(run, sets)
    known = {kind: [one.said for one in split.train] for kind, split in sets.kinds.items()}
    assistant = app.Assistant(
        run.model,
        [_responder(run, sets, kind, encoder) for kind in app.KINDS],
        app.Selector(known, **search_of("encoder", run, sets)),
        rewriter=app.Rewriter(run.model, sets.follow_ups[0], "encoder", encoder),
        tracker=tracker_of(run, sets) if sets.reservations else None,
    )
    questions = [one.answers[0] for one in sets.kinds["qa"].train]
    common = max(set(questions), key=questions.count)
    rows: Answered = []
    for number in range(run.options.talks):
        session = app.Session(run.options.seed + number)
        for turn in range(TURNS):
            kind = app.KINDS[turn % len(app.KINDS)]
            test = sets.kinds[kind].test
            one = test[(number * TURNS + turn) // len(app.KINDS) % len(test)]
            if run.stop.requested:
                raise Stopped(run.stop.requested)
            reply = assistant.reply(session, one.said)
            scores: Mapping[str, list[float]] = {
                "responder": [reply.kind == kind, 1],
                "answered": [bool(reply.answer), 1],
            }
            baseline = {"responder": 1 / len(app.KINDS), "answered": 0.0}
            if kind == "qa":
                scores = {**scores, "answer f1": [_f1(reply.answer, one.answers), 1]}
                baseline["answer f1"] = _f1(common, one.answers)
            rows.append(
                {"talk": number, "turn": turn, "asked": one.said, "gold": kind}
                | {"answers": list(one.answers), "chosen": reply.kind, "written": reply.answer}
                | {"candidates": {c.kind: c.text for c in reply.candidates}, "whole": reply.whole}
                | {"state": dict(session.state), "scores": scores, "baseline": baseline}
            )
    return rows


def _f1(answer: str, gold: Sequence[str]) -> float:
    return character_f1([Prediction(answer, tuple(gold))]) / 100


_COMPUTE: Mapping[str, Callable[[Part, TableRun], Answered]] = {
    "encoder": _encoder,
    "choice": _choice,
    "faq": _faq,
    "rewriting": _rewriting,
    "state": _state,
    "style": _style,
    "talk": _talk,
}
SYSTEMS: Mapping[str, Sequence[str]] = {
    "encoder": ("bigrams", "morphemes", "untrained", "encoder"),
    "choice": ("ngrams", "bigrams", "untrained", "encoder", "bigrams+encoder"),
    "faq": ("bigrams", "morphemes", "untrained", "encoder"),
    "rewriting": app.CHOOSERS,
    "state": ("none", "match", "linear"),
    "style": ("plain", "examples", "instruction"),
    "talk": ("assistant",),
}
