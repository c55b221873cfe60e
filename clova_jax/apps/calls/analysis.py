"""Analyses the texts of finished calls: how they end, where they break off, what is asked again, what is noted and felt."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from clova_jax.apps.calls.kept import Row
from clova_jax.apps.calls.scenario import ENDS, HANDED_OVER, Scenario
from clova_jax.common.report import format_table

BROKEN_OFF = "broken off"
"""How a call ends whose caller has gone."""
PLEASED = ("감사", "고마", "고맙", "좋았", "좋네", "만족", "친절", "편하", "최고", "잘됐")
DISPLEASED = ("불만", "불편", "별로", "실망", "짜증", "화가", "답답", "불친절", "나쁘", "너무하")
"""Words of callers who are satisfied, and of those who are not; 불만족 is none of the former."""


def analyse(
    calls: Mapping[str, Sequence[Row]], scenarios: Sequence[Scenario]
) -> list[dict[str, Any]]:
    """Returns figures of each scenario that has calls; shares are per cent.

    `calls` and `turns` count; `finished`, `declined`, `handed over` and `broken off` are shares of the calls; `asked again` is
    the mean of a call; `slots filled` the share of the slots that were asked for; `where` counts the states in which a person
    took over or the caller had gone, `flags` the calls in which something was noted; `pleased` and `displeased` are shares of
    the calls with a word of either kind.

    Args:
        calls: the turns of each, as a `CallFile` has them.
        scenarios: those that the calls may be in.
    """
    found = []
    for scenario in scenarios:
        own = [rows for rows in calls.values() if rows and rows[0]["scenario"] == scenario.name]
        if own:
            found.append({"scenario": scenario.name} | _figures(own, scenario))
    return found


def _figures(calls: Sequence[Sequence[Row]], scenario: Scenario) -> dict[str, Any]:
    ends = Counter(rows[-1]["outcome"] or BROKEN_OFF for rows in calls)
    asked = [_asked(rows, scenario) for rows in calls]
    filled = sum(
        slot in rows[-1]["slots"] for rows, some in zip(calls, asked, strict=True) for slot in some
    )
    where = Counter(
        _last_question(rows, scenario) for rows in calls if rows[-1]["outcome"] in ("", HANDED_OVER)
    )
    said = [_said(rows) for rows in calls]
    count = len(calls)
    return {
        "calls": count,
        "turns": sum(len(rows) - 1 for rows in calls),
        **{end: _percent(ends[end], count) for end in (*ENDS, BROKEN_OFF)},
        "asked again": sum(row["again"] for rows in calls for row in rows) / count,
        "slots filled": _percent(filled, sum(map(len, asked))),
        "where": dict(where.most_common()),
        "flags": dict(Counter(flag for rows in calls for flag in rows[-1]["flags"]).most_common()),
        "pleased": _percent(sum(_has(text, PLEASED, "불만") for text in said), count),
        "displeased": _percent(sum(_has(text, DISPLEASED) for text in said), count),
    }


def _asked(rows: Sequence[Row], scenario: Scenario) -> set[str]:
    """Returns the slots of the states that a call was in."""
    return {slot for row in rows for slot in scenario.states[row["state"]].slots}


def _last_question(rows: Sequence[Row], scenario: Scenario) -> str:
    """Returns the last state in which a caller was heard, or should have been."""
    return next(row["state"] for row in reversed(rows) if not scenario.states[row["state"]].end)


def _said(rows: Sequence[Row]) -> str:
    return "\n".join(row["heard"] for row in rows)


def _has(text: str, words: Sequence[str], without: str = "") -> bool:
    text = text.replace(without, "") if without else text
    return any(word in text for word in words)


def _percent(part: float, total: float) -> float | None:
    return 100 * part / total if total else None


def as_markdown(figures: Sequence[Mapping[str, Any]]) -> str:
    """Returns the figures as a Markdown table, counts as `name n`."""
    rows = [
        {
            key: ", ".join(f"{name} {n}" for name, n in value.items())
            if isinstance(value, dict)
            else value
            for key, value in row.items()
        }
        for row in figures
    ]
    return f"# 통화 분석\n\n{format_table(rows)}\n" if rows else "# 통화 분석\n\n통화가 없습니다.\n"
