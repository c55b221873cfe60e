"""The benchmark of accelerators runs on a CPU at toy size, and keeps the rows that it has when its time is over."""

import json

import pytest

from benchmarks import accelerator
from benchmarks.accelerator import Measurement, Options
from benchmarks.accelerator_parts import Case
from clova_jax.common.errors import ClovaError
from clova_jax.common.report import Report
from clova_jax.parallel.chips import CHIPS, chip_of


@pytest.mark.slow
def test_every_part_runs_at_toy_size(tmp_path):
    accelerator.run(Options(batches=(1, 2), out=tmp_path))
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    cases = {part: [row for row in rows if row["part"] == part] for part in accelerator.PARTS}
    assert [len(cases[part]) for part in cases] == [6, 3, 2, 1]
    assert all(row["note"] == "correct" for row in cases["correctness"])
    assert all(row["value"] > 0 for row in rows if row["part"] != "correctness")
    assert all(row["percent"] > 0 for row in cases["decoding"])
    lines = (tmp_path / "table.md").read_text().split("\n")
    assert lines[2].startswith("| part")
    assert "splash, segments" in "\n".join(lines)


def test_rows_stay_when_a_case_fails_or_time_is_over(tmp_path):
    measurement = Measurement(Report("name", {}), tmp_path, seconds=100)

    def broken():
        raise RuntimeError("RESOURCE_EXHAUSTED: of memory\nmore")

    def late():
        seen.append(json.loads((tmp_path / "results.json").read_text())["rows"])
        measurement.begin -= 60
        return {"value": 1.0}

    seen = []
    cases = [Case("broken", broken), Case("late", late), Case("never", broken)]
    measurement.run("part", iter(cases), 0.5)
    assert [row["case"] for row in seen[0]] == ["broken"]
    notes = [row.get("note") for row in measurement.report.rows]
    assert notes == [
        "failed: RuntimeError: RESOURCE_EXHAUSTED: of memory",
        None,
        "not measured: no time left",
    ]


def test_a_wrong_result_ends_in_an_error(tmp_path, monkeypatch):
    case = Case("splash", lambda: {"value": 1.0, "note": "WRONG"})
    monkeypatch.setitem(accelerator.PARTS, "training", (1.0, lambda options, toy: iter([case])))
    with pytest.raises(ClovaError, match="failed or wrong: splash"):
        accelerator.run(Options(parts=("training",), out=tmp_path))
    with pytest.raises(ClovaError, match="no \\['speed'\\]; there are correctness"):
        Options(parts=("speed",))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("NVIDIA H200", "h200"),
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("NVIDIA H100 PCIe", "h100-pcie"),
        ("NVIDIA A100-SXM4-40GB", "a100-40gb"),
        ("NVIDIA A100-SXM4-80GB", "a100-80gb"),
        ("NVIDIA L4", "l4"),
        ("NVIDIA L40S", "l40s"),
        ("NVIDIA L40", None),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("TPU v5 lite", "tpu-v5e"),
        ("TPU v5p", "tpu-v5p"),
        ("Quantum 1", None),
    ],
)
def test_devices_are_known_by_the_names_that_jax_gives(kind, name):
    assert chip_of(kind) == (CHIPS[name] if name else None)
