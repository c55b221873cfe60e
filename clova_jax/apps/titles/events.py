"""Defines an event: what is on sale, or what a petition is about, as tags, the day, and the title that a person gave."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import digest

_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


@dataclass(frozen=True)
class Event:
    """Holds an event.

    Args:
        id: of its row.
        place: `file:line`.
        date: year, month and day, `2020-07-14`.
        tags: one or more.
        title: as a person wrote it.

    Raises:
        ClovaError: no tag or an empty one, no title, or a date of another form.
    """

    id: str
    place: str
    date: str
    tags: tuple[str, ...]
    title: str

    def __post_init__(self) -> None:
        if not self.tags or not all(tag.strip() for tag in self.tags):
            raise ClovaError(
                f"{self.place}: tags {list(self.tags)}; an event wants one or more, none of them empty"
            )
        if not self.title.strip():
            raise ClovaError(f"{self.place}: the title is empty")
        if not _DATE.fullmatch(self.date):
            raise ClovaError(f"{self.place}: {self.date!r} is not a day such as 2020-07-14")

    @property
    def day(self) -> str:
        """Returns the day as people write it: `7월 14일`."""
        month, day = self.date.split("-")[1:]
        return f"{int(month)}월 {int(day)}일"

    @property
    def listed(self) -> str:
        """Returns the tags in a line."""
        return ", ".join(self.tags)


@dataclass(frozen=True)
class Events:
    """Holds the events of a data folder.

    Args:
        train, test: by what they are for.
        products: whether tags are products of a shop; else they are nouns of petitions.
        counts: events, and what was left out, by the reason.
    """

    train: Sequence[Event]
    test: Sequence[Event]
    products: bool
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Returns a short hash of all events."""
        every = (*self.train, *self.test)
        return digest([text for one in every for text in (one.id, one.date, *one.tags, one.title)])
