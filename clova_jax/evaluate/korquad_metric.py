"""Computes exact match and F1 as KorQuAD 1.0 does: F1 over characters (its evaluate-v1.0; docs/paper.md, Table 3).

Unicode forms are left as they come: a `Prediction` has its texts in NFC.
"""

import string
from collections import Counter
from collections.abc import Callable, Sequence

_BLANKS = dict.fromkeys(map(ord, "'\"《》<>〈〉()‘’"), " ")
_NOTHING = dict.fromkeys(map(ord, string.punctuation))


def normalize(text: str) -> str:
    """Turns quotes and brackets into spaces; removes other ASCII punctuation, case and extra spaces."""
    return " ".join(text.translate(_BLANKS).lower().translate(_NOTHING).split())


def exact_match(prediction: str, answer: str) -> float:
    """Returns 1.0 if both are equal after `normalize`, else 0.0."""
    return float(normalize(prediction) == normalize(answer))


def f1(prediction: str, answer: str) -> float:
    """Returns F1 of the characters without whitespace, as a multiset; 0.0 if nothing is shared."""
    ours = Counter(normalize(prediction).replace(" ", ""))
    gold = Counter(normalize(answer).replace(" ", ""))
    shared = (ours & gold).total()
    return 2 * shared / (ours.total() + gold.total()) if shared else 0.0


def best(score: Callable[[str, str], float], prediction: str, answers: Sequence[str]) -> float:
    """Returns the best score over the accepted answers."""
    return max(score(prediction, answer) for answer in answers)
