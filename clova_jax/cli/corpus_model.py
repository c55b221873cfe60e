"""Implements `clova corpus-model`: trains the models that `clova corpus` judges by."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from clova_jax import corpus
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_jsonl, write_json
from clova_jax.common.progress import progress
from clova_jax.common.report import format_table


@dataclass(frozen=True)
class Options:
    """Trains a model of the corpus pipeline.

    quality: JSON Lines of `text` and `label` (true: of encyclopedia quality, false: crawled).
    core_region: JSON Lines of `html` and `text` (the core of the page).
    toxicity: the folder that holds korean-hate-speech/ and korean_unsmile_dataset/.
    tiers: documents whose meta tells of links, trust or popularity. Sources of known tier are the examples; what
    the others get is written beside the model, as a registry for `clova corpus --sources`.
    """

    kind: Literal["quality", "core_region", "toxicity", "tiers"]
    """which model: quality, core_region, toxicity or tiers"""
    data: Path
    """labelled JSON Lines, the folder of the toxicity sets, or for tiers a folder of documents"""
    out: Path
    """the model's file: .json, or .safetensors for toxicity"""
    sources: Path | None = None
    """for tiers: JSON registry of sources whose tiers are known, beside ours"""


def run(options: Options) -> None:
    """Trains, saves and says how well the model does."""
    if options.kind == "toxicity":
        model = corpus.train_toxicity(options.data)
        model.save(options.out)
        for row in corpus.toxicity_scores(options.data, model):
            print(f"{row['set']}: F1 {row['f1']:.1f}, macro F1 {row['macro_f1']:.1f}")
    elif options.kind == "tiers":
        _tiers(options)
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


def _tiers(options: Options) -> None:
    """Trains, writes the model and the registry of learned tiers, and prints what is known of both."""
    registry = corpus.read_sources(options.sources)
    sources = corpus.describe_sources(options.data)
    model = corpus.train_tiers(sources, registry, options.data.name)
    model.save(options.out)
    learned = corpus.learned_sources(model, sources, registry)
    target = options.out.with_suffix(".sources.json")
    write_json(target, {name: asdict(source) for name, source in learned.items()})
    about = model.trained
    rows = [
        {
            "field": name,
            **{f"weight for tier {tier}": w[number] for tier, w in model.weights.items()},
            "sources without": about["sources_without"][name],
            "documents without": about["documents_without"][name],
        }
        for number, name in enumerate(corpus.FEATURES)
    ]
    print(format_table(rows))
    print(
        f"\nheld out one by one, {about['held_out_right']} of {about['known_sources']} known sources get their tier "
        f"({about['held_out_percent']:.1f}%; the most common tier: {about['most_common_tier_percent']:.1f}%)"
    )
    rest = about["sources"] - len(learned.keys() & sources.keys())
    print(
        f"{target}: {len(learned.keys() - registry.keys())} tiers learned of {about['sources']} sources"
    )
    if rest:
        print(
            f"{rest} sources keep the tier that their names say: known to us, or without any field"
        )


def _rows(path: Path, first: str, second: str):
    for number, row in progress(read_jsonl(path), desc=f"read {path.name}", unit=" rows"):
        if first not in row or second not in row:
            raise ClovaError(f"{path}:{number}: expected {first!r} and {second!r}")
        yield row[first], row[second]
