"""Table 2: the eight sizes with their exact counts of parameters, beside the paper's nominal names.

python -m experiments.model_sizes

Everything is arithmetic on `ModelConfig`; no array is made.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.command import as_json, check_numbers, main, option
from clova_jax.common.plots import figure, legend
from clova_jax.common.report import Report
from clova_jax.common.run_folder import holds_out
from clova_jax.config import PEAK_LEARNING_RATES, SIZES, ModelConfig

# The table as printed: name, layers, width, heads, head width, learning rate.
_PAPER = (
    ("137m", 137_000_000, 12, 768, 16, 48, 6.0e-4),
    ("350m", 350_000_000, 24, 1_024, 16, 64, 3.0e-4),
    ("760m", 760_000_000, 24, 1_536, 16, 96, 2.5e-4),
    ("1.3b", 1_300_000_000, 24, 2_048, 16, 128, 2.0e-4),
    ("6.9b", 6_900_000_000, 32, 4_096, 32, 128, 1.2e-4),
    ("13b", 13_000_000_000, 40, 5_120, 40, 128, 1.0e-4),
    ("39b", 39_000_000_000, 48, 8_192, 64, 128, 0.8e-4),
    ("82b", 82_000_000_000, 64, 10_240, 80, 128, 0.6e-4),
)
_COLUMNS = ("size", "num_params", "num_layers", "embed_dim", "num_heads", "head_dim", "lr")
PAPER: list[dict[str, Any]] = [dict(zip(_COLUMNS, row, strict=True)) for row in _PAPER]
NOMINAL: dict[str, int] = {row["size"]: row["num_params"] for row in PAPER}
NOTES = [
    "num_params counts the token table once (tied to the output, as our models have it); untied_params "
    "counts it twice. The paper does not state its vocabulary; the eight rows use 51,200 entries, the "
    "three small sizes of ours their own.",
    "The names of Table 2 are nominal: no single vocabulary and no single rule of tying gives all eight. "
    "At 51,200 entries the tied count is within 2% of the name for 350m, 760m, 1.3b, 13b and 39b (and "
    "82b); the untied one is nearer to it for 6.9b, 13b and 82b.",
    "137m is the odd row: 12 layers of width 768 make 126.0M; 137M would take about 65,600 entries.",
    "Every row has heads x head_dim = width. GPT-3's table breaks that for its 1.3B (24 x 128, width 2,048).",
    "flops_per_token: 6(12·L·D² + V·D) + 12·L·D·length, forward and backward, at --length tokens.",
]


@dataclass(frozen=True)
class Options:
    """Prints the sizes of Table 2 and the small ones; a second's work."""

    length: int = option(
        2_048, "tokens a sequence, for the attention's share of the operations", least=1
    )
    out: Path = option(Path("runs/model_sizes"), "where the table and the plot go", metavar="DIR")

    def __post_init__(self) -> None:
        check_numbers(self)


def size_row(name: str, config: ModelConfig, length: int) -> dict[str, Any]:
    """One row; `off_percent` is the exact count against the name's, None for sizes of our own."""
    nominal = NOMINAL.get(name)
    return {
        "size": name,
        "num_layers": config.num_layers,
        "embed_dim": config.embed_dim,
        "num_heads": config.num_heads,
        "head_dim": config.head_dim,
        "lr": PEAK_LEARNING_RATES[name],
        "vocab_size": config.vocab_size,
        "num_params": config.num_params,
        "untied_params": config.num_params + config.vocab_size * config.embed_dim,
        "nominal": nominal,
        "off_percent": None if nominal is None else 100 * (config.num_params / nominal - 1),
        "flops_per_token": config.flops_per_token(length),
    }


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Exact counts, tied and untied, as a share of the paper's nominal one."""
    rows = [row for row in rows if row["nominal"]]
    with figure(path, size=(7, 3.8)) as axes:
        places = range(len(rows))
        for shift, key, label in (
            (-0.2, "num_params", "tied"),
            (0.2, "untied_params", "output table counted again"),
        ):
            values = [100 * row[key] / row["nominal"] for row in rows]
            bars = axes.bar([place + shift for place in places], values, 0.38, label=label)
            axes.bar_label(bars, fmt="%.1f", fontsize=6, padding=1)
        axes.axhline(100, color="black", linewidth=0.8)
        axes.set_xticks(places, [row["size"] for row in rows])
        axes.set_ylim(0, 140)
        axes.set_ylabel("parameters, % of the name")
        axes.set_title("Table 2: exact counts at 51,200 entries against the nominal names")
        legend(axes)


@holds_out
def run(options: Options) -> None:
    """Writes `results.json`, `table.md` and `sizes.png`."""
    rows = [size_row(name, config, options.length) for name, config in SIZES.items()]
    report = Report("model_sizes", as_json(options), rows, PAPER, NOTES)
    report.write(options.out)
    draw(rows, options.out / "sizes.png")


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
