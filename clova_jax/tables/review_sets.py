"""Reads what review summaries are made of and measured on: reviews by film, groups of documents, pairs for the meters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from clova_jax.apps import reviews as app
from clova_jax.common.errors import ClovaError
from clova_jax.corpus import Document, base_of, document_files, parse_block, read_blocks
from clova_jax.evaluate import generator
from clova_jax.labelled import Pair, optional_file, read_klue_nli, read_kornli

_LABEL = re.compile(r" \((?:긍정|부정)\)$")  # the sample world writes it after a review
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
DOCUMENTS = ("petitions", "news")  # the first of these sources that is there is grouped
POOL = 400  # documents among which groups are looked for
TOGETHER = 5  # documents of a group; premises of a test
LEAD = 2  # sentences of a document that are summarised
DEV_PREMISES = 100  # whose pairs choose the best step and the threshold
REVIEWS = ("airbnb", "NSMC")  # sources of KLUE-NLI that are reviews


@dataclass
class Film:
    """Holds the reviews of a film.

    Args:
        name: its number or title.
        texts: the reviews.
        truths: `aspect` and `polarity` of each review, where the corpus says them of any; None for a review without.
    """

    name: str
    texts: list[str] = field(default_factory=list)
    truths: dict[str, list[str | None]] = field(default_factory=dict)

    def add(self, document: Document) -> None:
        """Takes in a review; one that is there already counts once."""
        text = _LABEL.sub("", document.text.strip())
        if text and text not in self.texts:
            self.texts.append(text)
            for truth in ("aspect", "polarity"):
                label = document.meta.get(truth)
                if label is not None or truth in self.truths:
                    labels = self.truths.setdefault(truth, [None] * (len(self.texts) - 1))
                    labels.append(None if label is None else str(label))

    def labelled(self, truth: str) -> tuple[list[str], list[str]]:
        """Returns the reviews that carry a kind of label, and their labels."""
        labels = self.truths.get(truth) or [None] * len(self.texts)
        both = zip(self.texts, labels, strict=True)
        pairs = [(text, label) for text, label in both if label is not None]
        return [text for text, _ in pairs], [label for _, label in pairs]


@dataclass(frozen=True)
class ReviewSets:
    """Holds films, groups of documents, and pairs of two splits, no premise in both.

    Args:
        films: drawn among those with reviews enough.
        groups: documents that are alike, by their first sentences.
        train, dev: pairs that meters learn from, and choose their threshold by.
        test: pairs whose premise is a review.
        sources: five premises for each test pair, its own among them.
        drawn: one of the five for each.
        counts: figures for the notes.
    """

    films: Sequence[Film]
    groups: Sequence[app.Cluster]
    train: Sequence[Pair]
    dev: Sequence[Pair]
    test: Sequence[Pair]
    sources: Sequence[Sequence[str]]
    drawn: Sequence[str]
    counts: dict[str, str]

    @classmethod
    def read(
        cls, data: Path, *, films: int, least: int, limit: int | None, seed: int
    ) -> "ReviewSets":
        """Reads a data folder.

        Args:
            data: a folder laid out like the official data, or the sample world.
            films: how many, and how many groups of documents.
            least: reviews of a film.
            limit: premises of the test; all where None.
            seed: of everything that is drawn.

        Raises:
            ClovaError: there is no film with so many reviews, or a file is missing or damaged.
        """
        known, documents = _read_corpus(data)
        enough = [film for film in known if len(film.texts) >= least]
        if not enough:
            most = max((len(film.texts) for film in known), default=0)
            raise ClovaError(
                f"{data}: {len(known)} films with reviews, the most {most} of one, none has the {least} of --least; "
                "give a smaller --least, or a corpus whose documents say their film in meta.movie"
            )
        order = generator(seed, "films").permutation(len(enough))[:films]
        names, learnt, test = _read_pairs(data)
        train, dev = _split(learnt, seed)
        test = _limited(test, limit, seed)
        sources, drawn = _with_others(test, seed)
        counts = {
            "films": f"{len(enough):,} of {len(known):,} films have {least} reviews or more; {len(order)} are drawn",
            "training": f"{names[0]}: {len(train):,} + {len(dev):,} pairs",
            "test": names[1],
        }
        groups = _groups(documents, films, seed)
        chosen = [enough[i] for i in order]
        return cls(chosen, groups, train, dev, test, sources, drawn, counts)


def _read_corpus(data: Path) -> tuple[list[Film], list[Document]]:
    """Returns the films of a corpus with their reviews, and the documents that are grouped."""
    files = document_files(data)
    names = [name for name in DOCUMENTS if any(path.name.startswith(name) for path in files)][:1]
    films: dict[str, Film] = {}
    documents: list[Document] = []
    for path in files:
        for block in read_blocks(path, base=base_of(files)):
            found = list(parse_block(block))
            if not documents and found[0].source in names:
                documents = found
            reviews = [one for one in found if "movie" in one.meta]
            if not reviews and "synthetic" not in found[0].meta:
                break  # a real source has one kind of document
            for one in reviews:
                name = str(one.meta["movie"])
                films.setdefault(name, Film(name)).add(one)
    return list(films.values()), documents


def _groups(documents: Sequence[Document], count: int, seed: int) -> list[app.Cluster]:
    """Returns groups of documents that are alike: one that is drawn, and its nearest; no document in two groups."""
    order = generator(seed, "documents").permutation(len(documents))[:POOL]
    leads = {_lead(documents[i].text): None for i in order}
    texts = [text for text in leads if text]
    if len(texts) < 2 * TOGETHER:
        return []
    rows = app.tfidf(texts)
    near = rows @ rows.T
    free, groups = np.ones(len(texts), bool), []
    for first in range(len(texts)):
        if len(groups) == count or free.sum() < TOGETHER:
            break
        if free[first]:
            likeness = np.where(free, near[first], -1.0)
            likeness[first] = 2.0
            members = np.argsort(-likeness, kind="stable")[:TOGETHER]
            free[members] = False
            groups.append(app.Cluster([texts[i] for i in members]))
    return groups


def _lead(text: str) -> str:
    sentences = [one.strip() for one in _SENTENCE.split(text) if one.strip()]
    return " ".join(sentences[:LEAD])


def _read_pairs(data: Path) -> tuple[tuple[str, str], list[Pair], list[Pair]]:
    """Returns names of two sets, pairs to learn from (KorNLI's, or the sample world's), and those of reviews to test on."""
    test = optional_file(data, "klue/klue-nli-v1.1/klue-nli-v1.1_dev.json")
    learnt = [
        path
        for part in ("dev", "test")
        if (path := optional_file(data, f"kornlu/KorNLI/xnli.{part}.ko.tsv"))
    ]
    if test and learnt:
        pairs = [pair for path in learnt for pair in read_kornli(path)]
        reviews = [pair for pair in read_klue_nli(test) if pair.source in REVIEWS]
        return ("KorNLI", "klue_nli"), pairs, reviews
    files = [
        optional_file(data, f"review_pairs/review_pairs_{split}.jsonl")
        for split in ("train", "test")
    ]
    if not all(files):
        raise ClovaError(
            f"{data}: has neither KLUE-NLI's dev file with KorNLI's dev or test file, nor the sample world's "
            "review_pairs/; give a folder with one of both"
        )
    learnt_pairs, tested = map(read_klue_nli, files)
    return ("review_pairs", "review_pairs"), learnt_pairs, tested


def _split(pairs: Sequence[Pair], seed: int) -> tuple[list[Pair], list[Pair]]:
    """Returns pairs to train on and to choose by, no premise in both."""
    names = list(dict.fromkeys(pair.premise for pair in pairs))
    order = generator(seed, "premises").permutation(len(names))
    dev = {names[i] for i in order[: min(DEV_PREMISES, len(names) // 2)]}
    return (
        [pair for pair in pairs if pair.premise not in dev],
        [pair for pair in pairs if pair.premise in dev],
    )


def _limited(pairs: Sequence[Pair], limit: int | None, seed: int) -> list[Pair]:
    names = list(dict.fromkeys(pair.premise for pair in pairs))
    order = generator(seed, "test").permutation(len(names))[:limit]
    kept = {names[i] for i in order}
    return [pair for pair in pairs if pair.premise in kept]


def _with_others(pairs: Sequence[Pair], seed: int) -> tuple[list[list[str]], list[str]]:
    """Returns five premises for each pair, its own and four of its kind of text in random order, and one drawn of them.

    The pairs of one premise have the same five and the same one.
    """
    kinds: dict[str, list[str]] = {}
    for pair in pairs:
        names = kinds.setdefault(pair.source, [])
        if pair.premise not in names:
            names.append(pair.premise)
    sources, drawn = [], []
    for pair in pairs:
        random = generator(seed, "others", pair.premise)
        others = [premise for premise in kinds[pair.source] if premise != pair.premise]
        chosen = random.permutation(len(others))[: TOGETHER - 1]
        five = [pair.premise, *(others[i] for i in chosen)]
        five = [five[i] for i in random.permutation(len(five))]
        sources.append(five)
        drawn.append(five[random.integers(len(five))])
    return sources, drawn
