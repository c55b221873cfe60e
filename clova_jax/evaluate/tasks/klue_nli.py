"""Asks whether the premise entails the hypothesis, contradicts it, or neither (KLUE-NLI)."""

from collections.abc import Sequence
from pathlib import Path

from clova_jax.common.files import find_file
from clova_jax.evaluate import metrics
from clova_jax.evaluate.task import Item, Task, TaskData
from clova_jax.labelled import RELATIONS, Pair, optional_file, read_klue_nli, read_kornli


def _prompt(premise: str, hypothesis: str) -> str:
    return f"{premise}:{hypothesis}"


def _items(pairs: Sequence[Pair]) -> list[Item]:
    return [
        Item(pair.id, pair.place, _prompt(pair.premise, pair.hypothesis), (pair.relation,))
        for pair in pairs
    ]


def load(data_dir: Path) -> TaskData:
    """Loads the dev file; examples come from the training file, or from KorNLI's dev file where it is absent."""
    folder = Path(data_dir) / "klue" / "klue-nli-v1.1"
    items = _items(read_klue_nli(find_file(folder, "klue-nli-v1.1_dev.json")))
    note = "the dev split: KLUE's test labels are private"
    train = optional_file(folder, "klue-nli-v1.1_train.json")
    if train:
        return TaskData(items, _items(read_klue_nli(train)), (note,))
    pool = _items(read_kornli(find_file(Path(data_dir) / "kornlu" / "KorNLI", "xnli.dev.ko.tsv")))
    return TaskData(items, pool, (note, "examples from KorNLI dev: no KLUE-NLI train file"))


TASK = Task(
    name="klue_nli",
    files=("klue/klue-nli-v1.1/klue-nli-v1.1_dev.json",),
    load=load,
    shots=30,
    trials=3,
    metrics=(metrics.accuracy, metrics.macro_f1(tuple(RELATIONS))),
    labels=RELATIONS,
    answer=" ({})",
    content_free=tuple(_prompt(word, word) for word in ("N/A", "[MASK]", "")),
    separator="\n",
    instruction="전제:가설 (참, 중립, 모순)",
    source="Beomi/ko-lm-evaluation-harness klue.py; zero-shot line: our wording",
    notes=("not in the paper; 30 shots are our choice",),
)
