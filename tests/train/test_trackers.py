"""TensorBoard's event files read back by hand, and Weights & Biases through a stand-in."""

import struct
import sys
from types import SimpleNamespace

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.train.metrics import TensorBoard, WeightsAndBiases

ROWS = [
    {"step": 1, "loss": 3.5, "lr": 0.25},
    {"step": 2, "loss": 2.5, "lr": 0.5},
    {"step": 2, "tokens": 64, "val_loss": 3.0},
]


def events(folder):
    """(name, step, value) of every scalar in the event files of a folder."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted(folder.iterdir()):
        data, at = path.read_bytes(), 0
        while at < len(data):  # length, its checksum, the event, its checksum
            (length,) = struct.unpack_from("<Q", data, at)
            event = Event.FromString(data[at + 12 : at + 12 + length])
            found += [(v.tag, event.step, v.simple_value) for v in event.summary.value]
            at += 16 + length
    return found


SHOWN = [
    ("train/loss", 1, 3.5),
    ("train/lr", 1, 0.25),
    ("train/loss", 2, 2.5),
    ("train/lr", 2, 0.5),
    ("val/loss", 2, 3.0),
]


def test_tensorboard_gets_every_number_in_its_group(tmp_path):
    board = TensorBoard(tmp_path / "tensorboard")
    for row in ROWS:
        board.log(row)
    board.close()
    assert events(tmp_path / "tensorboard") == SHOWN


def test_tensorboard_opens_nothing_for_a_training_that_never_starts(tmp_path):
    TensorBoard(tmp_path / "tensorboard").close()
    assert not (tmp_path / "tensorboard").exists()


@pytest.fixture
def wandb(monkeypatch):
    """Keeps what it is given."""
    kept = SimpleNamespace(starts=[], rows=[], finished=0)

    class Run:
        def log(self, row, step):
            kept.rows.append((step, row))

        def finish(self):
            kept.finished += 1

    def init(**settings):
        kept.starts.append(settings)
        return Run()

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))
    return kept


def test_weights_and_biases_goes_on_with_the_same_run(tmp_path, wandb):
    for rows in (ROWS[:1], ROWS[1:]):
        tracker = WeightsAndBiases("a project", "mini", {"seed": 3}, tmp_path)
        for row in rows:
            tracker.log(row)
        tracker.close()
    first, second = wandb.starts
    assert first == second
    assert first["config"] == {"seed": 3}
    assert first["resume"] == "allow"
    assert wandb.rows == [
        (1, {"train/loss": 3.5, "train/lr": 0.25}),
        (2, {"train/loss": 2.5, "train/lr": 0.5}),
        (2, {"val/loss": 3.0}),
    ]
    assert wandb.finished == 2
    WeightsAndBiases("a project", "mini", {}, tmp_path.parent)
    assert wandb.starts[2]["id"] != first["id"]
    (tmp_path.parent / "wandb.json").unlink()


@pytest.mark.parametrize(
    ("package", "make"),
    [
        ("tensorboardX", lambda out: TensorBoard(out)),
        ("wandb", lambda out: WeightsAndBiases("a project", "mini", {}, out)),
    ],
)
def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch, package, make):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ClovaError, match=f"needs the package {package}: pip install"):
        make(tmp_path)
