"""Counts a corpus by source: documents, bytes, tokens, scripts and languages."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.files import read_json, write_json
from clova_jax.common.hashes import hash_file, hash_folder
from clova_jax.common.progress import progress
from clova_jax.common.workers import Workers
from clova_jax.corpus.clean.language import language
from clova_jax.corpus.clean.profile import profile
from clova_jax.corpus.documents import Block, base_of, document_files, parse_block, read_blocks
from clova_jax.corpus.places import describe_inputs, shown_name

SCRIPTS = ("hangul", "latin", "han", "kana", "other")


@dataclass(frozen=True)
class CountTask:
    """Names a block to count.

    Args:
        block: some lines of the corpus.
        tokenizer: its folder, or None to leave tokens out.
        sources: the user's registry, where one is given.
    """

    block: Block
    tokenizer: str | None
    sources: str | None = None


def count_block(task: CountTask) -> dict[str, dict[str, int]]:
    """Counts a block by source: `documents, bytes, characters, tokens`, `script/…` letters, `language/…` bytes."""
    tokenizer = loaded_tokenizer(task.tokenizer) if task.tokenizer else None
    counts: dict[str, Counter] = {}
    texts: dict[str, list[str]] = {}
    for document in parse_block(task.block):
        count = counts.setdefault(document.source, Counter())
        text = document.text
        size = len(text.encode("utf-8", "surrogatepass"))
        found = profile(text)
        count["documents"] += 1
        count["bytes"] += size
        count["characters"] += len(text)
        count["script/hangul"] += found.hangul + found.jamo
        count["script/latin"] += found.latin
        count["script/han"] += found.han
        count["script/kana"] += found.kana
        other = found.letters - found.hangul - found.latin - found.han - found.kana
        count["script/other"] += other
        count[f"language/{language(text)}"] += size
        if tokenizer is not None:
            texts.setdefault(document.source, []).append(text)
    for source, batch in texts.items():
        counts[source]["tokens"] += sum(map(len, tokenizer.encode_batch(batch)))
    return {source: dict(count) for source, count in counts.items()}


_loaded: dict[str, Any] = {}


def loaded_tokenizer(folder: str) -> Any:
    """Returns the tokenizer of a folder, loaded once a process."""
    if folder not in _loaded:
        from clova_jax.tokenizers import load_tokenizer

        _loaded[folder] = load_tokenizer(folder)
    return _loaded[folder]


def count_corpus(
    data_dir: str | Path,
    out: str | Path,
    tokenizer: str | None = None,
    workers: int = 2,
    count: Callable[[CountTask], dict[str, dict[str, int]]] = count_block,
    sources: Path | None = None,
) -> dict[str, Counter]:
    """Counts a corpus, file by file; a file is counted again when it, the tokenizer or the registry was edited.

    Args:
        data_dir: a corpus folder (`read_documents`).
        out: folder for the counts of each file.
        tokenizer: folder of a tokenizer, or None.
        workers: processes.
        count: counts a block by source: `count_block`, or `uses.count_uses`.
        sources: the user's registry, for a `count` that asks for kinds.

    Returns:
        Counts by source, as `count` makes them.
    """
    total: dict[str, Counter] = {}
    files = document_files(data_dir)
    base = base_of(files)
    encoder = hash_folder(Path(tokenizer)) if tokenizer else None
    registered = {"sources": hash_file(sources)} if sources else {}
    with Workers(workers) as many:
        for path, described in zip(
            progress(files, desc="count", unit=" files"), describe_inputs(files), strict=True
        ):
            name = shown_name(path.relative_to(base))
            of = {"sha256": described["sha256"], "tokenizer": encoder} | registered
            mark = Path(out) / f"{name}.json"
            counted = read_json(mark) if mark.is_file() else {}
            if counted.get("of") != of:
                found: dict[str, Counter] = {}

                def tasks(path: Path = path) -> Iterator[CountTask]:
                    for block in read_blocks(path, base=base):
                        yield CountTask(block, tokenizer, sources and str(sources))

                small = path.stat().st_size < 1 << 20  # a process would take longer to start
                chosen = Workers(1) if small else many
                for counts in chosen.map(count, tasks()):
                    for source, numbers in counts.items():
                        found.setdefault(source, Counter()).update(numbers)
                counts = {source: dict(sorted(n.items())) for source, n in found.items()}
                counted = {"of": of, "counts": counts}
                write_json(mark, counted)
            for source, numbers in counted["counts"].items():
                total.setdefault(source, Counter()).update(numbers)
    return total
