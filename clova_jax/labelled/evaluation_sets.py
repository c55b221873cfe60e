"""The labelled evaluation sets: which files they are, and every text that stands in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from clova_jax.common.files import SUFFIXES, read_json, read_jsonl, read_lines
from clova_jax.common.lines import table_rows

# The files that models are judged by, of the paper's tasks and their kin, by their official names.
KNOWN = (
    "nsmc/ratings_test.txt",
    "korquad/KorQuAD_v1.0_dev.json",
    "klue/ynat-v1.1/ynat-v1.1_dev.json",
    "klue/klue-sts-v1.1/klue-sts-v1.1_dev.json",
    "klue/klue-nli-v1.1/klue-nli-v1.1_dev.json",
    "klue/klue-ner-v1.1/klue-ner-v1.1_dev.tsv",
    "klue/klue-mrc-v1.1/klue-mrc-v1.1_dev.json",
    "klue/klue-mrc-v1.1/klue-mrc-v1.1_dev.partial.json",
    "kornlu/KorSTS/sts-dev.tsv",
    "kornlu/KorSTS/sts-test.tsv",
    "kornlu/KorNLI/xnli.dev.ko.tsv",
    "kornlu/KorNLI/xnli.test.ko.tsv",
    "parallel/koen_dev.tsv",
    "parallel/koen_test.tsv",
    "query_modification/query_modification_dev.jsonl",
    "query_modification/query_modification_test.jsonl",
    "safety/korean-hate-speech/labeled/dev.tsv",
    "safety/korean-hate-speech/test.no_label.tsv",
    "safety/korean-hate-speech/news_title/dev.news_title.txt",
    "safety/korean-hate-speech/news_title/test.news_title.txt",
    "safety/korean_unsmile_dataset/unsmile_valid_v1.0.tsv",
    "safety/APEACH/test.csv",
    "dialogue/3i4k/fci_test.txt",
    "dialogue/paraKQC/paraKQC_v1.txt",
    "dialogue/sae4k/sae4k_v1.txt",
)


def known_files(data_dir: str | Path) -> list[Path]:
    """The evaluation files found in a folder laid out as the official data sets are."""
    paths = (Path(data_dir) / (name + suffix) for name in KNOWN for suffix in SUFFIXES)
    return [path for path in paths if path.is_file()]


@dataclass(frozen=True, slots=True)
class Item:
    """A text of an evaluation set.

    Args:
        text: the text, or a whole row as it stands in the file.
        short: whether it is told by its words even where they are few. Not so in columns of labels, names
            and answers: `미국` on a line of its own gives nothing away.
    """

    text: str
    short: bool


def read_items(path: str | Path) -> list[Item]:
    """Every text of a file: the strings of JSON, the cells of CSV and TSV, lines of text; and its rows whole.

    Raises:
        ClovaError: the file cannot be read, or is not of the form that its name says.
    """
    columns: dict[Any, list[str]] = {}  # by the key in JSON, by the number in a table
    rows: list[str] = []
    name = Path(path).name.removesuffix(".gz").removesuffix(".zst")
    kind = name.rpartition(".")[2]
    if kind in ("json", "jsonl"):
        values = [read_json(path)] if kind == "json" else [value for _, value in read_jsonl(path)]
        for value in values:
            _leaves(value, "", columns, rows)
    else:
        lines = (line for _, line in read_lines(path))
        _table(table_rows(lines, "," if kind == "csv" else "\t", str(path)), columns, rows)
    items = [Item(row, True) for row in rows]
    for key, texts in columns.items():
        # Half of a column of texts have three words or more: names, labels and most answers have fewer.
        short = median(len(text.split()) for text in texts) >= _WORDS_OF_TEXT
        items += [Item(text, short) for text in texts]
        if short and isinstance(key, str):
            items += [Item(f"{key} {text}", True) for text in texts]  # a line of indented JSON
    return items


_WORDS_OF_TEXT = 3
_TAGGED = re.compile(r"<([^<>:]+):[A-Z]{2,3}>")


def _table(
    rows: Iterator[tuple[int, list[str]]], columns: dict[Any, list[str]], whole: list[str]
) -> None:
    tagged = False  # a character and its tag a line, sentences under their comments (KLUE-NER)
    for _, cells in rows:
        if cells[0].startswith("##"):
            tagged = True
            cells = [_TAGGED.sub(r"\1", cell) for cell in cells[1:]]
        elif tagged and len(cells) == 2 and len(cells[0]) <= 1:
            continue
        for column, cell in enumerate(cells):
            columns.setdefault(column, []).append(cell)
        if len(cells) > 1:
            whole.append(" ".join(cells))


def _leaves(value: Any, key: str, columns: dict[Any, list[str]], rows: list[str]) -> None:
    if isinstance(value, str):
        columns.setdefault(key, []).append(value)
    elif isinstance(value, dict):
        plain = [(k, v) for k, v in value.items() if isinstance(v, str | int | float)]
        rows.append(" ".join(f"{k} {v}" for k, v in plain))
        for k, part in value.items():
            _leaves(part, k, columns, rows)
    elif isinstance(value, list):
        for part in value:
            _leaves(part, key, columns, rows)
