"""`clova generate`, `import-hf` and `export-hf` as people run them."""

import io
import unicodedata

import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.cli import main
from clova_jax.inference import Engine


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    tokenizer = train_tokenizer(["하나 둘 셋"], kind="byte", vocab_size=257)
    config = ModelConfig(1, 16, 2, vocab_size=tokenizer.vocab_size, max_length=64)
    out = tmp_path_factory.mktemp("cli") / "model"
    LanguageModel.create(config, tokenizer, seed=0).save(out)
    return out


def test_a_prompt_is_continued_as_the_library_continues_it(folder, capsys):
    command = ["generate", "--model", str(folder), "--prompt", "하나", "--seed", "3"]
    assert main([*command, "--max-new-tokens", "12"]) == 0
    wanted = LanguageModel.load(folder).generate(
        ["하나"], max_new_tokens=12, temperature=0.8, top_p=0.95, seed=3
    )
    assert capsys.readouterr().out == wanted[0] + "\n"
    assert main([*command, "--max-new-tokens", "12", "--num-samples", "2", "--echo"]) == 0
    out = capsys.readouterr().out
    assert f"--- 1\n하나{wanted[0]}\n" in out
    assert "--- 2\n하나" in out


@pytest.mark.parametrize(("language", "hello"), [("ko", "이어 쓸 글"), ("en", "Type a text")])
def test_the_conversation_speaks_both_languages(folder, capsys, monkeypatch, language, hello):
    monkeypatch.setattr("sys.stdin", io.StringIO("하나\n둘\n\n셋\n"))
    command = ["generate", "--model", str(folder), "--language", language, "--temperature", "0"]
    assert main([*command, "--max-new-tokens", "5"]) == 0
    out, err = capsys.readouterr()
    assert hello in err
    wanted = LanguageModel.load(folder).generate(["하나", "둘"], max_new_tokens=5, temperature=0)
    assert out == "".join(text + "\n" for text in wanted)


def test_out_to_hugging_face_and_back(folder, tmp_path, capsys):
    assert main(["export-hf", "--model", str(folder), "--out", str(tmp_path / "hf")]) == 0
    assert (tmp_path / "hf" / "model.safetensors").is_file()
    back = ["import-hf", "--source", str(tmp_path / "hf"), "--out", str(tmp_path / "back")]
    assert main(back) == 0
    assert "parameters, 1 layers of 16" in capsys.readouterr().out
    ids = np.arange(9)[None]
    np.testing.assert_array_equal(
        LanguageModel.load(tmp_path / "back").logits(ids), LanguageModel.load(folder).logits(ids)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "--model", "/nowhere", "--prompt", "a"], "/nowhere: no such model directory"),
        (["generate"], "--model is required"),
        (["import-hf", "--source", "/nowhere", "--out", "x"], "/nowhere: no such directory"),
        (["export-hf", "--model", "/nowhere", "--out", "x"], "/nowhere: no such model directory"),
    ],
)
def test_mistakes_are_one_line(arguments, message, capsys):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_option_mistakes_are_one_line(folder, capsys):
    command = ["generate", "--model", str(folder), "--prompt", "하나"]
    for extra, message in (
        (["--temperature", "-1"], "--temperature: -1.0 is not at least 0"),
        (["--temperature", "nan"], "--temperature"),
        (["--temperature", "1e10"], "temperature=10000000000.0: wants a number from 0 to 1e9"),
        (["--stop", ""], "wants texts that are not empty"),
        (["--language", "fr"], "--language 'fr': there are en, ko"),
        (["--num-samples", "0"], "--num-samples: 0 is not at least 1"),
    ):
        assert main(command + extra) == 2
        assert message in capsys.readouterr().err


def test_a_comma_is_a_stop(folder, capsys, monkeypatch):
    asked = []

    class Spy(Engine):
        def submit(self, prompt, **options):
            asked.append(options["stop"])
            return super().submit(prompt, **options)

    monkeypatch.setattr("clova_jax.inference.Engine", Spy)
    command = ["generate", "--model", str(folder), "--prompt", "하나", "--max-new-tokens", "1"]
    assert main([*command, "--stop", ","]) == 0
    assert main([*command, "--stop", "셋, 넷", "\\n"]) == 0
    assert asked == [(",",), ("셋, 넷", "\n")]


def test_a_text_too_long_does_not_end_the_session(folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{'길다 ' * 40}\n하나\n\n"))
    command = ["generate", "--model", str(folder), "--language", "en", "--temperature", "0"]
    assert main([*command, "--max-new-tokens", "5"]) == 0
    out, err = capsys.readouterr()
    assert "leave no room in a context of 64; shorten it" in err
    wanted = LanguageModel.load(folder).generate(["하나"], max_new_tokens=5, temperature=0)
    assert out == wanted[0] + "\n"


def test_without_a_standard_input_a_session_ends(folder, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    assert main(["generate", "--model", str(folder)]) == 0


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("extra", [[], ["--num-samples", "2"]])
def test_no_control_character_reaches_a_terminal(folder, monkeypatch, extra):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    command = ["generate", "--model", str(folder), "--prompt", "\x1b]0;title\x07", "--echo", *extra]
    assert main([*command, "--max-new-tokens", "40", "--temperature", "2", "--seed", "1"]) == 0
    written = terminal.getvalue()
    assert "\\x1b]0;title\\x07" in written
    assert not [c for c in written if unicodedata.category(c) == "Cc" and c not in "\n\t"]
