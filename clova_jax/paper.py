"""States the figures of the paper (Kim et al. 2021), each once: Tables 1 to 8, and the talk's on tokenizer and serializer.

Traps of each table are in docs/paper.md. Scores are on the 0-100 scale; `num_params` are the nominal sizes.
"""

from collections.abc import Collection
from typing import Any

Row = dict[str, Any]


def _rows(columns: tuple[str, ...], *rows: tuple[Any, ...]) -> list[Row]:
    return [dict(zip(columns, row, strict=True)) for row in rows]


# Table 1 (section 3.1): billions of tokens by kind of text. WikiEn and WikiJp are one row.
TABLE_1 = {
    "blog": 273.6,
    "cafe": 83.3,
    "news": 73.8,
    "comments": 41.1,
    "kin": 27.3,
    "modu": 6.0,
    "wiki": 5.2,
    "others": 51.5,
}
TOKENS_BILLION = 561.8  # their sum, as printed

# The talk: how much text the tokenizer was trained on.
TOKENIZER_SAMPLE = [
    {"sample": "20 GB of about 2 TB", "share": "1%", "chosen by": "share of tokens kept"}
]

# The talk: the serializer on Hadoop streaming, "about 170 times" faster: from seven days to an hour, on machines it does not count.
SERIALIZER_SECONDS = {"before": 7 * 86_400.0, "on Hadoop streaming": 3_600.0}

TABLE_2 = _rows(
    ("size", "num_params", "num_layers", "embed_dim", "num_heads", "head_dim", "lr"),
    ("137m", 137_000_000, 12, 768, 16, 48, 6.0e-4),
    ("350m", 350_000_000, 24, 1_024, 16, 64, 3.0e-4),
    ("760m", 760_000_000, 24, 1_536, 16, 96, 2.5e-4),
    ("1.3b", 1_300_000_000, 24, 2_048, 16, 128, 2.0e-4),
    ("6.9b", 6_900_000_000, 32, 4_096, 32, 128, 1.2e-4),
    ("13b", 13_000_000_000, 40, 5_120, 40, 128, 1.0e-4),
    ("39b", 39_000_000_000, 48, 8_192, 64, 128, 0.8e-4),
    ("82b", 82_000_000_000, 64, 10_240, 80, 128, 0.6e-4),
)
NOMINAL: dict[str, int] = {row["size"]: row["num_params"] for row in TABLE_2}

# A column of Table 3 -> task and metric of ours.
SCORES: dict[str, tuple[str, str]] = {
    "NSMC acc": ("nsmc", "accuracy"),
    "KorQuAD EM": ("korquad", "exact_match"),
    "KorQuAD F1": ("korquad", "f1"),
    "Ko→En BLEU": ("ko_en", "bleu"),
    "En→Ko BLEU": ("en_ko", "bleu"),
    "YNAT F1": ("ynat", "macro_f1"),
    "KLUE-STS F1": ("klue_sts", "f1"),
}


def _model(size: str) -> str:
    """`82b` as the tables print it: HyperCLOVA 82B."""
    return f"HyperCLOVA {size.upper()}"


TABLE_3 = [
    *_rows(
        ("model", *SCORES),
        ("supervised baseline", 89.66, 74.04, 86.66, 40.34, 40.41, 82.64, 75.93),
    ),
    *_rows(
        ("model", "num_params", *SCORES),
        *(
            (_model(size), float(NOMINAL[size]), *scores)
            for size, *scores in (
                ("137m", 73.11, 8.87, 23.92, 0.80, 2.78, 29.01, 59.54),
                ("350m", 77.55, 27.66, 46.86, 1.44, 8.89, 33.18, 59.45),
                ("760m", 77.64, 45.80, 63.99, 2.63, 16.89, 47.45, 52.16),
                ("1.3b", 83.90, 55.28, 72.98, 3.83, 20.03, 58.67, 60.89),
                ("6.9b", 83.78, 61.21, 78.78, 7.09, 27.93, 67.48, 59.27),
                ("13b", 87.86, 66.04, 82.12, 7.91, 27.82, 67.85, 60.00),
                ("39b", 87.95, 67.29, 83.80, 9.19, 31.04, 71.41, 61.59),
                ("82b", 88.16, 69.27, 84.85, 10.37, 31.83, 72.66, 65.14),
            )
        ),
    ),
]

TABLE_4 = _rows(
    ("model", "method", "encoder", "examples", "value"),  # NSMC accuracy
    ("mBERT", "fine_tuning", "", 150_000, 87.1),
    ("mBERT", "fine_tuning", "", 70, 57.2),
    ("mBERT", "fine_tuning", "", 2_000, 69.9),
    ("mBERT", "fine_tuning", "", 4_000, 78.0),
    ("BERT (Park et al. 2020)", "fine_tuning", "", 150_000, 89.7),
    ("RoBERTa (Kang et al. 2020)", "fine_tuning", "", 150_000, 91.1),
    ("HyperCLOVA 13B", "few_shot", "", 70, 87.9),
    ("HyperCLOVA 39B", "few_shot", "", 70, 88.0),
    ("HyperCLOVA 82B", "few_shot", "", 70, 88.2),
    ("HyperCLOVA 137M", "p_tuning", "lstm", 150_000, 87.2),
    ("HyperCLOVA 137M", "p_tuning", "lstm", 70, 60.9),
    ("HyperCLOVA 137M", "p_tuning", "lstm", 2_000, 77.9),
    ("HyperCLOVA 137M", "p_tuning", "lstm", 4_000, 81.2),
    ("HyperCLOVA 13B", "p_tuning", "lstm", 150_000, 91.7),
    ("HyperCLOVA 13B", "p_tuning", "lstm", 2_000, 89.5),
    ("HyperCLOVA 13B", "p_tuning", "lstm", 4_000, 90.7),
    ("HyperCLOVA 13B", "p_tuning", "mlp", 150_000, 90.3),
    ("HyperCLOVA 39B", "p_tuning", "lstm", 150_000, 93.0),
)

TABLE_5 = _rows(
    ("model", "shots", "without p-tuning", "with p-tuning"),  # BLEU on the in-house set
    ("HyperCLOVA 13B", 0, 36.15, 58.04),
    ("HyperCLOVA 13B", 3, 45.64, 68.65),
    ("HyperCLOVA 39B", 0, 47.72, 73.80),
    ("HyperCLOVA 39B", 3, 65.76, 71.19),
)

TABLE_6 = _rows(  # 1.3B after 150B tokens; the first row is Table 3's
    ("tokenizer", *list(SCORES)[1:]),
    ("morpheme-aware byte-level BPE", 55.28, 72.98, 3.83, 20.03, 58.67, 60.89),
    ("byte-level BPE", 51.26, 70.34, 4.61, 19.95, 48.32, 60.45),
    ("character-level BPE", 45.41, 66.10, 3.62, 16.73, 23.94, 59.83),
)

TABLE_7 = _rows(  # intents: mean accuracy and standard deviation by n originals and k written utterances a class
    ("n", "k", "value", "std"),
    *((0, 5, 60.8, 9.3), (0, 10, 68.9, 4.0), (0, 15, 71.9, 2.7), (0, 25, 74.8, 2.5)),
    *((0, 125, 78.0, 2.3), (1, 0, 26.8, 6.0), (2, 0, 52.0, 4.9), (3, 0, 64.7, 5.2)),
    *((4, 0, 76.5, 4.4), (5, 0, 83.0, 3.0), (1, 25, 79.2, 2.5), (2, 25, 81.2, 2.5)),
    *((3, 25, 82.6, 2.6), (4, 25, 83.4, 1.9), (5, 25, 84.3, 2.0), (1, 125, 80.7, 2.2)),
    *((2, 125, 82.7, 1.9), (3, 125, 83.7, 2.1), (4, 125, 86.3, 1.5), (5, 125, 87.2, 1.7)),
)

TABLE_7_VALIDATION = {5: 1, 10: 2, 15: 3, 25: 5, 125: 30}  # by k, more written for validation

TABLE_8 = _rows(  # event titles: shares of pairs in which people prefer the first
    ("first", "second", "bleu", "wins", "loses", "ties"),
    ("mT5", "human", 13.28, 0.311, 0.433, 0.256),
    ("HyperCLOVA", "mT5", None, 0.456, 0.350, 0.194),
    ("human", "HyperCLOVA", 5.66, 0.311, 0.333, 0.356),
)

TITLES_USABLE = (
    99.0  # per cent of the titles of a similar prompt that could go into service as they were
)


def table_3(tasks: Collection[str]) -> list[Row]:
    """Returns Table 3 with the columns of some tasks alone; an empty list where it has none of them."""
    chosen = [column for column, (task, _) in SCORES.items() if task in tasks]
    columns = ("model", "num_params", *chosen)
    return [
        {name: row[name] for name in columns if name in row} for row in (TABLE_3 if chosen else [])
    ]


def points(task: str, metric: str, shots: int) -> list[tuple[float, float]]:
    """Returns the paper's (parameters, score) for a task, small to large; an empty list if it has none."""
    if task == "query_modification":
        sizes = {_model(size): float(count) for size, count in NOMINAL.items()}
        rows = [row for row in TABLE_5 if row["shots"] == shots]
        return [(sizes[row["model"]], row["without p-tuning"]) for row in rows]
    for column, key in SCORES.items():
        if key == (task, metric):
            return [(row["num_params"], row[column]) for row in TABLE_3 if "num_params" in row]
    return []
