"""Makes events of petitions: the first line of a text is the title, and nouns that stand out in the others are the tags."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from clova_jax.apps.titles.events import Event, Events
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, read_jsonl, write_json
from clova_jax.common.json_values import fields
from clova_jax.common.progress import progress
from clova_jax.evaluate import digest
from clova_jax.tokenizers import nouns

TAGS = 5  # of a petition, at most
TEST = "2019-08"  # the month whose petitions are the test
LEAST = 2  # training petitions that a tag stands in; others are mostly names of people


def read_petitions(path: Path, kept: Path | None = None) -> Events:
    """Reads petitions, objects of `text` and `meta` with the day they began; those of August 2019 are the test.

    Tags are the five nouns of the greatest tf-idf, the document frequencies counted in training petitions alone. A
    petition without one is left out, and so is one without a title.

    Args:
        path: the file.
        kept: a file that tags are kept in, and read back from where the petitions are the same.

    Raises:
        ClovaError: a row without text or day, or no petition of one of the two splits.
    """
    places, dates, titles, bodies = [], [], [], []
    for number, row in read_jsonl(path):
        place = f"{path}:{number}"
        found = fields(row, place, {"text": str, "meta": dict})
        title, _, body = found["text"].partition("\n")
        places.append(place)
        dates.append(fields(found["meta"], f"{place}: 'meta'", {"begin": str})["begin"])
        titles.append(" ".join(title.split()))
        bodies.append(body)
    for_test = np.array([date.startswith(TEST) for date in dates], bool)
    if not 0 < for_test.sum() < len(for_test):
        raise ClovaError(
            f"{path}: {for_test.sum()} of {len(for_test)} petitions are of {TEST}; wants some of it and some before"
        )
    tags = _kept_tags(bodies, for_test, kept)
    events: tuple[list[Event], list[Event]] = ([], [])
    rows = zip(places, dates, tags, titles, for_test, strict=True)
    for number, (place, date, some, title, late) in enumerate(rows, 1):
        if some and title:
            events[int(late)].append(Event(str(number), place, date, tuple(some), title))
    train, test = events
    counts = {"training petitions": len(train), "test petitions": len(test)}
    counts["left out: no tag or no title"] = len(titles) - len(train) - len(test)
    return Events(train, test, False, counts)


def _kept_tags(bodies: Sequence[str], for_test: np.ndarray, kept: Path | None) -> list[list[str]]:
    asked = {"bodies": digest(bodies), "test": digest(list(map(str, for_test))), "tags": TAGS}
    if kept is not None and kept.is_file():
        found = fields(read_json(kept), kept, {"asked": dict, "found": list[list[str]]})
        if found["asked"] == asked:
            return found["found"]
    with progress(nouns(bodies), total=len(bodies), desc="nouns", unit="petition") as bar:
        tags = find_tags(list(bar), for_test)
    if kept is not None:
        write_json(kept, {"asked": asked, "found": tags})
    return tags


def find_tags(words: Sequence[Sequence[str]], for_test: np.ndarray) -> list[list[str]]:
    """Returns the words of each text that stand out most, the first one most; fewer where it has fewer.

    Args:
        words: of the texts.
        for_test: bool[texts]; these are not counted in the document frequencies.

    Raises:
        ClovaError: no word stands in two texts.
    """
    vectorizer = TfidfVectorizer(analyzer=lambda own: own, min_df=LEAST, sublinear_tf=True)
    try:
        vectorizer.fit([own for own, late in zip(words, for_test, strict=True) if not late])
    except ValueError:
        raise ClovaError(f"petitions: no noun stands in {LEAST} training petitions") from None
    names, rows = vectorizer.get_feature_names_out(), vectorizer.transform(words)
    tags = []
    for row in range(len(words)):
        span = slice(rows.indptr[row], rows.indptr[row + 1])
        order = np.argsort(-rows.data[span], kind="stable")[:TAGS]
        tags.append([str(name) for name in names[rows.indices[span][order]]])
    return tags
