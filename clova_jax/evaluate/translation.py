"""Shares the file of pairs and the template between Ko→En and En→Ko."""

from pathlib import Path

from clova_jax.common.files import find_file
from clova_jax.evaluate import metrics
from clova_jax.evaluate.task import Item, Task, TaskData
from clova_jax.labelled import rows

NAMES = {"ko": "한국어", "en": "영어"}
UNSEEN = ("korean-english-park-news", "jhe", "tatoeba")  # their text is in no training corpus here


def read_pairs(path: Path, source: str, target: str) -> list[Item]:
    """Reads a file of pairs as items that ask to translate from `source` to `target` ("ko", "en")."""
    items = []
    for place, row in rows.tsv_rows(path, ("ko", "en")):
        given, wanted = rows.text(place, row, source), rows.text(place, row, target)
        origin = row.get("source", "")
        part = "" if not origin else "news_dialogue" if origin in UNSEEN else "documentation"
        items.append(
            Item(
                place.rsplit(":", 1)[1],
                place,
                f"{NAMES[source]}: {given}\n{NAMES[target]}:",
                (wanted,),
                part=part,
                source=given,
            )
        )
    return rows.not_empty(items, path)


def task(source: str, target: str, tokenize: str) -> Task:
    """Makes the task of translating from `source` to `target` ("ko", "en"); BLEU splits words by `tokenize`."""

    def load(data_dir: Path) -> TaskData:
        folder = Path(data_dir) / "parallel"
        return TaskData(
            read_pairs(find_file(folder, "koen_test.tsv"), source, target),
            read_pairs(find_file(folder, "koen_dev.tsv"), source, target),
            ("koen_test pairs stand in for AI Hub's; examples from koen_dev",),
        )

    return Task(
        name=f"{source}_{target}",
        files=("parallel/koen_dev.tsv", "parallel/koen_test.tsv"),
        load=load,
        shots=4,
        trials=3,
        metrics=(metrics.bleu(tokenize),),
        source="our wording; the paper's is not public",
        max_new_tokens=128,
        copies=True,
    )
