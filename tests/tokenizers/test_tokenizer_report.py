"""The measures of the tokenizer report and of the sample-size study, against plain counting."""

from collections import Counter

import numpy as np
import pytest

from clova_jax.evaluate.segmentation import Tally, disagreement, inside_eojeols, token_starts
from clova_jax.tables.token_study import fit_zipf, recommend
from clova_jax.tokenizers import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_token_starts_are_where_tokens_are(trained, kind, texts):
    tokenizer = trained[kind]
    table = tokenizer.token_bytes()
    for text in [*texts[:10], "궯 영화를 궯궯 봤는데 👍"]:
        ids = tokenizer.encode(text)
        starts, lost = token_starts(text.encode(), ids, tokenizer)
        assert len(starts) == len(ids)
        assert starts[0] == 0
        for start, number in zip(starts, ids, strict=True):
            if number != tokenizer.unknown:
                assert text.encode()[start : start + len(table[number])] == table[number]
        known = sum(len(table[i].decode()) for i in ids if i != tokenizer.unknown) if lost else 0
        assert lost == (len(text) - known if tokenizer.unknown in ids else 0)


def test_places_inside_eojeols():
    data = "가나 다x라마".encode()
    assert inside_eojeols(data) == {3, 14}  # 가|나 and 라|마, in bytes
    assert inside_eojeols(b"") == set()


def test_a_character_tokenizer_finds_every_boundary_and_a_word_one_none(trained, texts):
    for kind, found in (("character", 100.0), ("eojeol", 0.0)):
        tally = Tally()
        for text in texts[:5]:
            tally.add(text, trained[kind].encode(text), trained[kind])
        row = tally.row()
        assert row["boundaries found %"] == found
        assert row["bytes/token"] == pytest.approx(
            sum(len(t.encode()) for t in texts[:5])
            / sum(len(trained[kind].encode(t)) for t in texts[:5])
        )


def test_zipf_slope_is_recovered():
    counts = Counter({str(r).encode(): int(1e7 * r**-1.1) for r in range(1, 5000)})
    slope, intercept = fit_zipf(counts)
    assert slope == pytest.approx(-1.1, abs=0.01)
    assert 10**intercept == pytest.approx(1e7, rel=0.05)
    assert np.isfinite(slope)


def test_the_smallest_sample_that_keeps_enough_is_recommended():
    rows = [{"kept in use %": v, "n": n} for n, v in enumerate((100, 99, 96, 94, 97))]
    assert recommend(rows, 0.95)["n"] == 2
    assert recommend(rows, 0.999)["n"] == 0


def test_the_plain_file_disagrees_only_where_the_analyser_cuts(trained, texts, tmp_path):
    for kind in ("byte", "morpheme_byte"):
        trained[kind].save(tmp_path / kind)
        share = disagreement(trained[kind], tmp_path / kind / trained[kind].file_name, texts)
        assert share == 0 if kind == "byte" else 0 < share < 100
    assert disagreement(trained["char"], tmp_path / "none.json", texts) is None
