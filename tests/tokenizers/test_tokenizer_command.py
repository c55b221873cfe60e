"""`clova tokenizer`: sampling by source, done once, one line for a mistake."""

import json
import unicodedata

import pytest

from clova_jax.cli import main
from clova_jax.cli.tokenizer import parse_shares, sample_sources
from clova_jax.common.errors import ClovaError
from clova_jax.corpus.documents import Document
from clova_jax.tokenizers import load_tokenizer, train_tokenizer


@pytest.fixture
def corpus(tmp_path, texts):
    folder = tmp_path / "data"
    folder.mkdir()
    for source, some in (("blogs", texts[:50]), ("news", texts[50:])):
        lines = [json.dumps({"text": text, "source": source}) for text in some]
        (folder / f"{source}.jsonl").write_text("\n".join(lines))
    return folder


def test_it_trains_once_and_prints_what_it_read(corpus, tmp_path, capsys):
    words = ["tokenizer", "--data", corpus, "--kind", "byte", "--vocab-size", 300]
    words = [*map(str, words), "--out", str(tmp_path / "t")]
    assert main(words) == 0
    assert "blogs" in capsys.readouterr().out
    tokenizer = load_tokenizer(tmp_path / "t")
    assert (tokenizer.kind, tokenizer.vocab_size) == ("byte", 300)
    assert main(words) == 0
    assert "blogs" not in capsys.readouterr().out  # not read again
    assert main([*words, "--seed", "1"]) == 2
    assert "give another --out" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "options.json"])
def test_a_folder_of_another_project_is_refused_before_anything_is_read(
    corpus, name, tmp_path, capsys
):
    out = tmp_path / "t"
    out.mkdir()
    (out / name).write_text("{}")
    words = ["tokenizer", "--data", str(corpus), "--kind", "byte", "--out", str(out)]
    assert main([*words, "--vocab-size", "300"]) == 2
    said = capsys.readouterr()
    assert f"holds {name}, which is not of a tokenizer" in said.err.splitlines()[-1]
    assert "blogs" not in said.out
    assert [path.name for path in out.iterdir()] == [name]


def test_a_tokenizer_saved_from_python_is_not_replaced(corpus, tmp_path, capsys):
    out = tmp_path / "t"
    train_tokenizer(["가나다 라마바"], kind="byte", vocab_size=257).save(out)
    before = (out / "hashes.json").read_bytes()
    words = ["tokenizer", "--data", str(corpus), "--kind", "byte", "--out", str(out)]
    assert main([*words, "--vocab-size", "300"]) == 2
    assert "holds a tokenizer that this command did not make" in capsys.readouterr().err
    assert (out / "hashes.json").read_bytes() == before


def test_half_a_tokenizer_is_made_again(corpus, tmp_path, capsys):
    words = ["tokenizer", "--data", str(corpus), "--kind", "byte", "--vocab-size", "300"]
    words += ["--out", str(tmp_path / "t")]
    assert main(words) == 0
    (tmp_path / "t" / "hashes.json").unlink()  # as if it had been killed just before the end
    (tmp_path / "t" / "tokenizer.json").write_text("{")
    assert main(words) == 0
    assert load_tokenizer(tmp_path / "t").vocab_size == 300
    (tmp_path / "t" / "tokenizer.json").write_text("{")  # damaged later
    capsys.readouterr()
    assert main(words) == 2
    assert "is damaged" in capsys.readouterr().err


def test_mistakes_are_one_line(corpus, tmp_path, capsys):
    base = ["tokenizer", "--data", str(corpus), "--out", str(tmp_path / "t"), "--vocab-size", "300"]
    for extra, message in (
        (["--kind", "byte", "--sample", "wiki=0.5"], "no documents of source wiki"),
        (["--kind", "byte", "--sample", "2"], "no share between 0 and 1"),
        (["--kind", "byte", "--analysis", "eojeol"], "no option 'analysis'"),
        (["--kind", "byte", "--sample", "0"], "empty"),
        (["--kind", "byte", "--vocab-size", "9"], "smaller than the alphabet"),
    ):
        assert main([*base, *extra]) == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith("clova tokenizer: error:")
        assert message in error
        assert not (tmp_path / "t" / "clova_tokenizer.json").exists()


def test_shares_are_by_source_and_nested():
    documents = [Document("글", f"{s}{n}", s) for s in ("a", "b") for n in range(500)]
    shares = parse_shares(["0.1", "b=0.8"])
    kept = list(sample_sources(documents, shares, 0))
    count = {s: sum(d.source == s for d in kept) for s in ("a", "b")}
    assert 20 < count["a"] < 90
    assert 340 < count["b"] < 460
    more = list(sample_sources(documents, parse_shares(["0.2", "b=0.8"]), 0))
    assert {d.id for d in kept} < {d.id for d in more}
    with pytest.raises(ClovaError, match="there are: a, b"):
        list(sample_sources(documents, {"c": 0.5}, 0))


def test_a_share_s_source_may_be_composed_in_another_way():
    documents = [Document("글", str(n), "소설") for n in range(9)]
    shares = parse_shares([f"{unicodedata.normalize('NFD', '소설')}=0"])
    assert not list(sample_sources(documents, shares, 0))
    with pytest.raises(ClovaError, match="--sample: source 'a' stands there twice"):
        parse_shares(["a=0.1", "a=0.2"])
