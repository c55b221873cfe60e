"""Runs a pre-training, from documents or a token store to a model directory."""

import contextlib
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
from jax.experimental import multihost_utils

from clova_jax.common.command import as_json, save_options
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import on_disk, read_json
from clova_jax.common.hashes import check_hashes
from clova_jax.common.host_memory import keep_freed_memory
from clova_jax.common.json_values import fields
from clova_jax.common.report import format_table
from clova_jax.common.run_folder import begin_run, run_folder
from clova_jax.config import SIZES, ModelConfig
from clova_jax.corpus.sources import kinds_of, read_sources
from clova_jax.data import (
    Loader,
    TokenStore,
    bytes_per_token,
    mixture_rows,
    parse_weights,
    serialize,
    validation_batches,
)
from clova_jax.model import decoder_class
from clova_jax.model.directory import save_model
from clova_jax.parallel import data_shard, join_processes, make_mesh, on_first_process
from clova_jax.tokenizers import Tokenizer, load_tokenizer
from clova_jax.train.batch_schedule import BatchSchedule
from clova_jax.train.checkpoint import Checkpoints
from clova_jax.train.metrics import TensorBoard, Tracker, WeightsAndBiases
from clova_jax.train.optimizer import LearningRate, adamw
from clova_jax.train.options import PretrainOptions
from clova_jax.train.step import TrainStep
from clova_jax.train.trainer import Trainer
from clova_jax.train.validation import bits_per_byte, summary

MakeOptimizer = Callable[[Callable], optax.GradientTransformation]
VALIDATION_TOKENS = 65_536  # of each source, about, at most


def pretrain(
    options: PretrainOptions,
    config: ModelConfig | None = None,
    optimizer: MakeOptimizer | None = None,
) -> bool:
    """Trains a model as the options say, and writes it to `<out>/model`.

    Args:
        options: those of `clova pretrain`.
        config: a shape, or modules, of your own instead of `options.size` (docs/how-to/own_model.md).
        optimizer: from the learning rate of each step to an optax optimizer; `adamw` by default.

    Returns:
        False where a stop was requested before the end; the same call resumes.

    Raises:
        ClovaError: bad data, a mismatch of tokenizer and store, another run in `out`, no room.
    """
    keep_freed_memory()
    join_processes()
    with contextlib.ExitStack() as stack:
        on_first_process(lambda: stack.enter_context(run_folder(options.out)))
        return _pretrain(options, config, optimizer)


def _pretrain(
    options: PretrainOptions, config: ModelConfig | None, optimizer: MakeOptimizer | None
) -> bool:
    longest = (config or SIZES[options.size]).max_length
    if options.length > longest:
        name = "your config" if config else f"size {options.size}"
        raise ClovaError(f"--length: {options.length} is above the {longest} of {name}")
    mesh = make_mesh(options.mesh)
    tokenizer = load_tokenizer(options.tokenizer)
    size = None if config else options.size
    own = config is not None or optimizer is not None
    config = config or options.model_config(tokenizer.vocab_size)
    if config.vocab_size != tokenizer.vocab_size:
        raise ClovaError(
            f"config has vocab_size={config.vocab_size:,}, the tokenizer {tokenizer.vocab_size:,} entries"
        )
    schedule = BatchSchedule(options.global_batch, options.length, options.ramp_tokens)
    total_steps = schedule.steps(options.tokens) if options.steps is None else options.steps
    rate = LearningRate(
        options.peak_learning_rate,
        warmup_steps=min(total_steps, max(1, schedule.steps(options.warmup))),
        total_steps=total_steps,
    )
    train_step = TrainStep(
        config,
        (optimizer or adamw)(rate),
        mesh,
        learning_rate=rate,
        microbatches=options.pieces,
        schedule=options.schedule,
        fsdp=options.fsdp,
        remat=options.remat,
    )
    if jax.process_index() == 0:
        print(banner(options, train_step, schedule.tokens(total_steps)), file=sys.stderr)
    store = open_store(options, tokenizer)
    host, hosts = data_shard(mesh)
    batching = {
        "length": options.length,
        "global_batch": options.global_batch,
        "packing": options.packing,
    }
    loader = Loader(
        store,
        seed=options.seed,
        weights=parse_weights(options.weights),
        kinds=kinds_of(store.sources(), read_sources(options.sources)),
        steps=total_steps,
        max_epochs=options.max_epochs,
        span=schedule.rows,
        host_index=host,
        host_count=hosts,
        **batching,
    )
    if jax.process_index() == 0 and not (options.out / "checkpoints").exists():
        print(format_table(mixture_rows(loader.mixture)))
    token_bytes = bytes_per_token(tokenizer)
    this_run = identity(options, tokenizer, store, rate)
    if own:  # what `options` does not say
        this_run["own"] = own_identity(train_step)
    on_first_process(lambda: begin_run(options.out, this_run))
    if jax.process_index() == 0:
        save_options(options, options.out / "config.json")

    def validate(params: Any) -> dict[str, Any]:
        def losses(batch: dict[str, np.ndarray]) -> np.ndarray:
            # Every host holds the whole batch, hands in its rows and gets all losses back.
            rows = len(batch["ids"]) // hosts
            mine = {name: x[host * rows : (host + 1) * rows] for name, x in batch.items()}
            found = train_step.evaluate(params, mine)
            if jax.process_count() > 1:
                return multihost_utils.process_allgather(found, tiled=True)
            return np.asarray(found)

        return summary(
            {
                source: bits_per_byte(
                    validation_batches(store, source, limit=VALIDATION_TOKENS, **batching),
                    losses,
                    token_bytes,
                )
                for source in store.sources("validation")
            }
        )

    def write_model(directory: Path, params: Any, tokens: int) -> None:
        about = {"tokens": tokens, "size": size, "seed": options.seed, "run": this_run}
        save_model(directory, config, params, tokenizer, about)

    return Trainer(
        train_step=train_step,
        mesh=mesh,
        batches=loader.iterate,
        tokens_of=schedule.tokens,
        flops_per_token=config.flops_per_token(options.length),
        total_steps=total_steps,
        validate=validate,
        save_model=write_model,
        model_made=lambda directory: is_model_of(directory, this_run),
        checkpoints=Checkpoints(options.out / "checkpoints", options.keep_last, options.keep_every),
        identity=this_run,
        out=options.out,
        seed=options.seed,
        validate_every=options.validate_every,
        checkpoint_every=options.checkpoint_every,
        milestones=tuple(int(tokens) for tokens in options.milestones),
        trackers=trackers(options) if jax.process_index() == 0 else [],
    ).run()


def open_store(options: PretrainOptions, tokenizer: Tokenizer) -> TokenStore:
    """Opens the token store in `--data`, or makes one of its documents in `<out>/tokens`.

    Raises:
        ClovaError: it was made with another tokenizer, or a shard is damaged.
    """
    made = options.out / "tokens"
    data = options.data if "://" in options.data else str(on_disk(options.data))
    if "://" in data or (Path(data) / "manifest.json").is_file():
        store = TokenStore.open(data)
    else:
        if jax.process_index() == 0:  # one writer; the others wait for it
            serialize(data, tokenizer, made, workers=options.workers)
        if jax.process_count() > 1:
            multihost_utils.sync_global_devices("serialized")
        store = TokenStore.open(made)
    if jax.process_index() == 0:
        for sentence in store.losses():
            print(sentence)
    store.check_tokenizer(tokenizer)
    store.verify()
    return store


# Options that change no number of a run: where things lie, how the work is split, what is kept or logged.
FREE = frozenset(
    (
        *("data", "tokenizer", "sources", "out"),
        *("mesh", "microbatches", "schedule", "fsdp", "remat", "workers"),
        *("validate_every", "checkpoint_every", "keep_last", "keep_every", "milestones"),
        *("tensorboard", "wandb", "wandb_project"),
    )
)
RESOLVED = frozenset(
    ("steps", "tokens", "learning_rate", "warmup_tokens")
)  # recorded as used, not as given


def identity(
    options: PretrainOptions, tokenizer: Tokenizer, store: TokenStore, rate: LearningRate
) -> dict[str, Any]:
    """Returns what must not change when a run is resumed: all options but the `FREE` ones, and hashes of the inputs."""
    values = as_json(options)
    chosen = {name: value for name, value in values.items() if name not in FREE | RESOLVED}
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


def is_model_of(directory: Path, run: dict[str, Any]) -> bool:
    """Returns True if a directory holds the model of this run, every file as it was written."""
    path = directory / "config.json"
    try:
        about = fields(read_json(path), path, {"about": dict})["about"]
        check_hashes(directory)
    except ClovaError:
        return False
    return about.get("run") == json.loads(json.dumps(run))


def banner(options: PretrainOptions, train_step: TrainStep, tokens: int) -> str:
    """Describes what the run will do, for the screen: the model, the devices, the budget, and the stages."""
    rate, mesh = train_step.learning_rate, train_step.mesh
    shape = ",".join(str(size) for size in mesh.devices.shape)
    every = options.validate_every
    looks = -(-rate.total_steps // every) if every else 1
    saves = -(-rate.total_steps // options.checkpoint_every)
    known = train_step.config == options.model_config(train_step.config.vocab_size)
    name = options.size if known else "a shape of your own"
    rows = {
        "model": f"{name}, {train_step.config.num_params:,} parameters, "
        f"{train_step.dtype.name} on {mesh.size} x {mesh.devices.flat[0].device_kind} (mesh {shape})",
        "budget": f"{rate.total_steps:,} steps, {tokens:,} tokens ({options.global_batch} x "
        f"{options.length} a step), learning rate {rate.peak:g} after {rate.warmup_steps:,} steps of warm-up",
        "stages": "read and check the data, compile, train "
        f"(validations: {looks:,}, checkpoints: {saves:,}), write {options.out / 'model'}",
    }
    return "\n".join(f"{name:<8}{text}" for name, text in rows.items())


def trackers(options: PretrainOptions) -> list[Tracker]:
    """Returns the trackers asked for besides `metrics.jsonl`."""
    chosen: list[Tracker] = []
    if options.tensorboard:
        chosen.append(TensorBoard(options.out / "tensorboard"))
    if options.wandb:
        chosen.append(
            WeightsAndBiases(options.wandb_project, options.out.name, as_json(options), options.out)
        )
    return chosen
