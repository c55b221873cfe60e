"""Runs `clova serialize`: documents to a token store."""

from dataclasses import dataclass
from pathlib import Path

from clova_jax import corpus, data, tokenizers
from clova_jax.common.options import option
from clova_jax.common.report import format_table
from clova_jax.corpus import FORMS_HELP


@dataclass(frozen=True)
class Options:
    """Encodes documents into token shards, by source, with some kept for validation.

    The same command resumes where it was stopped. An --out such as gs://bucket/tokens writes zarr
    arrays through TensorStore.
    """

    data: Path
    """folder with *.jsonl[.gz|.zst] documents, or with a corpus/ of them"""
    tokenizer: Path
    """folder of a tokenizer"""
    out: str = option(metavar="DIR")
    """folder or object-store URL of the token store"""
    workers: int | None = option(None, least=1)
    """processes (default: one a CPU; one for a small corpus)"""
    validation: float = option(0.01, least=0, below=1)
    """share of each source to keep out of training, more of small ones; 0: none"""
    forms: tuple[str, ...] = option((), help=FORMS_HELP, metavar="NAME[=SHARE]")


def run(options: Options) -> None:
    """Writes the store and prints what is in it."""
    forms = corpus.parse_forms(options.forms)
    store = data.serialize(
        options.data,
        tokenizers.load_tokenizer(options.tokenizer),
        options.out,
        workers=options.workers,
        validation=options.validation,
        forms=forms,
    )
    rows = []
    for split in ("train", "validation"):
        for source in [*store.sources(split), None]:
            count = store.count(split, source)
            rows.append(
                {
                    "split": split,
                    "source": source or "all",
                    "documents": count.documents,
                    "tokens": count.tokens,
                    "bytes": count.bytes,
                    "bytes a token": count.bytes / max(count.tokens, 1),
                }
            )
    print(format_table(rows))
    print("", *store.losses(), sep="\n")
    print(f"{store.path}: {store.count().tokens:,} tokens, fingerprint {store.fingerprint[:12]}")
