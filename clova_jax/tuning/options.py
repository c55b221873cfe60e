"""Configures a tuning run; what a method is configured by stands beside it in `methods/`."""

from dataclasses import dataclass

from clova_jax.common.errors import ClovaError


@dataclass(frozen=True)
class TuneOptions:
    """Configures a training run on a few examples.

    Args:
        steps: at most so many updates.
        batch_size: examples an update.
        learning_rate: peak; linear warm-up over a twentieth, then a cosine to a tenth.
        weight_decay: AdamW's.
        evaluate_every: steps between two validations on the development split.
        patience: validations without a better loss before the run stops.
        seed: of start and order.
    """

    steps: int = 1_000
    batch_size: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    evaluate_every: int = 50
    patience: int = 6
    seed: int = 0

    def __post_init__(self) -> None:
        check_at_least_one(self, "steps", "batch_size", "evaluate_every", "patience")


def check_at_least_one(config: object, *names: str) -> None:
    """Refuses numbers of a config that are below 1; None is no number.

    Raises:
        ClovaError: the first such field with its value.
    """
    for name in names:
        value = getattr(config, name)
        if value is not None and value < 1:
            raise ClovaError(f"{name}={value}: wants 1 or more")
