"""`clova` itself: its help, its version, its verbs, and what the shell does to it."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

import clova_jax
from clova_jax.cli import VERBS, main
from clova_jax.cli.table import find_tables

ROOT = Path(__file__).resolve().parents[2]
CLOVA = [sys.executable, "-m", "clova_jax"]


def shell(command: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess:
    """A line of bash in which $CLOVA is the command."""
    env = {**os.environ, "CLOVA": " ".join(CLOVA), "PYTHONPATH": str(ROOT), **variables}
    line = ["bash", "-c", f"set -o pipefail; {command}"]
    return subprocess.run(line, cwd=cwd, env=env, capture_output=True, text=True, timeout=100)


def test_the_version_is_said_in_one_place(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"clova {clova_jax.__version__}\n"
    setup = (ROOT / "setup.py").read_text()
    assert clova_jax.__version__ not in setup
    assert importlib.metadata.version("clova_jax") == clova_jax.__version__


def test_help_names_every_verb_and_no_verb_is_a_mistake(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr()
    assert all(f"\n  {verb} " in shown.out for verb in VERBS)
    assert main([]) == 2
    assert capsys.readouterr() == ("", shown.out)
    assert main(["pretrian"]) == 2
    assert "no verb 'pretrian'" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("eval", "table")])
def test_help_of_every_verb_spells_a_flag_once(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    flags = [
        line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  --")
    ]
    assert len(flags) > 1
    assert not [flag for flag in flags if "_" in flag]
    assert len(set(flags)) == len(flags)


def test_a_reader_that_leaves_early_gets_no_traceback():
    for words in ("--help", "corpus --help", "table"):
        done = shell(f"$CLOVA {words} | true")
        assert done.returncode in (0, 141), done
        assert done.stderr == ""


def test_closed_streams_are_no_traceback(tmp_path):
    done = shell("$CLOVA corpus --data nothing --out x <&-", tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert shell("$CLOVA table >&-").returncode == 0
    assert shell("$CLOVA nothing 2>&-").returncode == 2


@pytest.mark.parametrize("variables", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}])
def test_a_terminal_that_knows_only_ascii_loses_nothing(tmp_path, variables):
    document = tmp_path / "raw" / "글.jsonl"
    document.parent.mkdir()
    document.write_text(
        '{"text": "강가에서 물수제비를 뜨던 저녁이 아직도 생각난다."}\n', encoding="utf-8"
    )
    command = f"$CLOVA corpus --data raw --executor stream --steps normalize < {document}"
    done = shell(command, tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    assert "물수제비" in done.stdout or "\\ubb3c\\uc218" in done.stdout
    done = shell("$CLOVA corpus --data 없는_폴더 --out x", tmp_path, **variables)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "없는_폴더" in done.stderr or "\\uc5c6\\ub294" in done.stderr


def test_table_runs_what_a_checkout_runs(tmp_path, capsys):
    tables = find_tables()
    assert tables.keys() == {path.stem for path in (ROOT / "experiments").glob("*.py")} - {
        "__init__"
    }
    assert main(["table"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in tables)
    assert main(["table", "model-sizes", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "results.json").is_file()
    assert main(["table", "nothing"]) == 2
    assert "no table 'nothing'" in capsys.readouterr().err


@pytest.mark.parametrize("name", find_tables())
def test_help_of_every_table(name, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["table", name, "--help"])
    assert stop.value.code == 0
    assert f"usage: clova table {name}" in capsys.readouterr().out


def test_a_users_own_experiments_are_not_hidden_and_do_not_hide_ours(tmp_path):
    own = tmp_path / "experiments"
    own.mkdir()
    (own / "__init__.py").touch()
    (own / "mine.py").write_text("print('my own')\n")
    assert shell(f"{sys.executable} -m experiments.mine", tmp_path).stdout == "my own\n"
    assert shell("$CLOVA table", tmp_path).returncode == 0


def test_a_model_size_that_is_none_is_one_line(capsys):
    for command in (
        ["table", "quickstart"],
        ["plan"],
        ["pretrain", "--data", "x", "--tokenizer", "x"],
    ):
        assert main([*command, "--size", "2b"]) == 2
        shown = capsys.readouterr().err
        assert shown.count("\n") == 1
        assert "'2b'" in shown
