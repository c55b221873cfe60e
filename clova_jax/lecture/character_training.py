"""Trains a character model in a run folder: checkpoints, metrics, a progress bar, and the model at the end."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.run_folder import begin_run, holds_out
from clova_jax.common.stop import Stopped
from clova_jax.evaluate import digest
from clova_jax.lecture.alphabet import Alphabet
from clova_jax.lecture.character_decoder import CharacterConfig
from clova_jax.lecture.character_states import count_bits
from clova_jax.lecture.character_step import CharacterStep
from clova_jax.lecture.character_stream import TextStream
from clova_jax.lecture.characters import CharacterModel, read_about
from clova_jax.model import Params
from clova_jax.train import Checkpoints, LearningRate, TrainingRun

VALIDATIONS = 20  # of a training
CHECKPOINT_EVERY = 100  # steps
WARMUP = 50  # the learning rate rises in one of so many steps


@dataclass(frozen=True)
class CharacterTraining:
    """Configures a training.

    Args:
        kind, units, embed_dim: as of `CharacterConfig`.
        characters: of the alphabet, the most frequent ones.
        epochs: how often each text is read.
        rows: of a batch.
        length: characters of a window, over which gradients reach back.
        learning_rate: the peak; the rate falls to a tenth of it.
        seed: of weights and order.
    """

    kind: str = "lstm"
    units: int = 512
    embed_dim: int = 64
    characters: int = 1_536
    epochs: int = 1
    rows: int = 64
    length: int = 64
    learning_rate: float = 2e-3
    seed: int = 0


@holds_out
def train_characters(
    texts: Sequence[str], held_out: Sequence[str], options: CharacterTraining, out: Path
) -> CharacterModel:
    """Trains a model in a folder, or resumes the training there; a finished one is read back.

    Args:
        texts: to learn from.
        held_out: to validate on.
        options: of the training.
        out: the folder: `checkpoints/`, `metrics.jsonl`, and in the end `model/`.

    Raises:
        ClovaError: too few characters; the folder holds another run.
        Stopped: a signal ended it, with a checkpoint written; the same call resumes.
    """
    alphabet = Alphabet.of(texts, options.characters)
    config = CharacterConfig(options.kind, options.units, alphabet.size, options.embed_dim)
    stream = TextStream(texts, alphabet, options.rows, options.length, options.seed)
    total = options.epochs * stream.per_epoch
    rate = LearningRate(options.learning_rate, -(-total // WARMUP), total)
    step = CharacterStep(config, rate, options.rows)
    identity = asdict(options) | {"data": digest([*texts, *held_out])}
    begin_run(out, identity)

    def model(params: Params) -> CharacterModel:
        return CharacterModel(config, alphabet, params)

    finished = TrainingRun(
        train_step=step,
        batches=stream.iterate,
        tokens_of=lambda step: step * options.rows * options.length,
        flops_per_token=step.flops_per_character,
        total_steps=total,
        validate=lambda params: validate(model(params), held_out),
        save_model=lambda folder, params, _: model(params).save(folder, {"run": identity}),
        model_made=lambda folder: _is_model_of(folder, identity),
        checkpoints=Checkpoints(out / "checkpoints", keep_last=2),
        identity=identity,
        may_grow={},
        out=out,
        fresh=lambda: step.init(options.seed),
        validate_every=-(-total // VALIDATIONS),
        checkpoint_every=CHECKPOINT_EVERY,
        unit="char",
    ).run()
    if not finished:
        raise Stopped("training stopped")
    return CharacterModel.load(out / "model")


def validate(model: CharacterModel, texts: Sequence[str]) -> dict[str, float]:
    """Returns the bits of texts per character and per byte of UTF-8; each text's end counts as one."""
    bits, characters = count_bits(model, texts)
    size = sum(len(text.encode()) + 1 for text in texts)
    return {
        "val_bits_per_character": float(bits.sum() / characters.sum()),
        "val_bits_per_byte": float(bits.sum() / size),
    }


def _is_model_of(folder: Path, identity: dict[str, Any]) -> bool:
    try:
        return read_about(folder)["about"].get("run") == identity
    except ClovaError:
        return False
