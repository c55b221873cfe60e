"""Compares ours with a peer by paired rounds: what every benchmark with a peer writes beside its report.

Both sides take turns, so that a busy moment hits both; the ratio of a round is how many times as fast ours was in it, and the median
of these counts. Low and high are the least and the greatest: they hold the median of all such rounds with a probability of
1 - 2^(1 - rounds), which is 94% for five, whatever their distribution is.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json

FILE = "ratios.json"
LEAST_ROUNDS = 5  # with fewer, the interval holds the median too seldom to decide a goal


@dataclass(frozen=True)
class Ratio:
    """Holds one comparison: medians of both sides, and how many times as fast ours is, with its interval."""

    name: str
    against: str
    ours: float
    peer: float
    unit: str
    ratio: float
    low: float
    high: float
    rounds: int
    goal: float | None = None

    @property
    def verdict(self) -> str:
        """Returns whether the goal holds, fails, or lies inside the interval; empty without a goal."""
        if self.goal is None:
            return ""
        if self.rounds < LEAST_ROUNDS or self.low < self.goal <= self.high:
            return "cannot tell"
        return "holds" if self.low >= self.goal else "fails"


def compare(
    name: str,
    against: str,
    ours: Sequence[float],
    peer: Sequence[float],
    unit: str,
    *,
    goal: float | None = None,
    lower: bool = False,
) -> Ratio:
    """Pairs the rounds of both sides.

    Args:
        name: what was measured.
        against: who the peer is.
        ours: a positive figure a round.
        peer: the same of the peer, in the order of the rounds.
        unit: of the figures.
        goal: the ratio that is wanted at least.
        lower: lower figures are better, as of seconds.

    Raises:
        ClovaError: no round, rounds without a partner, or a figure that no ratio can be made of.
    """
    if not ours or len(ours) != len(peer):
        raise ClovaError(f"{name}: {len(ours)} and {len(peer)} rounds; as many of both are needed")
    if min(*ours, *peer) <= 0:
        raise ClovaError(f"{name}: a round of 0 {unit}; give it more to do")
    pairs = zip(peer, ours, strict=True) if lower else zip(ours, peer, strict=True)
    ratios = [above / below for above, below in pairs]
    return Ratio(
        *(name, against, median(ours), median(peer), unit),
        *(median(ratios), min(ratios), max(ratios), len(ratios)),
        goal,
    )


def write_ratios(out: Path, ratios: Sequence[Ratio]) -> None:
    """Writes the comparisons of a benchmark into its result folder."""
    write_json(out / FILE, [asdict(one) for one in ratios])


def read_ratios(out: Path) -> list[Ratio]:
    """Reads what `write_ratios` wrote; none where it wrote nothing."""
    return [Ratio(**row) for row in read_json(out / FILE)] if (out / FILE).is_file() else []
