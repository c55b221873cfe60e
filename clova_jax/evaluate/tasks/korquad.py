"""Asks for an answer from a paragraph, after other questions on the same paragraph (KorQuAD 1.0)."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_json
from clova_jax.evaluate import metrics
from clova_jax.evaluate.task import Item, Task, TaskData
from clova_jax.labelled import rows


def _field(place: str, row: Any, key: str) -> Any:
    if not isinstance(row, dict) or key not in row:
        raise ClovaError(f"{place}: no {key!r}")
    return row[key]


@dataclass(frozen=True)
class Paragraph:
    """Holds a paragraph of a file in KorQuAD's format.

    Args:
        place: of the paragraph, for errors.
        title: of its article; empty where it has none.
        text: the paragraph.
        lead: the paragraph as prompts show it, under its article's title.
        questions: on it, as JSON values.
    """

    place: str
    title: str
    text: str
    lead: str
    questions: list[Any]

    def items(self) -> list[Item]:
        """Returns the questions as items.

        Raises:
            ClovaError: a field is missing or of another kind.
        """
        return [
            _item(f"{self.place} question {k}", question, self.lead)
            for k, question in enumerate(self.questions)
        ]


def read_paragraphs(path: Path) -> Iterator[Paragraph]:
    """Yields the paragraphs of a file in KorQuAD's format (KLUE-MRC has it too), in NFC.

    Raises:
        ClovaError: a field is missing or of another kind.
    """
    for i, article in enumerate(_field(str(path), read_json(path), "data")):
        place = f"{path}: article {i}"
        title = str(article.get("title", "")).replace("_", " ") if isinstance(article, dict) else ""
        title = unicodedata.normalize("NFC", title)
        for j, paragraph in enumerate(_field(place, article, "paragraphs")):
            here = f"{place} paragraph {j}"
            context = rows.text(here, {"context": _field(here, paragraph, "context")}, "context")
            context = unicodedata.normalize("NFC", context)
            lead = (f"제목: {title}\n\n" if title else "") + f"본문: {context}"
            yield Paragraph(here, title, context, lead, _field(here, paragraph, "qas"))


def _read(path: Path) -> list[Item]:
    items = [item for paragraph in read_paragraphs(path) for item in paragraph.items()]
    return rows.not_empty(items, path)


def _item(place: str, question: Any, lead: str) -> Item:
    place = f"{place} ({_field(place, question, 'id')})"
    answers = tuple(
        rows.text(place, {"text": _field(place, answer, "text")}, "text")
        for answer in _field(place, question, "answers")
    )
    if not answers:
        raise ClovaError(f"{place}: no answers")
    _field(place, question, "question")
    asked = rows.text(place, question, "question")
    kind = str(question.get("question_type", ""))
    return Item(str(question["id"]), place, f"질문: {asked}\n\n답:", answers, lead=lead, part=kind)


def load(data_dir: Path) -> TaskData:
    """Loads the dev file (the test set is hidden); examples come from it, paragraph by paragraph."""
    items = _read(find_file(Path(data_dir) / "korquad", "KorQuAD_v1.0_dev.json"))
    return TaskData(items, items, ("the dev split: the test set is hidden",))


def same_paragraph(
    item: Item, data: TaskData, shots: int, random: np.random.Generator
) -> list[Item]:
    """Draws other questions on the item's paragraph; all of them where it has fewer than asked for."""
    others = [other for other in data.by_lead[item.lead] if other.id != item.id]
    return [others[i] for i in random.permutation(len(others))[:shots]]


TASK = Task(
    name="korquad",
    files=("korquad/KorQuAD_v1.0_dev.json",),
    load=load,
    shots=4,
    trials=1,
    metrics=(metrics.exact_match, metrics.character_f1),
    source="lm-evaluation-harness, branch polyglot, korquad.py",
    examples=same_paragraph,
    own_examples=True,
    max_new_tokens=32,
    notes=(
        "zero-shot for the paragraph, few-shot for the question: the examples are other questions on "
        "the same paragraph with their answers, and answers repeat",
    ),
)
