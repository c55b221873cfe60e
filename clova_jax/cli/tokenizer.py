"""Runs `clova tokenizer`: documents to a tokenizer folder."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clova_jax import tokenizers
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json
from clova_jax.common.hashes import HASHES
from clova_jax.common.options import as_json, option, seed_option
from clova_jax.common.output_folder import claim_folder
from clova_jax.common.progress import progress
from clova_jax.common.report import format_table
from clova_jax.common.run_folder import holds_out
from clova_jax.corpus import (
    Document,
    by_source,
    changed_input,
    describe_inputs,
    document_files,
    read_documents,
    sample_documents,
)

OPTIONS = "options.json"
TRAINING = ("analysis", "min_count", "korean_only", "num_cuts", "character_coverage")


@dataclass(frozen=True)
class Options:
    """Trains a tokenizer on documents, read as a stream.

    The folder is what --tokenizer of the other commands takes. A finished one is not trained again.
    """

    data: Path
    """folder with *.jsonl[.gz|.zst] documents, or with a corpus/ of them"""
    kind: Literal["morpheme_byte", "byte", "char", "eojeol", "character"] = "morpheme_byte"
    """morpheme_byte: the paper's, byte-level BPE inside morphemes; byte: byte-level BPE; char:
    character-level BPE; eojeol and character: baselines with an id for each"""
    vocab_size: int = option(32_000, least=1)
    """entries of the vocabulary, <|endoftext|> counted"""
    sample: tuple[str, ...] = ()
    """share of the documents to use, of all (0.01) or by source (blogs=0.5); default: all"""
    analysis: Literal["eojeol", "sentence"] | None = None
    """morpheme_byte: text that the analyser gets at once, eojeol or sentence (default: eojeol)"""
    min_count: int | None = option(None, least=1)
    """byte kinds: rarer pairs are not merged (default: 2)"""
    korean_only: bool | None = None
    """byte kinds: all but Hangul and ASCII punctuation stays single bytes (default: no)"""
    num_cuts: int | None = option(None, least=0)
    """morpheme_byte: frequent eojeols saved with their cuts (default: 1000000)"""
    character_coverage: float | None = option(None, above=0, most=1)
    """char: share of the text's characters with an id (default: 0.9995)"""
    seed: int = seed_option()
    """seed of the sample"""
    out: Path = Path("runs/tokenizer")
    """the tokenizer's folder"""


@holds_out
def run(options: Options) -> None:
    """Trains, saves, and prints what was made."""
    asked = {name: value for name, value in as_json(options).items() if name != "out"}
    asked["inputs"] = describe_inputs(document_files(options.data))
    claim_folder(
        options.out, (*tokenizers.FILES, OPTIONS), tokenizers.MANIFEST, "a tokenizer of clova_jax"
    )
    if (options.out / OPTIONS).is_file() and (options.out / HASHES).is_file():
        tokenizer = tokenizers.load_tokenizer(options.out)  # first: it checks all files
        before = read_json(options.out / OPTIONS)
        if before != asked:
            change = changed_input(before.get("inputs") or [], asked["inputs"])
            what = f"of other documents ({change})" if change else "made with other options"
            raise ClovaError(f"{options.out}: holds a tokenizer {what}; give another --out")
    elif (options.out / HASHES).is_file():
        raise ClovaError(
            f"{options.out}: holds a tokenizer that this command did not make; give another --out"
        )
    else:
        shares = parse_shares(options.sample)
        given = {name: getattr(options, name) for name in TRAINING}
        given = {name: value for name, value in given.items() if value is not None}
        documents = sample_sources(read_documents(options.data), shares, options.seed)
        tokenizer = tokenizers.train_tokenizer(
            watch(documents), options.kind, options.vocab_size, show_progress=True, **given
        )
        tokenizer.save(options.out, {OPTIONS: asked})
    if tokenizer.vocab_size < options.vocab_size:
        print(f"the text has no more than {tokenizer.vocab_size:,} tokens worth an id")
    row: dict[str, Any] = {"kind": tokenizer.kind, "vocab_size": tokenizer.vocab_size}
    print(format_table([row | tokenizer.facts]))
    print(f"\n{options.out}: fingerprint {tokenizer.fingerprint[:12]}")


def parse_shares(words: Iterable[str]) -> dict[str | None, float]:
    """Shares by source from "0.1" (every source, the key None) and "blogs=0.5"."""
    shares, rest = [], {}
    for word in words:
        source, equals, number = word.rpartition("=")
        try:
            share = float(number)
            if not 0 <= share <= 1:
                raise ValueError
        except ValueError:
            raise ClovaError(
                f"--sample: {word!r} is no share between 0 and 1, nor SOURCE=share"
            ) from None
        if equals:
            shares.append((source, share))
        else:
            rest[None] = share
    return {**rest, **by_source(shares, "--sample")}


def sample_sources(
    documents: Iterable[Document], shares: dict[str | None, float], seed: int
) -> Iterator[Document]:
    """Yields the documents kept of each source; a larger share holds a smaller one.

    Raises:
        ClovaError: at the end, a share for a source that was not there.
    """
    rest = shares.get(None, 1.0)
    seen = set()
    for document in documents:
        seen.add(document.source)
        yield from sample_documents([document], shares.get(document.source, rest), seed)
    if absent := shares.keys() - seen - {None}:
        raise ClovaError(
            f"--sample: no documents of source {', '.join(sorted(map(str, absent)))}; "
            f"there are: {', '.join(sorted(seen))}"
        )


def watch(documents: Iterable[Document]) -> Iterator[str]:
    """Yields the texts, with a bar of what was read; then prints a line for each source."""
    size: Counter[str] = Counter()
    with progress(desc="read", unit="B", unit_scale=True) as bar:
        for document in documents:
            length = len(document.text.encode("utf-8", "surrogatepass"))
            size[document.source] += length
            bar.update(length)
            yield document.text
    rows = [{"source": name, "megabytes": size[name] / 1e6} for name in sorted(size)]
    print(format_table(rows))
