"""Reads a task of a user's own from a JSON file: which files, which columns, which words, no code (docs/how-to/task.md).

A template is text with columns in braces, `제목: {title}`; `{{` and `}}` are braces. Nothing in it is evaluated.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, on_disk, read_json
from clova_jax.common.json_values import as_dataclass
from clova_jax.evaluate import metrics
from clova_jax.evaluate.metrics import Metric
from clova_jax.evaluate.task import Item, Task, TaskData
from clova_jax.labelled import rows

CONTENT_FREE = ("N/A", "[MASK]", "")
SHOTS, TRIALS = 4, 3
OF_LABELS = ("accuracy", "macro_f1", "balanced_accuracy")
_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
OF_TEXTS = ("exact_match", "f1", "bleu")


@dataclass(frozen=True)
class TaskFile:
    """Holds what a task file says; `Task` has the same fields in code.

    Args:
        test: the file of the items to score, beside the task file: CSV, TSV, JSON Lines or a JSON list.
        text: the template of a prompt, with columns in braces, up to where the answer begins.
        label: the column of the gold label, or of the accepted answer (in JSON also a list of them).
        train: the file that examples are drawn from, and that tuning learns from.
        labels: gold label -> the word that the model sees for it, or several; without, the answer is free text.
        answer: how the answer follows the text, with `{}` for it; its leading space belongs to it.
        metrics: the first is the headline.
        name: as in the rows of a table; the file's own name by default.
        id: the column of the items' ids; the numbers of the rows by default.
        instruction: a first line for prompts without examples.
        separator: between examples.
        shots: examples in a prompt; by default 4 where there is a training file, else 0.
        trials: random sets of examples.
        max_new_tokens: length limit of a free-text answer, which ends at a line break.
    """

    test: str
    text: str
    label: str
    train: str | None = None
    labels: dict[str, Any] | None = None
    answer: str = " {}"
    metrics: tuple[str, ...] = ()
    name: str | None = None
    id: str | None = None
    instruction: str = ""
    separator: str = "\n"
    shots: int | None = None
    trials: int = TRIALS
    max_new_tokens: int = 64

    def __post_init__(self) -> None:
        TextTemplate.parse(self.text, "'text'")  # refuses now what is no template
        _check_answer(self.answer)
        known, kind = (OF_LABELS, "of labels") if self.words else (OF_TEXTS, "of free text")
        for name in self.metrics:
            if name not in known:
                raise ClovaError(f"'metrics': no {name!r} {kind}; there are {', '.join(known)}")
        if self.shots and not self.train:
            raise ClovaError("'shots' are drawn from a training file; name one as 'train'")
        for name, least in (("shots", 0), ("trials", 1), ("max_new_tokens", 1)):
            if (value := getattr(self, name)) is not None and value < least:
                raise ClovaError(f"{name!r} is {value}, wants at least {least}")

    @cached_property
    def template(self) -> "TextTemplate":
        """Returns the template of a prompt."""
        return TextTemplate.parse(self.text, "'text'")

    @cached_property
    def words(self) -> dict[str, tuple[str, ...]]:
        """Returns the words of each label; none where the answer is free text."""
        return {} if self.labels is None else _words(self.labels)

    def read(self, folder: Path, name: str) -> list[Item]:
        """Reads the items of a data file.

        Raises:
            ClovaError: the file is not there or has no rows; a row lacks a column, or has another label.
        """
        path = find_file(folder, name)
        columns = [*self.template.columns, self.label, *filter(None, [self.id])]
        items = []
        for number, (place, row) in enumerate(rows.rows_of(path, columns), 1):
            texts = {column: _written(place, row, column) for column in self.template.columns}
            name = _written(place, row, self.id) if self.id else str(number)
            items.append(Item(name, place, self.template.fill(texts), self._answers(place, row)))
        return rows.not_empty(items, path)

    def _answers(self, place: str, row: Mapping[str, Any]) -> tuple[str, ...]:
        if self.words:
            return (rows.label(place, _written(place, row, self.label), self.words),)
        value = row[self.label]
        if not isinstance(value, list):
            return (_written(place, row, self.label),)
        answers = tuple(
            _written(place, {self.label: each}, self.label) for each in value if each != ""
        )
        if not answers:
            raise ClovaError(f"{place}: {self.label} is an empty list; it wants an answer")
        return answers

    def load(self, folder: Path) -> TaskData:
        """Reads both files; without a training file there are no examples."""
        pool = self.read(folder, self.train) if self.train else []
        return TaskData(self.read(folder, self.test), pool)


@dataclass(frozen=True)
class TextTemplate:
    """Holds a text with columns in it: literal parts, each followed by a column (None after the last).

    Args:
        parts: `(literal, column)` in order.
    """

    parts: tuple[tuple[str, str | None], ...]

    @classmethod
    def parse(cls, pattern: str, place: str) -> "TextTemplate":
        """Parses a template; `place` names it in messages.

        Raises:
            ClovaError: a brace that stands alone, no column, whitespace at the end.
        """
        parts: list[tuple[str, str | None]] = []
        literal, at = "", 0
        for match in _BRACES.finditer(pattern):
            literal += pattern[at : match.start()]
            at = match.end()
            if match[0] in ("{{", "}}"):
                literal += match[0][0]
            elif match[1] and match[1].strip():
                parts.append((literal, match[1]))
                literal = ""
            else:
                raise ClovaError(
                    f"{place}: {pattern!r}: {match[0]!r} names no column; a brace itself is {match[0][0] * 2}"
                )
        if not parts:
            raise ClovaError(
                f"{place}: {pattern!r} shows no column; write {{column}} where one goes"
            )
        if pattern != pattern.rstrip():
            raise ClovaError(
                f"{place}: {pattern!r} ends in a space; the space before an answer belongs to 'answer'"
            )
        return cls((*parts, (literal + pattern[at:], None)))

    @property
    def columns(self) -> list[str]:
        """Returns the columns, each once, in order."""
        return list(dict.fromkeys(column for _, column in self.parts if column is not None))

    def fill(self, texts: Mapping[str, str]) -> str:
        """Returns the text with the values in it, whatever characters they have; no space at its end."""
        shown = (
            literal + ("" if column is None else texts[column]) for literal, column in self.parts
        )
        return "".join(shown).rstrip()


def read_task_file(path: str | Path) -> Task:
    """Returns the task that a JSON file describes; its data files lie beside it.

    Raises:
        ClovaError: no JSON, an unknown or missing key, a template or label that cannot be used; each with the file.
    """
    path = on_disk(Path(path))
    about = as_dataclass(TaskFile, read_json(path), str(path))
    words = about.words
    shots = (SHOTS if about.train else 0) if about.shots is None else about.shots
    free = [about.template.fill(dict.fromkeys(about.template.columns, x)) for x in CONTENT_FREE]
    return Task(
        name=about.name or path.stem,
        files=(),
        load=lambda data_dir: about.load(path.parent),
        shots=shots,
        trials=about.trials,
        metrics=_metrics(about),
        labels={gold: several[0] for gold, several in words.items()} or None,
        more_words={gold: several[1:] for gold, several in words.items() if several[1:]},
        answer=about.answer,
        content_free=tuple(free) if words else (),
        instruction=about.instruction,
        separator=about.separator,
        max_new_tokens=about.max_new_tokens,
        source=path.name,
    )


def _metrics(about: TaskFile) -> tuple[Metric, ...]:
    """Returns the metrics of a task file; by default accuracy of labels, exact match and F1 of texts."""
    if not about.words:
        made = dict(
            zip(
                OF_TEXTS,
                (metrics.exact_match, metrics.character_f1, metrics.bleu("ko-mecab")),
                strict=True,
            )
        )
        return tuple(made[name] for name in about.metrics or ("exact_match", "f1"))
    labels = tuple(about.words)
    of_labels = (metrics.accuracy, metrics.macro_f1(labels), metrics.balanced_accuracy(labels))
    chosen = dict(zip(OF_LABELS, of_labels, strict=True))
    return tuple(chosen[name] for name in about.metrics or ("accuracy",))


def _words(labels: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Returns the words of each label, all different.

    Raises:
        ClovaError: one label only, a word that is no text, one word of two labels.
    """
    found: dict[str, tuple[str, ...]] = {}
    for gold, given in labels.items():
        several: Sequence[Any] = given if isinstance(given, list) else [given]
        if not several or not all(isinstance(word, str) and word.strip() for word in several):
            raise ClovaError(f"'labels', {gold!r}: wants a word or a list of words, not {given!r}")
        found[_nfc(gold)] = tuple(_nfc(word) for word in several)
    every = [word for several in found.values() for word in several]
    if len(found) < 2 or len(set(every)) < len(every):
        raise ClovaError(
            f"'labels' with the words {', '.join(every)}: wants two labels or more, each word once"
        )
    return found


def _check_answer(answer: str) -> None:
    """Checks that an answer's template has one empty pair of braces.

    Raises:
        ClovaError: none, several, something in them, or other braces.
    """
    if answer.count("{}") != 1 or answer.count("{") + answer.count("}") != 2:
        raise ClovaError(f"'answer': {answer!r} wants {{}} once, where the answer goes")


def _written(place: str, row: Mapping[str, Any], column: str) -> str:
    """Returns a value as the text that a prompt shows, without whitespace at its ends.

    Raises:
        ClovaError: it is a list, an object or null.
    """
    value = row[column]
    if isinstance(value, bool):
        value = str(value).lower()
    if not isinstance(value, str | int | float):
        raise ClovaError(f"{place}: {column} is {str(value)[:60]}, neither text nor a number")
    return str(value).strip()


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
