"""Builds what a pre-training is made of: the compiled step, the token store, the loader, validation, trackers."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
from jax.experimental import multihost_utils
from jax.sharding import Mesh

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import on_disk, write_json
from clova_jax.common.objects import Objects
from clova_jax.common.options import as_json
from clova_jax.common.places import inside, is_url
from clova_jax.config import SIZES, ModelConfig
from clova_jax.corpus import kinds_of, parse_forms, read_sources
from clova_jax.data import (
    Loader,
    TokenStore,
    bytes_per_token,
    parse_weights,
    serialize,
    validation_batches,
)
from clova_jax.model import model_directory, read_config
from clova_jax.parallel import data_shard
from clova_jax.tokenizers import Tokenizer, load_tokenizer
from clova_jax.train.alerts import Alerts
from clova_jax.train.batch_schedule import BatchSchedule
from clova_jax.train.metrics import TensorBoard, Tracker, WeightsAndBiases
from clova_jax.train.optimizer import LearningRate, adamw
from clova_jax.train.options import PretrainOptions
from clova_jax.train.run_mirror import RunMirror
from clova_jax.train.step import TrainStep
from clova_jax.train.supervisor import HEALTH, Supervisor
from clova_jax.train.validation import bits_per_byte, summary

MakeOptimizer = Callable[[Callable], optax.GradientTransformation]  # from the rate of each step
KERNELS = {"cudnn": "gpu", "triton": "gpu", "splash": "tpu"}  # and JAX's name of their platform
VALIDATION_TOKENS = 65_536  # of each source, about, at most


def check_length(options: PretrainOptions, config: ModelConfig | None) -> None:
    """Refuses sequences longer than the model can read, before anything is loaded.

    Raises:
        ClovaError: they are.
    """
    name = "your config" if config else "the model"
    if options.from_ is not None:
        config = read_config(options.from_, type(config or ModelConfig(1, 1, 1)))
    longest = (config or options.model_config(1)).max_length
    if options.length > longest:
        raise ClovaError(f"--length: {options.length} is above the {longest} of {name}")


def find_tokenizer(options: PretrainOptions) -> Tokenizer:
    """Loads the tokenizer: that of `--from`, or that of `--tokenizer`."""
    if options.from_ is not None:
        return load_tokenizer(model_directory(options.from_) / "tokenizer")
    if is_url(options.tokenizer):
        with tempfile.TemporaryDirectory() as folder:
            Objects(str(options.tokenizer)).download(Path(folder))
            return load_tokenizer(folder)
    return load_tokenizer(options.tokenizer)


def build_config(
    options: PretrainOptions, config: ModelConfig | None, tokenizer: Tokenizer
) -> ModelConfig:
    """Returns the given shape, that of the model to begin with, or that of the size with the tokenizer's vocabulary.

    Raises:
        ClovaError: its vocabulary is not the tokenizer's; the model to begin with is of another shape than `config`.
    """
    given = config
    if options.from_ is not None:
        config = read_config(options.from_, type(given or ModelConfig(1, 1, 1)))
        if given not in (None, config):
            raise ClovaError(f"--from: {options.from_} is {config}, not {given}")
    config = config or options.model_config(tokenizer.vocab_size)
    if config.vocab_size != tokenizer.vocab_size:
        raise ClovaError(
            f"config has vocab_size={config.vocab_size:,}, the tokenizer {tokenizer.vocab_size:,} entries"
        )
    return config


def build_step(
    options: PretrainOptions,
    config: ModelConfig,
    optimizer: MakeOptimizer | None,
    mesh: Mesh,
    schedule: BatchSchedule,
) -> TrainStep:
    """Compiles the train step, with the learning rate that the options ask for.

    Raises:
        ClovaError: a mesh or schedule that does not divide the model, or microbatches that do not divide the sequences
            of every step; `optimizer` makes none; a kernel of other devices.
    """
    _check_batches(options, schedule)
    platform = mesh.devices.flat[0].platform
    if KERNELS.get(options.attention, platform) != platform:
        raise ClovaError(
            f"--attention: {options.attention} runs on a {KERNELS[options.attention].upper()}, the devices here "
            f"are {platform.upper()}s; auto takes what fits"
        )
    total_steps = schedule.steps(options.tokens) if options.steps is None else options.steps
    rate = LearningRate(
        options.peak_learning_rate(config),
        warmup_steps=min(total_steps, max(1, schedule.steps(options.warmup))),
        total_steps=total_steps,
    )
    b1, b2 = options.betas
    usual = functools.partial(adamw, b1=b1, b2=b2, weight_decay=options.weight_decay)
    return TrainStep(
        config,
        make_optimizer(optimizer or usual, rate),
        mesh,
        learning_rate=rate,
        microbatches=options.microbatches_per_shard,
        schedule=options.schedule,
        fsdp=options.fsdp,
        remat=options.remat,
        dtype=options.dtype,
        reduce_dtype=options.reduce_dtype,
        attention=options.attention,
    )


def _check_batches(options: PretrainOptions, schedule: BatchSchedule) -> None:
    """Refuses steps whose sequences do not fall into equal microbatches on the mesh."""
    data, microbatches = options.mesh[0], options.microbatches_per_shard
    wrong = next((size for size in schedule.sizes if size % (data * microbatches)), None)
    if wrong is None:
        return
    full = schedule.global_batch
    ramp = f", of which --ramp-tokens takes {wrong} a step," if wrong < full else ""
    times = f" times {microbatches} microbatches" if microbatches > 1 else ""
    unit = data * microbatches * (full // schedule.sizes[0])
    other = ", or other --microbatches" if options.microbatches is not None else ""
    raise ClovaError(
        f"--global-batch: {full} sequences{ramp} do not divide by data={data} of --mesh{times}; "
        f"give a multiple of {unit}, for example {-(-full // unit) * unit}{other}"
    )


def make_optimizer(make: MakeOptimizer, rate: LearningRate) -> optax.GradientTransformation:
    """Calls `make` with the learning rate.

    Raises:
        ClovaError: it is an optimizer already, whose rate would not be the run's; or it returns none.
    """
    optimizer = make(rate) if callable(make) else None
    if not isinstance(optimizer, optax.GradientTransformation):
        given = f"returned {type(optimizer).__name__}" if callable(make) else type(make).__name__
        raise ClovaError(
            f"optimizer: {given}; give a function from the learning rate to an optax optimizer, such as "
            "optimizer=lambda rate: optax.lion(rate), and the peak as learning_rate of the options"
        )
    return optimizer


def open_store(options: PretrainOptions, tokenizer: Tokenizer) -> TokenStore:
    """Opens the token store in `--data`, or makes one of its documents in `tokens` of the run.

    Raises:
        ClovaError: it was made with another tokenizer, or a shard is damaged.
    """
    made = inside(options.home, "tokens")
    data = options.data if "://" in options.data else str(on_disk(options.data))
    if "://" in data or (Path(data) / "manifest.json").is_file():
        if options.forms:
            raise ClovaError(
                f"--forms: {data} is a token store, whose text is fixed; give --forms to `clova serialize`"
            )
        store = TokenStore.open(data)
    else:
        if jax.process_index() == 0:  # one writer; the others wait for it
            serialize(
                data, tokenizer, made, workers=options.workers, forms=parse_forms(options.forms)
            )
        if jax.process_count() > 1:
            multihost_utils.sync_global_devices("serialized")
        store = TokenStore.open(made)
    if jax.process_index() == 0:
        for sentence in store.losses():
            print(sentence)
    store.check_tokenizer(tokenizer)
    store.verify()
    return store


def build_loader(
    options: PretrainOptions, store: TokenStore, schedule: BatchSchedule, mesh: Mesh, steps: int
) -> Loader:
    """Builds the loader of this process's rows.

    Raises:
        ClovaError: weights that name an unknown source, or a cap on epochs that leaves too little.
    """
    host, hosts = data_shard(mesh)
    return Loader(
        store,
        seed=options.seed,
        weights=parse_weights(options.weights),
        kinds=kinds_of(store.sources(), read_sources(options.sources)),
        steps=steps,
        max_epochs=options.max_epochs,
        span=schedule.rows,
        host_index=host,
        host_count=hosts,
        **batching(options),
    )


def batching(options: PretrainOptions) -> dict[str, Any]:
    """Returns what training and validation batches have in common."""
    return {
        "length": options.length,
        "global_batch": options.global_batch,
        "packing": options.packing,
    }


def build_validation(
    options: PretrainOptions, store: TokenStore, tokenizer: Tokenizer, train_step: TrainStep
) -> Callable[[Any], dict[str, Any]]:
    """Builds the validation on held-out text: from parameters to a row of `val_…` numbers."""
    host, hosts = data_shard(train_step.mesh)
    token_bytes = bytes_per_token(tokenizer)

    def validate(params: Any) -> dict[str, Any]:
        def losses(batch: dict[str, np.ndarray]) -> np.ndarray:
            # Every host holds the complete batch, hands in its rows and gets all losses back.
            rows = len(batch["ids"]) // hosts
            mine = {name: x[host * rows : (host + 1) * rows] for name, x in batch.items()}
            found = train_step.evaluate(params, mine)
            if jax.process_count() > 1:
                return multihost_utils.process_allgather(found, tiled=True)
            return np.asarray(found)

        return summary(
            {
                source: bits_per_byte(
                    validation_batches(store, source, limit=VALIDATION_TOKENS, **batching(options)),
                    losses,
                    token_bytes,
                )
                for source in store.sources("validation")
            }
        )

    return validate


def check_trackers(options: PretrainOptions) -> None:
    """Checks that the packages of the trackers asked for are installed.

    Raises:
        ClovaError: one is missing.
    """
    if options.tensorboard:
        TensorBoard.package()
    if options.wandb:
        WeightsAndBiases.package()


def build_trackers(options: PretrainOptions) -> list[Tracker]:
    """Builds the trackers asked for besides `metrics.jsonl`."""
    chosen: list[Tracker] = []
    if options.tensorboard:
        chosen.append(TensorBoard(options.out / "tensorboard"))
    if options.wandb:
        chosen.append(
            WeightsAndBiases(options.wandb_project, options.out.name, as_json(options), options.out)
        )
    return chosen


def build_supervisor(options: PretrainOptions, mirror: RunMirror | None) -> Supervisor:
    """Builds what follows a training from outside; of several processes the first one writes and alerts."""
    if jax.process_index() > 0:
        return Supervisor(stall_seconds=options.stall_timeout)
    health = options.out / HEALTH
    return Supervisor(
        mirror.write_health if mirror else functools.partial(write_json, health),
        Alerts(options.webhook, {"run": str(options.home)}),
        options.stall_timeout,
    )


def banner(options: PretrainOptions, train_step: TrainStep, tokens: int) -> str:
    """Describes what the run will do, for the screen: the model, the devices, the budget, and the stages."""
    rate, mesh = train_step.learning_rate, train_step.mesh
    devices = ",".join(str(size) for size in mesh.devices.shape)
    every = options.validate_every
    validations = -(-rate.total_steps // every) if every else 1
    checkpoints = -(-rate.total_steps // options.checkpoint_every)
    shape = train_step.config
    name = f"{shape.num_layers} layers of {shape.embed_dim}, {shape.num_heads} heads"
    if options.from_ is not None:
        name += f", from {options.from_}"
    elif shape == SIZES[options.size_name].replace(vocab_size=shape.vocab_size):
        name = options.size_name
    attention = train_step.attention_path(options.length, options.packing == "segments")
    sums = f", gradients summed in {train_step.reduce_dtype.name}" if mesh.size > 1 else ""
    rows = {
        "model": f"{name}, {shape.num_params:,} parameters, "
        f"{train_step.dtype.name} on {mesh.size} x {mesh.devices.flat[0].device_kind} (mesh {devices}), {attention} attention{sums}",
        "budget": f"{rate.total_steps:,} steps, {tokens:,} tokens ({options.global_batch} x "
        f"{options.length} a step), learning rate {rate.peak:g} after {rate.warmup_steps:,} steps of warm-up",
        "stages": "read and check the data, compile, train "
        f"(validations: {validations:,}, checkpoints: {checkpoints:,}), write {inside(options.home, 'model')}",
    }
    return "\n".join(f"{name:<8}{text}" for name, text in rows.items())
