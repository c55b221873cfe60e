"""Tables that are uploaded, and versions scored on them."""

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.studio import scoring
from clova_jax.studio.scoring import read_table, score, search


@pytest.mark.parametrize(
    "text",
    ['질문,답\n"하나, 둘",셋\n넷,다섯\n', "\ufeff질문\t답\r\n하나, 둘\t셋\r\n넷\t다섯"],
)
def test_tables_of_a_file_and_of_a_sheet(text):
    table = read_table(text)
    assert table.column("질문") == ["하나, 둘", "넷"]
    assert table.column("답") == ["셋", "다섯"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a header and at least one row"),
        ("질문,답\n", "a header and at least one row"),
        ("질문,질문\n1,2\n", "a name of its own"),
        ("질문,답\n1,2\n1,2,3\n", "table:3: 3 cells where the header has 2"),
        ("질문,답\n" + "1,2\n" * 501, "501 rows"),
    ],
)
def test_a_table_that_cannot_be_is_one_clear_error(text, words):
    with pytest.raises(ClovaError, match=words):
        read_table(text)


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(ClovaError, match="no column '물음'; there are 질문, 답"):
        read_table("질문,답\n1,2").column("물음")


def test_patterns_are_found_and_bad_ones_named(monkeypatch):
    assert search(["^가.$", "나$"], ["가나", "나다"]) == [True, False]
    with pytest.raises(ClovaError, match=r"'\(' is no pattern"):
        search(["가", "("], ["가", "나"])
    with pytest.raises(ClovaError, match="characters at most"):
        search(["가" * 1001], ["가"])
    monkeypatch.setattr(scoring, "PATTERN_SECONDS", 1)
    with pytest.raises(ClovaError, match="take longer"):
        search(["(a+)+$"], ["a" * 40 + "b"])


TARGETS = ["서울", "부산", "대구", "광주"] * 10


def test_versions_are_compared_row_by_row():
    """The second is right wherever the first is, and once in four more: a difference that no resampling undoes."""
    first = [target if number % 2 else "모름" for number, target in enumerate(TARGETS)]
    second = [target if number % 4 else "모름" for number, target in enumerate(TARGETS)]
    found = score({2: first, 5: second}, TARGETS, "exact", seed=3)
    assert found == score({2: first, 5: second}, TARGETS, "exact", seed=3)
    assert found["rows"] == 40
    assert [(one["version"], one["value"]) for one in found["results"]] == [(2, 50), (5, 75)]
    for one in found["results"]:
        assert 0 < one["low"] < one["value"] < one["high"] < 100
    (difference,) = found["differences"]
    assert (difference["a"], difference["b"], difference["value"]) == (2, 5, -25)
    assert difference["high"] < 0
    wide = found["results"][0]["high"] - found["results"][1]["low"]
    assert wide > 0  # beside each other, the intervals meet


@pytest.mark.parametrize(
    ("metric", "half"), [("exact", 50), ("f1", None), ("regex", 50), ("bleu", None)]
)
def test_every_metric_is_full_on_what_was_wanted(metric, half):
    targets = ["서울은 넓고 사람이 많은 도시이다", "부산은 바다가 있는 넓은 도시이다"]
    wrong = ["서울은 넓고 사람이 많은 도시이다", "부산"]
    found = score({1: [f" {target}\n" for target in targets], 2: wrong}, targets, metric)["results"]
    assert found[0]["value"] == pytest.approx(100)
    assert found[1]["value"] < 100
    if metric in ("exact", "regex"):
        assert found[1]["value"] == half
