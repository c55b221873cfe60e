"""Reads tables of columns, batch by batch: Parquet, and the Arrow files that `datasets` writes with `save_to_disk`.

A row is a document: its text is in the first column of a known name, `id`, `source` and `meta` are taken where they
are there, and what else can be written as JSON becomes `meta`. The extra `parquet` installs what is needed.
"""

import datetime
import decimal
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.extras import import_extra
from clova_jax.common.files import read_json
from clova_jax.common.json_values import fields
from clova_jax.corpus.clean.privacy import excerpt
from clova_jax.corpus.documents import LONGEST
from clova_jax.corpus.places import OnError, plain_stem

COLUMNAR = (".parquet", ".arrow")
TEXT_COLUMNS = (
    "text",
    "document",
    "content",
    "body",
    "comments",
    "sentence",
    "본문",
    "내용",
    "문장",
)
BATCH = 1_024  # rows that are decoded at once
ROWS = 64  # rows that are Python values at once
_STATE, _INFO, _SPLITS = "state.json", "dataset_info.json", "dataset_dict.json"
_SHARD = re.compile(r"-\d{3,}-of-\d{3,}$")
_ARROW_FILE = b"ARROW1"


def need_arrow(path: Path) -> ModuleType:
    """Returns the package that reads a file of columns.

    Raises:
        ClovaError: it is not installed.
    """
    import_extra("pyarrow", "parquet", f"{path}: a {path.suffix} file")
    import pyarrow.parquet

    return pyarrow


def without_bookkeeping(files: list[Path]) -> list[Path]:
    """Leaves out what lies in a folder of `datasets` besides its data: JSON about them, and files of its cache.

    Raises:
        ClovaError: `state.json` is damaged.
    """
    data: dict[Path, set[str]] = {}
    for path in files:
        if path.name == _STATE and (path.parent / _INFO).is_file():
            found = fields(read_json(path), path, {"_data_files": list[dict]})["_data_files"]
            names = {fields(one, path, {"filename": str})["filename"] for one in found}
            data[path.parent] = names
    dicts = {folder.parent for folder in data}
    return [
        path
        for path in files
        if not (path.name == _SPLITS and path.parent in dicts)
        and (path.parent not in data or path.name in data[path.parent])
    ]


def table_documents(
    path: Path, name: str, folder: str, on_error: OnError
) -> Iterator[dict[str, Any]]:
    """Streams the rows of a file as documents.

    Args:
        path: the file.
        name: for the ids of rows that have none: `name:row`, from 1.
        folder: the source of an Arrow file's rows that name none; a Parquet file's own name is that of its rows.
        on_error: called for each row that is no document.

    Raises:
        ClovaError: no column of text; the file is damaged from here on.
    """
    arrow = need_arrow(path)
    if path.suffix not in COLUMNAR:
        raise ClovaError(
            f"{path}: compressed as a whole, so no part can be read by itself; unpack it"
        )
    stem = _SHARD.sub("", plain_stem(path.name))
    source = stem if path.suffix == ".parquet" else folder
    number = 0
    try:
        for column, rows in _rows(arrow, path):
            for row in rows:
                number += 1
                try:
                    document = _document(row, column)
                except ClovaError as error:
                    on_error(ClovaError(f"{path}: row {number}: {error}"))
                else:
                    yield {"id": f"{name}:{number}", "source": source} | document
    except (OSError, arrow.ArrowException) as error:
        reason = " ".join(str(error).split())[:200]
        raise ClovaError(
            f"{path}: row {number + 1}: cannot be read from here on ({reason})"
        ) from None


def _rows(arrow: ModuleType, path: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yields the column of text and some rows, until the file ends; a few are Python values at a time."""
    for column, batch in _batches(arrow, path):
        for start in range(0, batch.num_rows, ROWS):
            yield column, batch.slice(start, ROWS).to_pylist()


def _batches(arrow: ModuleType, path: Path) -> Iterator[tuple[str, Any]]:
    """Yields the column of text and a batch, without columns of bytes: images and sounds are not decoded."""
    if path.suffix == ".parquet":
        with arrow.parquet.ParquetFile(path) as file:
            column, kept = _columns(arrow, path, file.schema_arrow)
            for batch in file.iter_batches(BATCH, columns=kept):
                yield column, batch
        return
    with arrow.memory_map(str(path)) as file:
        if file.read(len(_ARROW_FILE)) == _ARROW_FILE:
            reader = arrow.ipc.open_file(file)
            batches = map(reader.get_batch, range(reader.num_record_batches))
        else:
            file.seek(0)
            batches = reader = arrow.ipc.open_stream(file)
        column, kept = _columns(arrow, path, reader.schema)
        for batch in batches:
            yield column, batch.select(kept)


def _columns(arrow: ModuleType, path: Path, schema: Any) -> tuple[str, list[str]]:
    """Returns the column of text, and those to read."""
    kinds = {field.name: field.type for field in schema}

    def is_text(kind: Any) -> bool:
        kind = kind.value_type if arrow.types.is_dictionary(kind) else kind
        return arrow.types.is_string(kind) or arrow.types.is_large_string(kind)

    column = next((name for name in TEXT_COLUMNS if name in kinds and is_text(kinds[name])), None)
    if column is None:
        raise ClovaError(
            f"{path}: no column of text; expected one of {', '.join(TEXT_COLUMNS)}, got "
            f"{excerpt(', '.join(kinds), 100)}"
        )
    return column, [name for name, kind in kinds.items() if "binary" not in str(kind)]


def _document(row: dict[str, Any], column: str) -> dict[str, Any]:
    """Returns the document of a row; `id` and `source` only where it has them."""
    text = row.pop(column)
    if text is None:
        raise ClovaError(f"{column} is null")
    if len(text) > LONGEST:
        raise ClovaError(
            f"a text of over {LONGEST >> 20} million characters is no document; cut it in several"
        )
    found: dict[str, Any] = {"text": text}
    identifier, source, meta = (row.pop(name, None) for name in ("id", "source", "meta"))
    if isinstance(identifier, str | int) and identifier != "":
        found["id"] = str(identifier)
    if isinstance(source, str) and source:
        found["source"] = source
    known = _object_of(meta) if isinstance(meta, str) else meta
    others = known if isinstance(known, dict) else {"meta": meta}
    values = {name: _plain(value) for name, value in (row | others).items()}
    found["meta"] = {name: value for name, value in values.items() if value is not None}
    return found


def _object_of(text: str) -> Any:
    """Returns what a string of JSON holds, as `clova corpus` writes `meta`; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _plain(value: Any) -> Any:
    """Returns a value as JSON has it: dates as ISO 8601, bytes and what else it lacks as None."""
    if isinstance(value, str | bool | int | float) or value is None:
        return value
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value) if isinstance(value, decimal.Decimal | datetime.timedelta) else None
