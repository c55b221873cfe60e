"""Asks whether two sentences mean the same (KLUE-STS). Graded 0 to 5, the same from 3 on."""

from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file
from clova_jax.evaluate import similarity
from clova_jax.evaluate.task import Item, TaskData
from clova_jax.evaluate.tasks import korsts
from clova_jax.labelled import rows


def _read(path: Path) -> list[Item]:
    items = []
    for place, row in rows.json_rows(path, ("guid", "sentence1", "sentence2", "labels")):
        labels = row["labels"] if isinstance(row["labels"], dict) else {}
        for key in ("real-label", "binary-label"):
            if key not in labels:
                raise ClovaError(f"{place}: no {key!r} in its labels")
        gold = rows.label(place, labels["binary-label"], similarity.LABELS)
        score = rows.number(place, labels["real-label"], 0, 5, "real-label")
        first, second = (rows.text(place, row, f"sentence{i}") for i in (1, 2))
        items.append(
            Item(str(row["guid"]), place, similarity.prompt(first, second), (gold,), target=score)
        )
    return rows.not_empty(items, path)


def load(data_dir: Path) -> TaskData:
    """Loads the dev file; examples come from the training file, or from KorSTS's where it is absent."""
    folder = Path(data_dir) / "klue" / "klue-sts-v1.1"
    items = _read(find_file(folder, "klue-sts-v1.1_dev.json"))
    note = "the dev split: KLUE's test labels are private"
    train = rows.optional_file(folder, "klue-sts-v1.1_train.json")
    if train:
        return TaskData(items, _read(train), (note,))
    pool = korsts.read(find_file(Path(data_dir) / "kornlu" / "KorSTS", "sts-train.tsv"))
    return TaskData(items, pool, (note, "examples from KorSTS train: no KLUE-STS train file"))


TASK = similarity.task(
    name="klue_sts",
    files=("klue/klue-sts-v1.1/klue-sts-v1.1_dev.json",),
    load=load,
    notes=(
        "a constant 'yes' has F1 59.54 on the whole dev file, the paper's 137M score: "
        "read balanced accuracy beside it",
    ),
)
