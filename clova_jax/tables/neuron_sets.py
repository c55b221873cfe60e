"""Reads what the search for a sentiment neuron works on: reviews without labels to learn characters from, and labelled ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from clova_jax.common.errors import ClovaError
from clova_jax.corpus import base_of, document_files, parse_block, read_blocks
from clova_jax.evaluate import Item, digest, generator, load_task

MOST_HELD_OUT = 2_000  # texts whose bits are counted
HELD_OUT_SHARE = 50  # one text of so many is held out
DEV_SHARE, MOST_DEV = 4, 4_000  # one example of so many chooses units and penalties, at most
FEWEST = 40  # labelled reviews of a half
_LABEL = re.compile(r" \((?:긍정|부정)\)$")  # the sample world writes it behind a review


@dataclass(frozen=True)
class Labelled:
    """Holds labelled reviews.

    Args:
        texts: of the reviews.
        positive: of each.
    """

    texts: Sequence[str]
    positive: Bool[np.ndarray, "n"]


@dataclass(frozen=True)
class NeuronSet:
    """Holds the texts of a search.

    Args:
        texts: reviews without labels, to learn characters from.
        held_out: others of them, whose bits are counted.
        learn: what regressions learn from.
        dev: what units, signs, thresholds and penalties are chosen on.
        test: what nothing is chosen on.
        judged: of another half than `learn` and `dev`; a judge learns from them.
    """

    texts: Sequence[str]
    held_out: Sequence[str]
    learn: Labelled
    dev: Labelled
    test: Labelled
    judged: Labelled

    @property
    def digest(self) -> str:
        """Returns a short hash of what is labelled and held out."""
        every = (self.learn, self.dev, self.test, self.judged)
        marked = [
            f"{text}\t{good}"
            for one in every
            for text, good in zip(*vars(one).values(), strict=True)
        ]
        return digest([*marked, *self.held_out])


def read_neuron_set(data: Path, examples: int, limit: int | None, seed: int) -> NeuronSet:
    """Reads a data folder: film reviews of its corpus, and NSMC.

    Args:
        data: a folder laid out like the official data, or the sample world.
        examples: labelled reviews to learn and choose from, at most half of the training file.
        limit: test reviews; all where None.
        seed: of everything that is drawn.

    Raises:
        ClovaError: there are no reviews, or no labelled ones, or these are of one class.
    """
    loaded = load_task("nsmc").load(data)
    pool = _labelled(_shuffled(loaded.pool, seed, "halves"), data, "train")
    test = _labelled(_shuffled(loaded.items, seed, "test")[:limit], data, "test")
    half = len(pool.texts) // 2
    judged, rest = _cut(pool, 0, half), _cut(pool, half, half + examples)
    dev = min(MOST_DEV, len(rest.texts) // DEV_SHARE)
    texts = film_reviews(data)
    order = generator(seed, "held out").permutation(len(texts))
    count = min(MOST_HELD_OUT, len(texts) // HELD_OUT_SHARE)
    held_out = [texts[i] for i in order[:count]]
    kept = set(held_out)
    return NeuronSet(
        [text for text in texts if text not in kept],
        held_out,
        _cut(rest, dev, None),
        _cut(rest, 0, dev),
        test,
        judged,
    )


def film_reviews(data: Path) -> list[str]:
    """Returns the film reviews of a corpus, in its order: documents with `meta.movie`, or the sample world's labelled lines, bare.

    Raises:
        ClovaError: there are none.
    """
    files = document_files(data)
    found: list[str] = []
    for path in files:
        for block in read_blocks(path, base=base_of(files)):
            documents = list(parse_block(block))
            if documents and "synthetic" in documents[0].meta:
                lines = (line for one in documents for line in one.text.split("\n"))
                found += [_LABEL.sub("", line) for line in lines if _LABEL.search(line)]
            elif documents and "movie" not in documents[0].meta:
                break  # a real source has one kind of document
            else:
                found += [one.text.replace("\n", " ") for one in documents]
    found = [text for text in found if text.strip()]
    if len(found) < HELD_OUT_SHARE:
        raise ClovaError(
            f"{data}: {len(found)} film reviews (documents with meta.movie) to learn characters from; give "
            f"{HELD_OUT_SHARE} or more"
        )
    return found


def _shuffled(items: Sequence[Item], seed: int, purpose: str) -> list[Item]:
    unique = list({item.text: item for item in items if item.text}.values())
    return [unique[i] for i in generator(seed, purpose).permutation(len(unique))]


def _labelled(items: Sequence[Item], data: Path, split: str) -> Labelled:
    positive = np.array([item.answers[0] == "1" for item in items], bool)
    place = f"{data}/nsmc/ratings_{split}"
    if split == "train" and len(items) < 2 * FEWEST:
        raise ClovaError(f"{place}: {len(items)} labelled reviews; give {2 * FEWEST} or more")
    if positive.all() or not positive.any():
        raise ClovaError(
            f"{place}: {len(items)} labelled reviews of one class; a unit is found by both, positive and negative"
        )
    return Labelled([item.text for item in items], positive)


def _cut(labelled: Labelled, start: int, end: int | None) -> Labelled:
    return Labelled(labelled.texts[start:end], labelled.positive[start:end])
