"""Makes a model from raw text: text, tokenizer, training. The quickstart does it first, other tables when no model is given."""

import sys
from dataclasses import dataclass
from pathlib import Path

from clova_jax.common.command import mesh_option, option, seed_option
from clova_jax.common.errors import ClovaError
from clova_jax.common.run_folder import holds_out
from clova_jax.config import SIZES

# What people write to each other counts for more here: that is where the sample's reviews are.
SAMPLE_WEIGHTS = ("comments=5", "cafe=5", "blog=6", "news=2", "kin=1", "wiki=1")


@dataclass(frozen=True)
class Making:
    """Says what text a small model reads, what shape it has and how long it trains."""

    data: Path | None = option(None, "a folder laid out like the official data", metavar="DIR")
    size: str = option("tiny", f"one of {', '.join(SIZES)}")
    megabytes: float = option(10.0, "of text to train on", above=0)
    steps: int = option(1200, "training steps", least=1)
    global_batch: int = option(8, "sequences a step", least=1)
    length: int = option(128, "tokens a sequence", least=1)
    mesh: tuple[int, ...] = mesh_option()
    seed: int = seed_option("fixes everything")
    out: Path = option(Path("runs/quickstart"), "where everything goes", metavar="DIR")

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise ClovaError(f"--size: {self.size!r} is not one of {', '.join(SIZES)}")


@holds_out
def make_model(making: Making) -> bool:
    """Makes text, tokenizer and model in `making.out`; goes on where an earlier call was stopped.

    Returns:
        False where a signal stopped the training.
    """
    from clova_jax.train.options import (
        PretrainOptions,  # here: JAX, which `--help` need not wait for
    )
    from clova_jax.train.pretrain import pretrain

    corpus = prepare(making)[1]
    make_tokenizer(corpus, making.out / "tokenizer", SIZES[making.size].vocab_size)
    return pretrain(
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


def prepare(making: Making) -> tuple[Path, Path]:
    """Returns the folder with the labelled sets and the one with the text to train on; writes them if need be."""
    from clova_jax.corpus.run.sampling import write_sample_of
    from clova_jax.sample import write_sample

    say(f"text: {making.megabytes:g} MB of {making.data or 'the synthetic sample world'}")
    if making.data is None:
        data = write_sample(making.out / "sample", megabytes=making.megabytes, seed=making.seed)
        return data, data
    corpus = making.out / "documents"
    write_sample_of(making.data, corpus, making.megabytes, making.seed)
    return making.data, corpus


def make_tokenizer(corpus: Path, folder: Path, vocab_size: int) -> None:
    """Trains a morpheme-aware byte-level BPE on the text, unless it is there."""
    from clova_jax.corpus.documents import read_documents
    from clova_jax.tokenizers import load_tokenizer, train_tokenizer

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


def sample_run() -> Path:
    """Returns the folder of the model of the sample world, which is trained now if it is missing.

    Raises:
        KeyboardInterrupt: the training was stopped.
    """
    making = Making()
    made = [making.out / "model" / "config.json", making.out / "sample"]  # --data makes no sample
    if not all(path.exists() for path in made) and not make_model(making):
        raise KeyboardInterrupt
    return making.out


def say(what: str) -> None:
    """Prints on standard error what takes a while now."""
    print(f"quickstart: {what}", file=sys.stderr, flush=True)
