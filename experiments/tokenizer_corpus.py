"""How much text a tokenizer needs: vocabularies from shrinking samples (the study behind "1%").

    python -m experiments.tokenizer_corpus                       # the embedded sample world
    python -m experiments.tokenizer_corpus --data DIR

The two hypotheses of the talk are those of `clova_jax/tables/token_study.py`. Smaller samples lie inside larger ones.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clova_jax import paper, tables
from clova_jax.common.options import option
from clova_jax.corpus import digest_inputs, document_files


@dataclass(frozen=True)
class Options(tables.DataOptions):
    """Trains one vocabulary a sample size and recommends the smallest size that suffices."""

    out: Path = tables.out_option("tokenizer_corpus")
    kind: Literal["morpheme_byte", "byte", "char"] = "morpheme_byte"
    """kind of tokenizer: morpheme_byte (the paper's), byte or char"""
    vocab_size: int = option(8_000, least=1)
    """ids of every tokenizer"""
    megabytes: float = option(100.0, above=0)
    """of text in the largest sample, at most"""
    halvings: int = option(7, least=1)
    """how often the sample is halved"""
    keep: float = option(0.95, above=0, most=1)
    """share of the tokens in use that must be kept"""
    kilobytes: float = option(300.0, above=0)
    """of held-out text of each source, at most"""


def compare(run: tables.TableRun) -> list[tables.Row]:
    """Trains the tokenizers that are not there yet and returns a row for each sample size."""
    options, study, tokenizers = run.options, tables.token_study, tables.tokenizers
    held_out = tokenizers.read_held_out(run.data, options.kilobytes, options.seed)
    texts = [t for source, some in held_out.items() if source != tokenizers.ENGLISH for t in some]
    size_of_text = sum(len(text.encode()) for text in texts)
    everything = tokenizers.training_texts(run.data, options.megabytes, options.seed)
    largest = sum(len(text.encode()) for text in everything) / 1e6
    data, trained = digest_inputs(document_files(run.data)), []
    for number in range(options.halvings + 1):
        name = (options.kind, options.vocab_size, options.megabytes, options.seed, number)
        folder = run.out / "tokenizers" / "_".join(map(str, name))
        size = largest / 2**number
        sample = tokenizers.training_texts(run.data, size, options.seed)
        trained.append(
            tokenizers.train_once(
                folder, sample, options.kind, options.vocab_size, f"{size:.3g} MB", data
            )
        )
    counts = [study.count_tokens(tokenizer, texts) for tokenizer in trained]
    rows = study.sample_rows(trained, counts, size_of_text)
    zipf, chosen = study.fit_zipf(counts[0]), study.recommend(rows, options.keep)
    run.notes += study.notes(rows, chosen, zipf, size_of_text, options.keep)
    run.found |= {"counts": counts[0], "zipf": zipf, "chosen": chosen}
    return rows


def draw(run: tables.TableRun, path: Path) -> None:
    """Draws tokens kept over sample size, and frequency over rank."""
    with tables.panels(path, 2, size=(6, 4.8)) as (left, right):
        sizes = [row["sample MB"] for row in run.rows]
        for name in ("tokens kept %", "kept in use %"):
            left.semilogx(sizes, [row[name] for row in run.rows], "o-", label=name)
        chosen = run.found["chosen"]["sample MB"]
        left.axvline(chosen, color="gray", linestyle=":", label="recommended")
        left.set(xlabel="sample (MB)", ylabel="of the largest sample's tokens (%)")
        tables.legend(left, 3)
        tables.token_study.draw_zipf(right, run.found["counts"], *run.found["zipf"])
        tables.legend(right)


TABLE = tables.Table(
    "tokenizer_corpus",
    Options,
    cells=lambda run: [compare],
    paper=paper.TOKENIZER_SAMPLE,
    figures={"tokenizer_corpus.png": draw},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
