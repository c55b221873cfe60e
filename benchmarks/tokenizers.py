"""Measures tokenizer speed: ours beside Hugging Face's plain byte-level BPE and beside Kiwi alone, and the cost of training.

python -m benchmarks.tokenizers [--data DIR]

One run measures everything, each rate several times in turns, so that a busy machine is busy for
all. The peer has the same vocabulary, GPT-2's own split, all cores and a memo of its own. Kiwi, the
analyser of `morpheme_byte`, gets the lines of the unseen documents and as many threads. "Unseen"
is a fresh load on documents that training never read (for our morphemes once with the analyser's
start and once without); "warm" is the same documents again; "bounded" is a second pass over more
text than the memo holds.
"""

import resource
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import tokenizers as peer
from tokenizers import pre_tokenizers

from benchmarks.ratios import Ratio, compare, write_ratios
from clova_jax.common.command import main
from clova_jax.common.files import read_json, write_json
from clova_jax.common.options import as_json, option
from clova_jax.common.report import Report
from clova_jax.corpus.documents import read_documents
from clova_jax.corpus.run.sampling import sample_documents, write_sample_of
from clova_jax.sample import write_sample
from clova_jax.tokenizers import Tokenizer, load_tokenizer
from clova_jax.tokenizers.morphemes import kiwi

HF, KIWI = "HF encode_batch", "Kiwi alone"
RATIOS = (  # (ours, peer, goal), as they are called in the table
    ("byte unseen", f"{HF} unseen", 1.0),
    ("byte warm", f"{HF} warm", None),
    ("morpheme_byte unseen", KIWI, 4.0),
    ("morpheme_byte unseen", f"{HF} unseen", None),
    ("morpheme_byte warm", f"{HF} warm", 2.0),
)


@dataclass(frozen=True)
class Options:
    """Measures encoding and training; without --data on the embedded sample world."""

    data: Path | None = None
    """a folder with documents"""
    megabytes: float = 100.0
    """of text to train on"""
    unseen: float = 10.0
    """megabytes to encode, none of them trained on"""
    vocab_size: int = 32_000
    """ids of both tokenizers"""
    rounds: int = option(5, least=1)
    """measurements of each rate; the median counts"""
    seed: int = 0
    """of the choice of documents"""
    out: Path = Path("runs/benchmark_tokenizers")
    """results"""


def run(options: Options) -> None:
    """Trains in child processes, then encodes."""
    data = options.data or write_sample(options.out / "sample", seed=options.seed)
    corpus = options.out / "documents"
    write_sample_of(data, corpus, options.megabytes, options.seed)
    seen = [document.text for document in read_documents(corpus)]
    rows = [train(options, corpus, kind, seen) for kind in ("byte", "morpheme_byte")]
    texts = unseen_texts(data, corpus, options)
    rates = encode(options, texts, seen)
    rows += table_of(rates)
    write_ratios(options.out, ratios_of(rates))
    report = Report("benchmark_tokenizers", as_json(options), rows, notes=[notes(texts, seen)])
    report.write(options.out)


def megabytes(texts: Sequence[str]) -> float:
    """Returns the size of texts in 10⁶ bytes of UTF-8."""
    return sum(len(text.encode()) for text in texts) / 1e6


def unseen_texts(data: Path, corpus: Path, options: Options) -> list[str]:
    """Draws about `--unseen` megabytes of documents that are not in the training corpus."""
    trained = {(document.source, document.id) for document in read_documents(corpus)}
    rest = [d for d in read_documents(data) if (d.source, d.id) not in trained]
    if not rest:  # a corpus smaller than --megabytes: nothing is left over
        print("every document was trained on; give a smaller --megabytes for unseen text")
        rest = list(read_documents(data))
    share = min(1.0, options.unseen / megabytes([document.text for document in rest]))
    return [document.text for document in sample_documents(rest, share, options.seed + 1)]


def train(options: Options, corpus: Path, kind: str, seen: list[str]) -> dict[str, Any]:
    """Trains with `clova tokenizer` in a process of its own; returns the row of its time and peak memory."""
    out, cost_file = options.out / kind, options.out / f"{kind}_cost.json"  # nothing else in `out`
    if not cost_file.exists():
        words = ["--data", corpus, "--kind", kind, "--vocab-size", options.vocab_size, "--out", out]
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "clova_jax", "tokenizer", *map(str, words)], check=True
        )
        seconds = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        write_json(cost_file, {"seconds": seconds, "peak GB": memory})

    cost = read_json(cost_file)
    row = {"what": f"train {kind}, {options.vocab_size:,} ids", "MB": megabytes(seen)}
    return row | cost | {"MB/s": row["MB"] / cost["seconds"]}


def encode(options: Options, texts: list[str], seen: list[str]) -> dict[str, list[float]]:
    """Measures the rates of `--rounds` rounds, in MB/s; those of the analyser's start and of the second pass once."""
    size, big = megabytes(texts), megabytes(seen)
    rates: dict[str, list[float]] = {}
    lines = [line for text in texts for line in text.split("\n") if line]

    def measure(name: str, call: Callable[[], Any], amount: float = size) -> None:
        start = time.perf_counter()
        call()
        rates.setdefault(name, []).append(amount / (time.perf_counter() - start))

    def fresh(kind: str) -> Tokenizer:
        return load_tokenizer(options.out / kind)

    for number in range(options.rounds):
        plain = peer.Tokenizer.from_file(str(options.out / "byte" / "tokenizer.json"))
        plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        measure(f"{HF} unseen", lambda t=plain: t.encode_batch(texts))
        measure(f"{HF} warm", lambda t=plain: t.encode_batch(texts))
        for kind in ("byte", "morpheme_byte"):
            tokenizer = fresh(kind)
            if kind == "morpheme_byte" and number == 0:  # later rounds find the analyser loaded
                measure(
                    f"{kind} unseen, analyser's start included",
                    lambda t=tokenizer: t.encode_batch(texts),
                )
                tokenizer = fresh(kind)
            measure(f"{kind} unseen", lambda t=tokenizer: t.encode_batch(texts))
            measure(f"{kind} warm", lambda t=tokenizer: t.encode_batch(texts))
            if number == 0:
                for start in range(0, len(seen), 1000):
                    tokenizer.encode_batch(seen[start : start + 1000])
                measure(
                    f"{kind} bounded, second pass over {big:.0f} MB",
                    lambda t=tokenizer: [
                        None
                        for i in range(0, len(seen), 1000)
                        if t.encode_batch(seen[i : i + 1000])
                    ],
                    big,
                )
        measure(KIWI, lambda: deque(kiwi().tokenize(lines), maxlen=0))
    return rates


def table_of(rates: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Returns a row a rate: its median, beside Hugging Face's."""
    peers = {state: median(rates[f"{HF} {state}"]) for state in ("unseen", "warm")}
    rows = []
    for name, values in rates.items():
        rate = median(values)
        ratio = rate / peers["warm" if "warm" in name else "unseen"]
        rows.append({"what": name, "MB/s": rate, "× HF encode_batch": ratio})
    return rows


def ratios_of(rates: dict[str, list[float]]) -> list[Ratio]:
    """Compares ours with the peers."""
    return [
        compare(ours, peer, rates[ours], rates[peer], "MB/s", goal=goal)
        for ours, peer, goal in RATIOS
    ]


def notes(texts: list[str], seen: list[str]) -> str:
    """Describes what was encoded."""
    return (
        f"{megabytes(texts):.1f} MB of unseen documents, {megabytes(seen):.1f} MB trained on; "
        "MB are 10⁶ bytes of UTF-8."
    )


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
