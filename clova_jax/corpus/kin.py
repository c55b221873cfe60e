"""One question, one best answer: a thread of a question-and-answer site as a single document.

Which answers count (adopted by the asker, or by a certified expert; authors of low standing left
out) is as a talk of HyperCLOVA's authors has it.
"""

from typing import Any

_MIN_REPUTATION = 0.0
_MIN_ANSWER = 10  # letters


def best_answer(answers: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The answer to keep, or None when none qualifies.

    Adopted answers and experts' answers come first, then reputation, then votes, then length; of
    equals the earlier.

    Args:
        answers: objects with `text` and, where known, `adopted`, `expert` (true or the
            profession), `reputation` (below 0 is low), `votes`.
    """
    qualified = [
        (place, answer)
        for place, answer in enumerate(answers)
        if len(str(answer.get("text", "")).strip()) >= _MIN_ANSWER
        and _number(answer.get("reputation")) >= _MIN_REPUTATION
    ]
    trusted = [(p, a) for p, a in qualified if a.get("adopted") or a.get("expert")]
    if not trusted:
        return None

    def rank(item: tuple[int, dict[str, Any]]) -> tuple[Any, ...]:
        place, answer = item
        return (
            bool(answer.get("adopted")),
            bool(answer.get("expert")),
            _number(answer.get("reputation")),
            _number(answer.get("votes")),
            min(len(answer["text"]), 2_000),
            -place,
        )

    return max(trusted, key=rank)[1]


def kin_text(question: str, answers: list[dict[str, Any]], details: str = "") -> str | None:
    """`질문: …` and `답변: …` of the best answer; None when no answer qualifies."""
    answer = best_answer(answers)
    if answer is None or not question.strip():
        return None
    asked = question.strip()
    if details.strip() and details.strip() != asked:
        asked += "\n" + details.strip()
    return f"질문: {asked}\n답변: {answer['text'].strip()}"


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
