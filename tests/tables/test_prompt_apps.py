"""The table of the demo list: rows beside rivals, random weights, what a killed run keeps, labelled data, the acceptance test."""

import json

import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Prediction, proportion
from clova_jax.labelled import read_entities
from clova_jax.sample import write_sample
from clova_jax.tables import prompt_labels
from clova_jax.tables.prompt_apps import RIVALS
from experiments.prompt_apps import TABLE, Options

APPS = ("topics", "translation", "word_chain", "poem", "code")
NER = """## 주석
## klue-ner-v1_dev_00000-wikitree	<경찰:OG>은 <박:PS>씨를 <어제:DT> 불렀다.
경	B-OG
찰	I-OG
은	O

## klue-ner-v1_dev_00001-nsmc	그냥 재미있다.
그	O
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, and a model with random weights."""
    folder = tmp_path_factory.mktemp("world")
    write_sample(folder / "data", megabytes=0.1)
    tokenizer = train_tokenizer(["제목: 하늘\n시: 바람"], kind="byte", vocab_size=300)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=512)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    return folder


def options(world, out, **more):
    asked = {"apps": APPS, "limit": 3, "samples": 2} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


def rows(folder):
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))["rows"]


def test_rows_stand_beside_their_rivals(finished):
    found = rows(finished)
    assert {row["app"] for row in found} == set(APPS)
    for app in APPS:
        checks = [row for row in found if row["app"] == app and row["kind"] == "checks"]
        systems = [(row["system"], row["metric"]) for row in checks]
        assert systems == [
            *((name, "passed") for name in RIVALS),
            ("prompt", "passed"),
            ("prompt", "fit"),
        ]
        assert all(row["low"] <= row["value"] <= row["high"] for row in checks)
    labels = {row["kind"] for row in found} - {"checks"}
    assert labels == {"YNAT dev", "Korean-English test"}


def test_random_weights_fall_to_the_rivals(finished):
    found = [row for row in rows(finished) if row["metric"] == "passed"]
    for app in APPS:
        mine = [row for row in found if row["app"] == app]
        best = max(row["value"] for row in mine if row["system"] in RIVALS)
        assert next(row["value"] for row in mine if row["system"] == "prompt") <= best
    notes = json.loads((finished / "results.json").read_text(encoding="utf-8"))["notes"]
    (weak,) = [note for note in notes if "needs a larger model" in note]
    assert all(app in weak for app in APPS)
    assert any("acceptance test: " in note and note.endswith("fails") for note in notes)


def test_every_text_is_kept_with_what_it_fails(finished):
    kept = (finished / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in kept]
    checks = [row for row in found if row["kind"] == "checks"]
    assert {"input", "answer", "fails", "unfit", "examples", "system"} <= set(checks[0])
    drawn = [row for row in checks if row["app"] == "poem" and row["system"] == "prompt"]
    assert len(drawn) == 10  # two answers to each of five


def test_answers_to_one_check_are_one_draw(finished):
    found = [row for row in rows(finished) if row["app"] == "poem" and row["system"] == "prompt"]
    assert len(found) == 2
    for row in found:
        assert row["items"] == 10  # two answers to each of five
        five = proportion(row["value"] / 20, 5)
        assert (row["low"], row["high"]) == pytest.approx((five.low, five.high))


def test_a_run_that_was_cut_off_writes_nothing_twice(world, finished, tmp_path):
    for name in ("predictions.jsonl", "trials.jsonl"):
        lines = (finished / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (tmp_path / name).write_text("".join(lines[: len(lines) // 2]), encoding="utf-8")
    kept = (tmp_path / "trials.jsonl").read_text(encoding="utf-8").splitlines()
    end = json.loads(kept[-1])["end"]
    whole = (finished / "predictions.jsonl").read_bytes()
    (tmp_path / "predictions.jsonl").write_bytes(whole[: end + 7])  # half a line after it
    assert TABLE.run(options(world, tmp_path)) == 0
    assert rows(tmp_path) == rows(finished)
    assert (tmp_path / "predictions.jsonl").read_bytes() == whole


def test_an_unknown_app_is_named(world, tmp_path):
    with pytest.raises(ClovaError, match="--apps: no app 'dance'; there are app_design"):
        TABLE.run(options(world, tmp_path, apps=("dance",)))


def test_a_prompt_file_without_checks_is_named(world, tmp_path):
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"content": {}}), encoding="utf-8")
    with pytest.raises(ClovaError, match="own.json"):
        TABLE.run(options(world, tmp_path / "out", file=(path,)))


def test_names_are_read_from_klue_ner_and_scored_by_type(tmp_path):
    folder = tmp_path / "klue/klue-ner-v1.1"
    folder.mkdir(parents=True)
    (folder / "klue-ner-v1.1_dev.tsv").write_text(NER, encoding="utf-8")
    first, second = read_entities(tmp_path)
    assert first.text == "경찰은 박씨를 어제 불렀다."
    assert first.names == [("OG", "경찰"), ("PS", "박"), ("DT", "어제")]
    assert second.names == []
    data = prompt_labels.labelled(tmp_path)["entities"]
    assert [gold for _, gold in data.items] == ["기관=경찰, 사람=박, 날짜=어제", "없음"]
    answers = [Prediction("기관=경찰, 곳=박", (data.items[0][1],)), Prediction("없음", ("없음",))]
    assert data.metric(answers) == pytest.approx(100 * 2 * 1 / (2 + 3))


@pytest.mark.parametrize(("hits", "count"), [(0, 6), (3, 6), (6, 6), (99, 100), (1, 1)])
def test_a_proportion_has_the_interval_of_scipy(hits, count):
    from scipy.stats import binomtest

    exact = binomtest(hits, count).proportion_ci(method="exact")
    found = proportion(hits, count)
    assert found.value == pytest.approx(100 * hits / count)
    assert (found.low, found.high) == pytest.approx((100 * exact.low, 100 * exact.high))
