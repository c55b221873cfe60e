import json
from datetime import UTC, datetime

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.train.metrics import JsonLines, read_metrics


def untimed(path):
    return [{name: x for name, x in row.items() if name != "time"} for row in read_metrics(path)]


def test_rows_past_the_checkpoint_are_cut_and_the_rest_stays_to_the_byte(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = JsonLines(path, step=0)
    for step in range(1, 6):
        lines.log({"step": step, "loss": 1 / step})
    lines.log({"step": 3, "val_loss": 0.5})
    lines.close()
    before = path.read_text().splitlines()
    resumed = JsonLines(path, step=3)
    assert path.read_text().splitlines() == [
        line for line in before if json.loads(line)["step"] <= 3
    ]
    resumed.log({"step": 4, "loss": 0.25})
    assert untimed(path)[-1] == {"step": 4, "loss": 0.25}
    resumed.close()


def test_each_row_tells_when_it_was_written(tmp_path):
    begin = datetime.now(UTC)
    lines = JsonLines(tmp_path / "metrics.jsonl", step=0)
    lines.log({"step": 1, "loss": float("nan")})
    lines.close()
    (row,) = read_metrics(tmp_path / "metrics.jsonl")
    assert row["loss"] is None
    written = datetime.fromisoformat(row["time"])
    assert abs((written - begin).total_seconds()) < 60


def test_a_row_cut_short_by_a_kill_is_dropped(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1, "loss": 3.0}\n{"step": 2, "lo')
    JsonLines(path, step=5).close()
    assert read_metrics(path) == [{"step": 1, "loss": 3.0}]


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"step": 2, "lo',
        b'{"loss": 3.0}',
        b'{"step": "2"}',
        b'{"step": null}',
        b"[1, 2]",
        b"2",
        b"\xff\xfe\x00",
        b"\x00" * 50,
        b'{"step": ' + b"9" * 5_000 + b"}",
        b"[" * 50_000,
    ],
)
def test_a_damaged_line_is_left_out_and_told(tmp_path, capsys, damaged):
    path = tmp_path / "metrics.jsonl"
    sound = [b'{"step": 1, "loss": 3.0}', b'{"step": 3, "loss": 2.0}']
    path.write_bytes(b"\n".join([sound[0], damaged, sound[1], damaged, b""]))
    JsonLines(path, step=5).close()
    assert path.read_bytes() == b"\n".join([*sound, b""])
    said = capsys.readouterr().err
    assert f"{path}: 2 damaged lines are left out, the first is line 2" in said


def test_a_damaged_line_is_named_by_who_reads(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step"\n')
    with pytest.raises(ClovaError, match=r"metrics\.jsonl:2: "):
        read_metrics(path)
