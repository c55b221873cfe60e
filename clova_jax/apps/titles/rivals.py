"""Gives titles that no model writes: that of the most similar training event, and the tags alone."""

from collections.abc import Sequence

from clova_jax.apps.titles.events import Event
from clova_jax.retrieve import Index


def nearest_titles(
    train: Sequence[Event], test: Sequence[Event], theme: str | None = None
) -> list[str]:
    """Returns for each test event the title of the training event whose tags are the most similar (BM25 over bigrams).

    Args:
        train: events to take titles from.
        test: events to find one for.
        theme: is looked for too, in the training titles; empty where nothing is similar.
    """
    index = Index.build([event.listed + (f" {event.title}" if theme else "") for event in train])
    hits = [index.search(f"{event.listed} {theme or ''}", 1) for event in test]
    return [train[some[0].index].title if some else "" for some in hits]


def joined_tags(events: Sequence[Event], theme: str | None = None) -> list[str]:
    """Returns the tags of each event as its title, after the theme where there is one."""
    return [" ".join((*filter(None, [theme]), *event.tags)) for event in events]
