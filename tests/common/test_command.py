import contextlib
import io
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from clova_jax.common.command import main, parse
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import as_json, option


@dataclass(frozen=True)
class Greet:
    """Says hello."""

    names: tuple[str, ...] = ("세계",)
    """whom to greet"""
    tone: Literal["plain", "polite"] = "polite"
    """how to speak"""
    times: int = 1
    """how often"""
    rate: float | None = None
    """how fast, 100% is usual"""
    loud: bool = False
    """shout"""
    mesh: tuple[int, ...] = option((1, 1, 1), metavar="D,P,M")
    """data,pipe,model"""
    out: Path = Path("runs/greet")
    """where to write"""


def test_flags_of_every_type():
    greet = parse(
        Greet,
        [
            "--names",
            "가,나",
            "다",
            "--tone",
            "plain",
            "--times",
            "2e3",
            "--rate",
            "0.5",
            "--loud",
            "--mesh",
            "2,2,2",
            "--out",
            "x",
        ],
    )
    assert greet == Greet(("가", "나", "다"), "plain", 2000, 0.5, True, (2, 2, 2), Path("x"))
    assert parse(Greet, []) == Greet()
    assert parse(Greet, ["--no-loud"]).loud is False


def test_a_path_is_the_one_on_the_disk_however_its_letters_are_composed(tmp_path):
    for there, asked in (("NFC", "NFD"), ("NFD", "NFC")):
        folder = tmp_path / there / unicodedata.normalize(there, "말뭉치/시험 *")
        folder.mkdir(parents=True)
        words = unicodedata.normalize(asked, str(folder))
        assert parse(Greet, ["--out", words]).out == folder
        assert parse(Greet, ["--out", f"{words}/새것"]).out == folder / "새것"


def test_a_relative_path_is_found_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("말").mkdir()
    assert parse(Greet, ["--out", unicodedata.normalize("NFD", "말")]).out == Path("말")
    assert parse(Greet, ["--out", "없음/a"]).out == Path("없음/a")


@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_config_file_is_overridden_by_flags(tmp_path, suffix):
    text = {".json": '{"times": 3, "mesh": [1, 2, 1]}', ".toml": "times = 3\nmesh = [1, 2, 1]"}
    file = tmp_path / f"options{suffix}"
    file.write_text(text[suffix])
    assert parse(Greet, ["--config", str(file)]) == Greet(times=3, mesh=(1, 2, 1))
    assert parse(Greet, ["--times", "5", "--config", str(file)]).times == 5


def test_options_survive_a_round_trip_through_json(tmp_path):
    greet = Greet(names=("가",), rate=0.25, out=tmp_path)
    file = tmp_path / "options.json"
    from clova_jax.common.options import save_options

    save_options(greet, file)
    assert parse(Greet, ["--config", str(file)]) == greet
    assert as_json(greet)["mesh"] == [1, 1, 1]


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (["--nosuch"], "--nosuch"),
        (["--times", "many"], "'many' is not a whole number"),
        (["--times", "1.5"], "'1.5' is not a whole number"),
        (["--tone", "rude"], "one of plain, polite"),
        (["--mesh", "1,x,1"], "'x' is not a whole number"),
        (["--config", "/nonexistent.json"], "no such file"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(capsys, argv, word):
    assert main(Greet, lambda greet: None, argv, prog="greet") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("greet: error: ")
    assert captured.err.count("\n") == 1
    assert word in captured.err


def test_an_unknown_key_of_a_config_file_names_the_file(tmp_path):
    file = tmp_path / "options.json"
    file.write_text('{"tims": 3}')
    with pytest.raises(ClovaError, match="options.json: no option 'tims'"):
        parse(Greet, ["--config", str(file)])


def test_a_full_disk_is_one_line(capsys):
    def run(greet):
        raise OSError(28, "No space left on device", "runs/greet/model")

    assert main(Greet, run, [], prog="greet") == 2
    assert capsys.readouterr().err == (
        "greet: error: runs/greet/model: no room left on the disk; "
        "free some and run the same command again\n"
    )


@dataclass(frozen=True)
class Voice:
    """How it sounds."""

    pitch: int = option(440, above=0)
    """in hertz"""
    speed: float | None = None
    """words a second"""


@dataclass(frozen=True)
class Speak:
    """Says a text aloud."""

    text: str
    """what to say"""
    voice: Voice = Voice(pitch=220)
    which: tuple[str, ...] = option((), positional=True, metavar="SPEAKER")
    """loudspeakers"""


def test_nested_options_are_flags_without_a_prefix(tmp_path, capsys):
    assert parse(Speak, ["--text", "x"]) == Speak("x", Voice(220))
    spoken = parse(Speak, ["left", "right", "--text", "x", "--pitch", "1e3", "--speed=-1"])
    assert spoken == Speak("x", Voice(1000, -1.0), ("left", "right"))
    assert as_json(spoken) == {
        "text": "x",
        "pitch": 1000,
        "speed": -1.0,
        "which": ["left", "right"],
    }
    file = tmp_path / "c.json"
    file.write_text('{"text": "y", "pitch": 5, "speed": null}')
    assert parse(Speak, ["--config", str(file), "--pitch", "7"]) == Speak("y", Voice(7, None))
    with pytest.raises(ClovaError, match="--pitch: 0 is not above 0"):
        parse(Speak, ["--text", "x", "--pitch", "0"])
    with pytest.raises(SystemExit):
        parse(Speak, ["--help"])
    shown = capsys.readouterr().out
    assert "in hertz (default: 220)" in shown
    assert "what to say (required)" in shown


@dataclass(frozen=True)
class Undecided:
    """Has a flag that may be left open."""

    korean: bool | None = None
    """only Korean (default: as the data say)"""


def test_a_flag_without_a_default_is_yes_no_or_left_open(tmp_path, capsys):
    assert parse(Undecided, []).korean is None
    assert parse(Undecided, ["--korean"]).korean is True
    assert parse(Undecided, ["--no-korean"]).korean is False
    for text, value in (("null", None), ("true", True), ("false", False)):
        file = tmp_path / "c.json"
        file.write_text(f'{{"korean": {text}}}')
        assert parse(Undecided, ["--config", str(file)]).korean is value
        assert parse(Undecided, ["--config", str(file), "--no-korean"]).korean is False
    with pytest.raises(SystemExit):
        parse(Undecided, ["--help"])
    assert "--korean, --no-korean" in capsys.readouterr().out


def test_a_required_flag_left_out_is_named_with_its_help():
    with pytest.raises(ClovaError, match="--text is required: what to say"):
        parse(Speak, [])


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as stop:
        main(Greet, lambda greet: None, ["--help"], prog="greet")
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert "Says hello." in shown
    assert "(default: 1,1,1)" in shown
    assert "100% is usual" in shown


@dataclass(frozen=True)
class Korean:
    """Says something in Korean."""

    to: str = option(metavar="받는이")
    """whom it is said to: 친구, 부모님, 선생님이나 길에서 처음 만난 사람처럼 잘 모르는 사람까지 누구에게나"""
    greeting: str = "안녕하세요, 오랜만입니다"
    """what is said"""
    who: tuple[str, ...] = option((), positional=True, metavar="말하는이")


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_boxes_of_help_are_straight_where_hangul_stands_in_them(width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with pytest.raises(SystemExit), contextlib.redirect_stdout(terminal):
        parse(Korean, ["--help"])
    terminal.seek(0)
    shown = terminal.read()
    boxes = [line for line in shown.split("\n") if line[:1] in set("│╭╰")]
    assert len(boxes) > 5
    assert len({columns(line.rstrip()) for line in boxes}) == 1
    assert "(default: 안녕하세요," in shown
    assert "\u2060" not in shown


def test_usage_shows_required_options_without_brackets(capsys):
    for command, usage in (
        (Korean, "usage: say [-h] --to 받는이 [OPTIONS] [말하는이 ...]"),
        (Speak, "usage: say [-h] --text TEXT [OPTIONS] [SPEAKER ...]"),
        (Undecided, "usage: say [-h] [OPTIONS]"),
    ):
        with pytest.raises(SystemExit):
            parse(command, ["--help"], prog="say")
        assert capsys.readouterr().out.split("\n")[0] == usage
