"""The study of sample sizes counts what it says: vocabulary entries that are kept, and their share of the text."""

from collections import Counter
from types import SimpleNamespace

import pytest

from clova_jax.sample import write_sample
from clova_jax.tables.token_study import recommend, sample_rows
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


def test_the_table_shows_tokens_kept(tmp_path):
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
    with pytest.raises(SystemExit):
        TABLE.main(["--help"])
