"""Reads what models are aligned on: preferences to learn from, labelled texts for a judge, prompts and held-out text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clova_jax.align import Preference, read_preferences
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Item, digest, generator, load_task

MOST_DEV = 64  # pairs to stop by
MOST_HELD_OUT = 300  # texts whose bits are counted
FEWEST = 8  # pairs on each side


@dataclass(frozen=True)
class PreferenceSet:
    """Holds two halves that share no text: preferences are of the one, what a judge learns from is of the other.

    Args:
        task: its name in the rows.
        train, dev: preferences to learn from and to stop by; no prompt is in both.
        learned: texts of that half, whole.
        judged: texts for the judge.
        good: bool of each of these: whether it is positive, or was preferred.
        prompts: to continue.
        held_out: texts that neither model nor judge learned from.
        held_out_good: bool of each of these.
        others: preferences that the judge's texts are of, to be checked like the first; none where they are reviews.
    """

    task: str
    train: Sequence[Preference]
    dev: Sequence[Preference]
    learned: Sequence[str]
    judged: Sequence[str]
    good: Sequence[bool]
    prompts: Sequence[str]
    held_out: Sequence[str]
    held_out_good: Sequence[bool]
    others: Sequence[Preference] = ()

    @property
    def digest(self) -> str:
        """Returns a short hash of everything."""
        pairs = [
            text for p in (*self.train, *self.dev) for text in (p.prompt, p.chosen, p.rejected)
        ]
        return digest([*pairs, *self.judged, *self.prompts, *self.held_out])


def read_reviews(data: Path, words: int, limit: int | None, seed: int) -> PreferenceSet:
    """Reads NSMC: a pair is a positive and a negative review that begin with the same words; prompts begin test reviews.

    Args:
        data: a folder laid out like the official data.
        words: eojeols of a prompt; what a review says after them is the answer.
        limit: prompts, all where None.
        seed: of halves, pairs and order.

    Raises:
        ClovaError: no such files, or too few reviews that begin alike.
    """
    loaded = load_task("nsmc").load(data)
    texts = {
        item.text: _positive(item) for item in loaded.pool
    }  # a text that stands twice is on one side
    random = generator(seed, "halves")
    every = list(texts)
    order = [every[i] for i in random.permutation(len(every))]
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    sides: dict[str, tuple[list[str], list[str]]] = {}
    for text in first:
        if (cut := _opening(text, words)) is not None:
            sides.setdefault(text[:cut], ([], []))[not texts[text]].append(text[cut:])
    pairs = [
        Preference(opening, *answers, place=f"{data}/nsmc: reviews that begin with {opening!r}")
        for opening, both in sides.items()
        for answers in zip(*both, strict=False)
        if answers[0] != answers[1]
    ]
    if len(pairs) < FEWEST:
        raise ClovaError(
            f"{data}/nsmc: only {len(pairs)} pairs of a positive and a negative review begin with the same {words} words; "
            "give more reviews, or fewer --words"
        )
    train, dev = _split(pairs, seed)
    tests = [item for item in loaded.items if item.text and item.text not in texts]
    held_out = [tests[i] for i in random.permutation(len(tests))]
    cuts = [(item.text, _opening(item.text, words)) for item in held_out]
    prompts = list(dict.fromkeys(text[:cut] for text, cut in cuts if cut is not None))
    if not prompts:
        raise ClovaError(f"{data}/nsmc: no test review has more than {words} words")
    return PreferenceSet(
        "nsmc",
        train,
        dev,
        first,
        second,
        [texts[text] for text in second],
        prompts[:limit],
        [item.text for item in held_out[:MOST_HELD_OUT]],
        [_positive(item) for item in held_out[:MOST_HELD_OUT]],
    )


def read_ratings(path: Path, limit: int | None, seed: int) -> PreferenceSet:
    """Reads preferences of a file; its prompts are halved: the judge learns from one half, which also has the prompts to continue.

    Args:
        path: JSON Lines of `prompt, chosen, rejected`, as the Studio gives them.
        limit: prompts to continue, all where None.
        seed: of the halves.

    Raises:
        ClovaError: a row is at fault, or there are too few rows or prompts.
    """
    pairs = read_preferences(path)
    prompts = list(dict.fromkeys(one.prompt for one in pairs))
    order = generator(seed, "halves").permutation(len(prompts))
    asked = {prompts[i] for i in order[len(order) // 2 :]}
    first = [one for one in pairs if one.prompt not in asked]
    second = [one for one in pairs if one.prompt in asked]
    if min(len(first), len(second)) < FEWEST:
        raise ClovaError(
            f"{path}: {len(pairs)} pairs of {len(prompts)} prompts; half of the prompts train and half judge, and each half "
            f"wants {FEWEST} pairs"
        )
    train, dev = _split(first, seed)
    held_out = _texts(dev)[:MOST_HELD_OUT]
    return PreferenceSet(
        path.stem,
        train,
        dev,
        _texts(train),
        _texts(second),
        [True, False] * len(second),
        [prompts[i] for i in order[len(order) // 2 :]][:limit],
        held_out,
        [True, False] * (len(held_out) // 2),
        second,
    )


def _texts(pairs: Sequence[Preference]) -> list[str]:
    return [one.prompt + text for one in pairs for text in (one.chosen, one.rejected)]


def _positive(item: Item) -> bool:
    return item.answers[0] == "1"


def _opening(text: str, words: int) -> int | None:
    """Returns where the first words end; None where nothing follows them."""
    found = re.match(rf"\S+(?:\s+\S+){{{words - 1}}}(?=\s+\S)", text)
    return found.end() if found else None


def _split(pairs: Sequence[Preference], seed: int) -> tuple[list[Preference], list[Preference]]:
    """Returns a tenth of the pairs (at most `MOST_DEV`) to stop by, after the others; no prompt is in both."""
    prompts = list(dict.fromkeys(one.prompt for one in pairs))
    wanted, dev, held = min(MOST_DEV, max(1, len(pairs) // 10)), 0, set()
    for i in generator(seed, "dev").permutation(len(prompts))[: len(prompts) - 1]:
        if dev >= wanted:
            break
        held.add(prompts[i])
        dev += sum(one.prompt == prompts[i] for one in pairs)
    sides = [[one for one in pairs if (one.prompt in held) is side] for side in (False, True)]
    return sides[0], sides[1]
