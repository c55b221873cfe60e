"""Measures how well swear words are found in real text: precision and recall on eojeols labelled one by one.

python -m benchmarks.profanity --data DIR                    measures the labelled places again
python -m benchmarks.profanity --data DIR --draw FILE        draws a new sample to be labelled
python -m benchmarks.profanity --data DIR --draw FILE --all  every candidate of all formal prose instead

Candidates are the eojeols that a broad pattern, the pattern used before, or the search itself touches. The
sample is drawn at random from three groups of text, apart for what the search takes and what it
leaves, and shown in random order without its answer. Labels are kept as places with a hash of the eojeol,
never as text: the licences of the sources do not allow copies.
"""

import hashlib
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.command import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_json, read_jsonl, read_lines, write_json
from clova_jax.common.report import format_table
from clova_jax.corpus.clean.profanity.softening import profanity_share, swear_words
from clova_jax.corpus.settings import Cleaning

LABELS = Path(__file__).parent.parent / "docs" / "results" / "profanity_labels.json"
FORMAL = "formal prose"
GROUPS = {
    FORMAL: (
        *("petitions", "law", "docs_business", "docs_microsoft", "blogs", "tutorials"),
        *("software_help", "wiki_news_passages", "news_headlines"),
        *("parallel/koen_train.tsv", "parallel/koen_dev.tsv", "parallel/koen_test.tsv"),
        *("kornlu/KorSTS/sts-train.tsv", "kornlu/KorSTS/sts-test.tsv"),
        *("kornlu/KorNLI/xnli.dev.ko.tsv", "kornlu/KorNLI/xnli.test.ko.tsv"),
        *("korquad/KorQuAD_v1.0_dev.json", "klue/ynat-v1.1/ynat-v1.1_dev.json"),
        *("klue/klue-nli-v1.1/klue-nli-v1.1_dev.json", "klue/klue-sts-v1.1/klue-sts-v1.1_dev.json"),
    ),
    "prose of 1920-1942": ("magazines_1920s", "literature"),
    "comments and reviews": (
        *("news_comments", "reviews_game", "reviews_movie"),
        *("safety/korean-hate-speech/labeled/train.tsv",),
        *("safety/korean_unsmile_dataset/unsmile_train_v1.0.tsv",),
    ),
}
COLUMNS = ("comments", "문장", "ko", "title", "premise", "hypothesis", "sentence1", "sentence2")
WANTED = {  # eojeols that the search takes, and that it leaves
    FORMAL: (100, 100),
    "prose of 1920-1942": (40, 40),
    "comments and reviews": (60, 60),
}
SEARCHES: dict[str, Callable[["Candidate", str], bool]] = {
    "before": lambda one, _: one.before,
    "when drawn": lambda _, stratum: stratum == "found",
    "now": lambda one, _: one.found,
}
# What `clova corpus` looked for before, and a pattern that takes in far more than swear words.
BEFORE = re.compile(
    r"(?:존나|졸라|좆나|조낸|ㅈㄴ|열라)(?:게)?\s?|"
    r"(?:씨|시|쉬|씹|싀)\s?[1!ㅡ~.]*\s?(?:발|빨|벌|뻘|팔|바)(?=(?:[\s!?.,~ㅋㅠ]|놈|년|새끼|것|$))|ㅅ\s?ㅂ|ㅆ\s?ㅂ|ㅅㅃ|ㅄ|ㅂㅅ|"
    r"(?:개)?\s?새끼(?=[가-힣\s!?.,]|$)|개색(?:끼|히|기)|개쉐이|개세끼|병\s?신|븅신|빙신|등신|지랄|"
    r"미친\s?(?:놈|년|새끼|것)|(?:썅|쌍)(?:놈|년)|(?:개|걸레|잡|창)\s?(?:년|놈)|기레기|좆|ㅈ같|엿\s?(?:같|먹)|"
    r"닥쳐|꺼져|아가리|주둥(?:이|아리)|(?:뒤|뒈)[져진질]"
)
BROAD = re.compile(
    r"[씨시쉬씹싀ㅅㅆ][1!ㅡ~.]*[발빨벌뻘팔바ㅂㅃ](?=[\s!?.,~ㅋㅠ것거놈년새아]|$)|[새쌕색섀쉐샛][끼키히]|ㅅㄲ|병[1!]?신|[븅빙]신|ㅄ|등신|지랄|ㅈㄹ|"
    r"미친\s?[놈년것넘]|[좆좃]|(?<![곱되짓])씹|ㅈ[같망]|(?<![가-힣])엿\s?[같먹맥]|닥[쳐치]|꺼[져지]|뒈|뒤[지져질진졌]|아가리|주둥|기레기|[존졸]나|졸라|"
    r"조낸|ㅈㄴ|열라|(?<![가-힣])[이저그개잡쌍썅요네]년|(?<![소청노중매학작장금])년[놈들아]|[쌍썅개잡]놈|썅|니미|염병|[애에]미(?!리트|레이트)"
)


@dataclass(frozen=True)
class Options:
    """Measures precision and recall of the search for swear words, with 95% intervals."""

    data: Path = None
    """a folder laid out like the real data"""
    labels: Path = LABELS
    """the labelled places, and where the results go"""
    draw: Path | None = None
    """write a new sample to be labelled here"""
    all: bool = False
    """draw every candidate of formal prose, in the half for tuning too"""
    seed: int = 1
    """of a new sample"""


@dataclass(frozen=True)
class Candidate:
    """Locates an eojeol of a text, `found` by the search or by the pattern used `before` it.

    `tuned` ones are in the half of a corpus file on which rules were written.
    """

    file: str
    document: int
    start: int
    word: str
    found: bool
    before: bool
    tuned: bool = False
    context: str = ""

    @property
    def place(self) -> tuple[str, int, int]:
        """Returns file, document and character."""
        return self.file, self.document, self.start

    @property
    def hash(self) -> str:
        """Returns 12 hexadecimal digits, which show whether the text is still the one that was labelled."""
        return hashlib.sha256(self.word.encode()).hexdigest()[:12]


def run(options: Options) -> None:
    """Draws a sample, or measures the one that is labelled."""
    if options.data is None:
        raise ClovaError("--data is needed: a folder laid out like the real data")
    if options.all and options.draw is None:
        raise ClovaError("--all draws: name a file with --draw")
    draws = read_json(options.labels)["draws"] if options.labels.is_file() else []
    read = {(row["file"], row["document"], row["start"]) for d in draws for row in d["labels"]}
    candidates = {group: list(_candidates(options.data, group, read)) for group in GROUPS}
    if options.draw:
        fresh = {
            group: [one for one in ones if not one.tuned and one.place not in read]
            for group, ones in candidates.items()
        }
        wanted: dict[str, tuple[int | None, int | None]] = dict(WANTED)
        if options.all:
            fresh, wanted = candidates, {FORMAL: (None, None)}
        _draw(fresh, wanted, options.draw, options.seed)
        return
    rows = [
        {"draw": number, "text": group, "search": name}
        | measure(_labelled(candidates[group], draw["labels"], group), draw["strata"][group], of)
        for number, draw in enumerate(draws, 1)
        for group in draw["strata"]
        for name, of in SEARCHES.items()
    ]
    labels = {
        (row["file"], row["document"], row["start"]): row["profane"]
        for draw in draws
        for row in draw["labels"]
    }
    files = list(_by_file(options.data, candidates[FORMAL], labels))
    dropped = [{"text": group} | _dropped(options.data, group) for group in GROUPS]
    for table in (rows, files, dropped):
        print(format_table(table))
    write_json(options.labels, {"rows": rows, "files": files, "dropped": dropped, "draws": draws})


def _texts(data: Path, name: str) -> Iterator[tuple[int, str, bool]]:
    """Yields (number, text, whether in the half for tuning) of a source's documents.

    That half comes with formal prose alone.
    """
    if "/" in name:
        folder, file = name.rsplit("/", 1)
        path = find_file(data / folder, file)
        if file.endswith(".json"):
            rows = read_json(path)
            if isinstance(rows, dict):  # SQuAD's nesting
                rows = [part for article in rows["data"] for part in article["paragraphs"]]
            for number, row in enumerate(rows):
                names = [name for name in (*COLUMNS, "context") if name in row]
                yield number, "\t".join(row[name] for name in names), False
            return
        lines = read_lines(path)
        header = next(lines)[1].split("\t")
        columns = [header.index(name) for name in COLUMNS if name in header]
        for number, line in lines:
            cells = line.split("\t")
            text = "\t".join(cells[column] for column in columns if column < len(cells))
            yield number, text, False
        return
    for number, row in read_jsonl(find_file(data / "corpus", f"{name}.jsonl")):
        half = hashlib.blake2b(f"{name} {number - 1}".encode(), digest_size=1).digest()[0] % 2
        if name in GROUPS[FORMAL]:
            yield number, row["text"], half == 0
        elif half == 1 and (name != "reviews_movie" or number % 5 == 0):
            yield number, row["text"], False


def _candidates(data: Path, group: str, read: set[tuple[str, int, int]]) -> Iterator[Candidate]:
    """Yields the candidates of today's search, and those that were labelled."""
    starts: dict[tuple[str, int], list[int]] = {}
    for file, number, start in read:
        starts.setdefault((file, number), []).append(start)
    for name in GROUPS[group]:
        for number, text, tuned in _texts(data, name):
            found = [span for word in swear_words(text) for span in _eojeols(text, word[:2])]
            before = [span for m in BEFORE.finditer(text) for span in _eojeols(text, m.span())]
            broad = [span for m in BROAD.finditer(text) for span in _eojeols(text, m.span())]
            at = starts.get((name, number), ())
            known = [span for start in at for span in _eojeols(text, (start, start + 1))]
            for start, end in sorted({*found, *before, *broad, *known}):
                near = text[max(0, start - 60) : start], text[start:end], text[end : end + 60]
                yield Candidate(
                    *(name, number, start, text[start:end]),
                    *((start, end) in found, (start, end) in before, tuned),
                    "{}【{}】{}".format(*near),
                )


def _by_file(
    data: Path, candidates: list[Candidate], labels: dict[tuple[str, int, int], bool]
) -> Iterator[dict[str, Any]]:
    """Yields what the search takes of each file of formal prose, and how much of it wrongly.

    Documents with a take are those that `clova corpus --toxicity soften` would change.
    """
    total: Counter[str] = Counter()
    for name in GROUPS[FORMAL]:
        taken = [one for one in candidates if one.file == name and one.found]
        wrong = [one for one in taken if labels.get(one.place) is False]
        counts = Counter(
            taken=len(taken),
            wrong=len(wrong),
            unread=sum(one.place not in labels for one in taken),
            softened=len({one.document for one in taken}),
            softened_wrongly=len({one.document for one in wrong}),
        )
        for _, text, _ in _texts(data, name):
            counts["documents"] += 1
            counts["eojeols"] += len(text.split())
        total.update(counts)
        yield _with_rate(name, counts)
    yield _with_rate("all", total)


def _with_rate(name: str, counts: Counter[str]) -> dict[str, Any]:
    names = "documents", "eojeols", "taken", "wrong", "unread", "softened", "softened_wrongly"
    rate = 1e6 * counts["wrong"] / max(counts["eojeols"], 1)
    return {"file": name} | {key: counts[key] for key in names} | {"wrong_per_million": rate}


def _dropped(data: Path, group: str) -> dict[str, int]:
    """Counts documents, and how many `clova corpus` would drop for their swear words."""
    counts = {"documents": 0, "megabytes": 0, "before": 0, "now": 0}
    limit, size = Cleaning().max_profanity, 0
    for name in GROUPS[group]:
        for _, text, _ in _texts(data, name):
            counts["documents"] += 1
            size += len(text.encode())
            counts["before"] += len(BEFORE.findall(text)) >= limit * max(len(text.split()), 1)
            counts["now"] += profanity_share(text) >= limit
    return counts | {"megabytes": round(size / 1e6)}


def _eojeols(text: str, span: tuple[int, int]) -> list[tuple[int, int]]:
    """Returns the eojeols that a span touches with anything but whitespace."""
    start, end = span
    while start > 0 and not text[start - 1].isspace() and not text[start].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace() and not text[end - 1].isspace():
        end += 1
    return [(start + m.start(), start + m.end()) for m in re.finditer(r"\S+", text[start:end])]


def _draw(
    candidates: dict[str, list[Candidate]],
    wanted: dict[str, tuple[int | None, int | None]],
    path: Path,
    seed: int,
) -> None:
    """Writes the places to `path`, and what is to be read, in the same order, beside it as .txt."""
    rng = random.Random(seed)
    drawn: list[tuple[Candidate, str]] = []
    strata: dict[str, dict[str, int]] = {}
    for group, counts in wanted.items():
        strata[group] = {}
        for name, count in zip(("found", "left"), counts, strict=True):
            mine = [one for one in candidates[group] if one.found == (name == "found")]
            strata[group][name] = len(mine)
            most = len(mine) if count is None else min(count, len(mine))
            drawn += [(one, name) for one in rng.sample(mine, most)]
    rng.shuffle(drawn)
    rows = [
        {
            **{"file": one.file, "document": one.document, "start": one.start},
            **{"hash": one.hash, "drawn": name},
        }
        for one, name in drawn
    ]
    write_json(path, {"strata": strata, "labels": rows})
    shown = "".join(f"{n} {one.context!r}\n" for n, (one, _) in enumerate(drawn))
    path.with_suffix(".txt").write_text(shown, encoding="utf-8")


def _labelled(
    candidates: list[Candidate], labels: list[dict[str, Any]], group: str
) -> list[tuple[Candidate, str, bool]]:
    """Returns (candidate as it is searched today, the stratum it was drawn from, its label)."""
    by_place = {one.place: one for one in candidates}
    rows = []
    for row in labels:
        if row["file"] not in GROUPS[group]:
            continue
        place = row["file"], row["document"], row["start"]
        one = by_place.get(place)
        if one is None or one.hash != row["hash"]:
            raise ClovaError(f"{place}: another text than the one labelled; is --data the same?")
        rows.append((one, row["drawn"], row["profane"]))
    return rows


def measure(
    rows: list[tuple[Candidate, str, bool]],
    strata: dict[str, int],
    found: Callable[[Candidate, str], bool],
) -> dict[str, Any]:
    """Computes precision and recall in per cent with 95% intervals.

    Every row stands for as many candidates as its stratum holds over those drawn of it; the intervals are
    Wilson's for the number of rows that equal weights would need (Kish).
    """
    drawn = Counter(stratum for _, stratum, _ in rows)
    weighted = [
        (strata[stratum] / drawn[stratum], found(one, stratum), profane)
        for one, stratum, profane in rows
    ]
    out: dict[str, Any] = {
        "read": len(rows),
        "taken": sum(row[1] for row in weighted),
        "profane": sum(row[2] for row in weighted),
    }
    for name, given, asked in (("precision", 1, 2), ("recall", 2, 1)):
        weights = np.array([row[0] for row in weighted if row[given]])
        hits = np.array([row[asked] for row in weighted if row[given]], bool)
        out[name], out[f"{name}_low"], out[f"{name}_high"] = (
            100 * value for value in _wilson(weights, hits)
        )
    return out


def _wilson(weights: np.ndarray, hits: np.ndarray) -> tuple[float, float, float]:
    """Returns (share, low, high) of weighted yes-or-no answers, 0 to 1; NaN without any."""
    if not len(weights):
        return (math.nan,) * 3
    share, count, z = (
        weights[hits].sum() / weights.sum(),
        weights.sum() ** 2 / (weights**2).sum(),
        1.96,
    )
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + (z / count / 2) ** 2)
    return float(share), max(0.0, middle - half), min(1.0, middle + half)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
