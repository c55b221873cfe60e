"""Makes a model from raw text: text, tokenizer, training. The quickstart does it first, other tables when no model is given."""

import sys
from pathlib import Path
from typing import Protocol

from clova_jax.common.errors import ClovaError
from clova_jax.common.run_folder import holds_out
from clova_jax.common.stop import Stopped
from clova_jax.config import SIZES
from clova_jax.corpus import read_documents, write_sample_of
from clova_jax.model import read_config
from clova_jax.sample import renew_sample, write_sample
from clova_jax.tables.options import Inputs, MakingOptions
from clova_jax.tokenizers import load_tokenizer, train_tokenizer
from clova_jax.train import PretrainOptions, pretrain

# What people write to each other counts for more here: that is where the sample's reviews are.
SAMPLE_WEIGHTS = ("comments=5", "cafe=5", "blog=6", "news=2", "kin=1", "wiki=1")


@holds_out
def make_model(making: MakingOptions) -> Inputs:
    """Makes text, tokenizer and model in `making.out`, or resumes an earlier call; returns data and model.

    Raises:
        Stopped: a signal stopped the training.
    """
    data, corpus = prepare(making)
    make_tokenizer(corpus, making.out / "tokenizer", SIZES[making.size].vocab_size)
    finished = pretrain(
        PretrainOptions(
            data=str(corpus),
            tokenizer=making.out / "tokenizer",
            size=making.size,
            steps=making.steps,
            global_batch=making.global_batch,
            length=making.length,
            mesh=making.mesh,
            seed=making.seed,
            packing="segments",  # a label is then learned from its own document's words
            weights=("natural",) if making.data else SAMPLE_WEIGHTS,
            validate_every=0,
            checkpoint_every=250,
            out=making.out,
        )
    )
    if not finished:
        raise Stopped("training stopped")
    model = making.out / "model"
    name = f"{making.size} ({read_config(model).num_params / 1e6:.1f}M)"
    return Inputs(data, (model,), (name,))


class TextOptions(Protocol):
    """Says what text a small model reads: `megabytes` of `data`, drawn by `seed`, in `out`."""

    out: Path
    data: Path | None
    megabytes: float
    seed: int


def prepare(making: TextOptions) -> tuple[Path, Path]:
    """Returns the folder with the labelled sets and the one with the text to train on; writes them if need be."""
    say(f"text: {making.megabytes:g} MB of {making.data or 'the synthetic sample world'}")
    other, what = (
        ("documents", "real text") if making.data is None else ("sample", "the sample world")
    )
    if (making.out / other).exists():
        raise ClovaError(f"{making.out}: holds a model of {what}; give another --out")
    if making.data is None:
        data = write_sample(making.out / "sample", megabytes=making.megabytes, seed=making.seed)
        return data, data
    corpus = making.out / "documents"
    write_sample_of(making.data, corpus, making.megabytes, making.seed)
    return making.data, corpus


def make_tokenizer(corpus: Path, folder: Path, vocab_size: int) -> None:
    """Trains a morpheme-aware byte-level BPE on the text, unless it is there."""
    if folder.exists():
        if load_tokenizer(folder).vocab_size != vocab_size:
            raise ClovaError(f"{folder}: a tokenizer of another size; give another --out")
        return
    say(f"tokenizer: morpheme_byte, {vocab_size:,} ids")
    texts = (document.text for document in read_documents(corpus))
    trained = train_tokenizer(
        texts, kind="morpheme_byte", vocab_size=vocab_size, show_progress=True
    )
    trained.save(folder)


def sample_run(out: str | Path = MakingOptions.out) -> Path:
    """Returns the folder of the model of the sample world, which is trained now if it is missing; an old sample is renewed.

    Args:
        out: the quickstart's folder; a notebook lies beside `runs/`, not above it.

    Raises:
        Stopped: a signal stopped the training.
    """
    making = MakingOptions(out=Path(out))
    made = [making.out / "model" / "config.json", making.out / "sample"]  # --data makes no sample
    if not all(path.exists() for path in made):
        make_model(making)
    renew_sample(making.out / "sample")
    return making.out


def say(what: str) -> None:
    """Prints on standard error what takes a while now."""
    print(what, file=sys.stderr, flush=True)
