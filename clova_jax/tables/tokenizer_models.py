"""Makes what a comparison of tokenizers needs: text, tokenizers of equal size, a model for each and seed, and a judge.

All models have the same shape and make the same steps, so with equal vocabularies they cost the same. The judge, a
model with a byte-level tokenizer of its own, reads the other half of the documents.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from statistics import median
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import write_jsonl
from clova_jax.common.options import as_json
from clova_jax.common.run_folder import begin_run
from clova_jax.config import ModelConfig
from clova_jax.corpus import (
    Document,
    digest_inputs,
    document_files,
    read_documents,
    sample_documents,
)
from clova_jax.data import TokenStore, serialize
from clova_jax.evaluate import Item, load_task
from clova_jax.tables.options import Inputs
from clova_jax.tables.tokenizers import split, train_once
from clova_jax.tables.trained import Training, train_models
from clova_jax.tables.trainings import read_metrics
from clova_jax.train import PretrainOptions

JUDGE = "judge"
CONTENDERS = "contenders"
RARE = "젝"  # as in 프로젝트: what the paper's character-level BPE could not write
# Of the table's options, those that fix text and models; the others may change from one call to the next.
FIXED = (
    *("vocab_size", "megabytes", "kilobytes", "passages", "seed"),
    *("layers", "width", "heads", "length", "steps", "global_batch", "learning_rate"),
)


def make_models(options: Any, data: Path) -> Inputs:
    """Writes the text, trains tokenizers and models that are missing, and returns the models, the judge last.

    Args:
        options: those of `experiments/tokenizer_ablation.py`.
        data: a folder laid out like the official data.

    Raises:
        ClovaError: `options.out` holds another comparison, or models of another tokenizer; vocabularies that come
            out unequal.
        Stopped: a signal stopped a training.
    """
    begin_run(options.out, _identity(options, data))
    folder = options.out / "text"
    write_halves(data, folder, options.megabytes, options.seed, {i.text for i in rare(data)})
    trainings = []
    for kind in options.tokenizers:
        trainings += _trainings(options, kind, kind, folder / CONTENDERS, range(options.seeds))
    trainings += _trainings(options, JUDGE, "byte", folder / JUDGE, range(1))
    sizes = {training.name: training.config.vocab_size for training in trainings}
    if len(set(sizes.values())) > 1:
        raise ClovaError(
            f"--vocab-size: asked for {options.vocab_size:,} ids, the text gives {sizes}; only equal "
            "vocabularies are compared: ask for fewer ids, or take more --megabytes"
        )
    names = [training.name for training in trainings]
    return Inputs(data, train_models(trainings), names)


def _identity(options: Any, data: Path) -> dict[str, Any]:
    values = as_json(options)
    return {name: values[name] for name in FIXED} | {
        "documents": digest_inputs(document_files(data))
    }


def rare(data: Path) -> list[Item]:
    """Returns the headlines of both YNAT files that hold `RARE`: all are asked, none is learned from."""
    task = load_task("ynat")
    if not task.present(data):
        return []
    loaded = task.load(data)
    return [item for item in (*loaded.items, *loaded.pool) if RARE in item.text]


def write_halves(
    data: Path, out: Path, megabytes: float, seed: int, without: Set[str] = frozenset()
) -> None:
    """Writes two disjoint halves of the documents that are not held out; does nothing where they are written.

    Args:
        data: a corpus folder.
        out: gets `contenders/` and `judge/`, a file a source.
        megabytes: of each source in each half, at most; a random choice.
        seed: of all that is drawn.
        without: texts of documents to leave out.
    """
    done = out / "done"
    if done.exists():
        return

    def halves() -> Iterator[tuple[str, Document]]:
        for document, held in split(read_documents(data), seed):
            if document.text and not held and document.text.strip() not in without:
                first = any(sample_documents([document], 0.5, seed + 2))
                yield (CONTENDERS if first else JUDGE), document

    sizes = Counter[tuple[str, str]]()
    for half, document in halves():
        sizes[half, document.source] += len(document.text.encode())
    kept: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for half, document in halves():
        share = min(1.0, megabytes * 1e6 / sizes[half, document.source])
        if any(sample_documents([document], share, seed + 3)):
            row = {"id": document.id, "text": document.text, "source": document.source}
            kept[half, document.source].append(row)
    for number, ((half, _), rows) in enumerate(sorted(kept.items())):
        write_jsonl(out / half / f"{number:02d}.jsonl.zst", rows)
    done.touch()


def _trainings(
    options: Any, name: str, kind: str, text: Path, seeds: Sequence[int]
) -> list[Training]:
    """Trains the tokenizer and serializes the text, where that is not done; returns a training for each seed."""
    folder, models = options.out / "tokenizers" / name, options.out / "models" / name
    texts = (document.text for document in read_documents(text))
    data = digest_inputs(document_files(text))
    tokenizer = train_once(folder, texts, kind, options.vocab_size, f"tokenizer {name}", data)
    models.mkdir(parents=True, exist_ok=True)
    begin_run(models, {"tokenizer": tokenizer.fingerprint})
    store = options.out / "tokens" / name
    serialize(text, tokenizer, store, validation=0.0)  # other documents are held out
    config = ModelConfig(
        options.layers, options.width, options.heads, tokenizer.vocab_size, options.length
    )
    return [
        Training(
            f"{name} {seed}" if name != JUDGE else JUDGE,
            PretrainOptions(
                data=str(store),
                tokenizer=folder,
                steps=options.steps,
                global_batch=options.global_batch,
                length=options.length,
                learning_rate=options.learning_rate,
                packing="segments",  # a document is scored alone too
                validate_every=0,
                keep_last=1,
                seed=options.seed + seed,
                out=models / str(seed),
            ),
            config,
        )
        for seed in seeds
    ]


def training_figures(options: Any, name: str, seed: int) -> dict[str, float]:
    """Returns what a model's training took and read: seconds at its median pace, tokens, megabytes of text, epochs."""
    steps = [
        row for row in read_metrics(options.out / "models" / name / str(seed)) if "loss" in row
    ]
    pace = median(row["tokens_per_second"] for row in steps)
    tokens = options.steps * options.global_batch * options.length
    text = TokenStore.open(options.out / "tokens" / name).count("train")
    return {
        "seconds": tokens / pace,
        "million tokens": tokens / 1e6,
        "MB of text": tokens * text.bytes / text.tokens / 1e6,
        "epochs": tokens / text.tokens,
        "bytes a context": options.length * text.bytes / text.tokens,
    }
