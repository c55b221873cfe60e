"""Makes one document of a question-and-answer thread: one question, one best answer.

Which answers count (adopted by the asker, or by a certified expert; authors of low standing left
out) is as a talk of HyperCLOVA's authors has it.
"""

import math
from collections.abc import Iterable
from typing import Any

_MIN_REPUTATION = 0.0
_MIN_ANSWER = 10  # letters
MOST = 1e18  # a reputation of more digits than a number has is no less than this
_NO = ("", "0", "false", "n", "no", "none", "null")


def best_answer(answers: Iterable[Any]) -> dict[str, Any] | None:
    """Returns the answer to keep, or None when none qualifies.

    Adopted answers and experts' answers come first, then reputation, then votes, then length; of
    equals the earlier.

    Args:
        answers: objects with `text` and, where known, `adopted`, `expert` (true or the
            profession), `reputation` (below 0 is low), `votes`; numbers may stand as text. What has
            another shape is no answer.
    """
    qualified = [
        (place, answer)
        for place, answer in enumerate(answers)
        if isinstance(answer, dict)
        and isinstance(answer.get("text"), str)
        and len(answer["text"].strip()) >= _MIN_ANSWER
        and _number(answer.get("reputation")) >= _MIN_REPUTATION
    ]
    trusted = [(p, a) for p, a in qualified if _holds(a.get("adopted")) or _holds(a.get("expert"))]
    if not trusted:
        return None

    def rank(item: tuple[int, dict[str, Any]]) -> tuple[Any, ...]:
        place, answer = item
        return (
            _holds(answer.get("adopted")),
            _holds(answer.get("expert")),
            _number(answer.get("reputation")),
            _number(answer.get("votes")),
            min(len(answer["text"]), 2_000),
            -place,
        )

    return max(trusted, key=rank)[1]


def kin_text(question: str, answers: Iterable[Any], details: Any = None) -> str | None:
    """Writes `질문: …` and `답변: …` of the best answer; returns None when no answer qualifies."""
    answer = best_answer(answers)
    if answer is None or not question.strip():
        return None
    asked = question.strip()
    if isinstance(details, str) and details.strip() and details.strip() != asked:
        asked += "\n" + details.strip()
    return f"질문: {asked}\n답변: {answer['text'].strip()}"


def number_of(value: Any) -> float | None:
    """Returns a number, or one that stands as text, within ±10¹⁸; None for anything else."""
    if isinstance(value, (int, float)) or (isinstance(value, str) and len(value) < 400):
        try:
            number = float(value)
        except OverflowError:  # a whole number of hundreds of digits
            number = math.inf if value > 0 else -math.inf  # type: ignore[operator]
        except ValueError:
            return None
        return None if math.isnan(number) else max(-MOST, min(MOST, number))
    return None


def _number(value: Any) -> float:
    return number_of(value) or 0.0


def _holds(value: Any) -> bool:
    """Whether a flag is set; texts that say no are no."""
    return value.strip().lower() not in _NO if isinstance(value, str) else bool(value)
