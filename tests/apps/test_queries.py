"""Queries that find nothing: the keyboard, what breaks a query, the engine, and what repairs it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.apps.queries import (
    BREAKERS,
    LONGEST,
    Asked,
    Broken,
    Candidates,
    Engine,
    FewShot,
    Findable,
    KiwiCorrection,
    Nothing,
    Query,
    Rules,
    SymSpellCorrection,
    Tuned,
    candidates,
    clean,
    content_words,
    from_latin,
    neighbours,
    strokes,
    to_latin,
    typed,
)
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import generator
from tests.worlds.models import make_lm

PAGES = [
    "세종은 훈민정음을 창제하였다. 집현전의 학자들이 그를 도왔다.",
    "이순신은 한산도에서 왜군을 크게 이겼다. 거북선이 앞장섰다.",
    "나래시의 시장은 강연주다. 나래시에는 2002년에 철도가 놓였다.",
    "한별시의 시장은 백종현이다. 루미 노트북 Z7이 여기에서 나왔다.",
]
QUERIES = [
    Query("세종 훈민정음", 0, "집현전 학자"),
    Query("집현전 학자", 0, "세종 훈민정음"),
    Query("이순신 한산도", 1),
    Query("나래시 시장 강연주", 2, "나래시 철도", "강연주", ("백종현",)),
    Query("노트북 Z7", 3),
]
syllables = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)
korean = st.text(st.one_of(syllables, st.sampled_from(" 1.,-漢")))


@pytest.fixture(scope="module")
def findable():
    return Findable(PAGES, Engine(PAGES))


@pytest.fixture(scope="module")
def pairs():
    """Every query healthy, and broken in every way."""
    found = [Broken("healthy", query, query.text) for query in QUERIES]
    for kind, breaker in BREAKERS.items():
        found += [Broken(kind, one, breaker(one, generator(0, kind, one.text))) for one in QUERIES]
    return found


@given(korean)
def test_keystrokes_type_their_text(text):
    assert typed(strokes(text)) == text
    assert from_latin(to_latin(text)) == text
    assert to_latin(text).isascii() or "漢" in text


@given(st.text(st.sampled_from("ㅂㅈㄱㅅㄴㄹㅎㄲㅆㅃㅏㅓㅗㅜㅡㅣㅖ ")))
def test_texts_are_typed_by_their_keystrokes(keys):
    assert strokes(typed(keys)) == keys


@pytest.mark.parametrize(
    ("text", "keys", "latin"),
    [
        ("안녕", "ㅇㅏㄴㄴㅕㅇ", "dkssud"),
        ("값과 꽃", "ㄱㅏㅂㅅㄱㅗㅏ ㄲㅗㅊ", "rkqtrhk Rhc"),
        ("의사 Z7", "ㅇㅡㅣㅅㅏ Z7", "dmltk Z7"),
        ("ㅋㅋ", "ㅋㅋ", "zz"),
    ],
)
def test_keys_of_a_text(text, keys, latin):
    assert (strokes(text), to_latin(text)) == (keys, latin)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("ㄱㅏㄱㅅㅏ", "각사"),
        ("ㄱㅏㅂㅅㅅㅏ", "값사"),
        ("ㄷㅏㄹㄱㅣ", "달기"),
        ("ㄲㅏㄸㅏ", "까따"),
        ("ㅎㄱㅏ", "ㅎ가"),
        ("ㅗㅏㅏ", "ㅘㅏ"),
        ("ㄱ ㅏ", "ㄱ ㅏ"),
    ],
)
def test_the_input_method_puts_letters_where_they_fit(keys, text):
    assert typed(keys) == text


def test_neighbours_lie_side_by_side_and_keep_shift():
    assert set(neighbours("ㅁ")) == set("ㅂㅈㄴㅋ")
    assert neighbours("ㅃ") == "ㅉㅁ"
    assert set(neighbours("a")) == set("qwsz")
    assert neighbours("7") == neighbours(" ") == ""
    letters = "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ"
    for key in letters:
        assert all(key in neighbours(other) for other in neighbours(key))


@pytest.mark.parametrize("kind", BREAKERS)
def test_a_breaker_does_what_its_name_says(kind):
    query = QUERIES[3]
    texts = {BREAKERS[kind](query, generator(0, n)) for n in range(30)}
    for text in texts:
        if kind == "neighbour":
            keys, other = strokes(query.text), strokes(text)
            assert len(keys) == len(other)
            assert sum(a != b for a, b in zip(keys, other, strict=True)) == 1
        elif kind == "spacing":
            assert text.replace(" ", "") == query.text.replace(" ", "")
            assert text != query.text
        elif kind == "jamo":
            assert typed(strokes(text)) == query.text != text
        elif kind == "latin":
            assert text == "skfotl tlwkd rkdduswn"
        else:
            assert text == "나래시 시장 백종현"


def test_breakers_take_any_query():
    for text in ("강", "Z7", "2002", "漢"):
        for breaker in BREAKERS.values():
            assert breaker(Query(text, 0), generator(0))


def test_the_engine_wants_every_content_morpheme():
    engine = Engine(PAGES)
    assert engine.find("세종이 훈민정음을") == {0}
    assert engine.find("시장") == {2, 3}
    assert engine.find("시장 강연주") == {2}
    assert engine.find("시장 백종현 강연주") == set()
    assert engine.find("노트북 z7") == {3}
    assert engine.find("세종 ㅎㅜㄴ") == set()  # stray letters are content too
    assert engine.find("tpwhd") == set()
    assert engine.find("그것을 이") == set()  # nothing to look for


def test_words_lose_their_particles():
    words = list(content_words(["《파도의 기억》은 2002년에 누가 만들었는가?", "누구인가?"]))
    assert words == [["파도", "기억", "2002년"], []]


@pytest.mark.parametrize(
    ("query", "message"),
    [("", "no letter or digit"), ("?! …", "no letter or digit"), ("가" * 10_000, "10,000")],
)
def test_what_is_no_query_is_refused_in_one_line(query, message):
    with pytest.raises(ClovaError, match=message):
        clean(query)
    with pytest.raises(ClovaError, match=message):
        Engine(PAGES).find(query)


def test_empty_pages_are_refused():
    for pages in ([], ["", " \n"]):
        with pytest.raises(ClovaError, match="no page has a text"):
            Engine(pages)


def test_a_query_of_one_syllable_is_answered(findable, pairs):
    asked = [Asked("강"), Asked("ㄱ"), Asked("rkd")]
    chooser = Candidates(make_lm(max_length=256), findable, pairs)
    for rewriter in (KiwiCorrection(), SymSpellCorrection(PAGES), Rules(findable), chooser):
        assert all(map(clean, rewriter.rewrite(asked)))


def test_candidates_hold_what_was_meant(pairs):
    for pair in pairs:
        if pair.kind != "fact":
            assert pair.query.text in candidates(pair.text), pair
    assert candidates("tpwhd Z7")["세종 Z7"] == 0
    assert candidates("세종훈민정음")["세종 훈민정음"] == 1
    assert len(candidates("가 " * (LONGEST // 2))) < 3_000


def test_rules_need_no_model(findable):
    asked = [Asked("tpwhd gnsalswjddma"), Asked("ㅅㅔㅈㅗㅇ 훈민정음"), Asked("shxmqnr Z7")]
    expected = ["세종 훈민정음", "세종 훈민정음", "노트북 Z7"]
    assert Rules(findable).rewrite([*asked, Asked("이순신 한산도")]) == [*expected, "이순신 한산도"]


def test_symspell_counts_keystrokes():
    found = SymSpellCorrection(PAGES).rewrite([Asked("셰종 훈민정움"), Asked("세 종 훈민정음")])
    assert found == ["세종 훈민정음"] * 2


def test_kiwi_spaces():
    assert KiwiCorrection().rewrite([Asked("훈 민 정 음")]) == ["훈민정음"]


class Knowing(Candidates):
    """Gives the healthy queries a log-probability of 0, and every other text one of -10."""

    def _score(self, texts):
        known = {query.text for query in QUERIES}
        self._scores.update({text: 0.0 if text in known else -10.0 for text in texts})


def test_the_likeliest_of_the_candidates_is_chosen(findable, pairs):
    chooser = Knowing(make_lm(max_length=256), findable, pairs)
    lost = [pair for pair in pairs if not findable.engine.find(pair.text) and pair.kind != "fact"]
    assert len(lost) > 10
    assert chooser.rewrite([pair.asked for pair in lost]) == [pair.query.text for pair in lost]


def test_only_queries_that_find_nothing_are_rewritten(findable, pairs):
    asked = [Asked("시장 강연주"), Asked("세종훈민정음")]
    for rewriter in (Rules(findable), Knowing(make_lm(max_length=256), findable, pairs)):
        assert rewriter.rewrite(asked) == [one.text for one in asked]
    assert findable.among("우주 정거장") == {"우주 정거장": 0}


def test_prompts_show_the_query_before_where_it_is_asked_for(pairs):
    lm = make_lm(max_length=1024)
    plain, both = (FewShot(lm, pairs[:2], previous) for previous in (False, True))
    prompt = both.prompt(Asked("세죵 훈민정음", "집현전 학자"))
    assert prompt.endswith("\n\n앞선 질의: 집현전 학자\n질의: 세죵 훈민정음\n수정:")
    assert "앞선" not in plain.prompt(Asked("세죵 훈민정음", "집현전 학자"))
    assert "질의: 세종 훈민정음\n수정: 세종 훈민정음" in prompt


def test_with_random_weights_models_restore_no_more_than_their_baselines(findable, pairs, tmp_path):
    lm, engine = make_lm(max_length=1024), Engine(PAGES)
    broken = [pair for pair in pairs if pair.kind != "healthy"]

    def restored(rewriter):
        texts = rewriter.rewrite([pair.asked for pair in broken])
        pages = engine.find_all(texts)
        return sum(pair.query.page in some for pair, some in zip(broken, pages, strict=True))

    nothing = restored(Nothing())
    assert restored(FewShot(lm, pairs[:3])) <= nothing
    assert restored(FewShot(lm, pairs[:3], previous=True)) <= nothing
    assert restored(Tuned(lm, [*pairs, *pairs], steps=2, out=tmp_path)) <= nothing
    assert restored(Candidates(lm, findable, pairs)) <= restored(Rules(findable))
