"""Draws figures as PNG, with a font that has Hangul and with legends that cover no point."""

import contextlib
import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import font_manager
from matplotlib.figure import Figure

from clova_jax.common.files import whole_file

# Of these the first that is installed is taken; failing that, any font that has Hangul.
_KNOWN = (
    *("Pretendard", "Noto Sans KR", "Noto Sans CJK KR", "NanumGothic", "NanumBarunGothic"),
    *("Apple SD Gothic Neo", "AppleGothic", "Malgun Gothic", "UnDotum", "Baekmuk Dotum"),
)
_SYLLABLE = ord("한")


@contextmanager
def figure(
    path: str | Path,
    rows: int = 1,
    columns: int = 1,
    size: tuple[float, float] = (6, 4),
    **grid: Any,
) -> Iterator[Any]:
    """Yields the axes to draw on, and writes the picture to `path` at the end.

    Args:
        path: of the PNG.
        rows: of axes.
        columns: of axes.
        size: width and height in inches.
        **grid: more of matplotlib's `Figure.subplots`.

    Yields:
        One `Axes`, or an array of them where there are several.
    """
    with matplotlib.rc_context(style()):
        drawn = Figure(figsize=size)
        yield drawn.subplots(rows, columns, **grid)
        with whole_file(path, "wb") as file:
            drawn.savefig(file, format="png", dpi=120)


def style() -> dict[str, Any]:
    """Returns matplotlib settings that draw Hangul; `plt.rcParams.update(style())` sets them for a notebook."""
    fonts = [*matplotlib.rcParams["font.sans-serif"]]
    hangul = hangul_font()
    return {
        "font.family": [fonts[0], hangul] if hangul else [fonts[0]],
        "axes.unicode_minus": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.alpha": 0.3,
        "figure.constrained_layout.use": True,
    }


def legend(axes: Any, columns: int = 2) -> None:
    """Puts the legend of `axes` below them, where it covers no point; nothing where nothing has a label."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=columns, fontsize=8)


@functools.cache
def hangul_font() -> str | None:
    """Returns the name of an installed font that has Hangul; None, with one warning, where there is none."""
    manager = font_manager.fontManager
    listed = {entry.fname for entry in manager.ttflist}
    for path in font_manager.findSystemFonts():  # installed since matplotlib last listed them
        if path not in listed:
            with contextlib.suppress(OSError, RuntimeError):  # a font that matplotlib cannot read
                manager.addfont(path)
    names = {entry.name: entry.fname for entry in reversed(manager.ttflist)}
    for name in _KNOWN:
        if name in names:
            return name
    for name, path in sorted(names.items()):
        if not name.startswith("Last Resort") and _has_hangul(path):  # that draws boxes
            return name
    print(
        "no installed font has Hangul, so Korean names in plots are boxes; install one, "
        "for example fonts-nanum (Debian, Ubuntu) or google-noto-sans-cjk-kr-fonts (Fedora)",
        file=sys.stderr,
    )
    return None


def _has_hangul(path: str) -> bool:
    try:
        return _SYLLABLE in font_manager.get_font(path).get_charmap()
    except (OSError, RuntimeError):
        return False
