"""Measures how many evaluation texts stay in a corpus that they are planted in, and what else is taken out.

python -m benchmarks.evaluation_overlap --data DIR [--sample 20] [--out runs/evaluation_overlap]

Plants every text of every known evaluation set in documents, in all the forms of `FORMS`, and runs the steps that an
ordinary run has up to the evaluation step. Then runs them over the corpus itself, and reports what is removed.
"""

import html
import json
import random
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.command import main
from clova_jax.common.environment import environment
from clova_jax.common.files import write_json
from clova_jax.common.report import format_table
from clova_jax.corpus.clean.cleaner import Cleaner
from clova_jax.corpus.clean.evaluation_overlap import (
    INSIDE,
    LINE,
    SENTENCE,
    EvaluationIndex,
    comparable,
    how_found,
)
from clova_jax.corpus.clean.step import Dropped
from clova_jax.corpus.documents import Document, parse_block, read_blocks
from clova_jax.corpus.settings import Cleaning
from clova_jax.labelled.names import known_files
from clova_jax.labelled.rows import Item, read_items

_WORD = re.compile(r"[^\W_]+")
_AROUND = (
    "가을볕이 마당에 가득하던 날 할머니는 장독 뚜껑을 하나씩 열어 보며 날씨를 살폈다.",
    "마을 어귀의 느티나무 아래에서는 늘 두세 사람이 장기를 두고 있었고 구경꾼도 그만큼 있었다.",
    "기차는 제시간에 오지 않았지만 아무도 시계를 보지 않았다.",
    "새로 난 길을 따라 걸으면 강까지는 삼십 분쯤 걸린다고 이장이 일러 주었다.",
)


def _page(text: str) -> str:
    cells = "".join(
        f"<p>{html.escape(line)}</p>" for line in (*_AROUND, *text.split("\n"), *_AROUND)
    )
    return f"<!doctype html><html><body>{cells}</body></html>"


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


FORMS: dict[str, Callable[[str], str]] = {
    "a line of its own": lambda text: text,
    "in quotes": lambda text: f"“{text}”",
    "with a list's number": lambda text: f"  12. {text}",
    "after a speaker": lambda text: f"S2: {text}",
    "in a table": lambda text: f"| {text} |",
    "in NFD": lambda text: unicodedata.normalize("NFD", text),
    "with entities": lambda text: html.escape(text).replace(" ", "&nbsp;"),
    "full-width, in capitals": lambda text: _wide(text.upper()),
    "with invisible characters": lambda text: "\u200b".join(text),
    "with Windows line ends": lambda text: text.replace("\n", "\r\n") + "\r",
    "in indented JSON": lambda text: json.dumps({"text": text}, ensure_ascii=False, indent=2),
}
LONG_FORMS = {
    "inside a paragraph": lambda text: f"{_AROUND[0]} {text} {_AROUND[1]}"
}  # 13 words or more
PAGE = "in a page"


def words_of(text: str) -> list[str]:
    """Returns the words that texts are compared by."""
    return _WORD.findall(comparable(text))


def stays(item: str, text: str) -> bool:
    """Returns whether a text still holds an item: its words in a row, or, for one of under 5 words, as a line."""
    words = words_of(item)
    if len(words) >= 5:
        return f" {' '.join(words)} " in f" {' '.join(words_of(text))} "
    return any(words_of(line) == words for line in text.split("\n"))


def forms_of(item: Item) -> list[str]:
    """Returns the forms that a text is planted in."""
    long = LONG_FORMS if len(words_of(item.text)) >= 13 else {}
    return [*FORMS, *long, PAGE]


def plant(item: Item, form: str, seed: int) -> Document:
    """Makes a document of invented prose that holds a text in a form, and is long enough to survive its loss."""
    if form == PAGE:
        return Document(_page(item.text), "1", "blogs", {"format": "html", "whole": True})
    around = random.Random(seed).sample(_AROUND, 3) * (1 + len(item.text) // 40)
    body = "\n".join([*around[:2], (FORMS | LONG_FORMS)[form](item.text), *around[2:]])
    return Document(body, "1", "blogs", {})


def findable(item: Item) -> bool:
    """Returns whether a text can be distinguished from others by its words."""
    return how_found(item)[0] in (INSIDE, SENTENCE, LINE)


BEFORE = ("extract", "normalize", "title")  # steps that change a text before the evaluation step


def cleaner_of(index: Path) -> Cleaner:
    """Makes the steps of an ordinary run that change a text, up to the evaluation step."""
    return Cleaner(Cleaning(steps=(*BEFORE, "evaluation"), evaluation_index=index))


def survivors(
    cleaner: Cleaner, items: list[Item], forms: int | None = None
) -> tuple[Counter, list[tuple[str, str]]]:
    """Plants texts and cleans; returns what was planted by form, and the (form, text) that stayed.

    Args:
        cleaner: of `cleaner_of`.
        items: the texts.
        forms: of each text, only so many, in turn; None: all.
    """
    counts: Counter = Counter()
    left = []
    for number, item in enumerate(items):
        names = forms_of(item)
        if forms is not None:
            at = number % len(names)
            names = (names[at:] + names[:at])[:forms]
        for name in names:
            counts[name] += 1
            _, result = cleaner(plant(item, name, number))
            if not isinstance(result, Dropped) and stays(item.text, result.text):
                left.append((name, item.text))
    return counts, left


@dataclass(frozen=True)
class Options:
    """Plants evaluation texts, and measures what an ordinary corpus loses."""

    data: Path = Path("../shared/data")
    """a folder with evaluation sets and a corpus"""
    out: Path = Path("runs/evaluation_overlap")
    """where results.json and the passages go"""
    forms: int = 3
    """of each text, so many forms (in turn)"""
    every: int = 10
    """one document in so many of the corpus"""


def run(options: Options) -> None:
    """Runs both halves and writes `results.json` and `removed.jsonl`."""
    index_path = options.out / "evaluation.npz"
    files = known_files(options.data)
    start = time.process_time()
    EvaluationIndex.of_files(files).save(index_path)
    index = EvaluationIndex.load(index_path)
    print(f"index: {time.process_time() - start:.0f} s", dict(index.counts), file=sys.stderr)
    cleaner = cleaner_of(index_path)
    sets, by_form, stayed = [], Counter(), []
    for file in files:
        items = list(dict.fromkeys(read_items(file)))
        wanted = [item for item in items if findable(item)]
        counts, left = survivors(cleaner, wanted, options.forms)
        by_form += counts
        stayed += [(str(file.relative_to(options.data)), *one) for one in left]
        sets.append(
            {
                "set": str(file.relative_to(options.data)),
                "texts": len(items),
                "not looked for": len(items) - len(wanted),
                "planted": sum(counts.values()),
                "stayed": len(left),
            }
        )
        print(sets[-1], file=sys.stderr)
    rows, removed = _losses(index, options)
    write_json(
        options.out / "results.json",
        {
            "index": dict(index.counts),
            "sets": sets,
            "forms": dict(by_form),
            "stayed": stayed[:1000],
            "corpus": rows,
            "environment": environment(),
        },
    )
    write_json(options.out / "removed.json", removed)
    print(format_table(sets))
    print(format_table(rows))


def _losses(index: EvaluationIndex, options: Options) -> tuple[list[dict[str, Any]], list]:
    cleaner = Cleaner(Cleaning(steps=BEFORE))
    rows, removed = [], []
    for path in sorted((options.data / "corpus").glob("*.jsonl*")):
        count: Counter = Counter()
        seconds = 0.0
        number = 0
        for block in read_blocks(path):
            for document in parse_block(block):
                number += 1
                if number % options.every:
                    continue
                _, before = cleaner(document)
                if isinstance(before, Dropped):
                    continue
                count["documents"] += 1
                count["bytes"] += len(before.text.encode())
                start = time.process_time()
                text, matched = index.remove(before.text)
                seconds += time.process_time() - start
                if not matched:
                    continue
                count["changed" if text is not None else "dropped"] += 1
                count["lost"] += len(before.text.encode()) - len((text or "").encode())
                for passage in matched:
                    words = len(words_of(passage))
                    kind = (
                        "13 words or more"
                        if words >= 13
                        else "5 to 12"
                        if words >= 5
                        else "under 5"
                    )
                    count[kind] += 1
                    removed.append(
                        {
                            "source": document.source,
                            "kind": kind,
                            "text": passage[:300],
                            "of": len(before.text),
                        }
                    )
        size = max(count["bytes"], 1)
        rows.append(
            {
                "source": path.name.split(".")[0],
                "documents": count["documents"],
                "changed": count["changed"],
                "dropped": count["dropped"],
                "passages of 13 words or more": count["13 words or more"],
                "of 5 to 12": count["5 to 12"],
                "under 5": count["under 5"],
                "% of bytes lost": 100 * count["lost"] / size,
                "MB/s": size / 1e6 / max(seconds, 1e-9),
            }
        )
        print(rows[-1], file=sys.stderr)
    return rows, removed


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
