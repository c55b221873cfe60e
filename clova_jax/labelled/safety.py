"""Reads the labelled comments of korean-hate-speech, UnSmile and APEACH, by their official file names."""

from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import SUFFIXES, find_file, read_lines
from clova_jax.common.lines import table_rows

# (folder, file) of what the toxicity model is trained on: korean-hate-speech, then UnSmile.
TRAINING_FILES = (
    ("korean-hate-speech/labeled", "train.tsv"),
    ("korean_unsmile_dataset", "unsmile_train_v1.0.tsv"),
)


def read_hate_speech(folder: str | Path, name: str) -> list[tuple[str, str]]:
    """Reads (comment, `none` | `offensive` | `hate`) from a labelled korean-hate-speech file."""
    rows = _rows(find_file(folder, name), "\t", ("comments", "hate"))
    return [(row["comments"], row["hate"]) for row in rows]


def read_unsmile(folder: str | Path, name: str) -> list[tuple[str, bool]]:
    """Reads (sentence, whether it is anything but clean) from an UnSmile file."""
    rows = _rows(find_file(folder, name), "\t", ("문장", "clean"))
    return [(row["문장"], row["clean"] == "0") for row in rows]


def read_apeach(folder: str | Path, name: str = "test.csv") -> list[tuple[str, bool]]:
    """Reads (sentence, whether it is hateful) from an APEACH file."""
    rows = _rows(find_file(folder, name), ",", ("text", "class"))
    return [(row["text"], row["class"] == "Spoiled") for row in rows]


def _rows(path: Path, delimiter: str, needed: tuple[str, ...]) -> list[dict[str, str]]:
    lines = (line for _, line in read_lines(path))
    (_, header), *table = [*table_rows(lines, delimiter, str(path))] or [(1, [])]
    if not table or any(name not in header for name in needed):
        raise ClovaError(f"{path}: expected columns {', '.join(needed)}")
    rows = []
    for number, cells in table:
        row = dict(zip(header, cells, strict=False))
        if any(name not in row for name in needed):
            raise ClovaError(f"{path}:{number}: too few columns")
        rows.append(row)
    return rows


def has_training_data(safety: str | Path) -> bool:
    """Checks whether both training files are in the folder, plain, `.gz` or `.zst`."""
    return all(
        any((Path(safety) / folder / (name + suffix)).is_file() for suffix in SUFFIXES)
        for folder, name in TRAINING_FILES
    )
