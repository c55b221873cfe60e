"""The short form of `python -m benchmarks.kill`."""

import json

import pytest

from benchmarks.kill import Options, run


@pytest.mark.slow
def test_a_run_killed_three_times_ends_as_if_left_in_peace(tmp_path):
    run(Options(kills=3, steps=16, checkpoint_every=2, seed=1, out=tmp_path / "kill"))
    results = json.loads((tmp_path / "kill" / "results.json").read_text())
    assert sum(row["times"] for row in results["rows"]) == 3
