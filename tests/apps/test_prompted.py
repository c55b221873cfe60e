"""The demo list as prompts with checks: files are whole, rules decide what they say, answers fit the context and are filtered."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.apps import prompted
from clova_jax.apps.prompted import Answer, Asked, Checker, fails
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import write_json
from clova_jax.retrieve import places
from clova_jax.studio.apps.samples import samples
from tests.worlds.models import make_lm

APPS = prompted.read_apps()
each_app = pytest.mark.parametrize("app", APPS, ids=lambda app: app.file)


@pytest.fixture(scope="module")
def model():
    return make_lm(max_length=400)


def test_the_demo_list_is_here_and_the_studio_offers_it():
    assert len(APPS) > 30
    offered = {sample["content"]["template"] for sample in samples()}
    assert {app.template for app in APPS} <= offered


@each_app
def test_checks_are_of_inputs_that_no_example_answers(app):
    inputs = [row[0] for row in app.rows]
    asked = [(check.asked.text, tuple(check.asked.variables.items())) for check in app.checks]
    assert len(set(asked)) == len(asked) >= 5
    assert not {text for text, _ in asked} & set(inputs)
    assert len(set(inputs)) == len(inputs) or len(app.columns) > 2
    assert {"examples", "input"} <= set(places(app.template))


@each_app
def test_examples_are_fit_for_service(app):
    # An example that breaks the rules of the form would teach it.
    checker = Checker()
    forms = ("chars", "ends", "hangul", "latin", "html", "chain", "commas", "begins", "sentences")
    for row in app.rows:
        assert not prompted.unfit(Answer(row[-1]), app.columns)
        if any(set(check.wants) & {"python"} for check in app.checks):
            assert not fails(row[0], row[-1], {"python": True})
        shared = [check.wants for check in app.checks if not check.asked.variables]
        for name in forms:
            values = [wants.get(name) for wants in shared]
            if values and values[0] is not None and all(value == values[0] for value in values):
                assert not checker.fails(row[0], row[-1], {name: values[0]}), row


@pytest.mark.parametrize(
    ("wants", "good", "bad"),
    [
        ({"any": ["가", "나"]}, "나무", "다리"),
        ({"all": ["Apple", "red"]}, "A red apple.", "A red pear."),
        ({"none": ["에 의해"]}, "내가 만들었다", "나에 의해 만들어졌다"),
        ({"is": ["스포츠"]}, " 스포츠. ", "스포츠 뉴스"),
        ({"begins": ["안녕"]}, "안녕하세요", "네, 안녕하세요"),
        ({"ends": ["다", "까?"]}, "옳을까?", "옳지요"),
        ({"ends": ["다"]}, "간다.", "가요."),
        ({"chars": [2, 3]}, "가나", "가나다라"),
        ({"sentences": [2, 2]}, "하나다. 둘이다.", "하나다."),
        ({"commas": 1}, "가, 나", "가, 나, 다"),
        ({"hangul": 0.9}, "가나다 1", "abc 가"),
        ({"latin": 0.9}, "abc", "가나 abc"),
        ({"python": True}, "x = [1, 2]", "x = [1, 2"),
        ({"html": True}, "<ul><li>가</li></ul>", "<ul><li>가</ul></li>"),
        ({"html": True}, '<input placeholder="가">', "가"),
        ({"chain": True}, "과일", "일과"),
        ({"new": True}, "새 답", "사과"),
    ],
)
def test_a_rule_decides_what_it_says(wants, good, bad):
    assert fails("사과", good, wants) == []
    assert fails("사과", bad, wants) == list(wants)


def test_new_refuses_what_an_example_says():
    assert Checker(["옛 답"]).fails("물음", "옛 답.", {"new": True}) == ["new"]


def test_the_word_chain_knows_the_initial_sound_rule():
    assert prompted.heads_of("력") == {"력", "역"}
    assert prompted.heads_of("로") == {"로", "노"}
    assert prompted.heads_of("녀") == {"녀", "여"}
    assert prompted.heads_of("나") == {"나"}
    assert prompted.heads_of("강") == {"강"}
    words = frozenset({"역사"})
    assert not Checker(words=words).fails("노력", "역사", {"chain": True})
    assert Checker(words=words).fails("노력", "역수", {"chain": True})
    assert Checker().fails("기러기", "기러기", {"chain": True})


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_answer_is_decided_by_every_rule(asked, answer):
    wants = {name: ["가"] for name in ("any", "all", "none", "is", "begins", "ends")}
    wants |= dict.fromkeys(("new", "python", "html", "chain"), True)
    wants |= {"chars": [0, 10], "sentences": [0, 3], "commas": 1, "hangul": 0.5, "latin": 0.5}
    assert set(wants) == set(prompted.RULES)
    assert set(fails(asked, answer, wants)) <= set(wants)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (Answer("좋아요"), ""),
        (Answer(""), "empty"),
        (Answer("좋아", ended=False), "cut off"),
        (Answer("", blocked=True), "blocked"),
        (Answer("좋아요\n질문: 또"), "speaks for others"),
        (Answer("가 나 다 라 " * 4), "repeats itself"),
    ],
)
def test_what_is_unfit_whatever_was_asked(given, why):
    assert prompted.unfit(given, ("질문", "답")) == why


@each_app
def test_prompts_take_as_many_examples_as_fit(app, model):
    asked = [check.asked for check in app.checks]
    found = prompted.answer(model, app, asked[:1], seed=1)
    assert len(found) == 1
    assert 0 <= found[0][0].examples <= app.count
    assert prompted.answer(model, app, asked[:1], seed=1) == found


def test_an_input_longer_than_the_context_is_refused_in_one_line(model):
    app = next(app for app in APPS if app.file == "topics")
    with pytest.raises(ClovaError, match="topics: the prompt alone leaves no room"):
        prompted.answer(model, app, [Asked("가나다 " * 200)])
    assert not prompted.fits(model, app, Asked("가나다 " * 200))


def test_answers_pass_the_filters(model, monkeypatch):
    app = next(app for app in APPS if app.file == "topics")
    from clova_jax.apps.prompted import answers

    class Done:
        text, finish = "전화 010-1234-5678", "stop"

    monkeypatch.setattr(answers, "complete", lambda *a, **k: [Done()])
    [[found]] = prompted.answer(model, app, [Asked("제목")])
    assert "1234" not in found.text


def broken(tmp_path, change):
    value = json.loads(json.dumps(next(s for s in samples() if s["name"] == "끝말잇기")))
    change(value)
    path = tmp_path / "broken.json"
    write_json(path, value)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.pop("checks"), "checks: 0 of them, wants 5 or more"),
        (lambda v: v.update(checks=v["checks"][:4]), "checks: 4 of them"),
        (lambda v: v["checks"][1].update(wants={}), "check 2: wants nothing"),
        (lambda v: v["checks"][2].update(wants={"tasty": True}), "check 3: no rule 'tasty'"),
        (lambda v: v["checks"][0].update(wants={"chars": [5, 2]}), "check 1: chars: .* is not"),
        (lambda v: v["checks"][0].update(variables={"없는것": "가"}), "check 1: .*'없는것'"),
        (lambda v: v["content"].pop("template"), "template"),
    ],
)
def test_a_broken_file_is_named_with_the_place(tmp_path, change, message):
    path = broken(tmp_path, change)
    with pytest.raises(ClovaError, match=message) as error:
        prompted.read_app(path)
    assert str(path) in str(error.value)
