"""Queues what waits for a turn, so that no owner's flood keeps another waiting."""

import collections
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Serves the owner that has the fewest turns under way, then the one that was served longest ago.

    What an owner queues is served in its order.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, collections.deque[Item]] = {}
        self._served: dict[str, int] = {}
        self._turn = 0

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[Item]:
        for items in self._waiting.values():
            yield from items

    def append(self, owner: str, item: Item) -> None:
        """Puts an item at the end of its owner's."""
        self._waiting.setdefault(owner, collections.deque()).append(item)

    def pop(self, running: Mapping[str, int], fits: Callable[[Item], bool]) -> Item | None:
        """Takes the next item; None if none fits.

        Args:
            running: turns under way by owner.
            fits: whether an item could begin now; an owner whose first does not is passed over.
        """
        able = [owner for owner, items in self._waiting.items() if fits(items[0])]
        if not able:
            return None
        owner = min(able, key=lambda name: (running.get(name, 0), self._served.get(name, 0)))
        self._turn += 1
        self._served[owner] = self._turn
        item = self._waiting[owner].popleft()
        self._tidy(running)
        return item

    def remove(self, unwanted: Callable[[Item], bool]) -> list[Item]:
        """Takes out all unwanted items, and returns them."""
        found = [item for item in self if unwanted(item)]
        if found:
            for owner, items in self._waiting.items():
                self._waiting[owner] = collections.deque(i for i in items if not unwanted(i))
            self._tidy({})
        return found

    def _tidy(self, running: Mapping[str, int]) -> None:
        """Forgets owners that neither wait nor run."""
        self._waiting = {owner: items for owner, items in self._waiting.items() if items}
        self._served = {
            owner: turn
            for owner, turn in self._served.items()
            if owner in self._waiting or running.get(owner) or turn == self._turn
        }
