"""Measures the privacy step by type of identifier."""

import math
from collections.abc import Iterable
from typing import Any

from clova_jax.corpus.clean.privacy import TYPES, find
from clova_jax.corpus.trials.privacy_cases import Case


def measure(cases: Iterable[Case]) -> list[dict[str, Any]]:
    """Measures recall and precision by type, in per cent, with 95% Wilson intervals.

    A find counts when it covers an identifier whole and has its type. False alarms are finds where
    nothing is, finds of a wrong type, and finds that cover only a part.

    Returns:
        A row a type: `positives`, `recall`, `recall_low`, `recall_high`, `finds`, `precision`,
        `precision_low`, `precision_high`, and the texts `missed` and `false_alarms`.
    """
    right, finds, total = (dict.fromkeys(TYPES, 0) for _ in range(3))
    missed: dict[str, list[str]] = {name: [] for name in TYPES}
    alarms: dict[str, list[str]] = {name: [] for name in TYPES}
    for case in cases:
        left = list(case.places)
        for finding in find(case.text):
            finds[finding.type] += 1
            hit = next(
                (
                    place
                    for place in left
                    if place.type == finding.type
                    and finding.start <= place.start
                    and place.end <= finding.end
                ),
                None,
            )
            if hit is None:
                alarms[finding.type].append(case.text)
            else:
                left.remove(hit)
                right[finding.type] += 1
        for place in case.places:
            total[place.type] += 1
        for place in left:
            missed[place.type].append(case.text)
    return [
        {
            "type": name,
            "positives": total[name],
            **share("recall", right[name], total[name]),
            "finds": finds[name],
            **share("precision", right[name], finds[name]),
            "missed": missed[name],
            "false_alarms": alarms[name],
        }
        for name in TYPES
    ]


def share(name: str, part: int, whole: int) -> dict[str, float]:
    """Returns a share in per cent with its 95% Wilson interval, as `name`, `name_low`, `name_high`."""
    if not whole:
        return {name: math.nan, f"{name}_low": math.nan, f"{name}_high": math.nan}
    z, p = 1.959964, part / whole
    centre = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * math.sqrt(p * (1 - p) / whole + z * z / (4 * whole**2))
    return {
        name: 100 * p,
        f"{name}_low": 100 * max(0.0, centre - half),
        f"{name}_high": 100 * min(1.0, centre + half),
    }
