"""Asks whether two sentences mean the same (KorSTS). Graded 0 to 5, the same from 3 on, as in KLUE-STS."""

from pathlib import Path

from clova_jax.common.files import find_file
from clova_jax.evaluate import similarity
from clova_jax.evaluate.task import Item, TaskData
from clova_jax.labelled import rows


def read(path: Path) -> list[Item]:
    """Reads the pairs of a KorSTS file."""
    items = []
    for place, row in rows.tsv_rows(path, ("score", "sentence1", "sentence2")):
        score = rows.number(place, row["score"], 0, 5, "score")
        first, second = (rows.text(place, row, f"sentence{i}") for i in (1, 2))
        items.append(
            Item(
                place.rsplit(":", 1)[1],
                place,
                similarity.prompt(first, second),
                (str(int(score >= similarity.THRESHOLD)),),
                target=score,
            )
        )
    return rows.not_empty(items, path)


def load(data_dir: Path) -> TaskData:
    """Loads the test file, and examples from the training file."""
    folder = Path(data_dir) / "kornlu" / "KorSTS"
    return TaskData(
        read(find_file(folder, "sts-test.tsv")), read(find_file(folder, "sts-train.tsv"))
    )


TASK = similarity.task(
    name="korsts",
    files=("kornlu/KorSTS/sts-train.tsv", "kornlu/KorSTS/sts-test.tsv"),
    load=load,
    notes=("not in the paper",),
)
