"""The study of sample sizes counts what it says: vocabulary entries that are kept, and their share of the text."""

from collections import Counter
from types import SimpleNamespace

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.sample import write_sample
from clova_jax.tables.token_study import recommend, sample_rows
from clova_jax.tables.tokenizers import train_once
from clova_jax.tokenizers import train_tokenizer
from experiments.tokenizer_corpus import TABLE


def test_kept_counts_entries_and_in_use_weighs_them():
    full = Counter({b"a": 6, b"b": 3, b"c": 1, b"d": 0})
    half = Counter({b"a": 9, b"c": 0, b"x": 5})
    tokenizers = [SimpleNamespace(facts={"megabytes": m}, vocab_size=4) for m in (1.0, 0.5)]
    first, second = sample_rows(tokenizers, [full, half], size_of_text=70)
    assert first["tokens kept %"] == first["kept in use %"] == 100
    assert second["tokens kept %"] == 50  # a and c of a, b, c, d
    assert second["kept in use %"] == 70  # 6 + 1 of 10 occurrences
    assert (first["bytes/token"], second["bytes/token"]) == (7, 5)
    assert (second["sample MB"], second["share %"]) == (0.5, 50)
    assert recommend([first, second], keep=0.7) is second
    assert recommend([first, second], keep=0.71) is first


TEXTS = ["가나 다라 마바사"] * 30


def test_a_trained_tokenizer_is_loaded_without_reading_a_text(tmp_path):
    asked = ("byte", 280, "title", "one")
    first = train_once(tmp_path / "tokenizer", TEXTS, *asked)
    read = []
    again = train_once(tmp_path / "tokenizer", (read.append(text) for text in TEXTS), *asked)
    assert again.fingerprint == first.fingerprint
    assert again.facts["megabytes"] == first.facts["megabytes"] > 0
    assert not read


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": "two"}, "holds a run with data='one', this one has 'two'"),
        ({"vocab_size": 290}, "holds a run with vocab_size=280, this one has 290"),
        ({"kind": "char"}, "holds a run with kind='byte', this one has 'char'"),
        ({"korean_only": True}, "holds a run with korean_only=None, this one has True"),
    ],
)
def test_a_tokenizer_of_other_texts_or_options_is_refused(changes, message, tmp_path):
    asked = {"kind": "byte", "vocab_size": 280, "title": "title", "data": "one"}
    train_once(tmp_path / "tokenizer", TEXTS, **asked)
    with pytest.raises(ClovaError, match=message):
        train_once(tmp_path / "tokenizer", TEXTS, **(asked | changes))


def test_a_tokenizer_that_says_nothing_of_its_texts_is_refused(tmp_path):
    train_tokenizer(TEXTS, "byte", 280).save(tmp_path / "tokenizer")
    with pytest.raises(ClovaError, match="does not say what it was trained on .* another --out"):
        train_once(tmp_path / "tokenizer", TEXTS, "byte", 280, "title", "one")


def test_the_table_shows_tokens_kept(tmp_path, capsys):
    """The complete study on little text: its rows, its figure, and a second run that trains nothing."""
    data = write_sample(tmp_path / "data", megabytes=0.3)
    words = ["--data", str(data), "--out", str(tmp_path), "--vocab-size", "400", "--kind", "byte"]
    words += ["--halvings", "1", "--kilobytes", "5"]
    assert TABLE.main(words) == 0
    shown = (tmp_path / "table.md").read_text()
    assert "tokens kept %" in shown
    assert "share of tokens kept" in shown
    trained = sorted((tmp_path / "tokenizers").glob("*/hashes.json"))
    before = [path.stat().st_mtime_ns for path in trained]
    assert TABLE.main(words) == 0
    assert [path.stat().st_mtime_ns for path in trained] == before
    assert (tmp_path / "table.md").read_text() == shown
    other = write_sample(tmp_path / "other", megabytes=0.2)
    words[1] = str(other)
    assert TABLE.main(words) == 2
    assert "holds a run with data=" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        TABLE.main(["--help"])
