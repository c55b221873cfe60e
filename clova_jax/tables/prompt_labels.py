"""Asks apps of the demo list about labelled data, where there are any: names, topics, translations, bad comments."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clova_jax.evaluate import Metric, Prediction, accuracy, bleu, generator, load_task
from clova_jax.labelled import optional_file, read_entities, read_unsmile

_KINDS = {"PS": "사람", "LC": "곳", "OG": "기관", "DT": "날짜"}
NONE = "없음"


@dataclass(frozen=True)
class Labelled:
    """Holds a labelled set in the form of an app.

    Args:
        source: its name in the rows.
        items: inputs with the right answer.
        metric: that answers are scored by.
    """

    source: str
    items: Sequence[tuple[str, str]]
    metric: Metric

    def drawn(self, limit: int | None, seed: int) -> Sequence[tuple[str, str]]:
        """Returns `limit` of the items, drawn at random."""
        if limit is None or limit >= len(self.items):
            return self.items
        random = generator(seed, "labelled", self.source)
        chosen = random.choice(len(self.items), limit, replace=False)
        return [self.items[i] for i in sorted(chosen)]


def labelled(data: Path) -> dict[str, Labelled]:
    """Returns the labelled sets of a data folder by the file of their app; those whose files are missing are left out."""
    return {
        name: make(data)
        for name, (folder, file, make) in _SETS.items()
        if optional_file(data / folder, file) is not None
    }


def _entities(data: Path) -> Labelled:
    items = []
    for sentence in read_entities(data):
        named = [f"{_KINDS[kind]}={name}" for kind, name in sentence.names if kind in _KINDS]
        items.append((sentence.text, ", ".join(named) or NONE))
    return Labelled("KLUE-NER dev", items, NAMES)


def _topics(data: Path) -> Labelled:
    items = [(item.text, item.answers[0]) for item in load_task("ynat").load(data).items]
    return Labelled("YNAT dev", items, accuracy)


def _translation(data: Path) -> Labelled:
    items = load_task("ko_en").load(data).items
    return Labelled(
        "Korean-English test", [(item.source, item.answers[0]) for item in items], bleu("13a")
    )


def _profanity(data: Path) -> Labelled:
    rows = read_unsmile(data / "safety/korean_unsmile_dataset", "unsmile_valid_v1.0.tsv")
    items = [(text, "나쁨" if bad else "괜찮음") for text, bad in rows]
    return Labelled("UnSmile valid", items, accuracy)


def _named(text: str) -> set[str]:
    return {part.strip() for part in text.split(",") if "=" in part}


def _overlap(predictions: Sequence[Prediction]) -> np.ndarray:
    """Returns float64[n, 3]: names that are right, that were said, that there are."""
    rows = []
    for one in predictions:
        said, gold = _named(one.prediction), _named(one.answers[0])
        rows.append([len(said & gold), len(said), len(gold)])
    return np.array(rows, np.float64).reshape(-1, 3)


def _f1(total: np.ndarray) -> float:
    both = total[1] + total[2]
    return 200 * float(total[0] / both) if both else 0.0


NAMES = Metric("f1", _overlap, _f1, lambda: "micro, over different names with their types")

_SETS: Mapping[str, tuple[str, str, Callable[[Path], Labelled]]] = {
    "entities": ("klue/klue-ner-v1.1", "klue-ner-v1.1_dev.tsv", _entities),
    "topics": ("klue/ynat-v1.1", "ynat-v1.1_dev.json", _topics),
    "translation": ("parallel", "koen_test.tsv", _translation),
    "profanity": ("safety/korean_unsmile_dataset", "unsmile_valid_v1.0.tsv", _profanity),
}
