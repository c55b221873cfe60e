"""How tokenizers of one size cut Korean: compression, unknowns, and morpheme boundaries, by source.

    python -m experiments.tokenizer_report                       # the embedded sample world
    python -m experiments.tokenizer_report --data DIR

Every kind is trained on the same documents and measured on others (`clova_jax/evaluate/segmentation.py`).
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from clova_jax import tables
from clova_jax.common.options import option
from clova_jax.corpus import digest_inputs, document_files

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "morpheme_byte": ("morpheme_byte", {}),
    "morpheme_byte, Korean only": ("morpheme_byte", {"korean_only": True}),
    "byte": ("byte", {}),
    "byte, Korean only": ("byte", {"korean_only": True}),
    "char": ("char", {}),
    "eojeol": ("eojeol", {}),
    "character": ("character", {}),
}


@dataclass(frozen=True)
class Options(tables.DataOptions):
    """Compares all kinds of tokenizer on held-out text."""

    out: Path = tables.out_option("tokenizer_report")
    vocab_size: int = option(32_000, least=1)
    """ids of every tokenizer"""
    megabytes: float = option(100.0, above=0)
    """of text to train on, at most"""
    kilobytes: float = option(300.0, above=0)
    """of held-out text of each source, at most"""


def cells(run: tables.TableRun) -> list[tables.Cell]:
    """Returns a cell for each tokenizer."""
    options = run.options
    held_out = tables.tokenizers.read_held_out(run.data, options.kilobytes, options.seed)
    run.notes += notes(options, sum(len(t.encode()) for some in held_out.values() for t in some))
    data = digest_inputs(document_files(run.data))
    return [partial(measure, name, data, held_out) for name in VARIANTS]


def measure(
    name: str, data: str, held_out: dict[str, list[str]], run: tables.TableRun
) -> list[tables.Row]:
    """Trains a tokenizer, unless it is there, and returns its rows: all Korean together, then each source."""
    options, (kind, extra) = run.options, VARIANTS[name]
    label = "_".join(map(str, (name, options.vocab_size, options.megabytes, options.seed)))
    folder = run.out / "tokenizers" / label.replace(", ", "_").replace(" ", "_")
    texts = tables.tokenizers.training_texts(run.data, options.megabytes, options.seed)
    size = options.vocab_size
    tokenizer = tables.tokenizers.train_once(folder, texts, kind, size, name, data, **extra)
    rows = tables.tokenizers.segmentation_rows(tokenizer, folder, held_out)
    return [{"tokenizer": name} | row for row in rows]


def notes(options: Options, size: int) -> list[str]:
    """Returns how to read the table."""
    return [
        f"trained on at most {options.megabytes:g} MB, measured on {size / 1e6:.1f} MB of other "
        "documents; bytes are UTF-8",
        "boundaries lie between two Hangul syllables: found = share of morpheme boundaries that are "
        "token boundaries, right = share of token boundaries that are morpheme boundaries",
        "unknown % counts characters; the probes show the tokens of 젝 and 프로젝트 (? = a part of "
        "a character, or an unknown)",
        "all Korean leaves out English (parallel)",
    ]


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws compression by source, and the boundaries by kind."""
    names, rows = list(VARIANTS), run.rows
    sources = list(dict.fromkeys(row["source"] for row in rows))
    found = {(row["tokenizer"], row["source"]): row for row in rows}
    series = {name: [found[name, source]["bytes/token"] for source in sources] for name in names}
    with tables.panels(path, 2, size=(7.5, 5.4), width_ratios=[3, 1]) as (left, right):
        tables.draw_bars(left, sources, series)
        left.tick_params("x", rotation=45)
        left.set_ylabel("bytes per token (held out)")
        left.legend(fontsize=8, ncols=len(names), loc="lower center", bbox_to_anchor=(0.5, 1.0))
        scores = [found[name, "all Korean"]["boundary F1"] or 0 for name in names]
        right.barh(names[::-1], scores[::-1], color="tab:gray")
        right.set_xlabel("morpheme-boundary F1 (%)")


TABLE = tables.Table("tokenizer_report", Options, cells, figures={"tokenizer_report.png": draw})

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
