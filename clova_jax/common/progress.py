"""Shows progress on standard error: a bar with rate and time left on a terminal or in a notebook, plain lines elsewhere."""

import sys
from typing import Any

from tqdm import tqdm

LINE_SECONDS = 30.0  # at least, between two lines in a log


def progress(*args: Any, **kwargs: Any) -> tqdm:
    """Makes a `tqdm` bar that suits terminals, notebooks and logs; `desc`, `total` and `unit` are its own.

    On a terminal the bar is redrawn; in a notebook too, and it is gone at the end. Elsewhere (a log, a pipe) it prints lines: the first at once, then one every
    thirty seconds at most, and one at the end.
    """
    if sys.stderr.isatty():
        return tqdm(*args, **{"dynamic_ncols": True, "mininterval": 0.2, **kwargs})
    if type(sys.stderr).__module__.startswith("ipykernel"):
        return tqdm(*args, **{"ncols": 100, "leave": False, "mininterval": 0.5, **kwargs})
    return _Lines(*args, **{"ascii": True, "mininterval": LINE_SECONDS, "miniters": 1, **kwargs})


class _Lines(tqdm):
    """Prints each state as a line of its own, without carriage returns."""

    monitor_interval = 0  # no thread that redraws

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._printed = -1
        # No width, no bar: "training:  12%|| 1.2M/10.0M [00:30<04:10, 40.0ktok/s]" would be all.
        shape = "{desc}: {percentage:.0f}%, {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]"
        has_total = kwargs.get("total") is not None or (args and hasattr(args[0], "__len__"))
        super().__init__(*args, **{"bar_format": shape if has_total else None, **kwargs})

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Prints a line, unless nothing has moved since the last."""
        if msg is None and self._printed != self.n:
            self._printed = self.n
            print(str(self), file=self.fp, flush=True)
        return False

    def clear(self, nolock: bool = False) -> None:
        """Does nothing: a line that was printed stays."""

    def moveto(self, n: int) -> None:
        """Does nothing: there is no cursor to move."""

    def close(self) -> None:
        """Prints the last state."""
        if not self.disable:
            self.display()
            self.leave = False  # tqdm would redraw it and add a line end
        super().close()

    @classmethod
    def write(cls, s: str, file: Any = None, end: str = "\n", nolock: bool = False) -> None:
        """Prints a line between others."""
        print(s, file=file or sys.stdout, end=end, flush=True)
