"""Compares vocabularies from samples of different size: how much text a tokenizer needs.

The two hypotheses of the talk. Overlap: a vocabulary from a smaller sample shares most tokens with
the one from all of the text; "kept" counts them, "kept in use" weighs them by how often they occur
in held-out text. Zipf: frequency falls as a power of rank, so the count of the rarest token gives
the smallest sample that still shows it often enough.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from clova_jax.tables.table import Row
from clova_jax.tokenizers import Tokenizer


def count_tokens(tokenizer: Tokenizer, texts: list[str]) -> Counter[bytes]:
    """Counts how often each token occurs in the texts; tokens that never do count 0."""
    tokens = tokenizer.token_bytes()
    counts = Counter(i for ids in tokenizer.encode_batch(texts) for i in ids)
    return Counter({token: counts[number] for number, token in enumerate(tokens) if token})


def fit_zipf(counts: Counter[bytes]) -> tuple[float, float]:
    """Fits log10 frequency over log10 rank by least squares; returns slope and intercept.

    Ranks 10 to 1,000, spread evenly on the log axis: the head is a few particles, the tail is
    bent by the size of the text.
    """
    values = np.array(sorted((n for n in counts.values() if n), reverse=True), dtype=float)
    last = min(1_000, len(values))
    ranks = np.unique(np.geomspace(min(10, last), last, 50).astype(int))
    slope, intercept = np.polyfit(np.log10(ranks), np.log10(values[ranks - 1]), 1)
    return float(slope), float(intercept)


def sample_rows(
    tokenizers: Sequence[Tokenizer], counts: Sequence[Counter[bytes]], size_of_text: int
) -> list[Row]:
    """Returns a row for each sample: how many of the largest sample's tokens its vocabulary keeps.

    Args:
        tokenizers: of samples that are halved from one to the next, the largest first.
        counts: of their tokens in held-out text.
        size_of_text: of that text, in bytes.
    """
    full = counts[0]
    return [
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


def recommend(rows: list[Row], keep: float) -> Row:
    """Returns the row of the smallest sample that, like all larger ones, keeps enough of the tokens in use."""
    chosen = rows[0]
    for row in rows:
        if row["kept in use %"] < 100 * keep:
            break
        chosen = row
    return chosen


def notes(
    rows: list[Row],
    chosen: Row,
    zipf: tuple[float, float],
    size_of_text: int,
    keep: float,
) -> list[str]:
    """Returns the recommendation and its reasons."""
    loss = 100 * (1 - chosen["bytes/token"] / rows[0]["bytes/token"])
    last = rows[0]["ids"]
    rare = 10 ** (zipf[1] + zipf[0] * np.log10(last)) / (size_of_text / 1e6)
    reason = [
        f"recommended: {chosen['sample MB']:.3g} MB ({chosen['share %']:.3g}% of the largest sample), "
        f"the smallest that keeps {100 * keep:g}% of the tokens in use; it costs {loss:.2f}% "
        "of the compression"
    ]
    if chosen is rows[0]:
        reason = [
            f"no smaller sample keeps {100 * keep:g}% of the tokens in use: take all "
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


def draw_zipf(axes: Any, counts: Counter[bytes], slope: float, intercept: float) -> None:
    """Draws frequency over rank, and the line that was fitted."""
    values = np.array(sorted((n for n in counts.values() if n), reverse=True))
    ranks = np.arange(1, len(values) + 1)
    axes.loglog(ranks, values, ".", markersize=3, label="held-out text")
    axes.loglog(ranks, 10 ** (intercept + slope * np.log10(ranks)), label=f"rank^{slope:.2f}")
    axes.set(ylim=(0.5, None), xlabel="rank of the token", ylabel="occurrences")
