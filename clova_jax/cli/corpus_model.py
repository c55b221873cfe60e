"""Implements `clova corpus-model`: trains the models that `clova corpus` judges by."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clova_jax import corpus
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_jsonl
from clova_jax.common.progress import progress


@dataclass(frozen=True)
class Options:
    """Trains a model of the corpus pipeline.

    quality: JSON Lines of `text` and `label` (true: of encyclopedia quality, false: crawled).
    core_region: JSON Lines of `html` and `text` (the core of the page).
    toxicity: the folder that holds korean-hate-speech/ and korean_unsmile_dataset/.
    """

    kind: Literal["quality", "core_region", "toxicity"]
    """which model: quality, core_region or toxicity"""
    data: Path
    """labelled JSON Lines, or the folder of the toxicity sets"""
    out: Path
    """the model's file: .json, or .safetensors for toxicity"""


def run(options: Options) -> None:
    """Trains, saves and says how well the model does."""
    if options.kind == "toxicity":
        model = corpus.train_toxicity(options.data)
        model.save(options.out)
        for row in corpus.toxicity_scores(options.data, model):
            print(f"{row['set']}: F1 {row['f1']:.1f}, macro F1 {row['macro_f1']:.1f}")
    elif options.kind == "quality":
        dense = corpus.train_quality(_rows(options.data, "text", "label"), options.data.name)
        dense.save(options.out)
        print(f"area under the ROC curve {dense.trained['roc_auc']:.4f} (5-fold cross-validation)")
    else:
        pages = list(_rows(options.data, "html", "text"))
        held = pages[::5]
        scores = corpus.core_scores(
            held, corpus.train_core_region([p for i, p in enumerate(pages) if i % 5])
        )
        corpus.train_core_region(pages, options.data.name).save(options.out)
        print(f"on every fifth page, held out: F1 {scores['f1']:.1f} of characters")
    print(options.out)


def _rows(path: Path, first: str, second: str):
    for number, row in progress(read_jsonl(path), desc=f"read {path.name}", unit=" rows"):
        if first not in row or second not in row:
            raise ClovaError(f"{path}:{number}: expected {first!r} and {second!r}")
        yield row[first], row[second]
