"""Sheets for people: blind, the same by seed, never written over; a faulty answer is named; agreement is scikit-learn's."""

import csv
import itertools

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from clova_jax.apps import titles
from clova_jax.common.errors import ClovaError

EVENTS = [
    titles.Event(str(n), f"f:{n}", "2020-03-05", (f"상품{n}", "보온병"), f"사람 {n}")
    for n in range(30)
]
TITLES = {
    "human": [one.title for one in EVENTS],
    "tuned": [f"모델 {n}" for n in range(30)],
    "encoder_decoder": [f"인코더 {n}" for n in range(30)],
}
PAIRS = [("encoder_decoder", "human"), ("tuned", "encoder_decoder"), ("human", "tuned")]


@pytest.fixture
def drawn(tmp_path):
    """A sheet of pairs and its key, on disk."""
    sheet, key = titles.draw_pairs(EVENTS, TITLES, PAIRS, 10, 0)
    titles.write_sheet(tmp_path / "pairs.csv", sheet, ("choice",))
    titles.write_sheet(tmp_path / "pairs_key.csv", key)
    return tmp_path, sheet, key


def fill(path, rows, answers):
    """Writes a sheet with answers by row as a judge's spreadsheet would."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(row | answer for row, answer in zip(rows, answers, strict=True))
    return path


def choices(*names):
    return [{"choice": name} for name in names]


def test_pairs_are_blind_and_fixed_by_the_seed(drawn):
    _, sheet, key = drawn
    assert titles.draw_pairs(EVENTS, TITLES, PAIRS, 10, 0) == (sheet, key)
    assert titles.draw_pairs(EVENTS, TITLES, PAIRS, 10, 1) != (sheet, key)
    assert len(sheet) == 30
    assert not any(name in str(sheet) for name in TITLES)
    swapped = sum(row["A"] == row["second"] for row in key)
    assert 5 < swapped < 25
    for row, secret in zip(sheet, key, strict=True):
        number = int(secret["event"])
        other = secret["second"] if secret["A"] == secret["first"] else secret["first"]
        assert row["A"] == TITLES[secret["A"]][number]
        assert row["B"] == TITLES[other][number]
    assert len({row["event"] for row in key}) == 10  # the same events for every comparison


def test_a_sheet_that_was_filled_in_is_not_written_over(drawn):
    folder, sheet, _ = drawn
    path = fill(folder / "pairs.csv", sheet, choices(*["A"] * 30))
    before = path.read_bytes()
    titles.write_sheet(path, sheet, ("choice",))
    assert path.read_bytes() == before
    others, _ = titles.draw_pairs(EVENTS, TITLES, PAIRS, 10, 1)
    with pytest.raises(
        ClovaError, match="pairs.csv: holds other rows than this run's; move it away"
    ):
        titles.write_sheet(path, others, ("choice",))


def test_a_sheet_opens_in_a_spreadsheet(drawn):
    assert (drawn[0] / "pairs.csv").read_bytes().startswith(b"\xef\xbb\xbfpair,")


def test_preferences_are_counted_by_method_not_by_side(drawn):
    folder, sheet, key = drawn
    prefer = {"human": 3, "tuned": 2, "encoder_decoder": 1}

    def best(row):
        other = row["second"] if row["A"] == row["first"] else row["first"]
        return "A" if prefer[row["A"]] > prefer[other] else "b"

    path = fill(folder / "kim.csv", sheet, choices(*map(best, key)))
    other = fill(folder / "lee.csv", sheet, choices(*["Tie"] * 30))
    found = titles.read_judgments([path, other], folder / "pairs_key.csv")
    assert found.judges == ["kim", "lee"]
    assert found.statistics(("human", "tuned")).sum(axis=0).tolist() == [10, 0, 10, 20]
    assert found.statistics(("encoder_decoder", "human")).sum(axis=0).tolist() == [0, 10, 10, 20]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({3: ""}, r"kim.csv:5: pair '004-\w+': choice has no answer; wants one of a, b, tie"),
        ({3: "A, B"}, r"kim.csv:5: pair '004-\w+': choice has 'A, B'; wants one of"),
    ],
)
def test_a_missing_or_double_answer_is_named(drawn, answers, message):
    folder, sheet, _ = drawn
    given = choices(*[answers.get(number, "A") for number in range(30)])
    path = fill(folder / "kim.csv", sheet, given)
    with pytest.raises(ClovaError, match=message):
        titles.read_judgments([path], folder / "pairs_key.csv")


def test_an_unknown_a_repeated_and_a_lacking_pair_are_named(drawn):
    folder, sheet, _ = drawn
    rows, path = [*sheet], folder / "kim.csv"

    def read(*rows):
        fill(path, rows, choices(*["A"] * len(rows)))
        return titles.read_judgments([path], folder / "pairs_key.csv")

    with pytest.raises(ClovaError, match=r"kim.csv:32: pair '999-abc' is none of this run's"):
        read(*rows, rows[0] | {"pair": "999-abc"})
    with pytest.raises(ClovaError, match=r"kim.csv:32: .* is answered twice, first at .*:2"):
        read(*rows, rows[0])
    with pytest.raises(
        ClovaError, match=r"kim.csv: no answer for pair '030-\w+' \(1 are missing\)"
    ):
        read(*rows[:-1])
    fill(path, rows, choices(*["A"] * 30))
    with pytest.raises(ClovaError, match="--judged: a file twice"):
        titles.read_judgments([path, path], folder / "pairs_key.csv")
    path.write_text("pair,A,B\nx,y,z\n", encoding="utf-8")
    with pytest.raises(ClovaError, match="kim.csv:1: no column 'choice'; it has pair, A, B"):
        titles.read_judgments([path], folder / "pairs_key.csv")
    path.write_text("pair,choice\nx\n", encoding="utf-8")
    with pytest.raises(ClovaError, match="kim.csv:2: 1 cells where the header has 2"):
        titles.read_judgments([path], folder / "pairs_key.csv")


def test_agreement_is_the_mean_of_scikit_learns_kappas():
    random = np.random.default_rng(0)
    people = [random.choice(["a", "b", "tie"], 40).tolist() for _ in range(3)]
    kappa, same = titles.agreement(people)
    pairs = list(itertools.combinations(people, 2))
    assert kappa == pytest.approx(np.mean([cohen_kappa_score(a, b) for a, b in pairs]))
    assert same == pytest.approx(
        100 * np.mean([np.mean(np.array(a) == np.array(b)) for a, b in pairs])
    )
    assert titles.agreement(people[:1]) == (None, None)
    assert titles.agreement([["a", "a"], ["a", "a"]]) == (None, 100)


def test_annotations_with_a_second_persons_check(tmp_path):
    sheet, key = titles.annotation_sheet(EVENTS, TITLES, 5, 0)
    assert not any(name in str(sheet) for name in TITLES)
    titles.write_sheet(tmp_path / "annotation_key.csv", key)
    answers = [
        {"usable": "yes" if row["method"] == "human" else "No", "check": "yes" if n < 6 else ""}
        for n, row in enumerate(key)
    ]
    path = fill(tmp_path / "annotation.csv", sheet, answers)
    found = titles.read_annotations(path, tmp_path / "annotation_key.csv")
    assert found.usable["human"].sum(axis=0).tolist() == [5, 5]
    assert found.usable["tuned"].sum(axis=0).tolist() == [0, 5]
    right = sum(row["method"] == "human" for row in key[:6])
    assert found.agreement[1] == pytest.approx(100 * right / 6)
    answers[2]["usable"] = ""
    fill(path, sheet, answers)
    with pytest.raises(ClovaError, match=r"annotation.csv:4: row .* usable has no answer; wants"):
        titles.read_annotations(path, tmp_path / "annotation_key.csv")
