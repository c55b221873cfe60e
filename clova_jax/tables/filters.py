"""Measures the filters of the corpus pipeline on labelled, planted or generated cases."""

import random
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from clova_jax.common.files import write_jsonl
from clova_jax.corpus import (
    BANDS,
    LAYOUTS,
    ROWS,
    NgramModel,
    core_scores,
    is_long_enough,
    measure,
    negatives,
    pages,
    positives,
    quality,
    read_documents,
    signatures,
    source_of,
    toxicity_scores,
    train_core_region,
    train_quality,
    train_toxicity,
)
from clova_jax.corpus import near_duplicates as find_near_duplicates
from clova_jax.labelled import has_training_data
from clova_jax.tables.table import Row

EDIT_RATES = (0.01, 0.05, 0.1, 0.2)
THRESHOLDS = (0.5, 0.6, 0.7, 0.8)


def privacy(seed: int, mistakes_path: Path) -> list[Row]:
    """Scores the search for identifiers by type on generated cases; writes the mistakes to a file."""
    rows = measure([*positives(5_000, seed), *negatives(20_000, seed + 1)])
    mistakes = [
        {"type": row["type"], "mistake": kind, "text": text}
        for row in rows
        for kind in ("missed", "false_alarms")
        for text in row.pop(kind)
    ]
    write_jsonl(mistakes_path, mistakes)
    return rows


def edited(text: str, rate: float, rng: random.Random) -> str:
    """Returns the text with that share of its characters replaced, left out or doubled, a third each."""
    chars = list(text)
    pool = [char for char in text if not char.isspace()] or ["가"]
    for place in rng.sample(range(len(chars)), round(rate * len(chars))):
        kind = rng.randrange(3)
        chars[place] = (rng.choice(pool), "", chars[place] + rng.choice(pool))[kind]
    return "".join(chars)


def near_duplicates(data: Path, documents: int, seed: int) -> list[Row]:
    """Computes the recall of planted copies by edit rate and threshold, and counts originals that go for another."""
    rng = random.Random(seed)
    texts: list[str] = []
    for number, document in enumerate(read_documents(data)):
        if len(document.text) < 200:
            continue
        if len(texts) < documents:
            texts.append(document.text[:5_000])
        elif (place := rng.randrange(number + 1)) < documents:
            texts[place] = document.text[:5_000]
    rows = []
    for rate in EDIT_RATES:
        planted = [edited(text, rate, rng) for text in texts]
        hashes = signatures([*texts, *planted]).minhashes
        banded = np.ascontiguousarray(hashes.reshape(-1, BANDS, ROWS).transpose(1, 0, 2))
        row: Row = {"edit_rate_percent": 100 * rate, "planted": len(texts)}
        for threshold in THRESHOLDS:
            gone = find_near_duplicates(banded, np.ones(2 * len(texts), bool), threshold)
            caught = sum(place >= len(texts) for place in gone)
            row[f"recall_at_{threshold}"] = 100 * caught / max(len(texts), 1)
            row[f"originals_gone_at_{threshold}"] = len(gone) - caught
        rows.append(row)
    return rows


def quality_of_sources(data: Path) -> list[Row]:
    """Computes the area under the ROC curve, wiki documents against comments: the package's model, and one trained on these."""
    kinds: dict[str, str] = {}
    labelled = []
    for document in read_documents(data):
        kind = kinds.setdefault(document.source, source_of(document.source).kind)
        if kind in ("wiki", "comments") and is_long_enough(document.text):
            labelled.append((document.text, kind == "wiki"))
    high = sum(good for _, good in labelled)
    if not 5 <= high <= len(labelled) - 5:
        return []
    values = [quality(text) for text, _ in labelled]
    return [
        {
            "wiki documents": high,
            "comments": len(labelled) - high,
            "roc_auc_of_the_package": 100 * roc_auc_score([good for _, good in labelled], values),
            "roc_auc_5_fold": 100 * train_quality(labelled).trained["roc_auc"],
        }
    ]


def core_regions(seed: int) -> list[Row]:
    """Scores the core regions of generated pages, each layout held out of the training in turn."""
    rows = []
    for layout in LAYOUTS:
        others = tuple(name for name in LAYOUTS if name != layout)
        model = train_core_region(pages(600, seed + 1, others))
        rows.append({"layout": layout} | core_scores(pages(200, seed + 2, (layout,)), model))
    return rows


def toxicity(safety: Path, model_path: Path) -> list[Row]:
    """Trains a model of toxicity and scores it on the held-out parts of the official sets; no rows where these are missing.

    Args:
        safety: the folder of the sets.
        model_path: where the model is written; one of an earlier run may be of other data, and is replaced.
    """
    if not has_training_data(safety):
        return []
    train_toxicity(safety).save(model_path)
    return toxicity_scores(safety, NgramModel.load(model_path))
