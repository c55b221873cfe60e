"""The comparison of tokenizers: disjoint text, equal vocabularies, headlines set apart, and another folder refused."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from clova_jax import tables
from clova_jax.common.errors import ClovaError
from clova_jax.corpus import read_documents
from clova_jax.tables import tokenizer_measures, tokenizer_models, tokenizer_questions
from clova_jax.tables.tokenizers import split
from clova_jax.tokenizers import train_tokenizer
from experiments.tokenizer_ablation import Options
from tests.worlds.corpora import write_corpus
from tests.worlds.labelled_data import write_labelled

RARE_TITLE = "새 프로젝트 시작"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Documents of two sources and the labelled sets; of the headlines, two hold the rare syllable."""
    folder = write_labelled(tmp_path_factory.mktemp("data"))
    write_corpus(folder / "corpus", {"news": 400, "blog": 200})
    for name in ("dev", "train"):
        path = folder / f"klue/ynat-v1.1/ynat-v1.1_{name}.json"
        rows = json.loads(path.read_text())
        rows[0]["title"] = f"{RARE_TITLE} {name}"
        path.write_text(json.dumps(rows))
    line = json.dumps({"text": f"{RARE_TITLE} train"})
    with (folder / "corpus" / "news.jsonl").open("a") as file:
        file.write(line + "\n")
    return folder


@pytest.fixture
def options(tmp_path, monkeypatch):
    """Small options; the models are not trained."""
    monkeypatch.setattr(
        tokenizer_models, "train_models", lambda made: [t.options.out / "model" for t in made]
    )
    return Options(out=tmp_path, tokenizers=("byte", "char"), seeds=2, vocab_size=300)


def texts(folder):
    return {document.text for document in read_documents(folder)}


def test_contenders_and_judge_read_disjoint_halves_without_what_is_held_out(data, tmp_path):
    tokenizer_models.write_halves(data, tmp_path, 1.0, 0, {f"{RARE_TITLE} train"})
    ours, others = (texts(tmp_path / name) for name in ("contenders", "judge"))
    held_out = {document.text for document, held in split(read_documents(data), 0) if held}
    assert held_out
    assert not ours & others
    assert not (ours | others) & held_out
    left_out = texts(data) - ours - others - held_out
    assert left_out == {f"{RARE_TITLE} train"}


def test_a_source_gives_no_more_than_its_share(data, tmp_path):
    tokenizer_models.write_halves(data, tmp_path, 0.002, 0)
    for name in ("contenders", "judge"):
        size = sum(len(text.encode()) for text in texts(tmp_path / name))
        assert 1_000 < size < 8_000  # two sources of about two kilobytes


def test_models_are_as_many_as_tokenizers_and_seeds_and_the_judge_is_last(data, options):
    made = tokenizer_models.make_models(options, data)
    assert made.names == ["byte 0", "byte 1", "char 0", "char 1", "judge"]
    more = tokenizer_models.make_models(dataclasses.replace(options, seeds=3), data)
    assert more.names[2] == "byte 2"


def test_another_tokenizer_folder_is_one_line(data, options):
    tokenizer_models.make_models(options, data)
    folder = options.out / "tokenizers" / "byte"
    shutil.rmtree(folder)
    shutil.copytree(options.out / "tokenizers" / "judge", folder)
    with pytest.raises(ClovaError, match="holds a run with data=.* to resume, or another --out"):
        tokenizer_models.make_models(options, data)


def test_other_settings_and_unequal_vocabularies_are_refused(data, options, tmp_path):
    tokenizer_models.make_models(options, data)
    with pytest.raises(ClovaError, match="holds a run with steps=120, this one has 5"):
        tokenizer_models.make_models(dataclasses.replace(options, steps=5), data)
    larger = dataclasses.replace(options, vocab_size=5_000, out=tmp_path / "other")
    with pytest.raises(ClovaError, match="only equal vocabularies are compared"):
        tokenizer_models.make_models(larger, data)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"heads": 5}, "--heads: 5 do not divide"), ({"tokenizers": ("byte",)}, "wants two or three")],
)
def test_options_that_do_not_fit_are_one_line(changes, message):
    with pytest.raises(ClovaError, match=message):
        Options(**changes)


def test_tasks_without_labels_are_refused_before_anything_is_made(tmp_path):
    for tasks, message in ((("korquad",), "korquad: its answers are free text"), (("x",), "x")):
        with pytest.raises(ClovaError, match=message):
            Options(out=tmp_path / "out", tasks=tasks).inputs()
    assert not (tmp_path / "out").exists()


def test_rare_headlines_are_all_asked_and_none_is_an_example(data):
    found = tokenizer_questions.Questions.draw("ynat", data, 5, 0)
    assert found.groups["ynat, headlines with 젝"] == {"dev0", "train0"}
    assert len(found.groups["ynat"]) == 5
    asked = {item.id for item in found.data.items}
    assert asked == set.union(*found.groups.values())
    assert all("젝" not in item.text for item in found.data.pool)
    assert len(found.data.pool) == 20
    other = tokenizer_questions.Questions.draw("nsmc", data, 5, 0)
    assert list(other.groups) == ["nsmc"]


def test_an_unknown_character_spells_no_byte():
    tokenizer = train_tokenizer(["가나다 가나다 가나"] * 50, "char", 20)
    spelled = tokenizer_measures.spelled_bytes(tokenizer, ["가나다", "가뷁다", ""])
    assert spelled.tolist() == [9, 6, 0]


def test_rows_and_verdicts_come_of_all_models():
    run = tables.TableRun(Options(), tables.Inputs(), None)
    measures = tokenizer_measures.Measures(run, {"news": []}, [], [], [], [])
    measures.figures = {"byte": [{"seconds": 2.0}, {"seconds": 4.0}], "char": [{"seconds": 1.0}]}
    for kind, level in (("byte", 1.0), ("char", 2.0)):
        for seed in range(2):
            noise = 0.01 * np.random.default_rng(seed).standard_normal(50)
            rows = np.stack([level + noise, np.ones(50)], axis=1)
            measures._add(
                ("held-out text", "news", "bits per byte"), kind, rows, lambda t: t[0] / t[1], 9
            )
    rows = measures.rows()
    assert rows[0] == {
        **{"tokenizer": "byte", "measure": "training", "of": "a model", "metric": "seconds"},
        **{"value": 3.0, "seeds": 2},
    }
    assert [row["value"] for row in rows[2:]] == pytest.approx([1, 2], abs=0.02)
    assert measures.verdicts() == [
        "held-out text by source, byte and char: separated beyond both intervals in 1 of 1 sources: news"
    ]
