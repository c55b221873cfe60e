"""Draws `docs/figures/real_model.png` from `docs/results/real_model.json`: NSMC by the stars that small models have read.

python docs/draw_real_model.py
"""

import re
from pathlib import Path
from textwrap import fill

from clova_jax import tables
from clova_jax.common.files import read_json

DOCS = Path(__file__).resolve().parent
SHOWN = {"raw": "as the scores stand", "median": "threshold at the median"}
PAPER = 73.11  # Table 3, 137M, 70 examples


def cell(text: str) -> dict[str, float]:
    """Reads `value (low–high)`."""
    value, low, high = map(float, re.findall(r"\d+\.\d+", text))
    return {"value": value, "low": low, "high": high}


def main() -> None:
    """Draws a pair of bars for each model."""
    result = read_json(DOCS / "results" / "real_model.json")
    rows = result["tables"][0]
    series = {shown: [cell(row[way]) for row in rows] for way, shown in SHOWN.items()}
    with tables.panels(DOCS / "figures" / "real_model.png", 1, size=(10, 4.4)) as (axes,):
        names = [fill(f"{row['model']}: {row['what was read']}", 18) for row in rows]
        tables.draw_bars(axes, names, series)
        axes.axhline(PAPER, ls=":", color="0.3", label="the paper's 137M, 70 examples")
        axes.axhline(result["majority"], ls="--", color="0.6", label="majority class")
        axes.set(ylim=(45, 90), ylabel="accuracy, %", title="NSMC without an example, real reviews")
        axes.tick_params("x", labelsize=8)
        tables.legend(axes)


if __name__ == "__main__":
    main()
