"""Trains a model further on questions with their passages, and on expansions of answers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from clova_jax.apps.answers.expansion import EXPANSIONS, Expanded
from clova_jax.apps.augmentation import train_on
from clova_jax.evaluate import Item, generator

SEPARATOR = "\n\n"
PATTERN = (0, 0, 1)  # reading is what takes long to learn


def documents(
    items: Sequence[Item], expanded: Sequence[Expanded], seed: int, count: int
) -> Iterator[str]:
    """Yields documents: passages with all their questions in random order, and an expansion after every two of them.

    Args:
        items: questions under their passages.
        expanded: expansions.
        seed: of the order.
        count: documents.
    """
    pages: dict[str, list[Item]] = {}
    for item in items:
        pages.setdefault(item.lead, []).append(item)
    random = generator(seed, "questions")
    sources = [list(pages.items()), list(expanded)]
    orders: list[list[int]] = [[], []]
    kinds = [kind for kind in PATTERN if sources[kind]]
    for number in range(count):
        kind = kinds[number % len(kinds)]
        orders[kind] = orders[kind] or random.permutation(len(sources[kind])).tolist()
        chosen = sources[kind][orders[kind].pop()]
        if isinstance(chosen, Expanded):
            yield EXPANSIONS[chosen.kind].document(chosen)
            continue
        lead, asked = chosen
        texts = [f"{asked[i].text} {asked[i].answers[0]}" for i in random.permutation(len(asked))]
        yield SEPARATOR.join([lead, *texts])


def adapt(
    model: Path,
    items: Sequence[Item],
    expanded: Sequence[Expanded],
    out: Path,
    schedule: dict[str, Any],
) -> Path:
    """Trains a model further on questions and expansions; a stopped training is resumed.

    Args:
        model: a model directory.
        items, expanded: of a training split.
        out: where everything goes; the documents are in `questions/`.
        schedule: as of `augmentation.train_on`.

    Returns:
        The directory of the adapted model.

    Raises:
        Stopped: a signal ended the training.
    """
    count = schedule["steps"] * schedule["global_batch"] * 2  # no fewer than are read
    texts = documents(items, expanded, schedule["seed"], count)
    return train_on(model, texts, out, "questions", schedule)
