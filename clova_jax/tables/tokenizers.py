"""Does what studies of tokenizers share: documents to train on and others to measure on, tokenizers trained once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_lines
from clova_jax.common.hashes import HASHES
from clova_jax.common.progress import progress
from clova_jax.common.run_folder import RUN, begin_run
from clova_jax.corpus import Document, read_documents, sample_documents
from clova_jax.evaluate import Tally, disagreement
from clova_jax.tables.table import Row
from clova_jax.tokenizers import MorphemeByteTokenizer, Tokenizer, load_tokenizer, train_tokenizer

HELD_OUT = 0.02  # share of the documents that no tokenizer learns from
ENGLISH = "English (parallel)"
PROBES = ("젝", "프로젝트")


def split(documents: Iterable[Document], seed: int) -> Iterator[tuple[Document, bool]]:
    """Yields the documents, and whether each is held out."""
    for document in documents:
        yield document, any(sample_documents([document], HELD_OUT, seed + 1))


def training_texts(data: Path, megabytes: float, seed: int) -> Iterator[str]:
    """Yields about `megabytes` of documents that are not held out, a random choice."""
    size = sum(len(d.text.encode()) for d, held in split(read_documents(data), seed) if not held)
    share = min(1.0, megabytes * 1e6 / max(size, 1))
    kept = (document for document, held in split(read_documents(data), seed) if not held)
    for document in sample_documents(kept, share, seed):
        yield document.text


def read_held_out(data: Path, kilobytes: float, seed: int) -> dict[str, list[str]]:
    """Returns at most `kilobytes` of held-out texts by source, and the English side of the parallel test set."""
    texts: dict[str, list[str]] = defaultdict(list)
    size: dict[str, int] = defaultdict(int)

    def keep(source: str, text: str) -> None:
        if size[source] < kilobytes * 1000:
            texts[source].append(text)
            size[source] += len(text.encode())

    for document, held in split(read_documents(data), seed):
        if held:
            keep(document.source, document.text)
    for number, line in read_lines(find_file(data / "parallel", "koen_test.tsv")):
        if number > 1:
            keep(ENGLISH, line.split("\t")[1])
    return dict(texts)


def train_once(
    folder: Path,
    texts: Iterable[str],
    kind: str,
    vocab_size: int,
    title: str,
    data: str,
    **extra: Any,
) -> Tokenizer:
    """Trains a tokenizer, or loads the one that an earlier run left; `facts["megabytes"]` is what it learned from.

    Args:
        folder: of the tokenizer.
        texts: to train on; not read where it is trained already.
        kind: of the tokenizer.
        vocab_size: ids.
        title: shown beside the progress.
        data: says which texts they are (`corpus.digest_inputs` of their files).
        **extra: options of the kind.

    Raises:
        ClovaError: the folder holds a tokenizer of other texts, kind, size or options, or one that does not say of which.
    """
    trained = (folder / HASHES).exists()
    if trained and not (folder / RUN).is_file():
        raise ClovaError(
            f"{folder}: holds a tokenizer that does not say what it was trained on (it has no {RUN}); "
            "remove it, or give another --out"
        )
    begin_run(folder, {"kind": kind, "vocab_size": vocab_size, "data": data, **extra})
    if not trained:
        size = 0

        def counted() -> Iterator[str]:
            nonlocal size
            for text in progress(texts, desc=title, unit=" documents"):
                size += len(text.encode())
                yield text

        tokenizer = train_tokenizer(counted(), kind, vocab_size, **extra)
        tokenizer.facts["megabytes"] = size / 1e6
        tokenizer.save(folder)
    return load_tokenizer(folder)


def segmentation_rows(
    tokenizer: Tokenizer, folder: Path, held_out: dict[str, list[str]]
) -> list[Row]:
    """Measures a tokenizer; returns a row of all Korean sources together, then one for each source.

    Args:
        tokenizer: as saved in `folder`.
        folder: where the library's own file lies, which is compared.
        held_out: texts by source.
    """
    total = Tally()
    rows = []
    for source, texts in sorted(held_out.items()):
        tally = Tally()
        for text, ids in zip(texts, tokenizer.encode_batch(texts), strict=True):
            tally.add(text, ids, tokenizer)
        rows.append({"source": source} | tally.row())
        if source != ENGLISH:
            total.merge(tally)
    korean = (text for source, texts in held_out.items() if source != ENGLISH for text in texts)
    about = {
        "ids": tokenizer.vocab_size,
        "tokenizer.json differs %": disagreement(tokenizer, _plain(folder), korean),
        **{word: spelled(tokenizer, word) for word in PROBES},
    }
    return [{"source": "all Korean"} | total.row() | about, *rows]


def _plain(folder: Path) -> Path:
    """The file that the library reads of a tokenizer; that of morpheme_byte lacks the analyser."""
    own = folder / MorphemeByteTokenizer.file_name
    return own if own.exists() else folder / "tokenizer.json"


def spelled(tokenizer: Tokenizer, word: str) -> str:
    """Returns a word as its tokens, `?` for bytes that are no character."""
    return "·".join(tokenizer.decode([i]).replace("\ufffd", "?") for i in tokenizer.encode(word))
