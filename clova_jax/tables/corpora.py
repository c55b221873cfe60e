"""Counts a corpus by source, once, with a tokenizer that is trained on it where none is given."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.corpus import SCRIPTS, count_corpus, read_documents
from clova_jax.tables.table import Row
from clova_jax.tokenizers import train_tokenizer

TRAINING_BYTES = 4_000_000
VOCAB_SIZE = 8_192


def count_sources(
    data: Path, tokenizer: Path | None, out: Path, workers: int, **how: Any
) -> tuple[dict[str, Counter], Path]:
    """Returns the counts of each source and the tokenizer's folder; what `out` holds already is not counted again.

    Args:
        data: a corpus folder.
        tokenizer: the folder of one; None trains a morpheme-aware byte BPE.
        out: the result folder.
        workers: processes.
        **how: else than by script and language: `count` and `sources` of `corpus.count_corpus`.

    Raises:
        ClovaError: `out` holds counts of another corpus or tokenizer.
    """
    asked = hashlib.sha256(f"{data} {tokenizer}".encode()).hexdigest()
    path = out / "counts" / "input.json"
    if path.is_file() and read_json(path) != asked:
        raise ClovaError(
            f"{out}: holds counts of another corpus or tokenizer; choose another --out"
        )
    write_json(path, asked)
    folder = tokenizer or _trained(data, out / "tokenizer")
    return count_corpus(data, out / "counts", str(folder), workers, **how), folder


def _trained(data: Path, folder: Path) -> Path:
    if not folder.is_dir():
        texts = _first_texts(data)
        train_tokenizer(texts, kind="morpheme_byte", vocab_size=VOCAB_SIZE).save(folder)
    return folder


def _first_texts(data: Path) -> Iterator[str]:
    size = 0
    for document in read_documents(data):
        yield document.text
        size += len(document.text.encode("utf-8", "surrogatepass"))
        if size > TRAINING_BYTES:
            return


def script_shares(count: Counter) -> Row:
    """Returns the percentage of letters by script."""
    letters = sum(count[f"script/{name}"] for name in SCRIPTS) or 1
    return {name: 100 * count[f"script/{name}"] / letters for name in SCRIPTS}


def language_rows(counts: dict[str, Counter]) -> list[Row]:
    """Returns a row for each source: letters by script and bytes by language, in percent."""
    rows = []
    for source, count in sorted(counts.items()):
        shares = {
            key.removeprefix("language/"): 100 * value / max(count["bytes"], 1)
            for key, value in count.items()
            if key.startswith("language/")
        }
        top = sorted(shares.items(), key=lambda item: -item[1])[:3]
        row = {"source": source, "documents": count["documents"]} | script_shares(count)
        rows.append(row | {"languages": ", ".join(f"{name} {share:.1f}" for name, share in top)})
    return rows
