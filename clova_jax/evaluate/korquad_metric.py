"""Exact match and F1 as KorQuAD 1.0 counts them: F1 over characters (its evaluate-v1.0; docs/paper.md, Table 3).

Unicode forms are left as they come: a `Prediction` has its texts in NFC.
"""

import string
from collections import Counter
from collections.abc import Callable, Sequence

_BLANKS = dict.fromkeys(map(ord, "'\"《》<>〈〉()‘’"), " ")
_NOTHING = dict.fromkeys(map(ord, string.punctuation))


def normalize(text: str) -> str:
    """Quotes and brackets become blanks, other ASCII punctuation goes, case and extra blanks too."""
    return " ".join(text.translate(_BLANKS).lower().translate(_NOTHING).split())


def exact_match(prediction: str, answer: str) -> float:
    """1.0 where both are equal after `normalize`."""
    return float(normalize(prediction) == normalize(answer))


def f1(prediction: str, answer: str) -> float:
    """Overlap of the characters, blanks aside, as a multiset; 0.0 where nothing is shared."""
    ours = Counter(normalize(prediction).replace(" ", ""))
    gold = Counter(normalize(answer).replace(" ", ""))
    shared = (ours & gold).total()
    return 2 * shared / (ours.total() + gold.total()) if shared else 0.0


def best(score: Callable[[str, str], float], prediction: str, answers: Sequence[str]) -> float:
    """The best score over the accepted answers."""
    return max(score(prediction, answer) for answer in answers)
