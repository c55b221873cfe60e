"""Hate and offence: a classifier trained on labelled comments (swear words: `profanity`).

The classifier has one output a label set: `hate` of korean-hate-speech (offensive or hate), `unsmile`
(anything but clean), and `toxic`, which pools both and is what the pipeline uses. Weights are
trained where the labelled files are; none are shipped, for UnSmile's licence allows no derivatives.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import SUFFIXES, find_file, read_lines
from clova_jax.common.lines import table_rows
from clova_jax.corpus.clean.linear_model import NgramModel

LABELS = ("toxic", "hate", "hateful", "unsmile")
_SEGMENT = 300  # characters judged at a time: the training comments are short

_TRAIN = (
    ("korean-hate-speech/labeled", "train.tsv"),
    ("korean_unsmile_dataset", "unsmile_train_v1.0.tsv"),
)


def read_hate_speech(folder: str | Path, name: str) -> list[tuple[str, str]]:
    """(comment, `none` | `offensive` | `hate`) of a labelled korean-hate-speech file."""
    rows = _rows(find_file(folder, name), "\t", ("comments", "hate"))
    return [(row["comments"], row["hate"]) for row in rows]


def read_unsmile(folder: str | Path, name: str) -> list[tuple[str, bool]]:
    """(sentence, whether it is anything but clean) of an UnSmile file."""
    rows = _rows(find_file(folder, name), "\t", ("문장", "clean"))
    return [(row["문장"], row["clean"] == "0") for row in rows]


def read_apeach(folder: str | Path, name: str = "test.csv") -> list[tuple[str, bool]]:
    """(sentence, whether it is hateful) of an APEACH file."""
    rows = _rows(find_file(folder, name), ",", ("text", "class"))
    return [(row["text"], row["class"] == "Spoiled") for row in rows]


def _rows(path: Path, delimiter: str, needed: tuple[str, ...]) -> list[dict[str, str]]:
    lines = (line for _, line in read_lines(path))
    (_, header), *table = [*table_rows(lines, delimiter, str(path))] or [(1, [])]
    if not table or any(name not in header for name in needed):
        raise ClovaError(f"{path}: expected columns {', '.join(needed)}")
    rows = []
    for number, cells in table:
        row = dict(zip(header, cells, strict=False))
        if any(name not in row for name in needed):
            raise ClovaError(f"{path}:{number}: too few columns")
        rows.append(row)
    return rows


def has_training_data(safety: str | Path) -> bool:
    """Whether both training files are in the folder."""
    return all(
        any((Path(safety) / folder / (name + suffix)).is_file() for suffix in SUFFIXES)
        for folder, name in _TRAIN
    )


def train_toxicity(safety: str | Path) -> NgramModel:
    """Trains on the official training files of korean-hate-speech and UnSmile.

    Args:
        safety: the folder that holds `korean-hate-speech/` and `korean_unsmile_dataset/`.

    Raises:
        ClovaError: a file is missing or has other columns.
    """
    safety = Path(safety)
    comments = read_hate_speech(safety / _TRAIN[0][0], _TRAIN[0][1])
    sentences = read_unsmile(safety / _TRAIN[1][0], _TRAIN[1][1])
    texts = [text for text, _ in comments] + [text for text, _ in sentences]
    labels = np.full((len(texts), len(LABELS)), -1, np.int8)
    for row, (_, hate) in enumerate(comments):
        labels[row, :3] = hate != "none", hate != "none", hate == "hate"
    for row, (_, toxic) in enumerate(sentences, len(comments)):
        labels[row, 0] = labels[row, 3] = toxic
    return NgramModel.fit(texts, labels, LABELS)


def toxicity(texts: Sequence[str], model: NgramModel) -> np.ndarray:
    """float[n]: the mean probability of being toxic over stretches of 300 characters, 0 to 1."""
    segments, counts = [], []
    for text in texts:
        cut = [text[at : at + _SEGMENT] for at in range(0, len(text), _SEGMENT)] or [""]
        segments += cut
        counts.append(len(cut))
    if not segments:
        return np.zeros(0)
    values = model(segments)[:, 0]
    ends = np.cumsum(counts)
    return np.add.reduceat(values, ends - counts) / np.array(counts)


def toxicity_scores(safety: str | Path, model: NgramModel) -> list[dict[str, object]]:
    """F1 and macro F1, in per cent, on the official dev, validation and test files.

    `toxic` is the pooled output that the pipeline uses; the other rows use the output trained on the
    set's own labels. APEACH is no training data of any: it shows the step to a new domain.
    """
    from sklearn.metrics import f1_score

    safety = Path(safety)
    comments = read_hate_speech(safety / _TRAIN[0][0], "dev.tsv")
    unsmile = read_unsmile(safety / _TRAIN[1][0], "unsmile_valid_v1.0.tsv")
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
