"""Compares what a model writes with what people wrote, whatever its tokenizer.

The talk's two measures for models whose perplexities cannot be compared: a discriminator that tries to distinguish
generated from human text, and a fluency score without reference, which is the likelihood by a second model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from clova_jax.common.errors import ClovaError
from clova_jax.corpus import NgramModel
from clova_jax.evaluate.held_out import score_documents
from clova_jax.evaluate.prompts import generator
from clova_jax.inference import Model, complete

OPENING_WORDS = 4  # eojeols that a model is given
LEAST, MOST = 20, 120  # characters after them
HASH_BITS = 16  # of the discriminator's features
STRENGTH = 5.0  # inverse of its L2 penalty


@dataclass(frozen=True)
class Passage:
    """Holds the beginning of a document.

    Args:
        opening: its first eojeols, which a model continues.
        rest: what the author wrote after them, from the space on; at most `MOST` characters.
    """

    opening: str
    rest: str


def draw_passages(texts: Mapping[str, Sequence[str]], count: int, seed: int) -> list[Passage]:
    """Draws about as many passages of each source, at most `count` in all, in random order.

    Args:
        texts: documents by source; those too short for an opening and `LEAST` characters are passed over.
        count: passages wanted.
        seed: of the choice.
    """
    random = generator(seed, "passages")
    by_source = []
    for source in sorted(texts):
        found = [p for p in map(_cut, texts[source]) if p is not None]
        by_source.append([found[i] for i in random.permutation(len(found))])
    drawn: list[Passage] = []
    for turn in range(max(map(len, by_source), default=0)):
        drawn += [passages[turn] for passages in by_source if turn < len(passages)]
    drawn = drawn[:count]
    return [drawn[i] for i in random.permutation(len(drawn))]


def _cut(text: str) -> Passage | None:
    """Returns the passage that a document begins with; None where it is too short, or its opening is no short line."""
    words = text.split(" ", OPENING_WORDS)
    if len(words) <= OPENING_WORDS:
        return None
    opening = " ".join(words[:OPENING_WORDS])
    rest = text[len(opening) : len(opening) + MOST]
    if len(rest) < LEAST or len(opening) > MOST or not all(words[:OPENING_WORDS]):
        return None
    return Passage(opening, rest)


def continue_passages(model: Model, passages: Sequence[Passage], seed: int) -> list[Passage]:
    """Continues the openings as the model's distribution has it (temperature 1), as far as their authors' texts go.

    Where a model first completes the last word of an opening, that belongs to the opening of what is returned: the
    rest begins at whitespace, as an author's does. It is shorter where the model ends its document before.
    """
    longest = max(map(len, model.tokenizer.encode_batch([p.rest for p in passages])))
    written = complete(
        model,
        [passage.opening for passage in passages],
        max_new_tokens=longest + longest // 4,  # a model may need more tokens for as much text
        seed=seed,
    )
    found = []
    for passage, completion in zip(passages, written, strict=True):
        at = next((i for i, c in enumerate(completion.text) if c.isspace()), len(completion.text))
        rest = completion.text[at : at + len(passage.rest)]
        found.append(Passage(passage.opening + completion.text[:at], rest))
    return found


@dataclass(frozen=True)
class Discrimination:
    """Holds what a discriminator makes of pairs of texts it was not trained on.

    Args:
        accuracy: float64[n, 2], for each pair the share that is judged right, and 1.
        area: float64[n, 2], for each pair its part of the area under the ROC curve, and 1.
    """

    accuracy: Float64[np.ndarray, "n 2"]
    area: Float64[np.ndarray, "n 2"]


def percent(total: Float64[np.ndarray, "2"]) -> float:
    """Returns the percentage that summed statistics stand for."""
    return 100 * float(total[0] / total[1])


def ratio(total: Float64[np.ndarray, "2"]) -> float:
    """Returns the first sum over the second: bits over bytes."""
    return float(total[0] / total[1])


def distinguish(human: Sequence[Passage], other: Sequence[Passage]) -> Discrimination:
    """Trains a discriminator on the first half of the pairs and tests it on the second.

    It is a logistic regression on character 1- to 4-grams; 50% means that it cannot distinguish the two. Of the area,
    each pair gets the placement values of its texts less the area itself (DeLong et al. 1988), so that a bootstrap
    over pairs has the right spread.

    Args:
        human: n passages by people; what follows their openings is judged.
        other: n passages to distinguish from them, each in the place of the one with its opening.

    Raises:
        ClovaError: fewer than four pairs.
    """
    if len(human) < 4:
        raise ClovaError(f"{len(human)} passages: a discriminator wants 4 or more; give more text")
    half = len(human) // 2
    seen, unseen = (
        [p.rest for p in (*human[part], *other[part])] for part in (slice(half), slice(half, None))
    )
    count = len(human) - half
    labels = np.repeat([[0], [1]], half, axis=0)
    model = NgramModel.fit(seen, labels, ("other",), bits=HASH_BITS, strength=STRENGTH)
    people, machine = np.split(model(unseen)[:, 0].astype(np.float64), [count])
    right = ((people < 0.5).astype(np.float64) + (machine >= 0.5)) / 2
    above = (machine[:, None] > people) + 0.5 * (machine[:, None] == people)  # [other, human]
    area = above.mean(axis=1) + above.mean(axis=0) - above.mean()
    ones = np.ones(len(right))
    return Discrimination(np.stack([right, ones], axis=1), np.stack([area, ones], axis=1))


def judged_bits(
    judge: Model, passages: Sequence[Passage], length: int
) -> Float64[np.ndarray, "n 2"]:
    """Computes for each passage the bits that its rest costs a judge after its opening, and the rest's bytes.

    Args:
        judge: a model that had no part in the writing.
        passages: by people or by another model; an empty rest costs nothing and has no bytes.
        length: tokens a window (`score_documents`).
    """
    openings = [passage.opening for passage in passages]
    whole = [passage.opening + passage.rest for passage in passages]
    both, before = (score_documents(judge, texts, length) for texts in (whole, openings))
    return np.stack([both.bits - before.bits, both.bytes - before.bytes], axis=1)
