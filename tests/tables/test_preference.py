"""The preference table: halves, pairs, what is refused, rows, what a second run reads back, claims."""

import json

import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, align, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.sample import write_sample
from clova_jax.tables.preference_cells import distinct_2
from clova_jax.tables.preference_sets import read_ratings, read_reviews
from experiments.preference import TABLE, Options


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, and a model with random weights."""
    folder = tmp_path_factory.mktemp("world")
    write_sample(folder / "data", megabytes=0.1)
    texts = list(read_reviews(folder / "data", 1, None, 0).learned)
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=600)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=64)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    return folder


def options(world, out, **more):
    asked = {"limit": 6, "beta": (0.5,), "best_of": (2, 3), "max_new_tokens": 3, "samples": 2}
    asked |= {
        "methods": ("dpo",),
        "steps": 2,
        "reward_steps": 5,
        "batch_size": 4,
        "learning_rate": 1e-2,
    } | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


def table(folder):
    return json.loads((folder / "results.json").read_text())


def test_halves_share_no_text_and_pairs_begin_alike(world):
    chosen = read_reviews(world / "data", 1, 20, 0)
    assert not set(chosen.learned) & set(chosen.judged)
    assert not set(chosen.held_out) & (set(chosen.learned) | set(chosen.judged))
    labels = dict(zip(chosen.judged, chosen.good, strict=True))
    assert len(labels) == len(chosen.judged)
    assert {p.prompt for p in chosen.train}.isdisjoint(p.prompt for p in chosen.dev)
    whole = set(chosen.learned)
    for one in (*chosen.train, *chosen.dev):
        assert {one.prompt + one.chosen, one.prompt + one.rejected} <= whole
        assert len(one.prompt.split()) == 1
        assert one.chosen.strip()
        assert one.rejected.strip()
    assert len(set(chosen.prompts)) == len(chosen.prompts) == 20


def test_the_chosen_answer_is_the_positive_one(tmp_path):
    folder = tmp_path / "nsmc"
    folder.mkdir()
    for split in ("train", "test"):
        lines = [f"{n}\t{split} 영화 {n} {'최고' if n % 2 else '최악'}\t{n % 2}" for n in range(80)]
        text = "id\tdocument\tlabel\n" + "\n".join(lines) + "\n"
        (folder / f"ratings_{split}.txt").write_text(text, encoding="utf-8")
    chosen = read_reviews(tmp_path, 2, None, 0)
    assert {one.prompt for one in (*chosen.train, *chosen.dev)} == {"train 영화"}
    for one in (*chosen.train, *chosen.dev):
        assert one.chosen.endswith("최고")
        assert one.rejected.endswith("최악")
    assert chosen.prompts == ["test 영화"]
    with pytest.raises(ClovaError, match="only 0 pairs .* same 3 words"):
        read_reviews(tmp_path, 3, None, 0)


def test_ratings_are_halved_by_prompt(tmp_path):
    path = tmp_path / "ratings.jsonl"
    some = [align.Preference(f"물음 {n // 2}", f" 답 {n}", f" 말 {n}") for n in range(60)]
    align.write_preferences(path, some)
    found = read_ratings(path, 5, 0)
    assert found.task == "ratings"
    prompts = {one.prompt for one in (*found.train, *found.dev)}
    assert len(prompts) == 15
    assert not any(text.startswith(prompt + " ") for text in found.judged for prompt in prompts)
    assert len(found.prompts) == 5
    assert prompts.isdisjoint(found.prompts)
    assert len(found.held_out) == len(found.held_out_good) == 2 * len(found.dev)
    align.write_preferences(path, some[:20])
    assert len(read_ratings(path, None, 0).judged) == 20
    align.write_preferences(path, some[:10])
    with pytest.raises(ClovaError, match="10 pairs of 5 prompts"):
        read_ratings(path, None, 0)


@pytest.mark.slow
def test_the_table_has_every_method_and_metric_and_is_read_back(world, finished):
    # One test, since each process that runs one of them makes the table.
    check_rows(finished)
    check_notes(finished)
    check_texts(world, finished)


def check_rows(finished):
    rows = table(finished)["rows"]
    found = {(row["method"], row["beta"], row["metric"]): row for row in rows}
    texts = {"judge", "reward", "kl", "distinct_2", "length"}
    for method, beta in (("reference", None), ("dpo", 0.5)):
        own = {key[2] for key in found if key[:2] == (method, beta)}
        assert own == texts | {"bits_per_byte"}
    for n in (2, 3):
        assert {key[2] for key in found if key[0] == f"best_of_{n}"} == texts
        assert found[f"best_of_{n}", None, "kl"]["value"] == align.best_of_kl(n)
    assert found["reference", None, "kl"]["value"] == pytest.approx(0, abs=1e-3)
    best, start = (found[m, None, "reward"]["value"] for m in ("best_of_3", "reference"))
    assert best >= start
    assert {row["task"] for row in rows} == {"nsmc"}
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)
    assert (finished / "preference.png").stat().st_size > 0


def check_texts(world, finished):
    path = finished / "predictions.jsonl"
    texts = [json.loads(line) for line in path.read_text().splitlines()]
    assert sum(row.get("method") == "reference" for row in texts) == 6 * 3
    assert sum(row.get("method") == "dpo" for row in texts) == 6 * 2
    before, rows = path.read_bytes(), table(finished)["rows"]
    assert TABLE.run(options(world, finished)) == 0
    assert path.read_bytes() == before
    assert table(finished)["rows"] == rows
    with pytest.raises(ClovaError, match="use another --out"):
        TABLE.run(options(world, finished, max_new_tokens=5))


@pytest.mark.slow
def test_seeds_fix_the_texts(world, finished, tmp_path):
    assert TABLE.run(options(world, tmp_path, methods=())) == 0
    first = (finished / "predictions.jsonl").read_text().splitlines()
    again = (tmp_path / "predictions.jsonl").read_text().splitlines()
    assert first[: len(again)] == again
    assert len(again) == 18


def check_notes(finished):
    notes = table(finished)["notes"]
    assert sum("judge above the reference: " in note for note in notes) == 3
    assert sum("more bits per byte: " in note for note in notes) == 1
    assert any("the judge is right on " in note for note in notes)
    assert any("0 pairs have an answer that was cut" in note for note in notes)
    assert any("between no two betas" in note or "over-optimised" in note for note in notes)


def test_a_row_of_the_file_is_named(world, tmp_path):
    path = tmp_path / "pairs.jsonl"
    some = [align.Preference(f"물음 {n}", " 좋다", " 싫다") for n in range(40)]
    align.write_preferences(path, [*some, align.Preference("가" * 300, " 좋다", " 싫다")])
    with pytest.raises(ClovaError, match="pairs.jsonl:41: the prompt has"):
        TABLE.run(options(world, tmp_path / "out", pairs=path, limit=None))


def test_one_method_is_named_once(world, tmp_path):
    with pytest.raises(ClovaError, match="names one twice"):
        options(world, tmp_path, methods=("dpo", "dpo"))


def test_texts_that_repeat_have_a_low_distinct_2():
    one, other = [{"ids": [1, 2, 3]}], [{"ids": [4, 5, 6]}]
    assert distinct_2([one, other]).value == 100
    assert distinct_2([one, one]).value == 50
    assert distinct_2([[{"ids": [1]}]] * 3).value == 100
    found = distinct_2(
        [[{"ids": list(np.random.default_rng(n).integers(9, size=6))}] for n in range(40)]
    )
    assert found.low < found.value < found.high
