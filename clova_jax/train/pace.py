"""Measures how fast a training would go, so that its budget can be said in minutes."""

import dataclasses
import sys
import time
from itertools import islice

from clova_jax.parallel import make_mesh
from clova_jax.train.batch_schedule import BatchSchedule
from clova_jax.train.build import (
    build_config,
    build_loader,
    build_step,
    find_tokenizer,
    open_store,
)
from clova_jax.train.options import PretrainOptions

WARM = 2  # steps that compile and fill caches
LEAST_SECONDS = 6.0
MOST_STEPS = 50


def tokens_per_second(options: PretrainOptions) -> float:
    """Trains on a few batches, keeps nothing, and returns the tokens a second without compiling, data included.

    Args:
        options: of the training; its data may be a token store or documents, which are serialised to `out`.

    Raises:
        ClovaError: as for `pretrain`.
    """
    print("measuring how fast this trains", file=sys.stderr, flush=True)
    options = dataclasses.replace(options, steps=MOST_STEPS + WARM, tokens=None, max_epochs=None)
    mesh, tokenizer = make_mesh(options.mesh), find_tokenizer(options)
    schedule = BatchSchedule(options.global_batch, options.length)
    config = build_config(options, None, tokenizer)
    step = build_step(options, config, None, mesh, schedule)
    loader = build_loader(options, open_store(options, tokenizer), schedule, mesh, options.steps)
    state, begin, done = step.init(options.seed), 0.0, 0
    batches = loader.iterate()
    for number, batch in enumerate(islice(batches, options.steps)):
        if number == WARM:
            begin = time.perf_counter()
        state, metrics = step(state, batch)
        metrics["loss"].item()  # waits for the step
        done = number + 1 - WARM
        if done > 0 and time.perf_counter() - begin > LEAST_SECONDS:
            break
    batches.close()
    return done * options.global_batch * options.length / (time.perf_counter() - begin)
