"""The steps of the quickstart: text, tokenizer, training, few-shot accuracy, samples, plots."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clova_jax import SIZES, LanguageModel, load_tokenizer, train_tokenizer
from clova_jax.common.command import as_json
from clova_jax.common.errors import ClovaError
from clova_jax.common.plots import figure, legend
from clova_jax.common.report import Report, error_bars
from clova_jax.common.stop import StopSignals
from clova_jax.corpus.documents import read_documents
from clova_jax.corpus.sample import write_sample
from clova_jax.corpus.sampling import write_sample_of
from clova_jax.evaluate import Stopped, evaluate
from clova_jax.train.metrics import read_metrics
from clova_jax.train.options import PretrainOptions
from clova_jax.train.pretrain import pretrain

from .pretraining import plot_loss, show_continuations, validations

if TYPE_CHECKING:
    from .quickstart import Options

PAPER = [
    {"model": "HyperCLOVA 137M", "task": "nsmc", "metric": "accuracy", "shots": 70, "value": 73.11}
]
# What people write to each other counts for more here: that is where the sample's reviews are.
SAMPLE_WEIGHTS = ("comments=5", "cafe=5", "blog=6", "news=2", "kin=1", "wiki=1")
OPENINGS = ("이 영화는", "오늘은 친구와 함께", "질문:")


def whole_way(options: "Options") -> int:
    """Makes everything and returns the exit status."""
    out = options.out
    data, corpus = prepare(options)
    make_tokenizer(corpus, out / "tokenizer", SIZES[options.size].vocab_size)
    finished = pretrain(
        PretrainOptions(
            data=str(corpus),
            tokenizer=out / "tokenizer",
            size=options.size,
            steps=options.steps,
            global_batch=options.global_batch,
            length=options.length,
            mesh=options.mesh,
            seed=options.seed,
            packing="segments",  # a label is then learned from its own document's words
            weights=("natural",) if options.data else SAMPLE_WEIGHTS,
            validate_every=0,
            checkpoint_every=250,
            out=out,
        )
    )
    if not finished:
        return 130
    model = LanguageModel.load(out / "model")
    name = f"{options.size} ({model.config.num_params / 1e6:.1f}M)"
    with StopSignals() as stop:
        try:
            rows = [
                evaluate(
                    model,
                    "nsmc",
                    data,
                    shots=shots,
                    trials=options.trials if shots else 1,
                    limit=options.limit,
                    seed=options.seed,
                    out=out,
                    name=name,
                    stop=stop,
                )
                for shots in options.shots
            ]
        except Stopped as signal:
            print(f"{signal}: finished trials are kept; run the same command again to go on")
            return 130
    metrics = read_metrics(out / "metrics.jsonl")
    table = rows + validation_rows(metrics)
    columns = ["model", "task", "source", "metric", "shots", "value", "low", "high", "baseline"]
    Report("quickstart", as_json(options), table, PAPER, notes(options)).write(out, columns)
    plot(metrics, rows, out / "quickstart.png")
    show_continuations(model, OPENINGS, out / "continuations.md", options.seed)
    print(f"model: {out / 'model'}   plots: {out / 'quickstart.png'}   everything: {out}")
    return 0


def prepare(options: "Options") -> tuple[Path, Path]:
    """The folder with the labelled sets, and the folder with the text to train on."""
    say(f"text: {options.megabytes:g} MB of {options.data or 'the synthetic sample world'}")
    if options.data is None:
        data = write_sample(options.out / "sample", megabytes=options.megabytes, seed=options.seed)
        return data, data
    corpus = options.out / "documents"
    write_sample_of(options.data, corpus, options.megabytes, options.seed)
    return options.data, corpus


def make_tokenizer(corpus: Path, folder: Path, vocab_size: int) -> None:
    """Trains a morpheme-aware byte-level BPE on the text, unless it is there."""
    if folder.exists():
        if load_tokenizer(folder).vocab_size != vocab_size:
            raise ClovaError(f"{folder}: a tokenizer of another size; give another --out")
        return
    say(f"tokenizer: morpheme_byte, {vocab_size:,} ids")
    texts = (document.text for document in read_documents(corpus))
    trained = train_tokenizer(
        texts, kind="morpheme_byte", vocab_size=vocab_size, show_progress=True
    )
    trained.save(folder)


def say(what: str) -> None:
    """Prints on standard error what takes a while now."""
    print(f"quickstart: {what}", file=sys.stderr, flush=True)


def validation_rows(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The last validation as rows: bits per byte of all held-out text, then by source."""
    *_, (_, last) = [(0, {}), *validations(metrics)]
    return [
        {"task": "held-out text", "source": source, "metric": "bits per byte", "value": value}
        for source, value in last.items()
    ]


def notes(options: "Options") -> list[str]:
    """What a reader of the table must know."""
    world = (
        f"text and NSMC are real, from {options.data.resolve().name}/"
        if options.data
        else "the embedded sample world: synthetic text and reviews; the score says nothing of the real NSMC"
    )
    return [
        f"Data: {world}.",
        "value, low, high: accuracy in percent and its 95% interval; baseline: the majority class.",
        "The paper's row is 137M parameters after 150B tokens, on the real NSMC.",
    ]


def plot(metrics: list[dict[str, Any]], rows: list[dict[str, Any]], path: Path) -> None:
    """Training loss, and accuracy by the number of examples in the prompt."""
    with figure(path, 1, 2, (10, 4.2)) as (left, right):
        plot_loss(left, metrics)
        shots = [row["shots"] for row in rows]
        values = [row["value"] for row in rows]
        right.errorbar(
            range(len(shots)),
            values,
            yerr=error_bars(rows),
            marker="o",
            capsize=4,
            label="this model",
        )
        right.axhline(rows[0]["baseline"], ls="--", color="grey", label="majority class")
        right.set_xticks(range(len(shots)), [str(n) for n in shots])
        right.set(
            xlabel="examples in the prompt", ylabel="accuracy, %", title="NSMC format, few-shot"
        )
        right.set_ylim(40, 100)
        legend(right)
