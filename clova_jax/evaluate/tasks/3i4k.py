"""Asks what a person means to do by an utterance: state, ask, order, … (3i4K, seven classes)."""

from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_lines
from clova_jax.evaluate import metrics
from clova_jax.evaluate.task import Item, Task, TaskData
from clova_jax.labelled import rows

# 0 fragment, 1 statement, 2 question, 3 command, 4 rhetorical question, 5 rhetorical command, 6 depends on intonation
LABELS = {
    "0": "조각",
    "1": "서술",
    "2": "질문",
    "3": "명령",
    "4": "반문",
    "5": "권유",
    "6": "억양",
}


def _read(path: Path) -> list[Item]:
    items = []
    for number, line in read_lines(path):
        place = f"{path}:{number}"
        gold, tab, utterance = line.partition("\t")
        if not tab:
            raise ClovaError(f"{place}: {line[:60]!r} is not label, tab and utterance")
        gold = rows.label(place, gold, LABELS)
        if utterance.strip():
            items.append(Item(str(number), place, utterance.strip(), (gold,)))
    return rows.not_empty(items, path)


def load(data_dir: Path) -> TaskData:
    """Loads the test file, and examples from the training file."""
    folder = Path(data_dir) / "dialogue" / "3i4k"
    return TaskData(
        _read(find_file(folder, "fci_test.txt")), _read(find_file(folder, "fci_train_val.txt"))
    )


TASK = Task(
    name="3i4k",
    files=("dialogue/3i4k/fci_train_val.txt", "dialogue/3i4k/fci_test.txt"),
    load=load,
    shots=35,
    trials=3,
    metrics=(metrics.accuracy, metrics.macro_f1(tuple(LABELS))),
    labels=LABELS,
    answer=" ({})",
    content_free=("N/A", "[MASK]", ""),
    separator="\n",
    instruction=f"발화 ({', '.join(LABELS.values())})",
    source="our wording",
    notes=("not in the paper; 35 shots are our choice",),
)
