"""Takes the best of several texts: the simplest way to follow a reward, and how far it can go."""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

Text = TypeVar("Text")


def best_of(
    texts: Sequence[Sequence[Text]], reward: Callable[[Sequence[Text]], Sequence[float]]
) -> list[Text]:
    """Returns of the texts of each prompt the one of the highest reward, of equals the first."""
    scores = iter(reward([one for some in texts for one in some]))
    found = []
    for some in texts:
        own = [next(scores) for _ in some]
        found.append(some[int(np.argmax(own))])
    return found


def best_of_kl(n: int) -> float:
    """Returns the most that the best of `n` can differ from the model itself, KL in nats: ln n - (n - 1) / n."""
    return math.log(n) - (n - 1) / n
