"""The table of calls: splits that share no row, the same turns for every system, answers that are kept, mistakes in one line."""

import json

import pytest

from clova_jax import LanguageModel, ModelConfig, sample, train_tokenizer
from clova_jax.apps import calls
from clova_jax.common.errors import ClovaError
from clova_jax.corpus import read_documents
from clova_jax.labelled import read_dialogues
from clova_jax.sample import write_sample
from clova_jax.tables import call_cells, call_notes, callers
from clova_jax.tables.call_sets import CANDIDATES, CHATS, WOS, CallSets, find_scenarios
from experiments.call import TABLE, Options


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    data = write_sample(folder / "data", megabytes=0.1)
    texts = [turn.text for one in read_dialogues(data / WOS, "dev") for turn in one.turns]
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=600)
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=1024)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    rows = [f"질문 {n}번,답 {n}번입니다.,{n % 3}" for n in range(200)]
    (data / CHATS).mkdir(parents=True, exist_ok=True)
    (data / CHATS / "ChatbotData.csv").write_text("\n".join(["Q,A,label", *rows]) + "\n")
    return folder


def options(world, out, **more):
    asked = {"limit": 4, "callers": 1, "rows": 1, "steps": 2, "hypotheses": 2} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


@pytest.fixture(scope="module")
def sets(world):
    return CallSets(world / "data", list(calls.scenarios().values()), 6, None, 0)


def test_no_row_is_learned_from_and_tested(sets, world):
    reservations, chats = sets.next
    for one in (reservations, chats):
        asked = {
            (question.query, question.candidates[question.answer]) for question in one.questions
        }
        assert asked
        assert not asked & set(one.pairs)
    train, dev = ({d.id for d in read_dialogues(world / "data" / WOS, s)} for s in ("train", "dev"))
    assert {question.id.partition("/")[0] for question in reservations.questions} <= dev - train
    learnt = {text for pair in chats.pairs for text in pair}
    assert not learnt & {t for q in chats.questions for t in (q.query, *q.candidates)}


def test_candidates_are_different_and_hold_the_answer_anywhere(sets):
    for one in sets.next:
        assert {len(set(question.candidates)) for question in one.questions} == {CANDIDATES}
        assert len({question.answer for question in one.questions}) > CANDIDATES / 2


def test_where_chats_are_few_known_answers_are_wrong_candidates_too(tmp_path):
    rows = [f"질문 {n}번,답 {n}번입니다.,0" for n in range(40)]
    (tmp_path / CHATS).mkdir(parents=True)
    (tmp_path / CHATS / "ChatbotData.csv").write_text("\n".join(["Q,A,label", *rows]) + "\n")
    (chats,) = CallSets(tmp_path, [], 0, None, 0).next
    assert len(chats.questions) == 8
    assert {len(set(question.candidates)) for question in chats.questions} == {CANDIDATES}


def test_no_document_has_a_wording_to_test_with(world):
    text = "\n".join(document.text for document in read_documents(world / "data" / "corpus"))
    wordings = [w for some in (*sample.ANSWERS.values(), *sample.MEANINGS.values()) for w in some]
    wordings += [w for slot in sample.SENTENCES.values() for some in slot.values() for w in some]
    assert not [wording for wording in wordings if len(wording) > 2 and wording in text]


def test_callers_say_what_they_want_whatever_they_are_asked_before(sets):
    for scenario in sets.scenarios:
        caller = callers.Caller(scenario, 0, 0)
        again = callers.Caller(scenario, 0, 0)
        for name, state in scenario.states.items():
            if state.end:
                continue
            answers = [caller.answer(name, visit) for visit in range(8)]
            assert answers == [again.answer(name, visit) for visit in range(8)]
            for answer in answers:
                assert answer.intent in scenario.expected(name)
                assert all(caller.goal[slot] == value for slot, value in answer.values.items())


def test_calls_as_they_should_go_end_with_the_callers_values(sets):
    ends = [call.turns[-1] for call, _ in sets.led]
    assert {turn.outcome for turn in ends} >= {calls.FINISHED, calls.DECLINED}
    for call, asked in sets.led:
        goal = callers.Caller(call.scenario, int(call.name.rpartition("/")[2]), 0).goal
        assert call.turns[-1].slots.items() <= goal.items()
        assert len(asked) == len(call.turns) - 1


def test_every_system_hears_the_same(sets, world):
    one = sets.asked[0]
    first, second = (call_cells.hear(options(world, "out"), one.answer, one.id) for _ in range(2))
    assert first == second


@pytest.mark.slow
def test_rows_have_the_columns_of_the_table(finished):
    results = json.loads((finished / "results.json").read_text())
    rows = results["rows"]
    kinds = {"branch", "calls", "next chats", "next reservations", "utterances"}
    assert {row["kind"] for row in rows} == kinds | {f"turns {how}" for how in call_cells.HEARD}
    wanted = {
        "app",
        "kind",
        "system",
        "model",
        "task",
        "metric",
        "value",
        "low",
        "high",
        "baseline",
    }
    for row in rows:
        assert wanted <= set(row)
        assert row["low"] <= row["value"] <= row["high"]
        assert (row["model"] == "") == (row["system"] in ("rules", "ngrams", "bm25", "neighbours"))
    for claim in (
        "all hypotheses above the first",
        "prior taken off above left on",
        "branch: model above",
    ):
        assert any(claim in note for note in results["notes"]), claim
    assert (finished / "call.png").is_file()


@pytest.mark.slow
def test_transcripts_analysis_and_sheet_are_written(finished):
    rows = [json.loads(line) for line in (finished / "predictions.jsonl").read_text().splitlines()]
    keys = [(row["kind"], row["system"], row["id"]) for row in rows]
    assert len(set(keys)) == len(keys)
    transcript = next(row for row in rows if row["kind"] == "calls")
    assert {"state", "said", "heard", "intent", "slots", "outcome"} <= set(transcript["turns"][0])
    figures = json.loads((finished / "calls.json").read_text())
    assert {"rules", "ngrams"} < set(figures)
    assert "안부 전화" in (finished / "calls.md").read_text()
    assert calls.read_wordings(finished / "utterances.csv", list(calls.scenarios().values())) == {}


@pytest.mark.slow
def test_a_run_that_was_cut_off_writes_nothing_twice(world, finished, tmp_path):
    for name in ("predictions.jsonl", "trials.jsonl"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    marks = (tmp_path / "trials.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "trials.jsonl").write_text("".join(marks[:-1]) + marks[-1][:20])
    assert TABLE.run(options(world, tmp_path)) == 0
    kept = "predictions.jsonl"
    assert (tmp_path / kept).read_bytes() == (finished / kept).read_bytes()
    with pytest.raises(ClovaError, match=r"now noise is 0.2; use another --out"):
        TABLE.run(options(world, tmp_path, noise=0.2))


@pytest.mark.slow
def test_calls_choose_from_the_wordings_of_collectors(world, finished, tmp_path):
    sheet = tmp_path / "filled.csv"
    lines = (finished / "utterances.csv").read_text("utf-8-sig").splitlines()
    lines[1] = lines[1].removesuffix(",,") + ",어르신 저예요. 통화 되세요?,민서"
    sheet.write_text("\n".join(lines) + "\n")
    care = find_scenarios(options(world, tmp_path / "out", collected=sheet))[0]
    assert care.states["인사"].utterances[-1] == "어르신 저예요. 통화 되세요?"


def test_what_cannot_be_run_is_refused_in_one_line(world, tmp_path):
    path = tmp_path / "my.json"
    path.write_text('{"clova_call_scenario": 1, "name": "빈 전화"}')
    with pytest.raises(ClovaError, match="my.json: has no 'domain'"):
        TABLE.run(options(world, tmp_path / "a", scenario=(path,)))
    (tmp_path / "empty").mkdir()
    empty = Options(out=tmp_path / "b", model=(world / "model",), data=tmp_path / "empty")
    with pytest.raises(ClovaError, match=r"neither klue/wos-v1.1/wos-v1.1_dev.json nor"):
        TABLE.run(empty)


def answers(right):
    return [
        {"id": str(n), "slot": "", "answer": 1, "prediction": int(one), "rank": 1 + 9 * (not one)}
        for n, one in enumerate(right)
    ]


@pytest.mark.parametrize(
    ("own", "rival", "verdict"),
    [
        ([True] * 40, [False] * 40, "holds"),
        ([False] * 40, [True] * 40, "fails"),
        ([True, False] * 20, [False, True] * 20, "cannot tell"),
    ],
)
def test_the_notes_give_the_verdict(own, rival, verdict):
    found = {
        ("m", "model", "branch"): answers(own),
        ("", "rules", "branch"): answers(rival),
        ("m", "model_normalised", "next chats"): answers(own),
        ("m", "model", "next chats"): answers(rival),
        ("m", "model", "turns first"): answers(rival),
        ("m", "model", "turns n_best"): answers(own),
    }
    notes = list(call_notes.claims(found, 0))
    for claim in (
        "m, branch: model above rules",
        "m model_normalised, next chats, MRR: prior taken off above left on",
        "m model, intent: all hypotheses above the first",
    ):
        (note,) = [note for note in notes if note.startswith(claim)]
        assert f": {verdict} (" in note
