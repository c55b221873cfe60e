"""Asks which topic a headline belongs to (YNAT, KLUE-TC)."""

from pathlib import Path

from clova_jax.common.files import find_file
from clova_jax.evaluate import metrics
from clova_jax.evaluate.task import Item, Task, TaskData
from clova_jax.labelled import rows

LABELS = {
    "IT과학": "과학",
    "경제": "경제",
    "사회": "사회",
    "생활문화": "생활",
    "세계": "세계",
    "스포츠": "스포츠",
    "정치": "정치",
}


def _read(path: Path) -> list[Item]:
    items = []
    for place, row in rows.json_rows(path, ("guid", "title", "label")):
        gold = rows.label(place, row["label"], LABELS)
        items.append(Item(str(row["guid"]), place, rows.text(place, row, "title"), (gold,)))
    return rows.not_empty(items, path)


def load(data_dir: Path) -> TaskData:
    """Loads the dev file (test labels are private), and examples from the training file."""
    folder = Path(data_dir) / "klue" / "ynat-v1.1"
    return TaskData(
        _read(find_file(folder, "ynat-v1.1_dev.json")),
        _read(find_file(folder, "ynat-v1.1_train.json")),
        ("the dev split: KLUE's test labels are private",),
    )


TASK = Task(
    name="ynat",
    files=(
        "klue/ynat-v1.1/ynat-v1.1_train.json",
        "klue/ynat-v1.1/ynat-v1.1_dev.json",
    ),
    load=load,
    shots=70,
    trials=3,
    metrics=(metrics.macro_f1(tuple(LABELS)), metrics.accuracy),
    labels=LABELS,
    answer=" ({})",
    content_free=("N/A", "[MASK]", ""),
    separator="\n",
    instruction="뉴스 제목과 분야(과학, 경제, 사회, 생활, 세계, 스포츠, 정치)",
    source="Beomi/ko-lm-evaluation-harness klue.py (title and label in brackets); zero-shot line: our wording",
)
