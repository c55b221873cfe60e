"""Asks for a title as the Studio's own app does: the day and the tags, a line each, after solved examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from clova_jax.apps.titles.events import Event, Events
from clova_jax.common.errors import ClovaError
from clova_jax.common.json_values import parse_json
from clova_jax.evaluate import Item, Task, TaskData, bleu
from clova_jax.retrieve import fill

MOST_TOKENS = 48  # of a title
NAME = "event_titles"  # of the app, and of the task
_EXAMPLES, _ASKED = "\n\n{examples}\n\n", "\n제목:"
_THEME = "\n주제: {주제}"


@cache
def _app() -> dict[str, Any]:
    path = files("clova_jax.apps") / "prompts" / f"{NAME}.json"
    return parse_json(path.read_bytes(), path.name)["content"]


@dataclass(frozen=True)
class TitlePrompt:
    """Writes the prompt of an event.

    Args:
        products: whether tags are products; else they are words of petitions.
        theme: a word that the titles should have; examples then name a word of theirs.

    Raises:
        ClovaError: a theme of several lines, or of spaces.
    """

    products: bool
    theme: str | None = None

    def __post_init__(self) -> None:
        if self.theme is not None and (not self.theme.strip() or "\n" in self.theme):
            raise ClovaError(
                f"--theme: {self.theme!r} is no word; give one that titles should have"
            )

    @property
    def instruction(self) -> str:
        """Returns the line that says what to do."""
        head = _app()["template"].split(_EXAMPLES)[0]
        return head if self.products else "국민청원의 제목을 짓는다."

    def text(self, event: Event, theme: str | None = None) -> str:
        """Returns the lines of an event, up to where its title begins.

        Args:
            event: the event.
            theme: that it is shown with, where the prompt has one; the prompt's by default.
        """
        template = _app()["template"].split(_EXAMPLES)[1]
        if not self.products:
            template = template.replace("상품:", "핵심어:")
        if self.theme is not None:
            template = template.replace(_ASKED, _THEME + _ASKED)
        values = {"때": event.day, "input": event.listed, "주제": theme or self.theme or ""}
        return fill(template, values).text

    def items(self, events: Sequence[Event], solved: bool) -> list[Item]:
        """Returns events as items of a task.

        Args:
            events: the events.
            solved: each with the theme that its own title has.
        """
        return [
            Item(
                event.id,
                event.place,
                self.text(event, theme_of(event) if solved else None),
                (event.title,),
                source=" ".join(event.tags),
            )
            for event in events
        ]


def theme_of(event: Event) -> str:
    """Returns the first word of a title that is part of no tag; where all are, the first of them."""
    words = event.title.replace(",", " ").split()
    others = [w for w in words if len(w) > 1 and not any(w in tag for tag in event.tags)]
    return (others or words)[0]


def title_task(prompt: TitlePrompt, events: Events) -> Task:
    """Returns the task of writing titles: its items are the test, its pool the training events."""
    data = TaskData(prompt.items(events.test, False), prompt.items(events.train, True))
    return Task(
        name=NAME,
        files=(),
        load=lambda folder: data,
        shots=5,
        trials=1,
        metrics=(bleu("ko-mecab"),),
        source="the app of the Studio",
        instruction=prompt.instruction,
        max_new_tokens=MOST_TOKENS,
        copies=True,
    )
