"""How much text a tokenizer needs: vocabularies from shrinking samples (the study behind "1%").

    python -m experiments.tokenizer_corpus                       # the embedded sample world
    python -m experiments.tokenizer_corpus --data DIR

The two hypotheses of the talk. Overlap: a vocabulary from a smaller sample shares most tokens with
the one from all of the text; "kept" counts them, "kept in use" weighs them by how often they occur
in held-out text. Zipf: frequency falls as a power of rank, so the count of the rarest token tells
how small a sample still shows it often enough. Smaller samples lie inside larger ones.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from clova_jax.common.command import as_json, main, option, seed_option
from clova_jax.common.errors import ClovaError
from clova_jax.common.hashes import HASHES
from clova_jax.common.plots import figure, legend
from clova_jax.common.progress import progress
from clova_jax.common.report import Report
from clova_jax.common.run_folder import holds_out
from clova_jax.sample import write_sample
from clova_jax.tokenizers import Tokenizer, load_tokenizer, train_tokenizer

from .tokenizer_report import ENGLISH, read_held_out, training_texts

PAPER = [{"sample": "20 GB of about 2 TB", "share": "1%", "chosen by": "share of tokens kept"}]


@dataclass(frozen=True)
class Options:
    """Trains one vocabulary a sample size and recommends the smallest size that suffices."""

    data: Path | None = option(None, "a folder with documents", metavar="DIR")
    kind: Literal["morpheme_byte", "byte", "char"] = option(
        "morpheme_byte", "kind of tokenizer: morpheme_byte (the paper's), byte or char"
    )
    vocab_size: int = option(8_000, "ids of every tokenizer", least=1)
    megabytes: float = option(100.0, "of text in the largest sample, at most", above=0)
    halvings: int = option(7, "how often the sample is halved", least=0)
    keep: float = option(0.95, "share of the tokens in use that must be kept", above=0, most=1)
    kilobytes: float = option(300.0, "of held-out text of each source, at most", above=0)
    seed: int = seed_option("of the samples")
    out: Path = option(Path("runs/tokenizer_corpus"), "results and tokenizers", metavar="DIR")


@holds_out
def run(options: Options) -> None:
    """Trains what is not there yet, compares, recommends."""
    if not 0 < options.keep <= 1 or options.halvings < 1:
        raise ClovaError("--keep is a share in (0, 1], --halvings 1 or more")
    data = options.data or write_sample(options.out / "sample", seed=options.seed)
    held_out = read_held_out(data, options)
    texts = [text for source, some in held_out.items() if source != ENGLISH for text in some]
    largest = sum(
        len(text.encode()) for text in training_texts(data, options.megabytes, options.seed)
    )
    sizes = [largest / 1e6 / 2**number for number in range(options.halvings + 1)]
    tokenizers = [trained(data, size, number, options) for number, size in enumerate(sizes)]
    counts = [use(tokenizer, texts) for tokenizer in tokenizers]
    full = counts[0]
    size_of_text = sum(len(text.encode()) for text in texts)
    rows = [
        {
            "sample MB": tokenizer.facts["megabytes"],
            "share %": 100 / 2**number,
            "ids": tokenizer.vocab_size,
            "tokens kept %": 100 * len(full.keys() & count.keys()) / len(full),
            "kept in use %": 100
            * sum(n for token, n in full.items() if token in count)
            / full.total(),
            "bytes/token": size_of_text / count.total(),
        }
        for number, (tokenizer, count) in enumerate(zip(tokenizers, counts, strict=True))
    ]
    zipf = fit_zipf(full)
    chosen = recommend(rows, options.keep)
    report = Report(
        "tokenizer_corpus",
        as_json(options),
        rows,
        PAPER,
        notes(rows, chosen, zipf, size_of_text, options),
    )
    report.write(options.out)
    plot(rows, full, zipf, chosen, options.out / "tokenizer_corpus.png")


def trained(data: Path, megabytes: float, number: int, options: Options) -> Tokenizer:
    """The tokenizer of one sample size, from an earlier run where there is one."""
    label = "_".join(
        map(str, (options.kind, options.vocab_size, options.megabytes, options.seed, number))
    )
    folder = options.out / "tokenizers" / label
    if not (folder / HASHES).exists():
        read = Counter()

        def watched() -> Any:
            texts = training_texts(data, megabytes, options.seed)
            for text in progress(texts, desc=f"{megabytes:.3g} MB", unit=" documents"):
                read["bytes"] += len(text.encode())
                yield text

        tokenizer = train_tokenizer(watched(), options.kind, options.vocab_size)
        tokenizer.facts["megabytes"] = read["bytes"] / 1e6
        tokenizer.save(folder)
    return load_tokenizer(folder)


def use(tokenizer: Tokenizer, texts: list[str]) -> Counter[bytes]:
    """How often each token occurs in the texts; tokens that never do count 0."""
    tokens = tokenizer.token_bytes()
    counts = Counter(i for ids in tokenizer.encode_batch(texts) for i in ids)
    return Counter({token: counts[number] for number, token in enumerate(tokens) if token})


def fit_zipf(counts: Counter[bytes]) -> tuple[float, float]:
    """Slope and intercept of log10 frequency over log10 rank, by least squares.

    Ranks 10 to 1,000, spread evenly on the log axis: the head is a few particles, the tail is
    bent by the size of the text.
    """
    values = np.array(sorted((n for n in counts.values() if n), reverse=True), dtype=float)
    last = min(1_000, len(values))
    ranks = np.unique(np.geomspace(min(10, last), last, 50).astype(int))
    slope, intercept = np.polyfit(np.log10(ranks), np.log10(values[ranks - 1]), 1)
    return float(slope), float(intercept)


def recommend(rows: list[dict[str, Any]], keep: float) -> dict[str, Any]:
    """The smallest sample that, like all larger ones, keeps enough of the tokens in use."""
    chosen = rows[0]
    for row in rows:
        if row["kept in use %"] < 100 * keep:
            break
        chosen = row
    return chosen


def notes(
    rows: list[dict[str, Any]],
    chosen: dict[str, Any],
    zipf: tuple[float, float],
    size_of_text: int,
    options: Options,
) -> list[str]:
    """The recommendation and its reasons."""
    loss = 100 * (1 - chosen["bytes/token"] / rows[0]["bytes/token"])
    last = rows[0]["ids"]
    rare = 10 ** (zipf[1] + zipf[0] * np.log10(last)) / (size_of_text / 1e6)
    reason = [
        f"recommended: {chosen['sample MB']:.3g} MB ({chosen['share %']:.3g}% of the largest sample), "
        f"the smallest that keeps {100 * options.keep:g}% of the tokens in use; it costs {loss:.2f}% "
        "of the compression"
    ]
    if chosen is rows[0]:
        reason = [
            f"no smaller sample keeps {100 * options.keep:g}% of the tokens in use: take all "
            f"{chosen['sample MB']:.3g} MB, and more if there is more"
        ]
    elif chosen is rows[-1]:
        reason.append(
            "even the smallest sample tried suffices: more --halvings would show the limit"
        )
    return [
        *reason,
        f"Zipf: frequency falls as rank^{zipf[0]:.2f} (ranks 10 to 1,000), so the last of {last:,} "
        f"tokens is expected {rare:.2g} times per MB: {rare * chosen['sample MB']:.3g} times in the "
        "recommended sample",
        f"held-out text: {size_of_text / 1e6:.2f} MB; samples are nested, so they share their text",
    ]


def plot(
    rows: list[dict[str, Any]],
    counts: Counter[bytes],
    zipf: tuple[float, float],
    chosen: dict[str, Any],
    path: Path,
) -> None:
    """Tokens kept over sample size, and frequency over rank."""
    with figure(path, 1, 2, (12, 4.8)) as (left, right):
        sizes = [row["sample MB"] for row in rows]
        for name in ("tokens kept %", "kept in use %"):
            left.semilogx(sizes, [row[name] for row in rows], "o-", label=name)
        left.axvline(chosen["sample MB"], color="gray", linestyle=":", label="recommended")
        left.set_xlabel("sample (MB)")
        left.set_ylabel("of the largest sample's tokens (%)")
        legend(left, 3)
        values = np.array(sorted((n for n in counts.values() if n), reverse=True))
        ranks = np.arange(1, len(values) + 1)
        right.loglog(ranks, values, ".", markersize=3, label="held-out text")
        right.loglog(
            ranks, 10 ** (zipf[1] + zipf[0] * np.log10(ranks)), label=f"rank^{zipf[0]:.2f}"
        )
        right.set_ylim(0.5)
        right.set_xlabel("rank of the token")
        right.set_ylabel("occurrences")
        legend(right)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
