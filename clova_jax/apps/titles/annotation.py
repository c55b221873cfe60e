"""Draws titles for people to annotate, blind: whether a title is usable as it stands, with a second annotator's check."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from clova_jax.apps.titles.events import Event
from clova_jax.apps.titles.pairs import Titles
from clova_jax.apps.titles.sheets import Row, agreement, read_answers, read_sheet
from clova_jax.evaluate import digest, generator

ANSWERS = ("usable", "check")  # columns: of the first annotator, and of the second
CHOICES = {"usable": ("yes", "no"), "check": ("yes", "no", "")}  # the second may check a part
KEY = ("row", "method", "event")


def annotation_sheet(
    events: Sequence[Event], titles: Titles, count: int, seed: int
) -> tuple[list[Row], list[Row]]:
    """Draws events, the same for all methods, and shuffles their titles by the seed.

    Args:
        events: to draw from.
        titles: of each method.
        count: events; all where there are fewer.
        seed: of events and order.

    Returns:
        The rows of the sheet, with empty answers, and those of the key.
    """
    random = generator(seed, "annotation")
    chosen = sorted(random.permutation(len(events))[:count].tolist())
    every = [(number, method) for method in titles for number in chosen]
    sheet, key = [], []
    for place, at in enumerate(random.permutation(len(every)), 1):
        number, method = every[at]
        event, title = events[number], titles[method][number]
        name = f"{place:03}-{digest([event.id, title])[:6]}"
        about = {"row": name, "date": event.day, "tags": event.listed, "title": title}
        sheet.append(about | dict.fromkeys(ANSWERS, ""))
        key.append(dict(zip(KEY, (name, method, event.id), strict=True)))
    return sheet, key


@dataclass(frozen=True)
class Annotations:
    """Holds what two people found.

    Args:
        usable: by method, float64[titles, 2]: whether the first annotator says yes, and 1.
        first, second: answers to the titles that both have seen.
    """

    usable: dict[str, Float64[np.ndarray, "n 2"]]
    first: Sequence[str]
    second: Sequence[str]

    @property
    def agreement(self) -> tuple[float | None, float | None]:
        """Returns Cohen's kappa and the per cent of equal answers."""
        return agreement([self.first, self.second])


def read_annotations(path: Path, key: Path) -> Annotations:
    """Reads a sheet that two annotators filled in.

    Raises:
        ClovaError: a row that the key does not have or that the sheet has twice, an answer that is missing or is not yes
            or no (`file:line`); the second annotator may leave rows out.
    """
    rows = {row["row"]: row["method"] for _, row in read_sheet(key, KEY)}
    answers = read_answers(path, "row", list(rows), CHOICES)
    usable: dict[str, list[tuple[float, float]]] = {}
    for name, method in rows.items():
        usable.setdefault(method, []).append((float(answers[name]["usable"] == "yes"), 1.0))
    both = [(found["usable"], found["check"]) for found in answers.values() if found["check"]]
    first, second = zip(*both, strict=True) if both else ((), ())
    return Annotations({m: np.array(found) for m, found in usable.items()}, first, second)
