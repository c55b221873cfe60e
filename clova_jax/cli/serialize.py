"""Runs `clova serialize`: documents to a token store."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clova_jax import corpus, data, tokenizers
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option
from clova_jax.common.report import format_table
from clova_jax.corpus import FORMS_HELP


@dataclass(frozen=True)
class Options:
    """Encodes documents into token shards, by source, with some kept for validation.

    The same command resumes where it was stopped. An --out such as gs://bucket/tokens writes zarr
    arrays through TensorStore. With --executor stream it maps JSON Lines from standard input to token records
    on standard output (a Hadoop streaming mapper), which --records joins into the same store.
    """

    tokenizer: Path
    """folder of a tokenizer"""
    data: Path | None = None
    """folder with *.jsonl[.gz|.zst] documents, or with a corpus/ of them"""
    out: str = option("", metavar="DIR")
    """folder or object-store URL of the token store"""
    executor: Literal["local", "spark", "stream"] = "local"
    """where documents are encoded. local: worker processes; spark: PySpark, a file an executor; stream: stdin to stdout"""
    records: Path | None = None
    """folder of token records that mappers wrote: join them instead of encoding; with spark: where they are written"""
    workers: int | None = option(None, least=1)
    """processes (default: one a CPU; one for a small corpus)"""
    validation: float = option(0.01, least=0, below=1)
    """share of each source to keep out of training, more of small ones; 0: none"""
    forms: tuple[str, ...] = option((), help=FORMS_HELP, metavar="NAME[=SHARE]")


def run(options: Options) -> None:
    """Writes the store and prints what is in it."""
    forms = corpus.parse_forms(options.forms)
    tokenizer = tokenizers.load_tokenizer(options.tokenizer)
    if options.executor == "stream":
        if options.forms or options.records or options.data or options.out:
            raise ClovaError(
                "--executor stream reads standard input; give --data, --out, … when its records are joined"
            )
        data.map_tokens(sys.stdin.buffer, sys.stdout.buffer, tokenizer, sys.stderr)
        return
    for name in ("data", "out"):
        if not getattr(options, name):
            raise ClovaError(f"--{name} is required: a folder (try --help)")
    store = data.serialize(
        options.data,
        tokenizer,
        options.out,
        workers=options.workers,
        validation=options.validation,
        forms=forms,
        executor=options.executor,
        records=options.records,
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
