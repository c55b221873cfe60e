"""Draws pairs of titles for people to compare, blind, and reads what they preferred.

The sheet has the event and two titles, A and B; which method wrote which is in the key, another file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from clova_jax.apps.titles.events import Event
from clova_jax.apps.titles.sheets import Row, agreement, read_answers, read_sheet
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import digest, generator

Titles = Mapping[str, Sequence[str]]  # method -> a title an event
CHOICES = ("a", "b", "tie")
KEY = ("pair", "first", "second", "A", "B", "event")


def draw_pairs(
    events: Sequence[Event],
    titles: Titles,
    comparisons: Sequence[tuple[str, str]],
    count: int,
    seed: int,
) -> tuple[list[Row], list[Row]]:
    """Draws events, the same for all comparisons, and shuffles pairs and their sides by the seed.

    Args:
        events: to draw from.
        titles: of each method that is compared.
        comparisons: (first, second) methods.
        count: events of a comparison; all where there are fewer.
        seed: of events, order and sides.

    Returns:
        The rows of the sheet, with an empty `choice`, and those of the key.
    """
    random = generator(seed, "pairs")
    chosen = sorted(random.permutation(len(events))[:count].tolist())
    every = [(number, pair) for pair in comparisons for number in chosen]
    sheet, key = [], []
    for place, at in enumerate(random.permutation(len(every)), 1):
        number, pair = every[at]
        event, sides = events[number], [pair[i] for i in random.permutation(2)]
        texts = [titles[method][number] for method in sides]
        name = f"{place:03}-{digest([event.id, *texts])[:6]}"
        about = {"pair": name, "date": event.day, "tags": event.listed}
        sheet.append(about | dict(zip("AB", texts, strict=True)) | {"choice": ""})
        key.append(dict(zip(KEY, (name, *pair, *sides, event.id), strict=True)))
    return sheet, key


@dataclass(frozen=True)
class Judgments:
    """Holds what people preferred.

    Args:
        judges: names of their files.
        preferred: by comparison, int[pairs, judges]: 0 the first method, 1 the second, 2 neither.
    """

    judges: Sequence[str]
    preferred: Mapping[tuple[str, str], np.ndarray]

    def statistics(self, comparison: tuple[str, str]) -> Float64[np.ndarray, "pairs 4"]:
        """Returns of each pair how many judges preferred the first, the second and neither, and how many there are."""
        chosen = self.preferred[comparison]
        counts = [(chosen == which).sum(axis=1) for which in range(3)]
        return np.stack([*counts, np.full(len(chosen), chosen.shape[1])], axis=1).astype(np.float64)

    def agreement(
        self, comparison: tuple[str, str] | None = None
    ) -> tuple[float | None, float | None]:
        """Returns kappa and the per cent of equal answers, of one comparison or of all together."""
        some = self.preferred.values() if comparison is None else [self.preferred[comparison]]
        return agreement(np.concatenate(list(some)).T.tolist())


def read_judgments(paths: Sequence[Path], key: Path) -> Judgments:
    """Reads the sheets of judges, one a judge.

    Raises:
        ClovaError: a file is given twice; a pair that the key does not have or that a sheet has twice, an answer that is
            missing or is not A, B or tie (`file:line`).
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise ClovaError(f"--judged: a file twice: {', '.join(map(str, paths))}; give one a judge")
    rows = {row["pair"]: row for _, row in read_sheet(key, KEY)}
    sheets = [read_answers(path, "pair", list(rows), {"choice": CHOICES}) for path in paths]
    preferred: dict[tuple[str, str], list[list[int]]] = {}
    for name, row in rows.items():
        pair = row["first"], row["second"]
        sides = {"a": pair.index(row["A"]), "b": pair.index(row["B"]), "tie": 2}
        preferred.setdefault(pair, []).append([sides[sheet[name]["choice"]] for sheet in sheets])
    arrays = {pair: np.array(chosen) for pair, chosen in preferred.items()}
    return Judgments([path.stem for path in paths], arrays)
