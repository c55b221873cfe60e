"""Expands answers as the Studio's own apps do: a summary, a related question or answer, easy wording, a comparison of two people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_jsonl
from clova_jax.common.json_values import fields, parse_json
from clova_jax.inference import Model, complete
from clova_jax.labelled import optional_file
from clova_jax.retrieve import fill

FIELDS = {"id": str, "kind": str, "titles": list[str], "values": dict, "answers": list[str]}
MOST_TOKENS = 64  # of an expansion
SEPARATOR = "\n\n"
_EXAMPLES = "\n\n{examples}\n\n"


@dataclass(frozen=True)
class Expanded:
    """Holds what an answer is expanded from, and what is right.

    Args:
        id: of the row.
        kind: of expansion, one of `EXPANSIONS`.
        titles: of what it is about.
        values: by the name of their place in the prompt, `input` among them.
        answers: what is right; the first is the one that is learned from.
    """

    id: str
    kind: str
    titles: tuple[str, ...]
    values: Mapping[str, str]
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Form:
    """Writes the prompt of a kind of expansion, from the file of the Studio's app.

    Args:
        name: of the file in `apps/prompts/`, and of the kind.
    """

    name: str

    @cached_property
    def template(self) -> tuple[str, str]:
        """Returns the line that says what to do, and the lines of one row, up to where its answer begins."""
        path = files("clova_jax.apps") / "prompts" / f"{self.name}.json"
        content: dict[str, Any] = parse_json(path.read_bytes(), path.name)["content"]
        head, row = content["template"].split(_EXAMPLES)
        return head, row

    def row(self, values: Mapping[str, str]) -> str:
        """Returns the lines of a row, up to where its answer begins."""
        return fill(self.template[1], values).text

    def document(self, expanded: Expanded) -> str:
        """Returns the lines of a solved row."""
        return f"{self.row(expanded.values)} {expanded.answers[0]}"


EXPANSIONS = {
    name: Form(name)
    for name in ("summary", "related_question", "related_answer", "easy_wording", "comparison")
}


class Expander:
    """Expands answers by a prompt with examples.

    Args:
        model: the writer.
        kind: one of `EXPANSIONS`.
        examples: shown in this order; none for a model that is adapted to the form.

    Raises:
        ClovaError: an unknown kind.
    """

    def __init__(self, model: Model, kind: str, examples: Sequence[Expanded] = ()) -> None:
        if kind not in EXPANSIONS:
            raise ClovaError(f"expansion {kind!r}: there are {', '.join(EXPANSIONS)}")
        self.model, self.form = model, EXPANSIONS[kind]
        shown = [self.form.document(one) for one in examples]
        self.head = SEPARATOR.join([self.form.template[0], *shown, ""]) if shown else ""

    def write(self, values: Sequence[Mapping[str, str]]) -> list[str]:
        """Returns what the model writes, greedily, up to a line break.

        Args:
            values: of each prompt, `input` among them.

        Raises:
            ClovaError: a prompt is longer than the model's context, or lacks a value.
        """
        written = complete(
            self.model,
            [self.head + self.form.row(some) for some in values],
            max_new_tokens=MOST_TOKENS,
            temperature=0.0,
            stop=("\n",),
            seed=0,
        )
        return [one.text.strip() for one in written]


def read_expansions(data: Path, split: str) -> list[Expanded]:
    """Reads `expansions/expansions_SPLIT.jsonl` of a data folder; none where it has no such file.

    Raises:
        ClovaError: a row is damaged, or of an unknown kind.
    """
    folder, name = Path(data) / "expansions", f"expansions_{split}.jsonl"
    return list(_rows(find_file(folder, name))) if optional_file(folder, name) else []


def _rows(path: Path) -> Iterator[Expanded]:
    for number, row in read_jsonl(path):
        row = fields(row, place := f"{path}:{number}", FIELDS)
        if row["kind"] not in EXPANSIONS or not row["answers"]:
            raise ClovaError(
                f"{place}: kind {row['kind']!r} with {len(row['answers'])} answers; wants one of "
                f"{', '.join(EXPANSIONS)} with one or more"
            )
        yield Expanded(
            row["id"], row["kind"], tuple(row["titles"]), row["values"], tuple(row["answers"])
        )
