"""The rules of the tiers hold: what runs when, what a skip is in CI, what a dear file costs."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
ROOT = Path(__file__).resolve().parents[2]

FILE = """
import time, pytest

def test_fast(): pass

@pytest.mark.slow
def test_slow(): pass

@pytest.mark.slow
@pytest.mark.peers
def test_slow_peer(): pass

@pytest.mark.claims("tables")
def test_claim(): pass

def test_skips(): pytest.skip("not today")
"""
CONFTEST = """
import os
import pytest
from tests.worlds.budget import Budget
from tests.worlds.tiers import SkipsAreFailures, deselect_other_tiers

def pytest_configure(config):
    config.pluginmanager.register(Budget(config, seconds=0.5), "budget")
    if os.environ.get("CI") == "true":
        config.pluginmanager.register(SkipsAreFailures(), "skips_are_failures")

def pytest_collection_modifyitems(config, items):
    deselect_other_tiers(config, items)
"""
INI = """
[pytest]
markers =
    slow: s
    peers: p
    claims(group): c
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Runs pytest on a file, within this process unless the words say otherwise."""
    pytester.makeconftest(CONFTEST)
    pytester.makeini(INI)
    (pytester.path / "other").mkdir()  # with two conftests pytest hashes its plugins
    (pytester.path / "other" / "conftest.py").touch()
    for name in ("SLOW", "PEERS", "ONLY", "CLAIMS", "CI", "CLOVA_COMPILE", "CLOVA_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(content: str, *words: str, **environment: str) -> tuple[int, str]:
        pytester.path.joinpath("test_made.py").write_text(content)
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            result = pytester.runpytest_inprocess(
                "-v", "-p", "no:cacheprovider", "-p", "xdist.plugin", *words
            )
        return result.ret, "\n".join(result.outlines + result.errlines)

    return run


@pytest.mark.parametrize(
    ("environment", "passed"),
    [
        ({}, ["test_fast"]),
        ({"SLOW": "1"}, ["test_fast", "test_slow"]),
        ({"SLOW": "1", "PEERS": "1"}, ["test_fast", "test_slow", "test_slow_peer"]),
        ({"SLOW": "1", "PEERS": "1", "ONLY": "1"}, ["test_slow", "test_slow_peer"]),
        ({"CLAIMS": "tables", "ONLY": "1"}, ["test_claim"]),
    ],
    ids=str,
)
def test_a_tier_runs_when_it_is_asked_for(run, environment, passed):
    code, said = run(FILE, **environment)
    assert code == 0, said
    found = {line.split("::")[1].split()[0] for line in said.splitlines() if " PASSED" in line}
    assert found == set(passed)


def test_a_skip_fails_in_ci(run):
    code, said = run(FILE, CI="true")
    assert code == 1
    assert "CI skips nothing" in said


@pytest.mark.parametrize("words", [(), ("-n", "1")], ids=["here", "workers"])
def test_a_file_that_skips_itself_fails_in_ci(run, words):
    content = "import pytest\npytest.importorskip('no_such_module')\ndef test_a(): pass"
    code, said = run(content, *words, CI="true")
    assert code not in (0, 5), said  # 5: no tests
    assert "CI skips nothing" in said
    assert run(f"{content}\n{FILE}", *words)[0] == 5


def test_data_may_be_left_out_by_name(run):
    content = "import pytest\ndef test_a(): pytest.skip('no real data at x')\ndef test_b(): pass"
    assert run(content, CI="true", CLOVA_DATA="none")[0] == 0
    assert run(content, CI="true")[0] == 1


BUSY = """
import time

def test_busy():
    start = time.process_time()
    while time.process_time() - start < 1.2: pass
"""
CHILD = """
import subprocess, sys

def test_child():
    subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 1.2: pass"])
"""


@pytest.mark.parametrize("content", [BUSY, CHILD], ids=["own", "child"])
@pytest.mark.parametrize("words", [(), ("-n", "1")], ids=["here", "workers"])
def test_a_file_beyond_its_budget_fails_the_run(run, content, words):
    code, said = run(content, *words)
    assert code == 1, said
    assert "FAILED test_made.py" in said
    assert run(content, *words, SLOW="1")[0] == 0  # the budget is the fast tier's


def test_a_file_a_little_beyond_is_only_named(run):
    """Machines differ by tens of percent: 0.6 s of a budget of 0.5 fail nothing."""
    code, said = run(BUSY.replace("1.2", "0.6"))
    assert code == 0, said
    assert "over test_made.py" in said


def test_waiting_costs_nothing(run):
    code, said = run("import time\ndef test_a(): time.sleep(1)")
    assert code == 0, said
