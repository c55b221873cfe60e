"""Runs a pre-training, from documents or a token store to a model directory."""

import contextlib
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import jax

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json
from clova_jax.common.hashes import check_hashes
from clova_jax.common.json_values import fields, parse_json
from clova_jax.common.objects import Objects
from clova_jax.common.options import as_json, save_options
from clova_jax.common.places import inside, is_url
from clova_jax.common.report import format_table
from clova_jax.common.run_folder import begin_run, run_folder
from clova_jax.config import ModelConfig
from clova_jax.corpus import kinds_of, read_sources
from clova_jax.data import TokenStore, mixture_rows
from clova_jax.model import check_model, decoder_class, directory_hash, load_model, save_model
from clova_jax.parallel import join_processes, make_mesh, on_first_process
from clova_jax.tokenizers import Tokenizer
from clova_jax.train.build import (
    MakeOptimizer,
    banner,
    build_config,
    build_loader,
    build_step,
    build_supervisor,
    build_trackers,
    build_validation,
    check_length,
    check_trackers,
    find_tokenizer,
    open_store,
)
from clova_jax.train.checkpoint import Checkpoints
from clova_jax.train.optimizer import LearningRate
from clova_jax.train.options import PretrainOptions, parse_steps
from clova_jax.train.run import TrainingRun
from clova_jax.train.run_mirror import RunMirror
from clova_jax.train.state import TrainState
from clova_jax.train.step import TrainStep


def pretrain(
    options: PretrainOptions,
    config: ModelConfig | None = None,
    optimizer: MakeOptimizer | None = None,
) -> bool:
    """Trains a model as the options say, and writes it to `<out>/model`.

    Args:
        options: those of `clova pretrain`.
        config: a shape, or modules, of your own instead of the options' (docs/how-to/own_model.md).
        optimizer: from the learning rate of each step to an optax optimizer; by default `adamw` with the options'
            weight decay and betas.

    Returns:
        False where a stop was requested before the end; the same call resumes.

    Raises:
        ClovaError: bad data, a mismatch of tokenizer and store, another run in `out`, no room, an `optimizer`
            that is no function of the learning rate.
    """
    join_processes(options.coordinator, options.num_processes, options.process_id)
    on_first_process(lambda: check_trackers(options))  # documents take minutes to become tokens
    with contextlib.ExitStack() as stack:
        on_first_process(lambda: stack.enter_context(run_folder(options.out)))
        return _pretrain(options, config, optimizer)


def _pretrain(
    options: PretrainOptions, config: ModelConfig | None, optimizer: MakeOptimizer | None
) -> bool:
    check_length(options, config)
    mesh = make_mesh(options.mesh)
    tokenizer = find_tokenizer(options)
    size = None if config else options.size_name
    own = config is not None or optimizer is not None
    config = build_config(options, config, tokenizer)
    schedule = options.batch_schedule
    train_step = build_step(options, config, optimizer, mesh, schedule)
    rate = train_step.learning_rate
    if jax.process_index() == 0:
        print(banner(options, train_step, schedule.tokens(rate.total_steps)), file=sys.stderr)
    store = open_store(options, tokenizer)
    loader = build_loader(options, store, schedule, mesh, rate.total_steps)
    if jax.process_index() == 0 and not (options.out / "checkpoints").exists():
        print(format_table(mixture_rows(loader.mixture)))
    this_run = identity(options, tokenizer, store, rate)
    if own:  # what `options` does not say
        this_run["own"] = own_identity(train_step)
    # With a cap on epochs the mixture hangs on the length of the run: a longer one would have begun otherwise.
    may_grow = GROWS if options.max_epochs is None else {}
    mirror = None
    if options.remote is not None and jax.process_index() == 0:
        mirror = RunMirror(options.out, options.remote)

    def begin() -> None:
        if mirror is not None:
            mirror.pull()
        begin_run(options.out, this_run, may_grow)

    on_first_process(begin)
    if jax.process_index() == 0:
        save_options(options, options.out / "config.json")

    def write_model(directory: str | Path, params: Any, tokens: int) -> None:
        about = {"tokens": tokens, "size": size, "seed": options.seed, "run": this_run}
        save_model(directory, config, params, tokenizer, about)

    def fresh() -> TrainState:
        if options.from_ is None:
            return train_step.init(options.seed)
        return train_step.start(load_model(options.from_, mesh, config_class=type(config))[1])

    return TrainingRun(
        train_step=train_step,
        batches=loader.iterate,
        tokens_of=schedule.tokens,
        flops_per_token=config.flops_per_token(options.length),
        total_steps=rate.total_steps,
        validate=build_validation(options, store, tokenizer, train_step),
        save_model=write_model,
        model_made=lambda directory: is_model_of(directory, this_run),
        checkpoints=Checkpoints(
            inside(options.home, "checkpoints"), options.keep_last, options.keep_every
        ),
        identity=this_run,
        may_grow=may_grow,
        out=options.out,
        fresh=fresh,
        validate_every=options.validate_every,
        checkpoint_every=options.checkpoint_every,
        milestones=tuple(int(tokens) for tokens in options.milestones),
        trackers=build_trackers(options) if jax.process_index() == 0 else [],
        remote=options.remote,
        mirror=mirror,
        supervisor=build_supervisor(options, mirror),
        profile=parse_steps(options.profile) if options.profile else None,
    ).run()


# Options that change no number of a run: where things lie, how the work is split, what is kept or logged.
FREE = frozenset(
    (
        *("data", "tokenizer", "sources", "out"),
        *("mesh", "microbatches", "schedule", "fsdp", "remat", "attention", "workers"),
        *("validate_every", "checkpoint_every", "keep_last", "keep_every", "milestones"),
        *("tensorboard", "wandb", "wandb_project", "remote"),
        *("profile", "alert_url", "stall_timeout", "coordinator", "num_processes", "process_id"),
    )
)
RESOLVED = frozenset(
    ("steps", "tokens", "learning_rate", "warmup_tokens", "size", "from")
)  # recorded as used, not as given
# Recorded where they are not the default: runs of before they were options have none.
LATER = {
    "forms": [],
    **dict.fromkeys(("layers", "width", "heads", "dtype", "reduce_dtype")),
    **{"weight_decay": 0.1, "betas": [0.9, 0.95]},
}
GROWS = {"steps": ("warmup_steps",)}  # a share of the budget, unless it was given


def identity(
    options: PretrainOptions, tokenizer: Tokenizer, store: TokenStore, rate: LearningRate
) -> dict[str, Any]:
    """Returns what must not change when a run is resumed: all options but the `FREE` ones, and hashes of the inputs."""
    values = as_json(options)
    chosen = {
        name: value
        for name, value in values.items()
        if name not in FREE | RESOLVED and not (name in LATER and value == LATER[name])
    }
    if options.from_ is None:
        chosen["size"] = options.size_name
    else:
        chosen["from"] = directory_hash(options.from_)
    if options.weights == ("table1",):  # the shares follow from the kinds
        chosen["kinds"] = kinds_of(store.sources(), read_sources(options.sources))
    return chosen | {
        "steps": rate.total_steps,
        "warmup_steps": rate.warmup_steps,
        "learning_rate": rate.peak,
        "vocab_size": tokenizer.vocab_size,
        "tokenizer": tokenizer.fingerprint,
        "data": store.fingerprint,
    }


def own_identity(train_step: TrainStep) -> dict[str, Any]:
    """Returns what distinguishes a run with a shape, modules or an optimizer of its own."""
    config, state = train_step.config, train_step.abstract_state()
    return {
        "model": config.to_json(),
        "decoder": decoder_class(config).__qualname__,
        "optimizer": hashlib.sha256(str(jax.tree.structure(state.opt_state)).encode()).hexdigest(),
    }


def is_model_of(directory: str | Path, run: dict[str, Any]) -> bool:
    """Returns True if a directory, or one at a URL, holds the model of this run, every file as it was written."""
    path = inside(directory, "config.json")
    try:
        if is_url(directory):
            values = parse_json(Objects(str(directory)).read("config.json") or b"", path)
            check_model(str(directory))
        else:
            values = read_json(path)
            check_hashes(Path(directory))
        about = fields(values, path, {"about": dict})["about"]
    except ClovaError:
        return False
    return about.get("run") == json.loads(json.dumps(run))
