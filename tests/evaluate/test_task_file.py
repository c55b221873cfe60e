"""A task of one's own is a JSON file: any text, any format, no code; what is wrong is named with its place."""

import csv
import json
import string
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax import tables
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import write_jsonl
from clova_jax.evaluate import load_task, measure, prompt_of, read_task_file
from clova_jax.evaluate.task_file import TextTemplate
from experiments.few_shot import TABLE

ABOUT = {
    "train": "train.csv",
    "test": "test.csv",
    "text": "상품: {상품}\n후기: {후기}",
    "label": "별점",
    "labels": {"1": "나쁨", "5": ["좋음", "최고"]},
    "answer": " ({})",
}


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    """Writes rows as Excel does."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)


def some(count: int, split: str) -> list[dict[str, str]]:
    """Rows of both labels; one text has a comma, quotes and a line break."""
    return [
        {"상품": f"{split} {i}번", "후기": f'"{i}"번째,\n 좋아요', "별점": "15"[i % 2]}
        for i in range(count)
    ]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A task file with its two data files."""
    for split in ("train", "test"):
        write_csv(tmp_path / f"{split}.csv", some(12, split))
    return put(tmp_path, **ABOUT)


def put(folder: Path, **about: Any) -> Path:
    path = folder / "reviews.json"
    path.write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
    return path


def test_a_csv_becomes_prompts_and_scores(own: Path, guesser: Any, tmp_path: Path) -> None:
    model, out = guesser(), tmp_path / "out"
    (row,) = measure(model, str(own), "nowhere", trials=2, out=out, prompts=True)
    assert (row["task"], row["shots"], row["items"], row["baseline"]) == ("reviews", 4, 12, 50)
    prompt = prompt_of(model, str(own), "nowhere", 0, shots=1)
    assert prompt.text.endswith(')\n상품: test 0번\n후기: "0"번째,\n 좋아요')
    assert prompt.text.split(")\n")[0].endswith(("(나쁨", "(좋음")), (
        "an example shows the first word"
    )
    found = [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]
    assert len(found[0]["logprobs"]) == 3, "one for each word"
    assert all(row["score"] == 100 * (row["prediction"] == row["answers"][0]) for row in found)
    assert all(row["prompt"].endswith(row["text"]) for row in found)
    assert sum(row["score"] for row in found) / len(found) == pytest.approx(row["value"])


def test_formats_say_the_same(own: Path, tmp_path: Path) -> None:
    rows = [row | {"후기": row["후기"].replace("\n", "")} for row in some(5, "test")]
    write_csv(tmp_path / "a.csv", rows)
    lines = ["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]
    (tmp_path / "a.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    numbers = [row | {"별점": int(row["별점"])} for row in rows]
    write_jsonl(tmp_path / "a.jsonl.zst", numbers)
    (tmp_path / "a.json").write_text(json.dumps(numbers), encoding="utf-8")
    items = []
    for kind in ("csv", "tsv", "jsonl", "json"):
        task = read_task_file(put(tmp_path, **ABOUT | {"test": f"a.{kind}"}))
        items.append([(i.id, i.text, i.answers) for i in task.load(tmp_path).items])
    assert items[0] == items[1] == items[2] == items[3]


def test_free_text_has_accepted_answers_and_no_labels(guesser: Any, tmp_path: Path) -> None:
    rows = [
        {"q": f"{i} 더하기 1은?", "a": [str(i + 1), f"{i + 1}입니다"], "key": f"q{i}"}
        for i in range(6)
    ]
    write_jsonl(tmp_path / "sums.jsonl", rows)
    path = put(tmp_path, test="sums.jsonl", text="{q}\n답:", label="a", id="key", name="sums")
    found = measure(guesser(), str(path), "nowhere", out=tmp_path / "out")
    assert [row["metric"] for row in found] == ["exact_match", "f1"]
    assert found[0]["shots"] == 0, "nothing to draw examples from"
    first = json.loads((tmp_path / "out" / "predictions.jsonl").read_text().splitlines()[0])
    assert (first["id"], first["text"]) == ("q0", "0 더하기 1은?\n답:")
    assert first["answers"] == ["1", "1입니다"]
    assert "prompt" not in first
    with pytest.raises(ClovaError, match="2 examples asked for"):
        measure(guesser(), str(path), "nowhere", shots=2)


def test_the_table_needs_no_data_folder(own: Path, guesser: Any, tmp_path, monkeypatch) -> None:
    loader = SimpleNamespace(load=lambda folder, mesh=None: guesser())
    monkeypatch.setattr("clova_jax.LanguageModel", loader)
    out = tmp_path / "out"
    words = ["--model", str(tmp_path), "--tasks", str(own), "--shots", "0,2", "--out", str(out)]
    assert TABLE.main(words) == 0
    found = json.loads((out / "results.json").read_text())["rows"]
    assert [(row["task"], row["shots"]) for row in found] == [("reviews", 0), ("reviews", 2)]
    options = tables.MethodOptions(model=(own.parent,), task=str(own))
    assert options.inputs().data == own.parent


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="{}"), min_size=1)


@given(st.lists(st.tuples(WORDS, WORDS.filter(str.strip)), min_size=1), st.data())
def test_a_template_shows_any_text_as_it_is(
    parts: list[tuple[str, str]], data: st.DataObject
) -> None:
    pattern = "".join(literal + "{" + column + "}" for literal, column in parts)
    texts = {column: data.draw(st.text()) for _, column in parts}
    wanted = "".join(literal + texts[column] for literal, column in parts)
    template = TextTemplate.parse(pattern, "'text'")
    assert template.fill(texts) == wanted.rstrip()
    assert set(template.columns) == set(texts)


@given(st.text(alphabet=string.printable))
def test_any_template_is_read_or_refused(pattern: str) -> None:
    try:
        template = TextTemplate.parse(pattern, "'text'")
    except ClovaError:
        return
    assert template.fill(dict.fromkeys(template.columns, "{x.__class__}"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "{후기.__class__}"}, r"train.csv:1: no '후기.__class__'; it has '상품', '후기'"),
        ({"text": "{후기} {}"}, "reviews.json: 'text'.*'{}' names no column"),
        ({"text": "{후기"}, "reviews.json: 'text'.*a brace itself is {{$"),
        ({"text": "후기"}, "shows no column"),
        ({"text": "{후기} "}, "ends in a space"),
        ({"answer": " {0.x}"}, "'answer'.*wants {} once"),
        ({"labels": {"1": "나쁨"}}, "two labels or more"),
        ({"labels": {"1": "같음", "5": "같음"}}, "each word once"),
        ({"labels": {"1": 3, "5": "좋음"}}, "'labels', '1': wants a word"),
        ({"metrics": ["bleu"]}, "no 'bleu' of labels; there are accuracy, macro_f1"),
        ({"labels": {"1": "나쁨", "2": "좋음"}}, "train.csv:5: label '5' is none of 1, 2"),
        ({"test": "none.csv"}, "has no file none.csv"),
        ({"test": "test.xlsx"}, "labelled rows come as .csv, .tsv, .jsonl, .json"),
        ({"shots": -1}, "'shots' is -1"),
        ({"trian": "x.csv"}, "reviews.json: 'trian' is unknown; there are test, text"),
        ({"name": "nsmc"}, "'name' 'nsmc' is taken"),
    ],
)
def test_what_is_wrong_is_named(own: Path, change: dict[str, Any], message: str) -> None:
    (own.parent / "test.xlsx").write_bytes(b"PK")
    with pytest.raises(ClovaError, match=message):
        load_task(str(put(own.parent, **ABOUT | change))).load(own.parent)


def test_a_row_that_does_not_fit_is_named(own: Path) -> None:
    path = own.parent / "test.csv"
    path.write_text("상품,후기,별점\n가,나,1\n가,나\n", encoding="utf-8")
    with pytest.raises(ClovaError, match=r"test.csv:3: 2 cells where the header has 3: '가'"):
        load_task(str(own)).load(own.parent)
    path.write_text("상품,후기,후기,별점\n", encoding="utf-8")
    with pytest.raises(ClovaError, match="test.csv:1: two columns are called '후기'"):
        load_task(str(own)).load(own.parent)
    path.write_bytes("상품,후기,별점\n가,나,1\n".encode("cp949"))
    with pytest.raises(ClovaError, match="test.csv:1: not UTF-8"):
        load_task(str(own)).load(own.parent)
    write_jsonl(own.parent / "test.jsonl", [{"상품": None, "후기": "x", "별점": 1}])
    task = load_task(str(put(own.parent, **ABOUT | {"test": "test.jsonl"})))
    with pytest.raises(ClovaError, match="test.jsonl:1: 상품 is None, neither text nor a number"):
        task.load(own.parent)
