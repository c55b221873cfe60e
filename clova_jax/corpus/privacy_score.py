"""How good the privacy step is, by type of identifier."""

from clova_jax.corpus.privacy import TYPES, find
from clova_jax.corpus.privacy_cases import Case


def measure(positive: list[Case], negative: list[Case]) -> list[dict[str, object]]:
    """Recall and precision by type, in per cent; a find counts when it overlaps the identifier and has its type.

    False alarms are finds in negatives, finds of a wrong type, and finds beside the identifier.
    """
    right, wrong, total = (dict.fromkeys(TYPES, 0) for _ in range(3))
    missed: dict[str, list[str]] = {name: [] for name in TYPES}
    alarms: dict[str, list[str]] = {name: [] for name in TYPES}
    for case in [*positive, *negative]:
        hit = False
        for finding in find(case.text):
            covers = finding.start <= case.start and case.end <= finding.end
            if case.type == finding.type and covers and not hit:
                hit = True
                right[finding.type] += 1
            else:
                wrong[finding.type] += 1
                alarms[finding.type].append(case.text)
        if case.type:
            total[case.type] += 1
            if not hit:
                missed[case.type].append(case.text)
    return [
        {
            "type": name,
            "positives": total[name],
            "recall": 100 * right[name] / max(total[name], 1),
            "precision": 100 * right[name] / max(right[name] + wrong[name], 1),
            "missed": missed[name],
            "false_alarms": alarms[name],
        }
        for name in TYPES
    ]
