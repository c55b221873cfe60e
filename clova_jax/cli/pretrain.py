"""Runs `clova pretrain`: from documents or a token store to a model directory."""

import dataclasses
import sys

from clova_jax import interop, parallel, train
from clova_jax.common.places import inside
from clova_jax.train import PretrainOptions as Options

__all__ = ["Options", "run"]


def run(options: Options) -> int:
    """Trains; returns 0, or 130 where it was stopped early (with a checkpoint to go on from).

    A process that is one of several, and fails, ends here with the status that `guard` would return.
    """
    print(f"clova pretrain: {options.out}", file=sys.stderr, flush=True)
    if options.from_ is not None:
        options = dataclasses.replace(options, from_=interop.model_folder(options.from_))
    with parallel.leaving_others("clova pretrain"):
        if not train.pretrain(options):
            return 130
    print(f"model: {inside(options.home, 'model')}")
    return 0
