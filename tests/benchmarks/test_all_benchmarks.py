"""`python -m benchmarks`: every benchmark with a peer in one table; what failed is a line, what was measured is kept."""

import dataclasses
import importlib
import re
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json

FOLDER = Path(bench.__file__).parent
PEERS = r"torch|transformers|peft|trl|grain|datatrove|lm_eval|Kiwi"
FAKE = """
import sys
from pathlib import Path
from benchmarks.ratios import compare, write_ratios

words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
out, rounds = Path(words["--out"]), int(words["--rounds"])
print("measuring")
with (out / "calls").open("a") as calls:
    calls.write("x")
if (out.parent / "broken").exists():
    raise SystemExit("no such peer")
ours = [2.0 + number / 10 for number in range(rounds)]
write_ratios(out, [compare("step", "peer", ours, [1.0] * rounds, "1/s", goal=1.5)])
"""


@pytest.fixture
def fakes(tmp_path, monkeypatch):
    """Two quick benchmarks: one reads data, the other fails."""
    (tmp_path / "fake_peer.py").write_text(FAKE)
    (tmp_path / "fake_broken.py").write_text("raise SystemExit('out of luck')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{FOLDER.parent}")
    return {
        "good": bench.Benchmark("fake_peer", data=True),
        "bad": bench.Benchmark("fake_broken"),
    }


def calls(out):
    return len((out / "good" / "calls").read_text())


def test_a_failing_one_is_a_line_and_stops_nothing(tmp_path, fakes, capfd):
    out = tmp_path / "out"
    options = bench.Options(out=out, data=tmp_path)
    with pytest.raises(ClovaError, match="1 of 2 failed: bad; see .*log.txt"):
        bench.run(options, dict(reversed(fakes.items())))  # the failing one first
    bad, good = read_json(out / "results.json")["rows"]
    assert bad == {"benchmark": "bad", "name": "failed, status 1: out of luck"}
    assert (good["benchmark"], good["name"], good["against"]) == ("good", "step", "peer")
    assert (good["ratio"], good["low"], good["high"], good["rounds"]) == (2.2, 2.0, 2.4, 5)
    assert (good["goal"], good["verdict"]) == (1.5, "holds")
    table = (out / "table.md").read_text()
    assert "out of luck" in table
    assert re.search(r"\| good +\| step .*\| holds", table)
    assert (out / "ratios.png").read_bytes().startswith(b"\x89PNG")
    assert "measuring" in (out / "good" / "log.txt").read_text()
    assert "measuring" not in capfd.readouterr().out
    words = read_json(out / "good" / "state.json")["words"]
    assert words == f"-m fake_peer --rounds 5 --data {tmp_path} --out {out / 'good'}".split()


def test_what_the_same_command_line_has_measured_is_kept(tmp_path, fakes):
    options = bench.Options(out=tmp_path / "out", only=("good",), rounds=2)
    for number, (changed, wanted) in enumerate(
        [({}, 1), ({}, 1), ({"again": True}, 2), ({"rounds": 3}, 1), ({"rounds": 3}, 1)]
    ):
        bench.run(dataclasses.replace(options, **changed), fakes)
        assert calls(options.out) == wanted, (
            number
        )  # another command line begins in an empty folder
        kept = "earlier run of the same command line: good"
        assert (kept in (options.out / "table.md").read_text()) == (number in (1, 4))
    assert "| cannot tell" in (options.out / "table.md").read_text()  # three rounds say too little


def test_one_that_failed_is_tried_again_and_leaves_no_older_figures(tmp_path, fakes):
    options = bench.Options(out=tmp_path / "out", only=("good",))
    bench.run(options, fakes)
    (options.out / "broken").touch()
    with pytest.raises(ClovaError, match="good"):
        bench.run(dataclasses.replace(options, again=True), fakes)
    assert "ratio" not in read_json(options.out / "results.json")["rows"][0]
    assert "no such peer" in (options.out / "table.md").read_text()
    (options.out / "broken").unlink()
    bench.run(options, fakes)
    assert calls(options.out) == 3
    assert read_json(options.out / "results.json")["rows"][0]["ratio"] == 2.2


def test_a_name_that_is_not_there_is_refused(tmp_path, fakes):
    with pytest.raises(ClovaError, match="no .*'godo'.*; there are good, bad"):
        bench.run(bench.Options(out=tmp_path / "out", only=("godo",)), fakes)


def test_every_benchmark_with_a_peer_is_listed():
    with_peer = {
        path.stem
        for path in FOLDER.glob("*.py")
        if not path.stem.startswith("__")
        and re.search(rf"\b({PEERS})\b", source := path.read_text(encoding="utf-8"))
        and "main(Options, run)" in source
    }
    assert {one.module for one in bench.BENCHMARKS.values()} == {
        f"benchmarks.{name}" for name in with_peer
    }


@pytest.mark.parametrize("name", bench.BENCHMARKS)
def test_a_listed_one_takes_what_it_is_given_and_writes_ratios(name):
    one = bench.BENCHMARKS[name]
    had = set(sys.modules)
    module = importlib.import_module(one.module)
    assert not (set(sys.modules) - had) & {"torch", "transformers", "grain", "datatrove", "lm_eval"}
    fields = {field.name: field for field in dataclasses.fields(module.Options)}
    assert fields["rounds"].default == bench.Options().rounds == 5
    assert module.write_ratios
    flags = {word[2:].replace("-", "_") for word in one.words if word.startswith("--")}
    assert flags | {"out"} <= fields.keys()
    assert "data" in fields or not one.data
