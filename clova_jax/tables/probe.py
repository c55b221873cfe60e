"""Probes a frozen model: logistic regression on its hidden states tells what it knows from what a prompt can ask."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Item
from clova_jax.retrieve import text_states
from clova_jax.tables.tuned import Answers, SeedRun, TunedCell
from clova_jax.tuning import TuneOptions, split

STRENGTHS = (0.001, 0.01, 0.1, 1.0)  # inverse penalties
UNSEEN = float(np.log(np.finfo(np.float64).tiny))  # of a label that no example has


def probe_cell(examples: int | None) -> TunedCell:
    """Makes the cell of a probe that learns from so many examples; None takes the complete pool."""
    config = f"last hidden states: mean and last token, {STRENGTHS}"
    return TunedCell("probe", "", config, TuneOptions(), examples, run=_fit)


def _fit(run: SeedRun) -> Answers:
    """Fits on the examples that a tuning run of this seed draws, and answers the items.

    Raises:
        ClovaError: the examples have one label only.
    """
    begin = time.perf_counter()
    train, dev = split(run.draw(), run.seed)

    def states(some: Sequence[Item]) -> np.ndarray:
        return np.concatenate(text_states(run.model, [item.text for item in some]), axis=1)

    def golds(some: Sequence[Item]) -> list[str]:
        return [item.answers[0] for item in some]

    if len(set(golds(train))) < 2:
        raise ClovaError(
            f"{run.task.name}: the {len(train)} examples that the probe learns from with seed {run.seed} all have the label "
            f"{golds(train)[0]!r}; give more --examples, or another --seed"
        )
    learned, held = states(train), states(dev)
    best: Any = None
    for number, strength in enumerate(STRENGTHS):
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2_000))
        probe.fit(learned, golds(train))
        if best is None or probe.score(held, golds(dev)) > best[0]:
            best = probe.score(held, golds(dev)), number, probe
    _, number, probe = best
    shares = probe.predict_log_proba(states(run.items))
    seen = [str(gold) for gold in probe.classes_]
    rows = [
        {"id": item.id, "prediction": seen[row.argmax()]}
        | {"answers": list(item.answers), "logprobs": _of_labels(run.task.labels or {}, seen, row)}
        for item, row in zip(run.items, shares, strict=True)
    ]
    summary = {"trained": learned.shape[1] + 1, "best_step": number, "steps": len(STRENGTHS)}
    seconds = round(time.perf_counter() - begin, 3)
    return summary | {"dev_loss": 0.0, "notes": [], "seconds": seconds}, rows


def _of_labels(labels: Iterable[str], seen: Sequence[str], row: np.ndarray) -> list[float]:
    """Returns the log-probability of each label of the task; the examples need not have all of them."""
    known = dict(zip(seen, row, strict=True))
    return [round(float(known.get(label, UNSEEN)), 6) for label in labels]
