"""Writes sheets that people fill in, reads them back, and says how far people agree."""

import csv
import io
import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_lines, whole_file
from clova_jax.common.lines import table_rows

Row = Mapping[str, str]


def write_sheet(path: Path, rows: Sequence[Row], answers: Sequence[str] = ()) -> None:
    """Writes a CSV sheet, unless the same one is there: answers that somebody filled in are kept.

    Args:
        path: of the sheet.
        rows: cells by column.
        answers: columns that people fill in.

    Raises:
        ClovaError: another sheet is there.
    """
    if path.is_file():
        columns = [name for name in rows[0] if name not in answers]
        kept = [{name: row[name] for name in columns} for _, row in read_sheet(path, columns)]
        if kept != [{name: row[name] for name in columns} for row in rows]:
            raise ClovaError(
                f"{path}: holds other rows than this run's; move it away, or give another --out"
            )
        return
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    with whole_file(path) as file:
        file.write("\ufeff" + text.getvalue())  # by this mark spreadsheets know UTF-8


def read_sheet(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Streams `(file:line, row)` of a sheet, cells without spaces at their ends.

    Raises:
        ClovaError: the file is missing, a column is, or a row has another number of cells.
    """
    header: list[str] = []
    for number, cells in table_rows((line for _, line in read_lines(path)), ",", str(path)):
        place, cells = f"{path}:{number}", [cell.strip() for cell in cells]
        if not header:
            header = cells
            if missing := [name for name in columns if name not in header]:
                raise ClovaError(f"{place}: no column {missing[0]!r}; it has {', '.join(header)}")
        elif len(cells) != len(header):
            raise ClovaError(f"{place}: {len(cells)} cells where the header has {len(header)}")
        else:
            yield place, dict(zip(header, cells, strict=True))


def read_answers(
    path: Path, key: str, asked: Sequence[str], choices: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, str]]:
    """Reads the answers of a sheet, one a row that was asked.

    Args:
        path: of the sheet.
        key: the column that names the row.
        asked: names of all rows.
        choices: by the column, the answers it takes, whatever their case; the empty one is taken where it is among them.

    Returns:
        By row and column, the answer in lower case.

    Raises:
        ClovaError: a row that was not asked, or twice, an answer that is missing or is none of the choices: `file:line`.
    """
    found: dict[str, dict[str, str]] = {}
    places: dict[str, str] = {}
    known = set(asked)
    for place, row in read_sheet(path, [key, *choices]):
        name = row[key]
        if name not in known:
            raise ClovaError(
                f"{place}: {key} {name!r} is none of this run's; judge the sheet of this --out"
            )
        if name in places:
            raise ClovaError(f"{place}: {key} {name!r} is answered twice, first at {places[name]}")
        places[name] = place
        found[name] = {column: row[column].lower() for column in choices}
        for column, answer in found[name].items():
            if answer not in choices[column]:
                what = f"{row[column]!r}" if answer else "no answer"
                wanted = ", ".join(filter(None, choices[column]))
                raise ClovaError(
                    f"{place}: {key} {name!r}: {column} has {what}; wants one of {wanted}"
                )
    if missing := [name for name in asked if name not in found]:
        raise ClovaError(f"{path}: no answer for {key} {missing[0]!r} ({len(missing)} are missing)")
    return found


def agreement(answers: Sequence[Sequence[str]]) -> tuple[float | None, float | None]:
    """Computes how far people agree on the same rows, each pair of people by itself, and returns the means over pairs.

    Args:
        answers: of each person, in the same order.

    Returns:
        Cohen's kappa by scikit-learn (the mean over pairs is Light's kappa), and the per cent of equal answers; None for
        fewer than two people, and kappa where all answers are one.
    """
    from sklearn.metrics import cohen_kappa_score

    pairs = [(a, b) for a, b in itertools.combinations(answers, 2) if len(a)]
    if not pairs:
        return None, None
    with warnings.catch_warnings(action="ignore"):  # of one answer alone kappa is 0 / 0
        kappas = np.array([cohen_kappa_score(a, b) for a, b in pairs])
    same = np.mean([np.mean([x == y for x, y in zip(a, b, strict=True)]) for a, b in pairs])
    return None if np.isnan(kappas).any() else float(kappas.mean()), 100 * float(same)
