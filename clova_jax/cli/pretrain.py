"""`clova pretrain`: from documents or a token store to a model directory."""

from clova_jax.train.options import PretrainOptions as Options
from clova_jax.train.pretrain import pretrain

__all__ = ["Options", "run"]


def run(options: Options) -> int:
    """Trains; stopping early with a checkpoint is no failure."""
    if pretrain(options):
        print(f"model: {options.out / 'model'}")
    return 0
