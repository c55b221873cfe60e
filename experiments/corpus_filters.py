"""How good are the corpus filters: privacy by type, toxicity, near duplicates, core regions, quality.

python -m experiments.corpus_filters --data DIR
"""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.command import as_json, main, option, seed_option
from clova_jax.common.files import read_json, write_json, write_jsonl
from clova_jax.common.report import Report, format_table
from clova_jax.common.run_folder import holds_out
from clova_jax.corpus.clean.linear_model import NgramModel
from clova_jax.corpus.clean.quality import is_long_enough, quality, train_quality
from clova_jax.corpus.clean.toxicity import train_toxicity
from clova_jax.corpus.dedup.pairs import near_duplicates
from clova_jax.corpus.dedup.signatures import BANDS, ROWS, signatures
from clova_jax.corpus.documents import read_documents
from clova_jax.corpus.read.core_region import core_scores, train_core_region
from clova_jax.corpus.sources import source_of
from clova_jax.corpus.trials.pages import LAYOUTS, pages
from clova_jax.corpus.trials.privacy_cases import positives
from clova_jax.corpus.trials.privacy_look_alikes import negatives
from clova_jax.corpus.trials.privacy_score import measure
from clova_jax.corpus.trials.toxicity_score import toxicity_scores
from clova_jax.labelled.safety import has_training_data

EDIT_RATES = (0.01, 0.05, 0.1, 0.2)
THRESHOLDS = (0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True)
class Options:
    """Measures every filter of the corpus pipeline on labelled, planted or generated cases.

    Without --data, near duplicates are planted in the sample world and toxicity is left out.
    """

    data: Path | None = option(None, "a folder with corpus/ and safety/", metavar="DIR")
    documents: int = option(2_000, "documents that near duplicates are planted for", least=1)
    seed: int = seed_option("of generated and planted cases")
    out: Path = option(Path("runs/corpus_filters"), "result folder", metavar="DIR")


@holds_out
def run(options: Options) -> None:
    """Runs the measurements that are not there yet and prints their tables."""
    data = options.data
    if data is None:
        from clova_jax.sample import write_sample

        data = write_sample(options.out / "sample", 1.0, options.seed)
    parts = {
        "privacy": lambda: _privacy(options),
        "near_duplicates": lambda: _near_duplicates(data, options),
        "core_region": lambda: _core_region(options),
        "quality": lambda: _quality(data),
        "toxicity": lambda: _toxicity(data / "safety", options.out),
    }
    rows: list[dict[str, Any]] = []
    for name, make in parts.items():
        path = options.out / f"{name}.json"
        if not path.is_file():
            write_json(path, make())
        found = read_json(path)
        if found:
            print(f"\n{name}\n\n{format_table(found)}")
        rows += [{"filter": name} | row for row in found]
    Report("corpus_filters", as_json(options), rows).write(options.out, show=False)


def _privacy(options: Options) -> list[dict[str, Any]]:
    rows = measure([*positives(5_000, options.seed), *negatives(20_000, options.seed + 1)])
    mistakes = [
        {"type": row["type"], "mistake": kind, "text": text}
        for row in rows
        for kind in ("missed", "false_alarms")
        for text in row.pop(kind)
    ]
    write_jsonl(options.out / "privacy_mistakes.jsonl", mistakes)
    return rows


def edited(text: str, rate: float, rng: random.Random) -> str:
    """The text with that share of its characters replaced, left out or doubled, a third each."""
    chars = list(text)
    pool = [char for char in text if not char.isspace()] or ["가"]
    for place in rng.sample(range(len(chars)), round(rate * len(chars))):
        kind = rng.randrange(3)
        chars[place] = (rng.choice(pool), "", chars[place] + rng.choice(pool))[kind]
    return "".join(chars)


def _near_duplicates(data: Path, options: Options) -> list[dict[str, Any]]:
    """Recall of planted copies by edit rate and threshold, and how many originals go for another."""
    rng = random.Random(options.seed)
    texts: list[str] = []
    for number, document in enumerate(read_documents(data)):
        if len(document.text) < 200:
            continue
        if len(texts) < options.documents:
            texts.append(document.text[:5_000])
        elif (place := rng.randrange(number + 1)) < options.documents:
            texts[place] = document.text[:5_000]
    rows = []
    for rate in EDIT_RATES:
        planted = [edited(text, rate, rng) for text in texts]
        rows_ = signatures([*texts, *planted]).minhashes
        banded = np.ascontiguousarray(rows_.reshape(-1, BANDS, ROWS).transpose(1, 0, 2))
        row: dict[str, Any] = {"edit_rate_percent": 100 * rate, "planted": len(texts)}
        for threshold in THRESHOLDS:
            gone = near_duplicates(banded, np.ones(2 * len(texts), bool), threshold)
            caught = sum(place >= len(texts) for place in gone)
            row[f"recall_at_{threshold}"] = 100 * caught / max(len(texts), 1)
            row[f"originals_gone_at_{threshold}"] = len(gone) - caught
        rows.append(row)
    return rows


def _quality(data: Path) -> list[dict[str, Any]]:
    """Area under the ROC curve, wiki documents against comments: the package's model, and one trained on these."""
    kinds: dict[str, str] = {}
    labelled = []
    for document in read_documents(data):
        kind = kinds.setdefault(document.source, source_of(document.source).kind)
        if kind in ("wiki", "comments") and is_long_enough(document.text):
            labelled.append((document.text, kind == "wiki"))
    high = sum(good for _, good in labelled)
    if not 5 <= high <= len(labelled) - 5:
        return []
    from sklearn.metrics import roc_auc_score

    values = [quality(text) for text, _ in labelled]
    return [
        {
            "wiki documents": high,
            "comments": len(labelled) - high,
            "roc_auc_of_the_package": 100 * roc_auc_score([good for _, good in labelled], values),
            "roc_auc_5_fold": 100 * train_quality(labelled).trained["roc_auc"],
        }
    ]


def _core_region(options: Options) -> list[dict[str, Any]]:
    """Blocks of generated pages, each layout held out of the training in turn."""
    rows = []
    for layout in LAYOUTS:
        others = tuple(name for name in LAYOUTS if name != layout)
        model = train_core_region(pages(600, options.seed + 1, others))
        rows.append(
            {"layout": layout} | core_scores(pages(200, options.seed + 2, (layout,)), model)
        )
    return rows


def _toxicity(safety: Path, out: Path) -> list[dict[str, Any]]:
    if not has_training_data(safety):
        return []
    path = out / "toxicity.safetensors"
    if not path.is_file():
        train_toxicity(safety).save(path)
    return toxicity_scores(safety, NgramModel.load(path))


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
