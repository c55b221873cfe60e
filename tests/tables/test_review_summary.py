"""The table of review summaries: its sets, its rows, what a killed run keeps, and what the claims came to."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.common.stop import StopSignals
from clova_jax.corpus import Document
from clova_jax.evaluate import Detection
from clova_jax.sample import write_sample
from clova_jax.tables import Inputs, TableRun, review_cells, review_notes
from clova_jax.tables.review_sets import REVIEWS, Film, ReviewSets
from experiments.review_summary import TABLE, Options

READ = {"films": 3, "least": 6, "limit": 8, "seed": 0}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, and a model with random weights."""
    folder = tmp_path_factory.mktemp("world")
    write_sample(folder / "data", megabytes=0.3)
    tokenizer = train_tokenizer(["전제: 연기가 좋다\n관계: 참"], kind="byte", vocab_size=300)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=512)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    return folder


def options(world, out, **more):
    asked = {"limit": 4, "films": 2, "least": 6, "clusters": 1, "samples": 0, "steps": 1}
    asked |= {"meters": ("rouge1", "nli"), "groups": ("cluster",)} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


@pytest.fixture(scope="module")
def sets(world):
    return ReviewSets.read(world / "data", **READ)


def test_no_premise_is_in_two_splits(sets):
    splits = [{pair.premise for pair in some} for some in (sets.train, sets.dev, sets.test)]
    assert all(splits)
    assert len(set.union(*splits)) == sum(map(len, splits))


def test_films_have_reviews_enough_and_carry_no_label_in_their_text(sets):
    assert len({film.name for film in sets.films}) == 3
    for film in sets.films:
        assert len(set(film.texts)) == len(film.texts) >= 6
        assert not any(text.endswith(("(긍정)", "(부정)")) for text in film.texts)
        assert {len(labels) for labels in film.truths.values()} == {len(film.texts)}
        assert set(film.truths) == {"aspect", "polarity"}


def test_reviews_without_a_label_are_left_out_of_its_clusters(tmp_path):
    film = Film("1")
    for n in range(12):
        meta = {"movie": "1", "aspect": ("배우", "음악")[n % 2]} if n % 3 else {"movie": "1"}
        film.add(Document(f"{('연기가', '노래가')[n % 2]} 좋다 {n}", str(n), "reviews", meta))
    texts, labels = film.labelled("aspect")
    assert len(texts) == 8
    assert all(
        ("연기가" in text) == (label == "배우") for text, label in zip(texts, labels, strict=True)
    )
    assert film.labelled("polarity") == ([], [])
    inputs = Inputs(None, (tmp_path,), ("m",))
    run = TableRun(Options(out=tmp_path), inputs, StopSignals(), model_name="m")
    for system in ("single", "random", "tfidf"):
        sets = SimpleNamespace(films=[film])
        (row,) = review_cells.Clusters(sets, system)(run)
        assert (row["kind"], row["items"]) == ("aspect", 1)
    kept = [json.loads(line) for line in (tmp_path / "predictions.jsonl").open()]
    assert [row["text"] for row in kept] == texts * 3


def test_no_document_is_in_two_groups(sets):
    texts = [text for group in sets.groups for text in group.texts]
    assert texts
    assert len(set(texts)) == len(texts) == 5 * len(sets.groups)


def test_the_true_premise_stands_among_four_others(sets):
    for pair, five, one in zip(sets.test, sets.sources, sets.drawn, strict=True):
        assert len(set(five)) == 5
        assert pair.premise in five
        assert one in five
    by_premise = {}
    for pair, five in zip(sets.test, sets.sources, strict=True):
        assert by_premise.setdefault(pair.premise, five) == five


def test_a_seed_fixes_everything(sets, world):
    again = ReviewSets.read(world / "data", **READ)
    other = ReviewSets.read(world / "data", **READ | {"seed": 1})
    assert again.test == sets.test
    assert again.films == sets.films
    assert other.films != sets.films


def klue(folder, rows):
    path = folder / "klue/klue-nli-v1.1/klue-nli-v1.1_dev.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(rows))
    path = folder / "kornlu/KorNLI/xnli.dev.ko.tsv"
    path.parent.mkdir(parents=True)
    lines = [f"전제 {n // 3}\t가설 {n}\t{'entailment' if n % 2 else 'neutral'}" for n in range(30)]
    path.write_text("\n".join(["sentence1\tsentence2\tgold_label", *lines]) + "\n")


def test_klue_nli_is_tested_on_and_never_trained_on(world, tmp_path):
    (tmp_path / "corpus").symlink_to(world / "data/corpus")
    rows = [
        {"guid": f"{s}{n}", "source": s, "premise": f"{s} 전제 {n // 3}", "hypothesis": f"가설 {n}"}
        | {"gold_label": ("entailment", "neutral", "contradiction")[n % 3]}
        for s in ("airbnb", "NSMC", "wikinews")
        for n in range(18)
    ]
    klue(tmp_path, rows)
    sets = ReviewSets.read(tmp_path, **READ | {"limit": None})
    assert {pair.source for pair in sets.test} == set(REVIEWS)
    assert len(sets.test) == 36
    learnt = {(pair.premise, pair.hypothesis) for pair in (*sets.train, *sets.dev)}
    assert len(learnt) == 30
    assert not learnt & {(row["premise"], row["hypothesis"]) for row in rows}
    for pair, five in zip(sets.test, sets.sources, strict=True):
        assert all(premise.startswith(pair.source) for premise in five)


def test_folders_without_films_or_pairs_are_refused_in_one_line(world, tmp_path):
    with pytest.raises(ClovaError, match="none has the 1000 of --least"):
        ReviewSets.read(world / "data", **READ | {"least": 1000})
    (tmp_path / "corpus").symlink_to(world / "data/corpus")
    with pytest.raises(ClovaError, match="neither KLUE-NLI's dev file"):
        ReviewSets.read(tmp_path, **READ)


def test_rows_have_the_columns_of_the_table(finished):
    rows = json.loads((finished / "results.json").read_text())["rows"]
    for row in rows:
        wanted = {"app", "kind", "system", "model", "task", "metric", "value", "low", "high"}
        assert wanted | {"baseline", "items", "training"} <= set(row)
        assert row["low"] <= row["value"] <= row["high"]
        assert (row["model"] == "") == (
            row["system"] in {"single", "random", "tfidf", "overlap", *review_cells.ROUGES}
        )
    kinds = {
        row["metric"]: {r["kind"] for r in rows if r["metric"] == row["metric"]} for row in rows
    }
    assert kinds["adjusted Rand index"] == {"aspect", "polarity"}
    assert kinds["auroc"] == set(review_cells.PREMISES)
    assert kinds["supported"] == {"cluster"}
    single = [row["value"] for row in rows if row["system"] == "single"]
    assert single == [0.0, 0.0]
    assert not (finished / "tuning").exists() or not any((finished / "tuning").iterdir())


def test_with_random_weights_nothing_is_detected_and_lines_are_representatives(finished):
    rows = json.loads((finished / "results.json").read_text())["rows"]
    (own,) = (row for row in rows if (row["system"], row["kind"]) == ("nli", "own"))
    assert own["low"] <= 60
    for row in rows:
        if row["metric"] == "rouge1" and row["system"] in ("few_shot", "listed"):
            assert row["value"] < 20
    kept = [json.loads(line) for line in (finished / "predictions.jsonl").read_text().splitlines()]
    lines = [row for row in kept if "lines" in row]
    assert lines
    for row in lines:
        if not row["passed"]:
            assert row["lines"]["checked"] == row["lines"]["representative"]


def test_every_text_is_kept_once(finished):
    rows = [json.loads(line) for line in (finished / "predictions.jsonl").read_text().splitlines()]
    keys = [json.dumps(row, sort_keys=True) for row in rows]
    assert len(set(keys)) == len(keys)
    assert all({"app", "kind", "system", "model"} <= set(row) for row in rows)


@pytest.mark.slow  # the head is tuned again
def test_a_run_that_was_cut_off_writes_nothing_twice(world, finished, tmp_path):
    for name in ("predictions.jsonl", "trials.jsonl"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    marks = (tmp_path / "trials.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "trials.jsonl").write_text("".join(marks[:-1]) + marks[-1][:20])
    assert TABLE.run(options(world, tmp_path)) == 0
    kept = "predictions.jsonl"
    assert (tmp_path / kept).read_bytes() == (finished / kept).read_bytes()
    with pytest.raises(ClovaError, match="now seed is 1; use another --out"):
        TABLE.run(options(world, tmp_path, seed=1))


@pytest.mark.parametrize(("nli", "verdict"), [("right", "holds"), ("wrong", "fails")])
def test_the_notes_judge_the_claims(nli, verdict):
    gold = np.tile([True, False, False], 30)
    flat, sure = np.zeros(90), gold.astype(float) * (1 if nli == "right" else -1)
    scores = {("m", "nli", kind): sure for kind in review_cells.PREMISES}
    scores |= {("m", "nli", "one"): flat, ("", "rouge1", "own"): flat}
    detection = Detection(gold, [str(n // 3) for n in range(90)])

    run = SimpleNamespace(found={"scores": scores, "detection": detection})
    found = review_notes.claims(run)
    assert found[0].startswith(f"m: NLI above ROUGE (rouge1), its own premise: {verdict}, by ")
    several = [note for note in found if "above one premise drawn of five" in note]
    assert len(several) == 2
    assert all(f": {verdict}, by" in note for note in several)
    alike = [note for note in found if "above its own premise" in note]
    assert all("cannot tell" in note for note in alike)
