"""Lists the figures of the paper's Tables 4 and 5."""

from typing import Any

_TABLE_4 = (  # model, method, encoder, examples, NSMC accuracy
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
TABLE_4: list[dict[str, Any]] = [
    dict(zip(("model", "method", "encoder", "examples", "value"), row, strict=True))
    for row in _TABLE_4
]

_TABLE_5 = (  # model, shots, BLEU without and with p-tuning
    ("HyperCLOVA 13B", 0, 36.15, 58.04),
    ("HyperCLOVA 13B", 3, 45.64, 68.65),
    ("HyperCLOVA 39B", 0, 47.72, 73.80),
    ("HyperCLOVA 39B", 3, 65.76, 71.19),
)
TABLE_5: list[dict[str, Any]] = [
    dict(zip(("model", "shots", "without p-tuning", "with p-tuning"), row, strict=True))
    for row in _TABLE_5
]
