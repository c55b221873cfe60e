"""Remembers values of words in bounded memory."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Memo(Generic[Value]):
    """Keeps two generations of words: when the young one is full, it becomes the old one.

    A word asked for again moves back to the young generation, so frequent words stay and rare
    ones leave after a while: nearly least-recently-used, at the cost of a plain dict.
    Thread-safe: a generation handed to a caller is only added to, never changed. Words that running
    chunks still add to the old generation do not count towards `size`.

    Args:
        size: characters of all words in both generations together, 8 more a word counted for
            its entry. The default holds about 575,000 Korean words in less than 160 MB (183 to 270
            bytes each, measured).
        kept: entries that are never forgotten and not counted; each generation has a dict of them.
    """

    def __init__(self, size: int = 8 << 20, kept: Mapping[str, Value] | None = None) -> None:
        self.size = size
        self._kept = kept or {}
        self.young: dict[str, Value] = dict(self._kept)
        self._old: dict[str, Value] = {}
        self._weight = 0

    def __len__(self) -> int:
        return len(self.young) + len(self._old)

    def __reduce__(self) -> tuple[Any, ...]:
        return Memo, (self.size, self._kept)  # workers fill their own

    def learn(
        self,
        known: dict[str, Value],
        unseen: Collection[str],
        encode: Callable[[list[str]], Iterable[tuple[str, Value]]],
    ) -> None:
        """Adds `unseen` words to `known`, the young generation that the caller reads from.

        `encode` returns each word of a list with its value, in any order.
        """
        self.add(known, encode(self.renew(known, unseen)))

    def renew(self, known: dict[str, Value], unseen: Collection[str]) -> list[str]:
        """Moves those of `unseen` that the old generation has to `known`; returns the others."""
        old = self._old
        if not old:
            return list(unseen)
        # Looked up once: a chunk begun when this generation was young may be adding to it.
        renewed = {word: old[word] for word in unseen if word in old}
        self.add(known, renewed.items())
        return [word for word in unseen if word not in renewed]

    def add(self, known: dict[str, Value], values: Iterable[tuple[str, Value]]) -> None:
        """Adds words and their values to `known`."""
        new = dict(values)
        known.update(new)
        if known is self.young:
            self._weight += sum(map(len, new)) + 8 * len(new)
            if self._weight > self.size // 2:
                self._old, self.young, self._weight = known, dict(self._kept), 0
