"""The sample world's events: products of the test stand in no document, those of training do, with titles too, and titles name the first."""

import json

import pytest

from clova_jax.corpus import read_documents
from clova_jax.sample import write_sample
from clova_jax.sample.events import OCCASIONS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("sample"), megabytes=0.3)


def rows(folder, split):
    text = (folder / f"events/events_{split}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_no_document_names_a_product_of_the_test(folder):
    text = "\n".join(document.text for document in read_documents(folder / "corpus"))
    tests = {tag for row in rows(folder, "test") for tag in row["tags"]}
    assert len(tests) > 50
    assert not [tag for tag in tests if tag in text]
    trains = {tag for row in rows(folder, "train") for tag in row["tags"]}
    assert sum(tag in text for tag in trains) > len(trains) / 2
    assert not trains & tests


def test_documents_list_events_of_products_of_training_alone(folder):
    lists = [d.text for d in read_documents(folder / "corpus") if d.meta["recipe"] == "events"]
    trains = {tag for row in rows(folder, "train") for tag in row["tags"]}
    assert lists
    for block in "\n\n".join(lists).split("\n\n"):
        _, products, title = (line.split(": ", 1)[1] for line in block.split("\n"))
        assert set(products.split(", ")) <= trains
        assert products.split(", ")[0] in title


def test_titles_name_the_month_and_the_first_product(folder):
    for row in [*rows(folder, "train"), *rows(folder, "test")]:
        assert row["tags"][0] in row["title"]
        assert OCCASIONS[int(row["date"].split("-")[1]) - 1] in row["title"]
        assert len(set(row["tags"])) == len(row["tags"])


def test_no_title_of_the_test_is_one_of_training(folder):
    train, test = ({row["title"] for row in rows(folder, split)} for split in ("train", "test"))
    assert not train & test
