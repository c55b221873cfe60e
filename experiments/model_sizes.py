"""Table 2: the eight sizes with their exact counts of parameters, beside the paper's nominal names.

python -m experiments.model_sizes

Everything is arithmetic on `ModelConfig`; no array is made.
"""

from dataclasses import dataclass
from pathlib import Path

from clova_jax import paper, tables
from clova_jax.common.options import option
from clova_jax.config import PEAK_LEARNING_RATES, SIZES, ModelConfig

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
class Options(tables.OutOptions):
    """Prints the sizes of Table 2 and the small ones; a second's work."""

    out: Path = tables.out_option("model_sizes")
    length: int = option(2_048, least=1)
    """tokens a sequence, for the attention's share of the operations"""


def size_row(name: str, config: ModelConfig, length: int) -> tables.Row:
    """Returns one row; `off_percent` is the exact count against the name's, None for sizes of our own."""
    nominal = paper.NOMINAL.get(name)
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


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns one cell for all sizes."""
    length = run.options.length
    return [lambda run: [size_row(name, config, length) for name, config in SIZES.items()]]


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws the exact counts, tied and untied, as a share of the paper's nominal one."""
    rows = [row for row in run.rows if row["nominal"]]
    series = {"tied": "num_params", "output table counted again": "untied_params"}
    shares = {
        label: [100 * row[key] / row["nominal"] for row in rows] for label, key in series.items()
    }
    with tables.panels(path, size=(7, 3.8)) as (axes,):
        tables.draw_bars(axes, [row["size"] for row in rows], shares, "%.1f")
        axes.axhline(100, color="black", linewidth=0.8)
        axes.set(ylim=(0, 140), ylabel="parameters, % of the name")
        axes.set_title("Table 2: exact counts at 51,200 entries against the nominal names")
        tables.legend(axes)


TABLE = tables.Table(
    "model_sizes",
    Options,
    cells,
    paper=paper.TABLE_2,
    notes=lambda run: NOTES,
    figures={"sizes.png": draw},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
