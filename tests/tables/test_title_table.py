"""The table of event titles: rows, sheets, what a killed run keeps, themes, and what people's answers become."""

import csv
import json

import pytest
from sacrebleu.metrics import BLEU

from clova_jax import LanguageModel, ModelConfig, paper, train_tokenizer
from clova_jax.apps.titles import prompt, reading
from clova_jax.common.errors import ClovaError
from clova_jax.sample import write_sample
from clova_jax.tables.title_people import comparisons
from experiments.event_titles import TABLE, Options

FILES = ("predictions.jsonl", "pairs.csv", "pairs_key.csv", "annotation.csv", "titles.jsonl")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, and a model with random weights that writes a few tokens a title."""
    folder = tmp_path_factory.mktemp("world")
    data = write_sample(folder / "data", megabytes=0.1)
    events = reading.read_events(data)
    texts = [f"때: {one.day}\n상품: {one.listed}\n제목: {one.title}" for one in events.train]
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=600)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=256)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prompt, "MOST_TOKENS", 8)
        yield folder


def options(world, out, **more):
    asked = {"shots": 1, "steps": 2, "batch_size": 4, "sheet": 4, "limit": 12} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


def rows_of(out):
    return json.loads((out / "results.json").read_text())["rows"]


@pytest.mark.slow
def test_every_method_has_its_measures(finished):
    found = {}
    for row in rows_of(finished):
        assert row["low"] <= row["value"] <= row["high"]
        found.setdefault(row["method"], {})[row["metric"]] = row["value"]
    measures = ["bleu", "tags_used", "copied"]
    assert list(found) == ["few_shot", "tuned", "encoder_decoder", "nearest", "tags", "human"]
    assert list(found["few_shot"]) == [*measures, "copied_prompt"]
    assert list(found["human"]) == measures[1:]
    assert found["tags"]["tags_used"] == found["nearest"]["copied"] == 100


@pytest.mark.slow
def test_bleu_of_a_row_is_sacrebleus_of_the_titles(finished):
    titles = [json.loads(line) for line in (finished / "titles.jsonl").read_text().splitlines()]
    values = {row["method"]: row["value"] for row in rows_of(finished) if row["metric"] == "bleu"}
    for method in ("nearest", "tags"):
        score = BLEU(tokenize="ko-mecab").corpus_score(
            [row["titles"][method] for row in titles], [[row["title"] for row in titles]]
        )
        assert values[method] == pytest.approx(score.score, abs=1e-9)
    notes = json.loads((finished / "results.json").read_text())["notes"]
    assert any("tok:ko-mecab" in note for note in notes)


@pytest.mark.slow
def test_a_run_that_was_cut_off_writes_nothing_twice(world, finished, tmp_path):
    for name in ("predictions.jsonl", "trials.jsonl"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    marks = (tmp_path / "trials.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "trials.jsonl").write_text("".join(marks[:-1]) + marks[-1][:20])
    assert TABLE.run(options(world, tmp_path)) == 0
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (finished / name).read_bytes(), name
    assert [row | {"seconds": 0} for row in rows_of(tmp_path)] == [
        row | {"seconds": 0} for row in rows_of(finished)
    ]


@pytest.mark.slow
def test_judges_sheets_become_wins_beside_the_papers(world, finished, tmp_path):
    sheet = list(csv.DictReader((finished / "pairs.csv").open(encoding="utf-8-sig")))
    key = {
        row["pair"]: row
        for row in csv.DictReader((finished / "pairs_key.csv").open(encoding="utf-8-sig"))
    }
    judges = []
    for name, wanted in (("kim", "human"), ("lee", "human"), ("park", "tuned")):
        judges.append(tmp_path / f"{name}.csv")
        with judges[-1].open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, list(sheet[0]))
            table.writeheader()
            for row in sheet:
                secret = key[row["pair"]]
                pair = (secret["first"], secret["second"])
                side = "A" if secret["A"] == wanted else "B"
                table.writerow(row | {"choice": side if wanted in pair else "tie"})
    annotated = tmp_path / "annotated.csv"
    titles = list(csv.DictReader((finished / "annotation.csv").open(encoding="utf-8-sig")))
    with annotated.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(titles[0]))
        table.writeheader()
        table.writerows(row | {"usable": "yes", "check": "yes"} for row in titles)
    asked = options(world, finished, judged=tuple(judges), annotated=annotated)
    assert TABLE.run(asked) == 0
    found = {(row["method"], row["metric"]): row for row in rows_of(finished)}
    both = found["human against tuned", "wins"]
    assert both["value"] == pytest.approx(200 / 3)
    assert (both["people"], both["items"], both["paper"]) == (3, 4, pytest.approx(31.1))
    assert both["agreement"] == pytest.approx(100 / 3)
    assert found["tuned against encoder_decoder", "ties"]["value"] == pytest.approx(200 / 3)
    assert found["human", "usable"]["value"] == 100
    assert found["tuned", "usable"]["paper"] == paper.TITLES_USABLE
    assert TABLE.run(options(world, finished)) == 0  # leaves the table as the others expect it


def test_comparisons_are_the_papers():
    assert list(comparisons()) == [
        ("encoder_decoder", "human"),
        ("tuned", "encoder_decoder"),
        ("human", "tuned"),
    ]


def test_a_theme_is_asked_for_and_counted(world, tmp_path):
    asked = options(world, tmp_path, methods=("few_shot", "tags"), theme="소풍", limit=4)
    assert TABLE.run(asked) == 0
    met = {row["method"]: row["value"] for row in rows_of(tmp_path) if row["metric"] == "theme_met"}
    assert met["tags"] == 100
    assert met["few_shot"] < 100
    assert not (tmp_path / "pairs.csv").exists()  # nothing to compare


@pytest.mark.slow
def test_other_options_are_refused_in_one_line(world, finished, tmp_path):
    with pytest.raises(ClovaError, match="use another --out"):
        TABLE.run(options(world, finished, seed=1))
    with pytest.raises(ClovaError, match="--theme: ' ' is no word"):
        TABLE.run(options(world, tmp_path, theme=" "))
