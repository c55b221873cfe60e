"""The loop by itself, on batches made up from the step number."""

import json
import os
import shutil
import signal

import jax
import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.config import ModelConfig
from clova_jax.parallel import make_mesh
from clova_jax.train.checkpoint import Checkpoints
from clova_jax.train.metrics import read_metrics
from clova_jax.train.optimizer import LearningRate, adamw
from clova_jax.train.run import TrainingRun
from clova_jax.train.step import TrainStep

CONFIG = ModelConfig(num_layers=2, embed_dim=32, num_heads=2, vocab_size=64, max_length=16)
STEPS, ROWS, LENGTH = 12, 8, 16


def batch(step: int) -> dict[str, np.ndarray]:
    tokens = np.random.default_rng(step).integers(0, 8, (ROWS, LENGTH + 1), dtype=np.int32)
    return {
        "ids": tokens[:, :-1],
        "targets": tokens[:, 1:],
        "positions": np.broadcast_to(np.arange(LENGTH, dtype=np.int32), (ROWS, LENGTH)),
        "segment_ids": np.ones((ROWS, LENGTH), np.int32),
        "loss_mask": np.ones((ROWS, LENGTH), np.float32),
    }


def trainer(out, mesh=(1, 1, 1), batches=None, seed=0, **changes) -> TrainingRun:
    mesh = make_mesh(mesh)
    rate = LearningRate(1e-2, 2, STEPS)
    step = TrainStep(CONFIG, adamw(rate), mesh, learning_rate=rate)
    settings = {
        "train_step": step,
        "batches": batches or stop_at(-1, signal.SIGTERM),
        "tokens_of": lambda step: step * ROWS * LENGTH,
        "flops_per_token": CONFIG.flops_per_token(LENGTH),
        "total_steps": STEPS,
        "validate": lambda params: {"val_loss": float(params["positions"].sum())},
        "save_model": lambda where, params, tokens: (
            where.mkdir(parents=True, exist_ok=True),
            (where / "config.json").write_text(str(tokens)),
        ),
        "model_made": lambda where: (where / "config.json").is_file(),
        "checkpoints": Checkpoints(out / "checkpoints"),
        "identity": {"seed": seed},
        "may_grow": {},
        "out": out,
        "fresh": lambda: step.init(seed),
        "validate_every": 5,
        "checkpoint_every": 4,
    }
    return TrainingRun(**settings | changes)


def stop_at(step: int, number: signal.Signals):
    """Batches during which a signal arrives, as from a keyboard or a scheduler."""

    def batches(start):
        for at in range(start, 10**9):
            if at == step:
                os.kill(os.getpid(), number)
            yield batch(at)

    return batches


def losses(out) -> list[tuple[int, float]]:
    return [
        (row["step"], row["loss"]) for row in read_metrics(out / "metrics.jsonl") if "loss" in row
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    assert trainer(out, milestones=(500, 1024)).run()
    return out


def test_a_run_leaves_metrics_checkpoints_milestones_and_a_model(whole):
    rows = read_metrics(whole / "metrics.jsonl")
    assert [row["step"] for row in rows if "loss" in row] == list(range(1, STEPS + 1))
    assert [row["step"] for row in rows if "val_loss" in row] == [5, 10, 12]
    for name in ("tokens", "loss", "grad_norm", "lr", "tokens_per_second", "mfu"):
        assert name in rows[0]
    assert rows[-1]["tokens"] == STEPS * ROWS * LENGTH
    assert losses(whole)[-1][1] < losses(whole)[0][1]
    assert Checkpoints(whole / "checkpoints").steps() == [4, 8, 12]
    assert (whole / "model" / "config.json").read_text() == str(STEPS * ROWS * LENGTH)
    tokens = {p.name: (p / "config.json").read_text() for p in (whole / "milestones").iterdir()}
    assert tokens == {"500": "512", "1024": "1024"}


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM]
)
def test_a_signal_leaves_a_checkpoint_and_says_how_to_go_on(tmp_path, whole, capsys, number):
    assert trainer(tmp_path, batches=stop_at(6, number)).run() is False
    said = capsys.readouterr().err
    assert f"{number.name}: stopping at the next safe point" in said
    assert "stopped after step 7 of 12" in said
    assert "run the same command again" in said
    assert Checkpoints(tmp_path / "checkpoints").steps()[-1] == 7
    assert not (tmp_path / "model").exists()
    assert trainer(tmp_path).run()
    assert losses(tmp_path) == losses(whole)  # bit for bit
    assert trainer(tmp_path).run()  # and once more does nothing
    assert losses(tmp_path) == losses(whole)


@pytest.mark.slow
def test_a_run_goes_on_on_other_meshes(tmp_path, whole):
    assert trainer(tmp_path, batches=stop_at(2, signal.SIGTERM)).run() is False
    assert trainer(tmp_path, (2, 2, 2), batches=stop_at(6, signal.SIGTERM)).run() is False
    assert trainer(tmp_path, (8, 1, 1)).run()
    np.testing.assert_allclose(losses(tmp_path), losses(whole), rtol=1e-5)


def test_another_run_in_the_folder_is_refused_with_both_values(tmp_path, whole):
    with pytest.raises(ClovaError, match="seed=0, this one has 7"):
        trainer(whole, seed=7, identity={"seed": 7}).run()


@pytest.mark.slow
def test_the_newest_checkpoint_damaged_the_one_before_is_used(tmp_path, whole, capsys):
    assert trainer(tmp_path, batches=stop_at(9, signal.SIGTERM)).run() is False
    newest = tmp_path / "checkpoints" / "10" / "state"
    file = max((f for f in newest.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    file.write_bytes(file.read_bytes()[:-3])
    assert trainer(tmp_path).run()
    said = capsys.readouterr().err
    assert str(file) in said
    assert "going on from step 8" in said
    assert losses(tmp_path) == losses(whole)


def test_a_model_that_is_not_this_runs_is_refused_before_a_new_run_and_made_at_its_end(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("another's")
    refuses = {"model_made": lambda where: False}
    with pytest.raises(ClovaError, match="is a model that this run has not made"):
        trainer(tmp_path, **refuses).run()
    assert (tmp_path / "model" / "config.json").read_text() == "another's"
    (tmp_path / "model" / "config.json").unlink()
    assert trainer(tmp_path).run()
    (tmp_path / "model" / "config.json").write_text("damaged")
    assert trainer(tmp_path, **refuses).run()  # the run goes on from its last checkpoint
    assert (tmp_path / "model" / "config.json").read_text() == str(STEPS * ROWS * LENGTH)


def test_a_checkpoint_of_another_run_is_refused(tmp_path, whole):
    (tmp_path / "checkpoints").mkdir()
    shutil.copytree(whole / "checkpoints" / "8", tmp_path / "checkpoints" / "8")
    with pytest.raises(ClovaError, match="seed=0, this one has 3"):
        trainer(tmp_path, seed=3).run()
    mark = tmp_path / "checkpoints" / "8" / "checkpoint.json"
    mark.write_text(mark.read_text().replace('"run"', '"ran"'))
    with pytest.raises(ClovaError, match="checkpoint 8: has no 'run'"):
        trainer(tmp_path).run()


def test_in_a_log_are_plain_lines_and_on_a_busy_machine_no_mfu(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("clova_jax.train.run.peak_flops", lambda device: None)
    assert trainer(tmp_path, total_steps=2).run()
    rows = [row for row in read_metrics(tmp_path / "metrics.jsonl") if "loss" in row]
    assert [row["mfu"] for row in rows] == [None, None]
    said = capsys.readouterr().err
    assert "no MFU" in said
    assert "MFU " not in said.replace("no MFU", "")
    assert "\r" not in said
    lines = said.split("\n")
    assert any(line.startswith("compiling: 0%") for line in lines)
    assert any(line.startswith("training: 100%") for line in lines)


@pytest.mark.slow
def test_bad_steps_are_skipped_counted_and_too_many_stop_the_run(tmp_path):
    def poisoned(start):
        for step in range(start, 10**9):
            made = batch(step)
            made["loss_mask"][:] = np.nan if step >= 6 else 1
            yield made

    with pytest.raises(ClovaError, match="step 26: 20 steps in a row .* step 24: lower"):
        trainer(tmp_path, batches=poisoned, total_steps=100, checkpoint_every=8).run()
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["skipped"] for row in rows if "skipped" in row][:8] == [0] * 6 + [1] * 2
    assert jax.tree.all(
        jax.tree.map(lambda x: bool(np.isfinite(x).all()), trainer(tmp_path).begin()[0].params)
    )
