"""Questions of the sample world by type, and expansions of answers: what is right stands in the rows, and documents name none of the test."""

import json
import re

import pytest

from clova_jax.sample import write_sample
from clova_jax.sample.expansions import SUMMARIES
from clova_jax.sample.questions import NO, TYPES, YES

SPLITS = ("train", "dev", "test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("questions"), megabytes=0.5)


def articles(folder, split):
    path = folder / f"questions/questions_{split}.json"
    return json.loads(path.read_text(encoding="utf-8"))["data"]


def expansions(folder, split):
    path = folder / f"expansions/expansions_{split}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("split", SPLITS)
def test_every_type_is_asked_and_answers_stand_in_their_passage(folder, split):
    types = set()
    for article in articles(folder, split):
        (paragraph,) = article["paragraphs"]
        for question in paragraph["qas"]:
            (answer,) = question["answers"]
            types.add(question["question_type"])
            if question["question_type"] == "boolean":
                assert answer["text"] in (YES, NO)
            else:
                begin = answer["answer_start"]
                assert paragraph["context"][begin:].startswith(answer["text"])
            assert question["question"].endswith("가?")
            assert article["title"] in question["question"]
    assert types == set(TYPES)


def test_yes_and_no_are_about_as_frequent(folder):
    said = [
        question["answers"][0]["text"]
        for article in articles(folder, "train")
        for question in article["paragraphs"][0]["qas"]
        if question["question_type"] == "boolean"
    ]
    assert 0.35 < said.count(YES) / len(said) < 0.65


def test_why_and_how_want_long_answers(folder):
    for article in articles(folder, "test"):
        for question in article["paragraphs"][0]["qas"]:
            if question["question_type"] in ("why", "how"):
                assert len(question["answers"][0]["text"].split()) >= 4


def test_no_passage_or_name_is_in_two_splits_and_documents_name_none_of_the_test(folder):
    names = {split: {a["title"] for a in articles(folder, split)} for split in SPLITS}
    assert not names["train"] & names["dev"]
    assert not names["train"] & names["test"]
    assert not names["dev"] & names["test"]
    text = "".join(path.read_text("utf-8") for path in (folder / "corpus").glob("*.jsonl"))
    asked = names["dev"] | names["test"]
    asked |= {title for row in expansions(folder, "test") for title in row["titles"]}
    assert not [name for name in asked if name in text]


def test_documents_ask_questions_of_every_type(folder):
    lines = (folder / "corpus/kin.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line) for line in lines]
    pages = [row["text"] for row in texts if row["meta"]["recipe"] == "questions on a passage"]
    assert pages
    for page in pages:
        assert " 왜 " in page
        assert re.search(f"\n답: ({YES}|{NO})\n", f"{page}\n")


def test_expansions_are_about_their_titles(folder):
    rows = expansions(folder, "test")
    assert len({row["kind"] for row in rows}) == 5
    for row in rows:
        values, (first, *_) = row["values"], row["answers"]
        for title in row["titles"]:
            assert any(title in value for value in values.values())
        if row["kind"] == "related_question":
            assert values["input"] not in row["answers"]
            assert all(row["titles"][0] in answer for answer in row["answers"])
        elif row["kind"] == "related_answer":
            assert all(answer in values["본문"] for answer in row["answers"])
        elif row["kind"] == "easy_wording":
            assert first.endswith("요.")
        elif row["kind"] == "comparison":
            assert set(row["titles"]) <= set(re.findall(r"[가-힣]+?(?=은 |는 )", first))
            assert older(row["titles"], values) == re.search(r"태어났고 (\S+)[이가] 먼저", first)[1]


def older(titles, values):
    years = [int(re.search(r"(\d{4})년", text)[1]) for text in (values["input"], values["둘째"])]
    return titles[years[0] > years[1]]


def test_a_summary_is_fixed_for_a_kind_of_thing(folder):
    ends = tuple(template.rsplit("}", 1)[1].split()[-1] for template, _ in SUMMARIES.values())
    for row in expansions(folder, "train"):
        if row["kind"] == "summary":
            assert row["answers"][0].endswith(ends)
