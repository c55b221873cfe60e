"""Asks to rewrite the last query of a dialogue so that it stands alone."""

from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file
from clova_jax.evaluate import metrics
from clova_jax.evaluate.task import Item, Task, TaskData
from clova_jax.labelled import rows


def _read(path: Path) -> list[Item]:
    items = []
    for place, row in rows.jsonl_rows(path, ("id", "context", "query", "rewrite")):
        turns = row["context"]
        if not isinstance(turns, list) or not all(isinstance(turn, str) for turn in turns):
            raise ClovaError(f"{place}: context is {str(turns)[:60]!r}, not a list of turns")
        query, rewrite = (rows.text(place, row, key) for key in ("query", "rewrite"))
        dialogue = "".join(f"{turn.strip()}\n" for turn in turns)
        items.append(
            Item(
                str(row["id"]),
                place,
                f"대화:\n{dialogue}질의: {query}\n수정:",
                (rewrite,),
                source=query,
            )
        )
    return rows.not_empty(items, path)


def load(data_dir: Path) -> TaskData:
    """Loads the test file, and examples from the training file."""
    folder = Path(data_dir) / "query_modification"
    return TaskData(
        _read(find_file(folder, "query_modification_test.jsonl")),
        _read(find_file(folder, "query_modification_train.jsonl")),
        ("not the paper's data, which are in-house",),
    )


TASK = Task(
    name="query_modification",
    files=(
        "query_modification/query_modification_train.jsonl",
        "query_modification/query_modification_test.jsonl",
    ),
    load=load,
    shots=3,
    trials=3,
    metrics=(metrics.bleu("ko-mecab"),),
    source="our wording; the paper's is not public",
    instruction="앞의 대화를 보고 마지막 질의를 혼자서도 뜻이 통하는 질의로 고쳐 쓰세요.",
    max_new_tokens=48,
    copies=True,
)
