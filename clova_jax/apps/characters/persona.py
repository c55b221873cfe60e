"""Defines what a character is, and reads many of them from a CSV."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clova_jax.apps.dialogues.masks import mark
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_lines
from clova_jax.common.lines import table_rows
from clova_jax.labelled import CharacterTalk

COLUMNS = {"이름": "name", "소개": "about", "말투": "level", "말버릇": "phrase", "세상": "world"}
"""Columns of a CSV; every other one is a fact of its name."""


@dataclass(frozen=True)
class Persona:
    """Holds a character.

    Args:
        name: it speaks under; no colon.
        about: a line or two.
        facts: by what they are: `사는 곳`.
        level: of speech: 합쇼체, 해요체, 반말; empty where it does not matter.
        phrase: that its replies begin with; empty for none.
        world: that it belongs to; empty where it does not matter.

    Raises:
        ClovaError: no name, a name with a colon or a line break, or a field of several lines.
    """

    name: str
    about: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    level: str = ""
    phrase: str = ""
    world: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip() or ":" in self.name:
            raise ClovaError(f"persona {self.name!r}: wants a name without a colon")
        own = (self.name, self.about, self.level, self.phrase, self.world)
        for text in (*own, *self.facts, *self.facts.values()):
            if "\n" in text:
                raise ClovaError(f"persona {self.name!r}: {text[:40]!r} has several lines")

    @property
    def lines(self) -> str:
        """Returns what stands above a talk, a line a field, marks for the facts; empty fields are left out."""
        facts = ", ".join(f"{slot}={mark(own(slot))}" for slot in self.facts)
        named = {"이름": self.name, "소개": self.about, "사실": facts, "말투": self.level}
        named |= {"말버릇": self.phrase, "세상": self.world}
        return "\n".join(f"{name}: {value}" for name, value in named.items() if value)

    @property
    def marks(self) -> list[tuple[str, str]]:
        """Returns the marks of the facts with their values."""
        return [(own(slot), value) for slot, value in self.facts.items() if value]

    @property
    def plain(self) -> "Persona":
        """Returns the character with its name and its line alone."""
        return Persona(self.name, self.about)


def own(slot: str) -> str:
    """Returns what the mark of a character's own fact says."""
    return f"내 {slot}"


def persona_of(talk: CharacterTalk) -> Persona:
    """Returns the character of a talk."""
    return Persona(talk.name, talk.about, talk.facts, talk.level, talk.phrase, talk.world)


def read_personas(path: str | Path) -> list[Persona]:
    """Reads characters from a CSV: the column 이름, any of 소개, 말투, 말버릇, 세상, and facts under names of their own.

    Raises:
        ClovaError: no column 이름, no row, a row of another width, a name that is missing, wrong or stands twice.
    """
    lines = (line for _, line in read_lines(path))
    (_, header), *table = [*table_rows(lines, ",", str(path))] or [(1, [""])]
    header = [name.strip() for name in header]
    if "이름" not in header:
        raise ClovaError(f"{path}: no column 이름; it has {', '.join(header)}")
    found: dict[str, Persona] = {}
    for number, cells in table:
        place = f"{path}:{number}"
        if len(cells) != len(header):
            raise ClovaError(f"{place}: {len(cells)} cells where there are {len(header)} columns")
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        own = {key: row[column] for column, key in COLUMNS.items() if column in row}
        facts = {name: text for name, text in row.items() if name not in COLUMNS and text}
        try:
            persona = Persona(**own, facts=facts)
        except ClovaError as error:
            raise ClovaError(f"{place}: {error}") from None
        if persona.name in found:
            raise ClovaError(f"{place}: a second character called {persona.name!r}")
        found[persona.name] = persona
    if not found:
        raise ClovaError(f"{path}: has no rows")
    return list(found.values())
