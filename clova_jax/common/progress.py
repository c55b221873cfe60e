"""Progress on standard error: rate and time left on a terminal, a line now and then in a log."""

import sys
from typing import Any

from tqdm import tqdm


def progress(*args: Any, **kwargs: Any) -> tqdm:
    """`tqdm` with this project's manners; `desc`, `total` and `unit` as there.

    On a terminal the bar is redrawn; elsewhere it prints a line every thirty seconds at most.
    """
    terminal = sys.stderr.isatty()
    defaults = {
        "dynamic_ncols": terminal,
        "ascii": not terminal,
        "mininterval": 0.2 if terminal else 30.0,
        "miniters": None if terminal else 1,
        "maxinterval": 10.0 if terminal else 60.0,
    }
    return tqdm(*args, **{**defaults, **kwargs})
