"""The table of rewritten queries: its queries, its rows, what a killed run keeps, and who wins where."""

import json
import re

import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.sample import write_sample
from clova_jax.tables import null_queries
from clova_jax.tables.query_sets import QuerySets
from experiments.null_queries import TABLE, Options

KINDS = ("neighbour", "latin", "fact")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The sample's data, and a model with random weights."""
    folder = tmp_path_factory.mktemp("world")
    write_sample(folder / "data", megabytes=0.1)
    tokenizer = train_tokenizer(
        ["질의: 나래시 시장\n수정: 나래시 시장"], kind="byte", vocab_size=300
    )
    config = ModelConfig(1, 16, 1, vocab_size=tokenizer.vocab_size, max_length=1024)
    LanguageModel.create(config, tokenizer).save(folder / "model")
    return folder


def options(world, out, **more):
    asked = {"limit": 4, "training": 16, "shots": 2, "steps": 2, "kinds": KINDS[1:]} | more
    return Options(out=out, model=(world / "model",), data=world / "data", **asked)


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    assert TABLE.run(options(world, out)) == 0
    return out


@pytest.fixture(scope="module")
def sets(world):
    return QuerySets.make(world / "data", KINDS, 12, 16, 0)


def test_no_article_query_or_page_is_in_both_splits(sets, world):
    test = [pair for some in sets.test.values() for pair in some]
    assert test
    assert not {pair.query.page for pair in test} & {pair.query.page for pair in sets.train}
    learnt = {text for pair in sets.train for text in (pair.text, pair.query.text)}
    assert not {pair.query.text for pair in test} & learnt


def test_without_a_training_file_the_articles_are_split(world, tmp_path):
    dev = "korquad/KorQuAD_v1.0_dev.json"
    (tmp_path / "korquad").mkdir()
    (tmp_path / dev).write_bytes((world / "data" / dev).read_bytes())
    sets = QuerySets.make(tmp_path, ("latin",), None, 1000, 0)
    pages = [{pair.query.page for pair in some} for some in (sets.train, sets.test["healthy"])]
    assert pages[0]
    assert pages[1]
    assert not pages[0] & pages[1]


def test_healthy_queries_find_their_page_and_broken_ones_find_nothing(sets):
    for kind, pairs in sets.test.items():
        for pair in pairs:
            assert pair.query.page in sets.engine.find(pair.query.text)
            found = sets.engine.find(pair.text)
            assert pair.query.page in found if kind == "healthy" else not found
            if pair.query.previous:
                assert pair.query.previous != pair.query.text
                assert pair.query.page in sets.engine.find(pair.query.previous)


def test_a_wrong_fact_is_another_of_its_kind(sets):
    assert sets.test["fact"]
    for pair in sets.test["fact"]:
        assert pair.query.text.endswith(pair.query.value)
        wrong = pair.text.removeprefix(pair.query.text.removesuffix(pair.query.value))
        assert wrong in pair.query.others


def test_a_seed_fixes_the_queries_and_a_limit_takes_the_first(sets, world):
    again = QuerySets.make(world / "data", KINDS, 5, 16, 0)
    other = QuerySets.make(world / "data", KINDS, 5, 16, 1)
    assert again.test["healthy"] == sets.test["healthy"][:5] != other.test["healthy"]
    assert again.train == sets.train


@pytest.mark.slow
def test_rows_have_the_columns_of_the_table(finished):
    rows = json.loads((finished / "results.json").read_text())["rows"]
    systems = list(dict.fromkeys(row["system"] for row in rows))
    assert systems == [*null_queries.RIVALS, *null_queries.REWRITERS]
    for row in rows:
        wanted = {"app", "kind", "system", "model", "task", "metric", "value", "low", "high"}
        assert wanted | {"baseline", "queries"} <= set(row)
        assert row["low"] <= row["value"] <= row["high"]
        assert row["metric"] in (("spoilt",) if row["kind"] == "healthy" else null_queries.METRICS)
        assert (row["model"] == "") == (row["system"] in null_queries.RIVALS)
    latin = {
        row["system"]: row["value"]
        for row in rows
        if row["kind"] == "latin" and row["metric"] == "exact"
    }
    assert latin["nothing"] == 0 < latin["rules"]


@pytest.mark.slow
def test_every_text_is_kept_once(finished):
    rows = [json.loads(line) for line in (finished / "predictions.jsonl").read_text().splitlines()]
    keys = [(row["system"], row["kind"], row["query"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {"model", "typed", "previous", "rewritten", "found"} <= set(rows[0])


@pytest.mark.slow
def test_a_run_that_was_cut_off_writes_nothing_twice(world, finished, tmp_path):
    for name in ("predictions.jsonl", "trials.jsonl"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    marks = (tmp_path / "trials.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "trials.jsonl").write_text("".join(marks[:-1]) + marks[-1][:20])
    assert TABLE.run(options(world, tmp_path)) == 0
    kept = "predictions.jsonl"
    assert (tmp_path / kept).read_bytes() == (finished / kept).read_bytes()
    before, after = (json.loads((f / "results.json").read_text()) for f in (finished, tmp_path))
    assert before["rows"] == after["rows"]


@pytest.mark.slow
def test_other_options_are_refused_in_one_line(world, finished):
    with pytest.raises(ClovaError, match="now seed is 1; use another --out"):
        TABLE.run(options(world, finished, seed=1))


def test_a_folder_without_questions_is_refused(tmp_path):
    with pytest.raises(ClovaError, match="korquad: no such folder"):
        QuerySets.make(tmp_path, KINDS, 5, 5, 0)


def test_a_folder_without_questions_that_fit_is_refused(tmp_path):
    path = tmp_path / "korquad/KorQuAD_v1.0_dev.json"
    path.parent.mkdir()
    question = {"id": "1", "question": "누구인가?", "answers": [{"text": "강연주"}]}
    paragraph = {"context": "나래시의 시장은 강연주다.", "qas": [question]}
    path.write_text(json.dumps({"data": [{"title": "나래시", "paragraphs": [paragraph]}]}))
    with pytest.raises(ClovaError, match="0 training and 0 test queries"):
        QuerySets.make(tmp_path, KINDS, 5, 5, 0)


@pytest.mark.parametrize(
    ("first", "second", "count"), [("", "", 0), ("가나", "", 2), ("kitten", "sitting", 3)]
)
def test_edits_are_levenshteins(first, second, count):
    assert null_queries.edits(first, second) == null_queries.edits(second, first) == count


def answers(found):
    return [{"found": one, "query": str(n), "rewritten": ""} for n, one in enumerate(found)]


@pytest.mark.parametrize(
    ("own", "rival", "verdict"),
    [
        ([True] * 40, [False] * 40, "tuned wins"),
        ([False] * 40, [True] * 40, "kiwi wins"),
        ([True, False] * 20, [False, True] * 20, "cannot tell"),
    ],
)
def test_the_notes_name_the_winner(own, rival, verdict):
    given = {
        ("m", "tuned", "jamo"): answers(own),
        ("m", "few_shot", "jamo"): answers([False] * 40),
        ("", "kiwi", "jamo"): answers(rival),
        ("", "nothing", "jamo"): answers([False] * 40),
    }
    (note,) = null_queries.winners(given)
    assert note.startswith(f"m jamo: {verdict}")
    assert re.search(r"\w+ − \w+ = \S+ \(\S+ to \S+\)", note)


def test_a_query_under_several_kinds_of_damage_is_one_draw():
    few, nothing = answers([True, False, False, True] * 10), answers([False] * 40)

    def said(*kinds):
        given = {("m", "few_shot", kind): few for kind in kinds}
        return null_queries.claims(given | {("", "nothing", kind): nothing for kind in kinds})

    assert said("jamo") == said("jamo", "latin", "spaces")


def test_claims_get_a_verdict_over_all_kinds():
    few, nothing = [True] * 30 + [False] * 10, [False] * 40
    given = {("m", "few_shot", kind): answers(few) for kind in ("jamo", "latin")}
    given |= {("m", "few_shot_previous", kind): answers(few[::-1]) for kind in ("jamo", "latin")}
    given |= {("", "nothing", kind): answers(nothing) for kind in ("jamo", "latin")}
    found = null_queries.claims(given)
    assert [note.split(",")[0] for note in found] == [
        "m: few-shot rewriting restores more than nothing: holds",
        "m: the previous query helps few-shot rewriting: cannot tell",
    ]
