"""Lists the paper's in-context scores: Table 3, and Table 5 without p-tuning (query modification)."""

from typing import Any

COLUMNS: dict[str, tuple[str, str]] = {
    # column -> task and metric
    "NSMC acc": ("nsmc", "accuracy"),
    "KorQuAD EM": ("korquad", "exact_match"),
    "KorQuAD F1": ("korquad", "f1"),
    "Ko→En BLEU": ("ko_en", "bleu"),
    "En→Ko BLEU": ("en_ko", "bleu"),
    "YNAT F1": ("ynat", "macro_f1"),
    "KLUE-STS F1": ("klue_sts", "f1"),
}

_SCORES: dict[str, tuple[float, ...]] = {
    "137M": (73.11, 8.87, 23.92, 0.80, 2.78, 29.01, 59.54),
    "350M": (77.55, 27.66, 46.86, 1.44, 8.89, 33.18, 59.45),
    "760M": (77.64, 45.80, 63.99, 2.63, 16.89, 47.45, 52.16),
    "1.3B": (83.90, 55.28, 72.98, 3.83, 20.03, 58.67, 60.89),
    "6.9B": (83.78, 61.21, 78.78, 7.09, 27.93, 67.48, 59.27),
    "13B": (87.86, 66.04, 82.12, 7.91, 27.82, 67.85, 60.00),
    "39B": (87.95, 67.29, 83.80, 9.19, 31.04, 71.41, 61.59),
    "82B": (88.16, 69.27, 84.85, 10.37, 31.83, 72.66, 65.14),
}
_NUM_PARAMS = dict(zip(_SCORES, (137e6, 350e6, 760e6, 1.3e9, 6.9e9, 13e9, 39e9, 82e9), strict=True))

TABLE_3: list[dict[str, Any]] = [
    {"model": "supervised baseline"}
    | dict(zip(COLUMNS, (89.66, 74.04, 86.66, 40.34, 40.41, 82.64, 75.93), strict=True)),
    *(
        {"model": f"HyperCLOVA {name}", "num_params": _NUM_PARAMS[name]}
        | dict(zip(COLUMNS, scores, strict=True))
        for name, scores in _SCORES.items()
    ),
]

# Table 5, p-tuning x: (shots, parameters) -> BLEU on the in-house set.
QUERY_MODIFICATION = {(0, 13e9): 36.15, (3, 13e9): 45.64, (0, 39e9): 47.72, (3, 39e9): 65.76}


def points(task: str, metric: str, shots: int) -> list[tuple[float, float]]:
    """Returns the paper's (parameters, score) for a task, small to large; an empty list if it has none."""
    for column, key in COLUMNS.items():
        if key == (task, metric):
            return [(row["num_params"], row[column]) for row in TABLE_3 if "num_params" in row]
    if task == "query_modification":
        return [(size, score) for (n, size), score in QUERY_MODIFICATION.items() if n == shots]
    return []
