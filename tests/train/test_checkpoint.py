import json
import subprocess
import sys
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from clova_jax.common.errors import ClovaError
from clova_jax.parallel import make_mesh
from clova_jax.train.checkpoint import Checkpoints


def state(step: int, mesh=(1, 1, 1), spec=PartitionSpec()):
    sharding = NamedSharding(make_mesh(mesh), spec)
    return {
        "w": jax.device_put(jnp.arange(64.0).reshape(8, 8) + step, sharding),
        "step": jax.device_put(jnp.int32(step), NamedSharding(make_mesh(mesh), PartitionSpec())),
    }


def abstract(like):
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), like)


@pytest.fixture
def checkpoints(tmp_path):
    made = Checkpoints(tmp_path / "checkpoints", keep_last=2, keep_every=40)
    yield made
    made.close()


def test_a_state_comes_back_on_another_mesh(checkpoints):
    checkpoints.save(10, state(10), {"seed": 3})
    checkpoints.wait()
    assert checkpoints.newest_sound() == 10
    assert checkpoints.about(10) == {"seed": 3}
    other = state(0, (4, 1, 2), PartitionSpec("data", "model"))
    restored = checkpoints.restore(10, abstract(other))
    np.testing.assert_array_equal(restored["w"], state(10)["w"])
    assert restored["w"].sharding == other["w"].sharding
    assert int(restored["step"]) == 10


def test_the_newest_and_every_fortieth_are_kept(checkpoints):
    for step in (10, 20, 40, 50, 60, 70):
        checkpoints.save(step, state(step), {})
    checkpoints.wait()
    assert checkpoints.steps() == [40, 60, 70]
    assert sorted(p.name for p in checkpoints.states.directory.iterdir()) == ["40", "60", "70"]


def damage_by_flipping(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def damage_by_cutting(file):
    file.write_bytes(file.read_bytes()[:-1])


def damage_by_removing(file):
    file.unlink()


@pytest.mark.parametrize("damage", [damage_by_flipping, damage_by_cutting, damage_by_removing])
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(checkpoints, capsys, damage):
    for step in (10, 20):
        checkpoints.save(step, state(step), {})
    checkpoints.wait()
    files = [f for f in (checkpoints.states.directory / "20" / "state").rglob("*") if f.is_file()]
    victim = max(files, key=lambda file: file.stat().st_size)
    damage(victim)
    assert checkpoints.newest_sound() == 10
    assert str(victim) in capsys.readouterr().err
    checkpoints.save(20, state(20), {})  # the way on passes there again
    checkpoints.wait()
    assert checkpoints.newest_sound() == 20


def test_a_renamed_checkpoint_is_not_believed(checkpoints, capsys):
    for step in (10, 20):
        checkpoints.save(step, state(step), {})
    checkpoints.wait()
    (checkpoints.states.directory / "20").rename(checkpoints.states.directory / "90")
    assert checkpoints.newest_sound() == 10
    assert "is the mark of step 20" in capsys.readouterr().err


@pytest.mark.parametrize(
    "mark",
    [
        b"{}",
        b"[]",
        b"null",
        b'{"step": 20}',
        b'{"step": 20, "about": {}, "files": ["x"]}',
        b'{"step": "20", "about": {}, "files": {}}',
        b'{"step": 20, "about": 1, "files": {}}',
        b'{"step": 20, "about"',
        b"\xff\xfe",
        b"",
        b"[" * 100_000,
    ],
)
def test_a_mark_that_is_not_one_is_a_damaged_checkpoint(checkpoints, capsys, mark):
    for step in (10, 20):
        checkpoints.save(step, state(step), {})
    checkpoints.wait()
    (checkpoints.states.directory / "20" / "checkpoint.json").write_bytes(mark)
    assert checkpoints.newest_sound() == 10
    assert "checkpoint 20 is damaged" in capsys.readouterr().err


def test_a_checkpoint_of_an_older_version_is_refused_as_such(checkpoints):
    checkpoints.save(10, state(10), {})
    checkpoints.wait()
    path = next(checkpoints.states.directory.glob("10/*.json"))
    mark = json.loads(path.read_text())
    path.write_text(json.dumps(mark | {"format": "clova_jax checkpoint 1"}))
    with pytest.raises(ClovaError, match="written by a version .*the model directory still loads"):
        checkpoints.newest_sound()


def test_every_file_of_a_checkpoint_is_guarded(checkpoints):
    checkpoints.save(10, state(10), {})
    checkpoints.wait()
    for file in [
        f for f in (checkpoints.states.directory / "10" / "state").rglob("*") if f.is_file()
    ]:
        before = file.read_bytes()
        if before:
            damage_by_flipping(file)
            assert checkpoints.newest_sound() is None
            file.write_bytes(before)
    assert checkpoints.newest_sound() == 10


def test_a_half_written_checkpoint_does_not_count(checkpoints):
    checkpoints.save(10, state(10), {})
    checkpoints.save(20, state(20), {})
    checkpoints.wait()
    (checkpoints.states.directory / "20" / "checkpoint.json").unlink()
    assert checkpoints.steps() == [10]
    checkpoints.save(30, state(30), {})  # and is removed, whatever step the next one has
    checkpoints.wait()
    assert sorted(path.name for path in checkpoints.states.directory.iterdir()) == ["10", "30"]


@pytest.mark.parametrize("moment", ["save", "wait_until_finished"])
def test_a_full_disk_is_one_error_and_the_checkpoint_before_stays(checkpoints, monkeypatch, moment):
    checkpoints.save(10, state(10), {})
    checkpoints.wait()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.states.checkpointer, moment, full)
        with pytest.raises(ClovaError, match=r"step 20 not written \(no room.*step 10 is intact"):
            checkpoints.save(20, state(20), {})
            checkpoints.wait()
    assert checkpoints.newest_sound() == 10


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_checkpoint_that_is_not_finite_is_refused(checkpoints, value):
    bad = state(10)
    bad["w"] = bad["w"].at[3, 3].set(value)
    checkpoints.save(10, bad, {})
    checkpoints.wait()
    assert checkpoints.newest_sound() == 10  # its files are as they were written
    with pytest.raises(
        ClovaError, match="w holds numbers that are not finite; remove this checkpoint"
    ):
        checkpoints.restore(10, abstract(bad))


@pytest.mark.parametrize("change", [{"about": None}, {"files": {"a": 1}}, {"step": "10"}, None])
def test_a_mark_without_its_fields_is_damage(checkpoints, capsys, change):
    for step in (10, 20):
        checkpoints.save(step, state(step), {})
    checkpoints.wait()
    mark = checkpoints.states.directory / "20" / "checkpoint.json"
    values = json.loads(mark.read_text())
    mark.write_text(json.dumps(values | change if change else {"step": 20}))
    assert checkpoints.newest_sound() == 10
    assert "checkpoint 20 is damaged" in capsys.readouterr().err
    with pytest.raises(ClovaError, match=r"checkpoint\.json"):
        checkpoints.about(20)


def test_want_of_room_is_told_before_anything_is_written(checkpoints, monkeypatch, capfd):
    checkpoints.save(10, state(10), {})
    checkpoints.wait()
    usage = SimpleNamespace(total=1 << 40, used=0, free=100)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(ClovaError, match=r"step 20 not written \(no room.*step 10 is intact"):
        checkpoints.save(20, state(20), {})
    assert checkpoints.newest_sound() == 10
    assert capfd.readouterr().err == ""


TOO_LARGE = """
import resource, signal, sys
import jax, jax.numpy as jnp
from clova_jax.common.errors import ClovaError
from clova_jax.train.checkpoint import Checkpoints
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
checkpoints = Checkpoints(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    checkpoints.save(1, {str(i): jax.random.normal(jax.random.key(i), (1 << 19,)) for i in range(4)}, {})
    checkpoints.wait()
except ClovaError as error:
    print(str(error)[:200])
checkpoints.close()
"""


def test_a_write_that_fails_halfway_prints_no_traceback(tmp_path):
    command = [sys.executable, "-c", TOO_LARGE, str(tmp_path / "checkpoints")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert "checkpoint of step 1 not written" in done.stdout
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
