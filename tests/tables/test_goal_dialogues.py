"""The table of written dialogues: the domain left out, rows, what a killed run keeps, and the verdicts."""

import json

import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.apps.dialogues import writer
from clova_jax.common.errors import ClovaError
from clova_jax.sample import write_sample
from clova_jax.tables.dialogue_notes import claims
from clova_jax.tables.left_out import Dialogues, LeftOut
from experiments.goal_dialogues import TABLE, Options


def answer_at_once(model, prefix, asked, **options):
    """Writes for every other goal a dialogue that says a value of it, at the second try; for the others none."""
    for number, one in enumerate(asked):
        value = next(iter(one.judge.goal.said.values()))
        one.texts.append(one.judge("", True, -1.0))
        if number % 2:
            one.texts.append(one.judge(f" {value}로요.\n직원: 네.", True, -1.0))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, and a model with random weights."""
    folder = tmp_path_factory.mktemp("world")
    data = write_sample(folder / "data", megabytes=0.1)
    texts = [turn.text for one in Dialogues.read(data / "klue/wos-v1.1").dev for turn in one.turns]
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=600)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=1024)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "write_texts", answer_at_once)
        yield folder


def options(world, out, **more):
    asked = {
        "domains": ("기차",),
        "k": (4, 8),
        "writer": ("prompt",),
        "limit": 6,
        "shots": 1,
    } | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


@pytest.fixture(scope="module")
def left(world):
    return LeftOut(Dialogues.read(world / "data/klue/wos-v1.1"), "기차", None, 0)


def test_the_domain_is_left_out(left):
    assert {domain for one in left.others for domain in one.domains} == set(left.data.ontology) - {
        "기차"
    }
    assert all(one.domains == ("기차",) for one in (*left.real, *left.test))
    taken = {frozenset(one.final.items()) for one in (*left.real, *left.test)}
    goals = left.goals(30)
    assert left.goals(10) == goals[:10]
    assert not taken & {frozenset((f"기차-{s}", v) for s, v in g.values.items()) for g in goals}


def test_rows_have_the_columns_of_the_table(finished):
    rows = json.loads((finished / "results.json").read_text())["rows"]
    found = {(row["method"], row["k"], row["metric"]): row for row in rows}
    joint, slots, said = "joint goal accuracy", "slot accuracy", "goal values said"
    assert [key[:2] for key in found if key[2] == joint] == [
        *(("none", 0), ("match", 0), ("real", 4), ("real", 8)),
        *(("labels of prompt", 0), ("prompt", 4), ("prompt", 8)),
    ]
    for row in rows:
        wanted = {"model", "task", "metric", "value", "low", "high", "baseline", "method", "k"}
        assert wanted | {"accepted", "tried"} <= set(row)
        assert row["low"] <= row["value"] <= row["high"]
    none = found["none", 0, joint]
    assert none["value"] == none["baseline"]
    assert found["real", 8, slots]["value"] > found["none", 0, slots]["value"]
    assert found["real", 8, said]["value"] == 100
    written = found["prompt", 8, said]
    assert (written["accepted"], written["tried"]) == (4, 12)
    assert written["refused"] == {"empty": 8}


def test_every_dialogue_has_goal_states_and_prompt(finished):
    prompts = {}
    for line in (finished / "prompts.jsonl").read_text().splitlines():
        row = json.loads(line)
        prompts[row["prompt"]] = row["text"]
    rows = [json.loads(line) for line in (finished / "dialogues.jsonl").read_text().splitlines()]
    assert rows
    for row in rows:
        assert {"goal", "text", "states", "accepted", "reason", "logprob"} <= set(row)
        assert f"목표: {row['goal']['domain']} 예약. " in prompts[row["prompt"]]
        assert all(value in row["goal"]["instruction"] for value in row["goal"]["slots"].values())
        assert row["accepted"] == (not row["reason"]) == bool(row["states"])


def test_a_run_that_was_cut_off_writes_nothing_twice(world, finished, tmp_path):
    for name in ("dialogues.jsonl", "written.jsonl", "predictions.jsonl", "trials.jsonl"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    marks = (tmp_path / "trials.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "trials.jsonl").write_text("".join(marks[:-2]) + marks[-2][:20])
    assert TABLE.run(options(world, tmp_path)) == 0
    for name in ("dialogues.jsonl", "predictions.jsonl"):
        assert (tmp_path / name).read_bytes() == (finished / name).read_bytes()
    before, after = (json.loads((f / "results.json").read_text()) for f in (finished, tmp_path))
    assert before["rows"] == after["rows"]


def test_other_options_are_refused_in_one_line(world, finished):
    with pytest.raises(ClovaError, match="with seed 0, now seed is 1; use another --out"):
        TABLE.run(options(world, finished, seed=1))


def test_a_writer_without_a_dialogue_gives_rows(world, tmp_path, monkeypatch):
    def write_nothing(model, prefix, asked, **more):
        for one in asked:
            one.texts.append(one.judge("", True, 0.0))

    monkeypatch.setattr(writer, "write_texts", write_nothing)
    assert TABLE.run(options(world, tmp_path, k=(4,))) == 0
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    own = {row["metric"]: row for row in rows if row["method"] == "prompt"}
    assert {row["accepted"] for row in own.values()} == {0}
    assert own["joint goal accuracy"]["value"] == own["joint goal accuracy"]["baseline"]
    assert own["goal values said"]["value"] == 0


def test_an_unknown_domain_is_named(world, tmp_path):
    with pytest.raises(ClovaError, match="--domains: no domain '배'; there are 식당, 숙소"):
        TABLE.run(options(world, tmp_path, domains=("배",)))


def test_a_folder_without_wos_is_named(world, tmp_path):
    with pytest.raises(ClovaError, match=r"ontology.json"):
        TABLE.run(options(world, tmp_path / "out", wos=tmp_path))


def test_claims_are_judged_dialogue_by_dialogue():
    class Run:
        options = type("Options", (), {"seed": 0})

        def __init__(self, **shares):
            self.found = {"scores": {}}
            for method, share in shares.items():
                rows = np.array([[float(i < share), 1.0, 0.0, 0.0] for i in range(100)])
                model, k = ("m", 8) if method == "adapted" else ("", 8 * (method == "real"))
                self.found["scores"][model, "기차", method, k] = rows

    found = claims(Run(none=3, match=40, real=90, adapted=40))
    assert [note.split(": ", 2)[1] for note in found] == ["above none", "above match", "below real"]
    assert [note.split(": ", 3)[2].split(",")[0] for note in found] == [
        "holds",
        "cannot tell",
        "holds",
    ]
    assert "fails, by -37.0" in claims(Run(none=40, match=40, real=90, adapted=3))[0]
