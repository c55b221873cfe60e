"""Asks whether the premise entails the hypothesis, contradicts it, or neither (KLUE-NLI)."""

from pathlib import Path

from clova_jax.common.files import find_file
from clova_jax.evaluate import metrics
from clova_jax.evaluate.task import Item, Task, TaskData
from clova_jax.labelled import rows

LABELS = {"entailment": "참", "neutral": "중립", "contradiction": "모순"}


def _prompt(premise: str, hypothesis: str) -> str:
    return f"{premise}:{hypothesis}"


def _read(path: Path) -> list[Item]:
    items = []
    for place, row in rows.json_rows(path, ("guid", "premise", "hypothesis", "gold_label")):
        gold = rows.label(place, row["gold_label"], LABELS)
        premise, hypothesis = (rows.text(place, row, key) for key in ("premise", "hypothesis"))
        items.append(Item(str(row["guid"]), place, _prompt(premise, hypothesis), (gold,)))
    return rows.not_empty(items, path)


def _read_kornli(path: Path) -> list[Item]:
    items = []
    for place, row in rows.tsv_rows(path, ("sentence1", "sentence2", "gold_label")):
        gold = rows.label(place, row["gold_label"], LABELS)
        premise, hypothesis = (rows.text(place, row, f"sentence{i}") for i in (1, 2))
        number = place.rsplit(":", 1)[1]
        items.append(Item(number, place, _prompt(premise, hypothesis), (gold,)))
    return rows.not_empty(items, path)


def load(data_dir: Path) -> TaskData:
    """Loads the dev file; examples come from the training file, or from KorNLI's dev file where it is absent."""
    folder = Path(data_dir) / "klue" / "klue-nli-v1.1"
    items = _read(find_file(folder, "klue-nli-v1.1_dev.json"))
    note = "the dev split: KLUE's test labels are private"
    train = rows.optional_file(folder, "klue-nli-v1.1_train.json")
    if train:
        return TaskData(items, _read(train), (note,))
    pool = _read_kornli(find_file(Path(data_dir) / "kornlu" / "KorNLI", "xnli.dev.ko.tsv"))
    return TaskData(items, pool, (note, "examples from KorNLI dev: no KLUE-NLI train file"))


TASK = Task(
    name="klue_nli",
    files=("klue/klue-nli-v1.1/klue-nli-v1.1_dev.json",),
    load=load,
    shots=30,
    trials=3,
    metrics=(metrics.accuracy, metrics.macro_f1(tuple(LABELS))),
    labels=LABELS,
    answer=" ({})",
    content_free=tuple(_prompt(word, word) for word in ("N/A", "[MASK]", "")),
    separator="\n",
    instruction="전제:가설 (참, 중립, 모순)",
    source="Beomi/ko-lm-evaluation-harness klue.py; zero-shot line: our wording",
    notes=("not in the paper; 30 shots are our choice",),
)
