"""One of several processes: trains a few steps and prints the losses as JSON (see test_start.py)."""

import json

import jax
import numpy as np

from clova_jax.config import ModelConfig
from clova_jax.parallel import data_shard, join_processes, make_mesh
from clova_jax.train import LearningRate, TrainStep, adamw

CONFIG = ModelConfig(num_layers=2, embed_dim=16, num_heads=2, vocab_size=50, max_length=16)
ROWS, TIME = 16, 8


def losses() -> list[float]:
    """Losses of three steps on rows that depend on the step alone."""
    mesh = make_mesh((4, 1, 2))
    step = TrainStep(CONFIG, adamw(LearningRate(1e-2, 1, 20)), mesh, fsdp=True)
    state = step.init(0)
    index, count = data_shard(mesh)
    mine = slice(index * ROWS // count, (index + 1) * ROWS // count)
    found = []
    for seed in range(3):
        ids = np.random.default_rng(seed).integers(0, 50, (ROWS, TIME + 1), dtype=np.int32)
        state, metrics = step(state, {"ids": ids[mine, :-1], "targets": ids[mine, 1:]})
        found.append(float(metrics["loss"]))
    return found


if __name__ == "__main__":
    process, processes = join_processes()
    found = {"processes": processes, "devices": jax.device_count(), "losses": losses()}
    if process == 0:
        print(json.dumps(found))
