"""Runs the peer of `benchmarks.corpus`, the same steps by datatrove; arguments: IN OUT WORKERS."""

import re
import sys
from pathlib import Path

import xxhash
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.filters import GopherRepetitionFilter
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils import word_tokenizers
from datatrove.utils.hashes import xxhash as hashes
from datatrove.utils.word_tokenizers import WordTokenizer


class Spaces(WordTokenizer):
    """Splits words at spaces, the cheapest tokenizer there is, so that the peer spends no time on it."""

    def word_tokenize(self, text: str) -> list[str]:
        """Splits a text into words."""
        return text.split()

    def sent_tokenize(self, text: str) -> list[str]:
        """Splits a text into lines."""
        return text.split("\n")

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """Returns where each word begins and ends."""
        return [word.span() for word in re.finditer(r"\S+", text)]


# At import, so that datatrove's worker processes have it too.
word_tokenizers.load_tokenizer_assignments = lambda: {"kor": Spaces, "ko": Spaces}
# xxhash 4 takes bytes alone; datatrove 0.10 hands it texts.
hashes.xxhash64 = lambda text: xxhash.xxh64_intdigest(text.encode())


def main(source: str, out: str, workers: int) -> None:
    """Filters and masks, then removes near duplicates in datatrove's four stages."""
    language = "kor"
    config = MinhashConfig(num_buckets=16, hashes_per_bucket=4, n_grams=3)
    files = len(list(Path(source).iterdir()))

    def execute(name: str, steps: list, tasks: int) -> None:
        LocalPipelineExecutor(
            steps, tasks=tasks, workers=workers, logging_dir=f"{out}/logs/{name}"
        ).run()

    execute(
        "clean",
        [
            JsonlReader(source, compression="zstd"),
            GopherRepetitionFilter(language=language),
            PIIFormatter(),
            JsonlWriter(f"{out}/clean", compression="zstd", output_filename="${rank}.jsonl.zst"),
        ],
        files,
    )
    reader = JsonlReader(f"{out}/clean", compression="zstd")
    execute(
        "signatures",
        [reader, MinhashDedupSignature(f"{out}/signatures", config, language=language)],
        files,
    )
    execute(
        "buckets", [MinhashDedupBuckets(f"{out}/signatures", f"{out}/buckets", config=config)], 16
    )
    execute("cluster", [MinhashDedupCluster(f"{out}/buckets", f"{out}/remove", config)], 1)
    execute(
        "filter",
        [
            reader,
            MinhashDedupFilter(f"{out}/remove"),
            JsonlWriter(f"{out}/documents", compression="zstd"),
        ],
        files,
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
