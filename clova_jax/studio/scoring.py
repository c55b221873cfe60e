"""Scores what versions of an app write on a table that somebody uploads, and compares them row by row."""

import itertools
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.lines import split_lines, table_rows
from clova_jax.evaluate import (
    Comparison,
    Metric,
    Prediction,
    bleu,
    character_f1,
    exact_match,
    percent,
)

MOST_ROWS = 500
LONGEST_PATTERN = 1_000  # characters
PATTERN_SECONDS = 10  # for all rows; some patterns would never come to an end

# Patterns run beside the server, which goes on meanwhile: `re` lets nothing else run, and cannot be stopped.
_SEARCH = """
import json, re, sys
for pattern, text in json.load(sys.stdin):
    try:
        print(int(re.search(pattern, text) is not None))
    except (re.error, OverflowError, RecursionError) as error:
        sys.exit(f"{pattern[:60]!r} is no pattern ({error})")
"""


@dataclass(frozen=True)
class Table:
    """Holds the rows of a table.

    Args:
        columns: their names.
        rows: a cell for each.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> list[str]:
        """Returns the cells of a column.

        Raises:
            ClovaError: there is none of this name.
        """
        if name not in self.columns:
            raise ClovaError(
                f"table: there is no column {name[:60]!r}; there are {', '.join(self.columns)}"
            )
        place = self.columns.index(name)
        return [row[place] for row in self.rows]


def read_table(text: str) -> Table:
    """Reads CSV, or tab-separated text as a sheet gives it, with a header.

    Raises:
        ClovaError: a row has another number of cells than the header; columns of one name; no rows, or too many.
    """
    lines = [*split_lines(text.removeprefix("\ufeff"))]
    delimiter = "\t" if lines and "\t" in lines[0] else ","
    found = [*table_rows(lines, delimiter, "table")]
    if len(found) < 2:
        raise ClovaError("table: wants a header and at least one row")
    if len(found) - 1 > MOST_ROWS:
        raise ClovaError(f"table: {len(found) - 1} rows; {MOST_ROWS} at most")
    (_, header), *rows = found
    if len(set(header)) < len(header) or "" in header:
        raise ClovaError("table: every column wants a name of its own in the first row")
    for number, row in rows:
        if len(row) != len(header):
            raise ClovaError(
                f"table:{number}: {len(row)} cells where the header has {len(header)}: "
                f"{','.join(row)[:60]!r}"
            )
    return Table(tuple(header), tuple(tuple(row) for _, row in rows))


def search(patterns: Sequence[str], texts: Sequence[str]) -> list[bool]:
    """Returns for each pattern (Python's `re`) whether it is found in its text.

    Raises:
        ClovaError: one is no pattern, or takes too long.
    """
    for pattern in patterns:
        if len(pattern) > LONGEST_PATTERN:
            raise ClovaError(f"pattern {pattern[:60]!r}…: {LONGEST_PATTERN} characters at most")
    try:
        found = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SEARCH],
            input=json.dumps([*zip(patterns, texts, strict=True)]),
            capture_output=True,
            text=True,
            timeout=PATTERN_SECONDS,
            env={"PYTHONUTF8": "1"},
        )
    except subprocess.TimeoutExpired:
        message = f"patterns: take longer than {PATTERN_SECONDS} s; write simpler ones"
        raise ClovaError(message) from None
    if found.returncode:
        raise ClovaError(f"pattern: {found.stderr.strip()[-300:]}")
    return [line == "1" for line in found.stdout.split()]


def _found(predictions: Sequence[Prediction]) -> np.ndarray:
    hits = search([p.answers[0] for p in predictions], [p.prediction for p in predictions])
    return np.array([[hit, 1.0] for hit in hits], np.float64)


METRICS = {
    "exact": exact_match,
    "f1": character_f1,
    "bleu": bleu("ko-mecab"),
    "regex": Metric("regex", _found, percent, lambda: "Python's re.search"),
}


def score(
    written: Mapping[int, Sequence[str]], targets: Sequence[str], metric: str, seed: int = 0
) -> dict[str, Any]:
    """Scores versions on the same rows, with 95% intervals by bootstrap over the rows.

    Args:
        written: what each version wrote, a text a row, without whitespace at its ends.
        targets: what was wanted; patterns for `regex`.
        metric: one of `METRICS`.
        seed: of the bootstrap.

    Returns:
        `rows`, `results` of each version, and `differences` of each pair, whose intervals are of the difference row
        by row.

    Raises:
        ClovaError: as `search`.
    """
    chosen = METRICS[metric]
    comparison = Comparison(chosen.finish, seed=seed)
    rows = [str(number) for number in range(len(targets))]
    for version, texts in written.items():
        pairs = zip(texts, targets, strict=True)
        predictions = [Prediction(text.strip(), (target.strip(),)) for text, target in pairs]
        comparison.add(str(version), rows, chosen.statistics(predictions))
    return {
        "rows": len(rows),
        "results": [
            {"version": version, "metric": metric, **asdict(comparison.interval(str(version)))}
            for version in written
        ],
        "differences": [
            {"a": a, "b": b, **asdict(comparison.difference(str(a), str(b)))}
            for a, b in itertools.combinations(written, 2)
        ],
    }
