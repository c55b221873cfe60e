"""Asks whether a film review is positive or negative (NSMC)."""

from pathlib import Path

from clova_jax.common.files import find_file
from clova_jax.evaluate import metrics
from clova_jax.evaluate.task import Item, Task, TaskData
from clova_jax.labelled import rows

LABELS = {"0": "부정", "1": "긍정"}


def _read(path: Path) -> list[Item]:
    items = []
    for place, row in rows.tsv_rows(path, ("id", "document", "label")):
        gold = rows.label(place, row["label"], LABELS)
        items.append(Item(row["id"], place, rows.text(place, row, "document"), (gold,)))
    return rows.not_empty(items, path)


def load(data_dir: Path) -> TaskData:
    """Loads the test file, and examples from the training file (reviews without text are left out)."""
    folder = Path(data_dir) / "nsmc"
    train = _read(find_file(folder, "ratings_train.txt"))
    return TaskData(
        _read(find_file(folder, "ratings_test.txt")), [item for item in train if item.text]
    )


TASK = Task(
    name="nsmc",
    files=(
        "nsmc/ratings_train.txt",
        "nsmc/ratings_test.txt",
    ),
    load=load,
    shots=70,
    trials=12,
    metrics=(metrics.accuracy,),
    labels=LABELS,
    answer=" ({})",
    content_free=("N/A", "[MASK]", ""),
    separator="\n",
    source="Shin et al. 2022 (2204.13509) Table 14, as in lm-evaluation-harness PR 338",
)
