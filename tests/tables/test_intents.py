"""The table of written examples: draws, rows, what a killed run keeps, and the verdicts on the paper's claims."""

import json
from collections import Counter

import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.apps.augmentation import Line, writer
from clova_jax.common.errors import ClovaError
from clova_jax.labelled import read_intents
from clova_jax.sample import write_sample
from clova_jax.tables.intent_cells import tried_for
from clova_jax.tables.intent_notes import claims
from clova_jax.tables.intents import IntentDraws, validation_count
from experiments.intent_augmentation import TABLE, Options


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, and a model with random weights whose lines are short."""
    folder = tmp_path_factory.mktemp("world")
    data = write_sample(folder / "data", megabytes=0.1)
    texts = [
        f"의도: {one.name}\n#1: {text}" for one in read_intents(data).rare for text in one.texts
    ]
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=600)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=512)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    bias = dict.fromkeys(tokenizer.encode("\n"), 4.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "MOST_TOKENS", 6)
        patch.setattr(writer, "SAMPLING", {"logit_bias": bias})
        yield folder


def options(world, out, **more):
    asked = {"n": (0, 1), "k": (1,), "draws": 1, "writer": ("prompt",), "limit": 40} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


def test_a_draw_shares_no_utterance_between_its_purposes(world):
    draws = IntentDraws.read(world / "data", 2, None, 0)
    first, second = draws
    assert first.targets != second.targets
    for draw in (first, second):
        names = [name for name, _ in draw.prompt.sources]
        assert len(set(draw.targets) | set(names)) == 26
        assert all(len(texts) == 5 for _, texts in draw.prompt.sources)
        used = [text for texts in draw.originals.values() for text in texts]
        used += [*draw.dev.values(), *(one.text for one, _ in draw.test)]
        assert len(set(used)) == len(used) == sum(Counter(n for _, n in draw.test).values()) + 120


def test_a_longer_grid_begins_with_the_same_draws(world):
    few, more = (list(IntentDraws.read(world / "data", count, 10, 0)) for count in (1, 2))
    assert few[0] == more[0]


def test_too_few_intents_are_named(tmp_path):
    path = tmp_path / "dialogue/sae4k/sae4k_v1.txt"
    path.parent.mkdir(parents=True)
    path.write_text("불 꺼\t불 끄기\t4\n불 꺼 줘\t불 끄기\t4\n문 열어\t문 열기\t4\n")
    with pytest.raises(ClovaError, match=r"0 of 2 intents have .* 26; '불 끄기' has 2"):
        IntentDraws.read(tmp_path, 1, None, 0)


def test_validation_counts_are_the_papers():
    assert [validation_count(k) for k in (0, 5, 10, 15, 25, 125)] == [0, 1, 2, 3, 5, 30]


def test_rows_have_the_columns_of_the_table(finished):
    rows = json.loads((finished / "results.json").read_text())["rows"]
    found = {(row["method"], row["n"], row["k"]): row for row in rows}
    rivals = [("name", 0, 0), ("real", 0, 1), ("none", 1, 0), ("eda", 1, 1)]
    assert list(found) == [*rivals, ("prompt", 0, 1), ("prompt", 1, 1)]
    for row in rows:
        wanted = {"task", "metric", "value", "low", "high", "baseline", "method"}
        assert wanted | {"n", "k", "std", "draws", "accepted", "tried"} <= set(row)
        assert row["low"] <= row["value"] <= row["high"]
    assert found["real", 0, 1]["value"] > found["prompt", 0, 1]["value"]


def test_every_text_has_its_prompt(finished):
    prompts = {}
    for line in (finished / "prompts.jsonl").read_text().splitlines():
        row = json.loads(line)
        prompts[row["prompt"]] = row["text"]
    rows = [json.loads(line) for line in (finished / "augmented.jsonl").read_text().splitlines()]
    assert rows
    for row in rows:
        assert {"intent", "text", "accepted", "reason", "logprob"} <= set(row)
        assert f"의도: {row['intent']}\n" in prompts[row["prompt"]]
        assert row["accepted"] == (not row["reason"])


def test_a_run_that_was_cut_off_writes_nothing_twice(world, finished, tmp_path):
    for name in ("augmented.jsonl", "written.jsonl", "predictions.jsonl", "trials.jsonl"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    marks = (tmp_path / "written.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "written.jsonl").write_text("".join(marks[:-1]) + marks[-1][:20])
    assert TABLE.run(options(world, tmp_path)) == 0
    for name in ("augmented.jsonl", "predictions.jsonl"):
        assert (tmp_path / name).read_bytes() == (finished / name).read_bytes()
    before, after = (json.loads((f / "results.json").read_text()) for f in (finished, tmp_path))
    assert before["rows"] == after["rows"]


def test_other_options_are_refused_in_one_line(world, finished):
    with pytest.raises(ClovaError, match="with seed 0, now seed is 1; use another --out"):
        TABLE.run(options(world, finished, seed=1))


def test_a_writer_without_an_acceptable_line_gives_a_row(world, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "MOST_TOKENS", 0)
    asked = options(world, tmp_path, n=(0,), limit=10)
    assert TABLE.run(asked) == 0
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    row = next(row for row in rows if row["method"] == "prompt")
    assert (row["accepted"], row["tried"]) == (0, 20 * 4 * 2)


def test_lines_are_counted_to_the_last_that_is_needed():
    lines = [Line("", accepted, "", 0.0) for accepted in (False, True, False, True, True)]
    assert len(tried_for(lines, 1)) == 2
    assert len(tried_for(lines, 2)) == 4
    assert len(tried_for(lines[:1] * 9, 2)) == 8


def test_claims_are_judged_by_paired_draws():
    def found(*shares):
        return [np.array([[float(i < share), 1.0] for i in range(100)]) for share in shares]

    scores = {
        ("", "none", 1, 0): found(50, 52),
        ("", "none", 5, 0): found(80, 81),
        ("m", "prompt", 0, 5): found(60, 61),
        ("m", "prompt", 0, 25): found(80, 81),
        ("m", "prompt", 1, 25): found(90, 92),
        ("m", "prompt", 5, 25): found(81, 81),
    }
    more, most, closes = claims(scores)
    assert more.startswith("m prompt: k=25 above k=5 at n=0: holds, by +20.00")
    assert "n=1 than at n=5: holds, by +39.50" in most
    assert "shrinks from n=1 to n=5: holds, by +39.50" in closes
    scores["m", "prompt", 0, 25] = found(61, 60)
    assert "cannot tell, by +0.00" in claims(scores)[0]
    scores["m", "prompt", 0, 25] = found(20, 21)
    assert "fails, by -40.00" in claims(scores)[0]
