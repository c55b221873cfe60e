"""What others wrote is shown on a terminal, and not obeyed."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.common.terminal import shown, write


@given(st.text())
def test_no_control_is_left_and_the_rest_is_as_it_was(text):
    found = shown(text)
    assert not [c for c in found if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert shown(found) == found
    if not any(unicodedata.category(c) in ("Cc", "Cf") for c in text):
        assert found == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\x1b[2J글", "\\x1b[2J글"),
        ("a\rb", "a\\rb"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\u202etxt.exe", "abc\\u202etxt.exe"),
        ("가족 👨\u200d👩\u200d👧", "가족 👨\u200d👩\u200d👧"),
    ],
)
def test_examples(text, wanted):
    assert shown(text) == wanted


def test_a_file_gets_what_was_written():
    stream = io.StringIO()
    write("\x1b[0m글\r\n", stream)
    assert stream.getvalue() == "\x1b[0m글\r\n"


def test_the_line_about_a_mistake_is_shown_too(capsys):
    from dataclasses import dataclass

    from clova_jax.common.command import main

    @dataclass(frozen=True)
    class Options:
        """Nothing."""

    def run(options):
        raise ClovaError("the server said \x1b]0;owned\x07")

    assert main(Options, run, []) == 2
    assert "\\x1b]0;owned\\x07" in capsys.readouterr().err
