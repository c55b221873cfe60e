"""Which corpus teaches what (Shin et al. 2022): the same model and tokens on reviews with stars, without, and other text.

python -m experiments.corpus_source                        # tiny models on the embedded sample world
python -m experiments.corpus_source --data DIR --layers 4 --width 128 --heads 4 --vocab-size 4096 \\
    --megabytes 12 --kilobytes 60 --tokens 1000000 --length 512 --learning-rate 0.002 \\
    --limit 1000 --trials 2 --examples 2000 --steps 300   # real text: about 2.5 hours of one core, estimated
"""

from dataclasses import dataclass
from pathlib import Path

from clova_jax import tables
from clova_jax.common.options import option


@dataclass(frozen=True)
class Options(tables.SourceOptions):
    """Trains models on rated reviews, the same without stars, other text and all, and asks each the same.

    Without --data the text is the embedded sample world's. Rerun with the same --out, what is finished is not
    computed again and an unfinished training is resumed.
    """

    out: Path = tables.out_option("corpus_source")
    shots: int = option(70, least=1)
    """examples asked for in a prompt; those that fit the training length are shown"""
    trials: int = option(1, least=1)
    """random sets of examples"""
    limit: int = option(150, least=1)
    """test items of a row"""
    examples: int = option(200, least=1)
    """labelled reviews that p-tuning learns from, a fifth of them to stop by"""
    steps: int = option(40, least=1)
    """updates of p-tuning, at most"""


TABLE = tables.Table(
    "corpus_source",
    Options,
    lambda run: tables.source_cells(run),
    columns=(
        *("corpus", "seed", "task", "metric", "shots", "scoring", "method", "examples"),
        *("value", "low", "high", "baseline"),
    ),
    notes=lambda run: tables.source_notes(run),
    figures={"corpus_source.png": lambda run, path: tables.draw_by_source(run, path)},
    extras=lambda run: tables.write_by_source(run),
    show=False,
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
