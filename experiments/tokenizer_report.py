"""How tokenizers of one size cut Korean: compression, unknowns, and morpheme boundaries, by source.

    python -m experiments.tokenizer_report                       # the embedded sample world
    python -m experiments.tokenizer_report --data DIR

Every kind is trained on the same documents and measured on others. Boundaries are those between
two Hangul syllables of one eojeol; the reference is Kiwi's analysis of whole lines, so kind
morpheme_byte, which uses Kiwi too, is judged by how far eojeols and merges take it from that.
"""

import functools
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers

from clova_jax.common.command import as_json, main, option, seed_option
from clova_jax.common.files import find_file, read_lines
from clova_jax.common.hashes import HASHES
from clova_jax.common.plots import figure
from clova_jax.common.progress import progress
from clova_jax.common.report import Report
from clova_jax.common.run_folder import holds_out
from clova_jax.corpus.documents import Document, read_documents
from clova_jax.corpus.run.sampling import sample_documents
from clova_jax.sample import write_sample
from clova_jax.tokenizers import Tokenizer, load_tokenizer, train_tokenizer
from clova_jax.tokenizers.morpheme_byte import MorphemeByteTokenizer
from clova_jax.tokenizers.morphemes import Morphemes
from clova_jax.tokenizers.words import split_words

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "morpheme_byte": ("morpheme_byte", {}),
    "morpheme_byte, Korean only": ("morpheme_byte", {"korean_only": True}),
    "byte": ("byte", {}),
    "byte, Korean only": ("byte", {"korean_only": True}),
    "char": ("char", {}),
    "eojeol": ("eojeol", {}),
    "character": ("character", {}),
}
PROBES = ("젝", "프로젝트")
HELD_OUT = 0.02  # share of the documents that no tokenizer learns from
ENGLISH = "English (parallel)"


@dataclass(frozen=True)
class Options:
    """Compares all kinds of tokenizer on held-out text."""

    data: Path | None = option(None, "a folder with documents", metavar="DIR")
    vocab_size: int = option(32_000, "ids of every tokenizer", least=1)
    megabytes: float = option(100.0, "of text to train on, at most", above=0)
    kilobytes: float = option(300.0, "of held-out text of each source, at most", above=0)
    seed: int = seed_option("of the choice of documents")
    out: Path = option(Path("runs/tokenizer_report"), "results and tokenizers", metavar="DIR")


@holds_out
def run(options: Options) -> None:
    """Trains what is not there yet, measures, writes table and plot."""
    data = options.data or write_sample(options.out / "sample", seed=options.seed)
    held_out = read_held_out(data, options)
    rows = []
    for name, (kind, extra) in VARIANTS.items():
        folder = trained(data, name, kind, extra, options)
        rows += measure(name, folder, held_out)
    report = Report("tokenizer_report", as_json(options), rows, notes=notes(options, held_out))
    report.write(options.out)
    plot(rows, options.out / "tokenizer_report.png")


# What is trained on, and what is not.


def split(documents: Iterable[Document], seed: int) -> Iterable[tuple[Document, bool]]:
    """Documents, and whether each is held out."""
    for document in documents:
        yield document, any(sample_documents([document], HELD_OUT, seed + 1))


def training_texts(data: Path, megabytes: float, seed: int) -> Iterable[str]:
    """About `megabytes` of documents that are not held out, a random choice."""
    size = sum(len(d.text.encode()) for d, held in split(read_documents(data), seed) if not held)
    share = min(1.0, megabytes * 1e6 / max(size, 1))
    kept = (document for document, held in split(read_documents(data), seed) if not held)
    for document in sample_documents(kept, share, seed):
        yield document.text


def read_held_out(data: Path, options: Options) -> dict[str, list[str]]:
    """Held-out texts of each source, and the English side of the parallel test set."""
    texts: dict[str, list[str]] = defaultdict(list)
    size: dict[str, int] = defaultdict(int)

    def keep(source: str, text: str) -> None:
        if size[source] < options.kilobytes * 1000:
            texts[source].append(text)
            size[source] += len(text.encode())

    for document, held in split(read_documents(data), options.seed):
        if held:
            keep(document.source, document.text)
    for number, line in read_lines(find_file(data / "parallel", "koen_test.tsv")):
        if number > 1:
            keep(ENGLISH, line.split("\t")[1])
    return dict(texts)


def trained(data: Path, name: str, kind: str, extra: dict[str, Any], options: Options) -> Path:
    """The folder of one variant's tokenizer, from an earlier run where there is one."""
    label = "_".join(map(str, (name, options.vocab_size, options.megabytes, options.seed)))
    folder = options.out / "tokenizers" / label.replace(", ", "_").replace(" ", "_")
    if not (folder / HASHES).exists():
        texts = training_texts(data, options.megabytes, options.seed)
        watched = progress(texts, desc=name, unit=" documents")
        train_tokenizer(watched, kind, options.vocab_size, **extra).save(folder)
    return folder


# What is measured.


def measure(name: str, folder: Path, held_out: dict[str, list[str]]) -> list[dict[str, Any]]:
    """A row for each source, and one for all Korean ones together."""
    tokenizer = load_tokenizer(folder)
    total: Tally = Tally()
    rows = []
    probe = {f"{word}": spelled(tokenizer, word) for word in PROBES}
    for source, texts in sorted(held_out.items()):
        tally = Tally()
        for text, ids in zip(texts, tokenizer.encode_batch(texts), strict=True):
            tally.add(text, ids, tokenizer)
        rows.append({"tokenizer": name, "source": source} | tally.row())
        if source != ENGLISH:
            total.merge(tally)
    korean = (text for source, texts in held_out.items() if source != ENGLISH for text in texts)
    whole = {
        "ids": tokenizer.vocab_size,
        "tokenizer.json differs %": disagreement(tokenizer, _plain(folder), korean),
    }
    return [{"tokenizer": name, "source": "all Korean"} | total.row() | whole | probe, *rows]


def _plain(folder: Path) -> Path:
    """What the library reads of a tokenizer; that of morpheme_byte lacks the analyser."""
    pieces = folder / MorphemeByteTokenizer.file_name
    return pieces if pieces.exists() else folder / "tokenizer.json"


def disagreement(tokenizer: Tokenizer, plain: Path, texts: Iterable[str]) -> float | None:
    """Percentage of words that the library alone, reading such a file, gives other ids."""
    if not plain.exists():
        return None
    library = tokenizers.Tokenizer.from_file(str(plain))
    library.encode_special_tokens = True
    words = Counter(chain.from_iterable(map(split_words, texts)))
    different = list(words)
    ours, theirs = tokenizer.encode_batch(different), library.encode_batch(different)
    other = sum(
        words[word]
        for word, ids, encoding in zip(different, ours, theirs, strict=True)
        if ids != encoding.ids
    )
    return 100 * other / words.total()


def spelled(tokenizer: Tokenizer, word: str) -> str:
    """A word as its tokens, `?` for bytes that are no character."""
    return "·".join(tokenizer.decode([i]).replace("\ufffd", "?") for i in tokenizer.encode(word))


_analyser = Morphemes()


@functools.cache  # every tokenizer meets the same texts
def reference(text: str) -> tuple[set[int], set[int]]:
    """Byte offsets between two Hangul syllables, and those of them where morphemes meet."""
    lengths = [len(piece.encode()) for piece in next(_analyser.cut_texts([text]))]
    inner = inside_eojeols(text.encode())
    return inner, set(np.cumsum(lengths[:-1]).tolist()) & inner


class Tally:
    """Sums over texts."""

    def __init__(self) -> None:
        self.bytes = self.tokens = self.eojeols = self.characters = self.lost = 0
        self.boundaries = self.morphemes = self.agreed = 0

    def add(self, text: str, ids: list[int], tokenizer: Tokenizer) -> None:
        """Counts one text."""
        data = text.encode()
        starts, lost = token_starts(data, ids, tokenizer)
        self.bytes += len(data)
        self.tokens += len(ids)
        self.eojeols += len(text.split())
        self.characters += len(text)
        self.lost += lost
        inner, expected = reference(text)
        found = set(starts) & inner
        self.boundaries += len(found)
        self.morphemes += len(expected)
        self.agreed += len(found & expected)

    def merge(self, other: "Tally") -> None:
        """Adds another tally's sums."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def row(self) -> dict[str, Any]:
        """The figures."""
        found = 100 * self.agreed / self.morphemes if self.morphemes else None
        right = 100 * self.agreed / self.boundaries if self.boundaries else None
        both = self.morphemes + self.boundaries
        return {
            "bytes/token": self.bytes / self.tokens,
            "tokens/eojeol": self.tokens / max(self.eojeols, 1),
            "unknown %": 100 * self.lost / self.characters,
            "boundaries found %": found,
            "boundaries right %": right,
            "boundary F1": 200 * self.agreed / both if both and self.morphemes else None,
        }


def token_starts(data: bytes, ids: list[int], tokenizer: Tokenizer) -> tuple[list[int], int]:
    """Where in the text each token begins (bytes), and how many characters are unknown."""
    tokens = list(map(tokenizer.token_bytes().__getitem__, ids))
    if tokenizer.unknown is None or tokenizer.unknown not in ids:
        return np.cumsum([0, *map(len, tokens[:-1])]).tolist(), 0
    starts, at, known, gap = [], 0, 0, 0
    for number, token in zip(ids, tokens, strict=True):
        if number == tokenizer.unknown:
            gap += 1  # at least a byte of the text; the next known token ends it
            starts.append(at)
        else:
            at = data.find(token, at + gap) if gap else at
            starts.append(at)
            at, gap = at + len(token), 0
            known += len(token.decode())
    return starts, len(data.decode()) - known


def inside_eojeols(data: bytes) -> set[int]:
    """Byte offsets between two Hangul syllables."""
    text = data.decode()
    hangul = np.array(["가" <= character <= "힣" for character in text])
    offsets = np.cumsum([0] + [len(character.encode()) for character in text])[:-1]
    return set(offsets[1:][hangul[1:] & hangul[:-1]].tolist()) if len(text) else set()


# What is shown.


def notes(options: Options, held_out: dict[str, list[str]]) -> list[str]:
    """How to read the table."""
    size = sum(len(text.encode()) for texts in held_out.values() for text in texts)
    return [
        f"trained on at most {options.megabytes:g} MB, measured on {size / 1e6:.1f} MB of other "
        "documents; bytes are UTF-8",
        "boundaries lie between two Hangul syllables: found = share of morpheme boundaries that are "
        "token boundaries, right = share of token boundaries that are morpheme boundaries",
        "unknown % counts characters; the probes show the tokens of 젝 and 프로젝트 (? = a part of "
        "a character, or an unknown)",
        f"all Korean leaves out {ENGLISH}",
    ]


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Bars by source for compression, by kind for boundaries."""
    names = list(dict.fromkeys(row["tokenizer"] for row in rows))
    sources = list(dict.fromkeys(row["source"] for row in rows))
    with figure(path, 1, 2, (15, 5.4), width_ratios=[3, 1]) as (left, right):
        width = 0.8 / len(names)
        for number, name in enumerate(names):
            mine = {row["source"]: row["bytes/token"] for row in rows if row["tokenizer"] == name}
            at = np.arange(len(sources)) + (number - len(names) / 2 + 0.5) * width
            left.bar(at, [mine[source] for source in sources], width, label=name)
        left.set_xticks(range(len(sources)), sources, rotation=45, ha="right")
        left.set_ylabel("bytes per token (held out)")
        left.legend(fontsize=8, ncols=len(names), loc="lower center", bbox_to_anchor=(0.5, 1.0))
        scores = [row["boundary F1"] or 0 for row in rows if row["source"] == "all Korean"]
        right.barh(names[::-1], scores[::-1], color="tab:gray")
        right.set_xlabel("morpheme-boundary F1 (%)")


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
