"""Trains a grid of models: each of several shapes on each of several token budgets, on one tokenizer and token store."""

import math
import re
import sys
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.run_folder import holds_out
from clova_jax.config import ModelConfig
from clova_jax.data import serialize
from clova_jax.evaluate import OPERATIONS
from clova_jax.tables.made import SAMPLE_WEIGHTS, make_tokenizer, prepare
from clova_jax.tables.options import GridOptions, Inputs
from clova_jax.tables.trained import Training, train_models
from clova_jax.tokenizers import load_tokenizer
from clova_jax.train import PretrainOptions

HEAD = 32  # width of an attention head


@holds_out
def train_grid(grid: GridOptions) -> Inputs:
    """Trains the models that `grid.out` does not hold yet; more shapes or budgets later leave the finished ones as they are.

    A budget is a run of its own, to the end of its own cosine: a checkpoint of a longer run has not had the small rates
    of the last steps, and its loss is not the one of a finished shorter run (Hoffmann et al. 2022).

    Raises:
        ClovaError: a shape or budget that cannot be trained, or models of other text or settings in `grid.out`.
        Stopped: a signal stopped a training.
    """
    trainings = grid_trainings(grid)
    data, corpus = prepare(grid)
    make_tokenizer(corpus, grid.out / "tokenizer", grid.vocab_size)
    serialize(corpus, load_tokenizer(grid.out / "tokenizer"), grid.out / "tokens")
    flops = sum(_operations(training.options, grid.vocab_size) for training in trainings)
    print(f"grid: {len(trainings)} models, {flops:.2g} operations in all", file=sys.stderr)
    models = train_models(trainings)
    return Inputs(data, models, [training.name for training in trainings])


def grid_trainings(grid: GridOptions) -> list[Training]:
    """Returns the trainings of a grid, small to large, named `SHAPE_TOKENS`.

    Raises:
        ClovaError: no shape, a shape that is none, a budget below one step, or `most_flops` that leaves nothing.
    """
    shapes = {_parse_shape(shape) for shape in grid.shapes}
    step = grid.global_batch * grid.length
    if few := [tokens for tokens in grid.tokens if tokens < step]:
        raise ClovaError(f"--tokens: {few[0]:,} are fewer than a step's {step:,}")
    trainings = [
        _training(grid, shape, tokens)
        for shape in sorted(shapes, key=lambda shape: shape.num_core_params)
        for tokens in sorted(set(grid.tokens))
        if OPERATIONS * shape.num_core_params * tokens <= (grid.most_flops or math.inf)
    ]
    if not trainings:
        given = "--shapes or --tokens" if grid.most_flops is None else "--most-flops"
        raise ClovaError(f"{given}: leave no model to train")
    return trainings


def find_grid(folder: Path) -> Inputs:
    """Returns the finished models of a grid, small to large, with their names.

    Raises:
        ClovaError: the folder holds none.
    """
    found = [path.parent for path in (folder / "models").glob("*/model/hashes.json")]
    if not found:
        raise ClovaError(
            f"{folder}: holds no model of a grid; give the --out of `python -m experiments.scaling_law`"
        )
    names = sorted((path.parent.name for path in found), key=_place)
    return Inputs(None, [folder / "models" / name / "model" for name in names], names)


def _place(name: str) -> tuple[int, int]:
    """Where a model stands in its grid: by parameters, then by tokens."""
    shape, _, tokens = name.rpartition("_")
    return _parse_shape(shape).num_core_params, int(tokens)


def _parse_shape(shape: str) -> ModelConfig:
    found = re.fullmatch(r"(\d+)x(\d+)", shape)
    layers, width = map(int, found.groups()) if found else (0, 0)
    if not layers or not width or width % HEAD:
        raise ClovaError(
            f"--shapes: {shape!r} is not LAYERSxWIDTH with a width that {HEAD} divides, such as 5x192"
        )
    return ModelConfig(layers, width, width // HEAD)


def _training(grid: GridOptions, shape: ModelConfig, tokens: int) -> Training:
    name = f"{shape.num_layers}x{shape.embed_dim}_{tokens}"
    options = PretrainOptions(
        data=str(grid.out / "tokens"),
        tokenizer=grid.out / "tokenizer",
        layers=shape.num_layers,
        width=shape.embed_dim,
        heads=shape.num_heads,
        tokens=tokens,
        global_batch=grid.global_batch,
        length=grid.length,
        packing="segments",
        weights=("natural",) if grid.data else SAMPLE_WEIGHTS,
        validate_every=0,
        checkpoint_every=250,
        keep_last=1,
        seed=grid.seed,
        out=grid.out / "models" / name,
    )
    return Training(name, options)


def _operations(options: PretrainOptions, vocab_size: int) -> float:
    return options.model_config(vocab_size).flops_per_token(options.length) * options.total_tokens
