"""Progress in a log: whole lines, the first at once."""

import io

import pytest

from clova_jax.common import progress as module
from clova_jax.common.progress import progress


class Log:
    """All that was written to standard error, which is no terminal here."""

    def __init__(self, capsys):
        self.capsys, self.text = capsys, ""

    def getvalue(self):
        self.text += self.capsys.readouterr().err
        return self.text


@pytest.fixture
def log(monkeypatch, capsys):
    monkeypatch.setattr(module, "LINE_SECONDS", 0.0)
    return Log(capsys)


def test_lines_end_in_newlines_and_say_how_far_it_is(log):
    with progress(total=3, desc="training", unit="tok") as bar:
        assert log.getvalue().startswith("training: 0%, 0/3 [")  # before anything is done
        for loss in range(3):
            bar.set_postfix_str(f"loss {loss}", refresh=False)
            bar.update(1)
    assert "\r" not in log.getvalue()
    lines = log.getvalue().split("\n")
    assert lines[-1] == ""
    assert [line.split(",")[0] for line in lines[:-1]] == [
        f"training: {done}%" for done in (0, 33, 67, 100)
    ]
    assert "loss 2" in lines[-2]


def test_a_line_is_not_said_twice(log):
    with progress(total=2, desc="once") as bar:
        bar.update(2)
        bar.refresh()
    assert log.getvalue().count("100%") == 1


def test_without_a_total_there_is_a_count(log):
    for _ in progress(iter(range(4)), desc="read", unit="B"):
        pass
    assert log.getvalue().split("\n")[-2].startswith("read: 4B [")


def test_lines_are_seldom(log, monkeypatch):
    monkeypatch.setattr(module, "LINE_SECONDS", 1000.0)
    for _ in progress(range(50), desc="much"):
        pass
    assert log.getvalue().count("\n") == 2  # the first and the last


def test_a_message_is_a_line_too(capsys):
    with progress(total=1, desc="work") as bar:
        bar.write("step 5: something")
        bar.update(1)
    said = capsys.readouterr()
    assert said.out == "step 5: something\n"
    assert "\r" not in said.err


def test_disabled_says_nothing(log):
    with progress(total=3, disable=True) as bar:
        bar.update(3)
    assert log.getvalue() == ""


def test_in_a_notebook_the_bar_is_redrawn_and_gone_at_the_end(monkeypatch):
    stream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    monkeypatch.setattr("sys.stderr", stream)
    with progress(total=3, desc="training") as bar:
        bar.update(3)
    assert "training" in stream.getvalue()
    assert "\n" not in stream.getvalue()
    assert stream.getvalue().split("\r")[-2].strip() == ""
