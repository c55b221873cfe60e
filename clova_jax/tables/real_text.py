"""Prepares real text for a model: cleaned, without evaluation sets, headlines with the section that YNAT gives them."""

import sys
from collections.abc import Iterable
from pathlib import Path

from clova_jax.common.files import find_file, read_json, write_jsonl
from clova_jax.common.run_folder import begin_run
from clova_jax.corpus import Job, clean_corpus, digest_inputs, document_files, read_documents
from clova_jax.evaluate import load_task
from clova_jax.labelled import known_files
from clova_jax.tables.tokenizers import train_once
from clova_jax.tokenizers import Tokenizer

NSMC_TRAIN = "ratings_train.txt"


def clean_text(data: Path, out: Path, nsmc_reviews: bool = True) -> Path:
    """Cleans a corpus as `clova corpus` does, and returns the folder of documents; a finished one is returned as it is.

    Args:
        data: laid out like the official data, with `corpus/`.
        out: where the documents and the report go.
        nsmc_reviews: leave the reviews of NSMC's training file in the text; those of its test file never stay.

    Raises:
        ClovaError: `out` holds other text.
        Stopped: a signal; the same call goes on there.
    """
    # All other files are compared by clean_corpus.
    sections = digest_inputs([_sections_file(data)])
    begin_run(out, {"sections": sections, "nsmc_reviews": nsmc_reviews})
    evaluation = list(known_files(data))
    if not nsmc_reviews:
        evaluation.append(find_file(data / "nsmc", NSMC_TRAIN))
    safety = data / "safety" if (data / "safety").is_dir() else None
    clean_corpus(Job(data, out / "cleaned", evaluation=tuple(evaluation), safety=safety))
    documents = out / "documents" / "all.jsonl.zst"
    if not documents.is_file():
        documents.parent.mkdir(exist_ok=True)
        _with_sections(data, out / "cleaned" / "documents", documents)
    return documents.parent


def _with_sections(data: Path, cleaned: Path, path: Path) -> None:
    """Writes the documents again, headlines with `meta.section` where YNAT's training file has their `meta.guid`."""
    sections = _sections(data)
    write_jsonl(
        path,
        (
            {"text": document.text, "source": document.source, "id": document.id}
            | {"meta": document.meta | sections.get(document.meta.get("guid"), {})}
            for document in read_documents(cleaned)
        ),
    )


def _sections(data: Path) -> dict[str, dict[str, str]]:
    """Returns the section of each headline of YNAT's training file, by its guid."""
    names = load_task("ynat").labels
    rows = read_json(_sections_file(data))
    return {row["guid"]: {"section": names[row["label"]]} for row in rows}


def _sections_file(data: Path) -> Path:
    return find_file(data / "klue" / "ynat-v1.1", "ynat-v1.1_train.json")


def train_text_tokenizer(documents: Path, folder: Path, kind: str, vocab_size: int) -> Tokenizer:
    """Trains a tokenizer on documents, or loads the one in `folder`."""
    print(f"tokenizer: {kind}, {vocab_size:,} ids", file=sys.stderr, flush=True)
    texts: Iterable[str] = (document.text for document in read_documents(documents))
    data = digest_inputs(document_files(documents))
    return train_once(folder, texts, kind, vocab_size, "tokenizer", data)
