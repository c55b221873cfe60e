"""Events, the prompt of the Studio's app, rivals that no model writes, and measures of titles."""

import json

import numpy as np
import pytest
from sacrebleu.metrics import BLEU

from clova_jax.apps import titles
from clova_jax.apps.titles.petitions import TAGS, find_tags
from clova_jax.apps.titles.prompt import theme_of
from clova_jax.common.errors import ClovaError
from clova_jax.retrieve import fill
from clova_jax.studio.apps.samples import samples

ROW = {"id": "1", "date": "2020-03-05", "tags": ["돗자리", "보온병"], "title": "꽃그늘 아래 돗자리"}


def write(folder, rows, name="events/events_train.jsonl"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def event(number, tags, title, date="2020-03-05"):
    return titles.Event(str(number), f"f:{number}", date, tuple(tags), title)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tags": []}, r"events_train.jsonl:2: tags \[\]; an event wants one or more"),
        ({"tags": ["돗자리", " "]}, r"events_train.jsonl:2: tags .* none of them empty"),
        ({"title": " "}, "events_train.jsonl:2: the title is empty"),
        ({"date": "3월"}, "events_train.jsonl:2: '3월' is not a day such as 2020-07-14"),
        ({"date": None}, "events_train.jsonl:2: 'date' is null"),
        ({"id": "1"}, "events_train.jsonl:2: the id '1' is also that of .*:1"),
    ],
)
def test_a_bad_row_is_named(tmp_path, change, message):
    write(tmp_path, [ROW, ROW | {"id": "2"} | change])
    write(tmp_path, [ROW], "events/events_test.jsonl")
    with pytest.raises(ClovaError, match=message):
        titles.read_events(tmp_path)


def test_a_folder_without_events_is_named(tmp_path):
    with pytest.raises(ClovaError, match=r"neither events/events_test.jsonl nor corpus/petitions"):
        titles.read_events(tmp_path)


def petitions(folder):
    def row(text, begin):
        return {"text": text, "meta": {"begin": begin, "category": "기타"}}

    body = "학교 급식 예산을 늘려 주세요. 급식 예산이 부족합니다."
    rows = [row(f"제목 {n}\n{body} 도로 공사", "2019-07-01") for n in range(3)]
    rows += [row("급식을 바꿔 주세요\n급식 예산 급식 학교 우주선", "2019-08-02")]
    rows += [row("말이 없다\n!!", "2019-08-03"), row("\n급식 예산", "2019-08-03")]
    write(folder, rows, "corpus/petitions.jsonl")
    return rows


def test_petitions_of_august_2019_are_the_test(tmp_path):
    petitions(tmp_path)
    events = titles.read_events(tmp_path, tmp_path / "tags.json")
    assert not events.products
    (test,) = events.test
    assert (test.title, test.day, test.id) == ("급식을 바꿔 주세요", "8월 2일", "4")
    assert test.tags[0] == "급식"
    assert "우주선" not in test.tags  # in no training petition
    assert all(len(one.tags) == TAGS for one in events.train)
    assert events.counts["left out: no tag or no title"] == 2
    assert titles.read_events(tmp_path, tmp_path / "tags.json") == events


def test_kept_tags_are_found_again_where_petitions_change(tmp_path):
    rows = petitions(tmp_path)
    titles.read_events(tmp_path, tmp_path / "tags.json")
    rows[3]["text"] = "다른 제목\n도로 도로 공사"
    write(tmp_path, rows, "corpus/petitions.jsonl")
    assert set(titles.read_events(tmp_path, tmp_path / "tags.json").test[0].tags) == {
        "도로",
        "공사",
    }


def test_document_frequencies_are_of_training_alone():
    words = [["가지", "나무"], ["가지", "나무"], ["나무"], ["가지", "나무"]]
    for_test = np.array([False, False, False, True])
    first = find_tags(words, for_test)[3]
    more = find_tags([*words, *[["가지"]] * 9], np.array([*for_test, *[True] * 9]))[3]
    assert first == more == ["가지", "나무"]


def test_a_petition_without_a_day_is_named(tmp_path):
    write(tmp_path, [{"text": "제목\n글", "meta": {}}], "corpus/petitions.jsonl")
    with pytest.raises(ClovaError, match=r"petitions.jsonl:1: 'meta': has no 'begin'"):
        titles.read_events(tmp_path)


def test_the_prompt_is_that_of_the_studios_app():
    (app,) = (one for one in samples() if one["name"] == "기획전_제목")
    content = app["content"]
    one = event(1, ["돗자리", "보온병"], "꽃그늘 아래 한나절")
    prompt = titles.TitlePrompt(True)
    shown = content["examples"]["shown"]
    cells = {"때": one.day, "상품": one.listed, "제목": one.title}
    task = titles.title_task(prompt, titles.Events([one], [one], True))
    assert task.shown(task.load(None).pool[0]) == fill(shown, cells).text
    values = {"때": one.day, "input": one.listed}
    filled = fill(content["template"], values, examples=["예"]).text
    assert filled == f"{prompt.instruction}\n\n예\n\n{prompt.text(one)}"


def test_petitions_are_asked_for_by_their_words():
    text = titles.TitlePrompt(False).text(event(1, ["급식", "예산"], "급식을 바꿔 주세요"))
    assert text == "때: 3월 5일\n핵심어: 급식, 예산\n제목:"


def test_a_theme_stands_before_the_title():
    one = event(1, ["돗자리"], "돗자리 펴고 꽃놀이")
    prompt = titles.TitlePrompt(True, "소풍")
    assert prompt.text(one).endswith("상품: 돗자리\n주제: 소풍\n제목:")
    (solved,) = prompt.items([one], True)
    assert "주제: 펴고\n" in solved.text
    assert theme_of(event(1, ["돗자리"], "돗자리")) == "돗자리"


@pytest.mark.parametrize("theme", ["", "  ", "봄\n여름"])
def test_an_empty_theme_is_refused(theme):
    with pytest.raises(ClovaError, match="--theme: .* is no word; give one"):
        titles.TitlePrompt(True, theme)


def test_the_nearest_title_is_that_of_the_most_similar_tags():
    train = [event(1, ["장화", "우비"], "비 오는 날"), event(2, ["텐트", "랜턴"], "별 보러")]
    test = [event(3, ["랜턴", "화로"], "?"), event(4, ["키보드"], "?")]
    assert titles.nearest_titles(train, test) == ["별 보러", ""]
    assert titles.joined_tags(test, "가을") == ["가을 랜턴 화로", "가을 키보드"]


def test_measures_of_titles():
    events = [event(1, ["돗자리", "보온병"], "꽃그늘"), event(2, ["우비"], "비 오는 날")]
    measures = titles.TitleMeasures(events, ["비 오는 날!", "***"], "봄")
    found = measures(["봄에는 돗자리", "비오는 날"], shown=["꽃그늘"])
    scores = {name: measures.finish(name)(rows.sum(axis=0)) for name, rows in found.items()}
    assert scores["tags_used"] == pytest.approx(100 / 3)
    assert (scores["copied"], scores["copied_prompt"], scores["theme_met"]) == (50, 0, 50)
    assert "copied_prompt" not in measures(["", ""])
    assert not measures([",,", ""])["copied"][:, 0].any()


def test_bleu_is_sacrebleus():
    events = [
        event(1, ["가"], "봄을 맞는 거실의 작은 변화"),
        event(2, ["나"], "비 오는 날도 보송하게"),
    ]
    written = ["봄을 맞는 거실의 큰 변화", "비 오는 밤에도 보송하게"]
    measures = titles.TitleMeasures(events, [])
    value = measures.bleu.finish(measures(written)["bleu"].sum(axis=0))
    metric = BLEU(tokenize=titles.TOKENIZE)
    score = metric.corpus_score(written, [[one.title for one in events]]).score
    assert value == pytest.approx(score, abs=1e-9)
    assert value > 10
    assert measures.bleu.about() == str(metric.get_signature())
