"""Writes small corpora, and reads folders back to compare them."""

import json
from pathlib import Path


def write_corpus(folder: Path, counts: dict[str, int], length: int = 40) -> Path:
    """Writes `counts` documents a source, of about `length` characters, each with its own number in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, count in counts.items():
        with (folder / f"{source}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(count):
                text = f"{source} {number} " + "가나다 " * (number % (length // 2))
                file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Reads every file of a folder, by its name."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
