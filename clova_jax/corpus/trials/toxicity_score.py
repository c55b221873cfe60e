"""Scores a toxicity model on the official development, validation and test files."""

from pathlib import Path

import numpy as np

from clova_jax.corpus.clean.linear_model import NgramModel
from clova_jax.labelled import TRAINING_FILES, read_apeach, read_hate_speech, read_unsmile


def toxicity_scores(safety: str | Path, model: NgramModel) -> list[dict[str, object]]:
    """Computes F1 and macro F1, in per cent, on the official dev, validation and test files.

    `toxic` is the pooled output that the pipeline uses; the other rows use the output trained on the
    set's own labels. No model is trained on APEACH: its row shows how the model does in a new domain.
    """
    from sklearn.metrics import f1_score

    safety = Path(safety)
    comments = read_hate_speech(safety / TRAINING_FILES[0][0], "dev.tsv")
    unsmile = read_unsmile(safety / TRAINING_FILES[1][0], "unsmile_valid_v1.0.tsv")
    apeach = read_apeach(safety / "APEACH")
    rows: list[dict[str, object]] = []

    def add(name: str, output: str, truth: np.ndarray, values: np.ndarray) -> None:
        rows.append(
            {
                "set": name,
                "output": output,
                "rows": len(truth),
                "f1": 100 * f1_score(truth, values > 0.5),
                "macro_f1": 100 * f1_score(truth, values > 0.5, average="macro"),
                "precision_at_0.9": 100 * float(truth[values >= 0.9].mean()),
                "recall_at_0.9": 100 * float((values >= 0.9)[truth].mean()),
            }
        )

    values = model([text for text, _ in comments])
    labels = np.array([label for _, label in comments])
    add("korean-hate-speech dev, none or not", "toxic", labels != "none", values[:, 0])
    add("korean-hate-speech dev, none or not", "hate", labels != "none", values[:, 1])
    three = np.where(values[:, 2] > 0.5, "hate", np.where(values[:, 1] > 0.5, "offensive", "none"))
    rows.append(
        {
            "set": "korean-hate-speech dev, three classes",
            "output": "hate + hateful",
            "rows": len(labels),
            "f1": 100 * f1_score(labels, three, average="micro"),
            "macro_f1": 100 * f1_score(labels, three, average="macro"),
        }
    )
    values, truth = model([text for text, _ in unsmile]), np.array([label for _, label in unsmile])
    add("UnSmile valid, clean or not", "toxic", truth, values[:, 0])
    add("UnSmile valid, clean or not", "unsmile", truth, values[:, 3])
    values, truth = model([text for text, _ in apeach]), np.array([label for _, label in apeach])
    add("APEACH test", "toxic", truth, values[:, 0])
    return rows
