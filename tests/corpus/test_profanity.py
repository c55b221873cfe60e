"""Swear words: every stem where it swears and where it does not, and softened text that reads well."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.corpus.clean.cleaner import Cleaner
from clova_jax.corpus.clean.linear_model import NgramModel
from clova_jax.corpus.clean.profanity.lexicon import RULES
from clova_jax.corpus.clean.profanity.softening import (
    fit_particle,
    profanity_share,
    soften,
    swear_words,
)
from clova_jax.corpus.clean.step import Dropped
from clova_jax.corpus.documents import Document
from clova_jax.corpus.settings import Cleaning
from tests.worlds.growth import too_slow

CLEAN = """
물가가 소비에 영향을 미친 것으로 나타났다. 큰 영향을 미친 것은 금리였다
경제개발 5개년 계획을 세웠다. 제2차 5 개년 계획, 오개년 계획, 3개년도 예산
감염병 신고는 보건소에 한다. 해병 신분증, 질병 신호
컴퓨터가 꺼져서 다시 켰다. 불이 꺼져. 화면이 꺼져 있다. 촛불이 꺼져라 바람이 분다
두 강의 시발점이다. 경인선의 시발역, 국산 시발택시와 시발 자동차
병신년(丙申年)에 태어났다. 그해가 병신년이다. 병신년 봄의 일이다
새끼손가락이 아프다. 새끼 손가락을 걸고 약속했다. 새끼발가락
고양이 새끼 네 마리. 어미가 새끼를 낳았다. 새끼 곰이 어미를 따른다
새끼줄을 꼬았다. 짚으로 새끼를 꼬는 법. 내 새끼 밥은 먹었니
시바견은 영리하다. 힌두교의 시바 신을 모신 사원
엿을 먹었다. 엿 먹고 시험을 봤다. 시대상을 엿볼 수 있다. 영화였다
등신대 입간판을 세웠다. 팔등신 미녀, 8등신 비율
허리띠를 졸라매다. 아이가 장난감을 졸라 샀다. 에밀 졸라의 소설. 엄마에게 졸라서
매운 열라면을 끓였다. 문을 열라는 말. 귀를 열라
오리의 주둥이가 노랗다. 항아리 아가리를 덮었다. 병의 주둥이
눈앞에 닥쳐오는 위기. 일이 닥쳐서야 안다. 닥치는 대로 읽었다
서랍을 뒤져보다. 인터넷을 뒤져 찾았다. 시대에 뒤진 생각, 실력이 남에게 뒤지지 않는다
미친 듯이 뛰었다. 미친 영향이 크다. 결과에 미친 년도별 차이
전염병이 돌았다. 화염병을 던졌다. 염병은 장티푸스의 옛말이다
청소년들이 모였다. 소년들아 들어라. 이년 동안 다녔다. 작년 이년간
그 뜻을 곱씹어 본다. 껌을 씹었다. 되씹는 말
출시 발표, 다시 발을 들였다. 다시 팔 것이다. 아저씨 발을 밟았다. 김 씨 발언
도시바 노트북을 샀다. 글씨 바로쓰기. 몇 시.발표는 그때다
밤에 깨어난 새끼들은 바다로 간다. 하루 세끼를 먹었다. 발전시키다, X시키다의 뜻. 아이에게 심부름을 시키는 날. 색기발랄
기존나무를 옮겼다. 생존나이, 공존나라
기러기가 난다. 쓰레기를 버렸다. 지랄탄이라 부르던 최루탄
ㄱㄴㄷㄹㅁㅂㅅㅇㅈ 순서로 적는다. 초성 ㅂ, ㅅ
트레이시 슈발리에의 소설, 슈발로프 백작, 마티 시팔라, 슈발블랑 한 잔
시바 료타로의 역사 소설을 읽었다. 반다나 시바는 환경 운동가다
야르코 니에미넨이 서브를 넣었다. 로버트 니에미 교수의 강연
잔프랑코 졸라 감독은 말을 아꼈다. 졸라에게 공이 갔다. 놀러 가자고 졸라 보았다. 용돈을 달라고 졸라볼까
말새끼와 소새끼를 한 우리에 두었다. 왼새끼를 꼬는 법
유아독존나한상이 모셔져 있다. 병신보 목판 세 장
지뢰를 밟아 병신이 된 군인은 의병 전역을 했다. 다리병신(病身)이라는 옛말
""".strip().split("\n")

SOFTENED = {
    "개새끼가 또 왔다": "나쁜 사람이 또 왔다",
    "이 새끼야 이리 와": "이 사람아 이리 와",
    "정말 나쁜 새끼야": "정말 나쁜 사람이야",
    "그 새끼는 새끼다": "그 사람은 사람이다",
    "저 새끼들은 왜 저래": "저 사람들은 왜 저래",
    "이 새끼를 어쩌지, 그 새끼로 하자": "이 사람을 어쩌지, 그 사람으로 하자",
    "그 새끼와 나, 그 새끼였다": "그 사람과 나, 그 사람이었다",
    "이 병신아 지랄하지 말고": "이 바보야 난리 치지 말고",
    "병신은 병신을 알아본다": "바보는 바보를 알아본다",
    "병신이 병신과 다닌다": "바보가 바보와 다닌다",
    "병신이라고 했다. 병신이네": "바보라고 했다. 바보네",
    "병신으로 아나. 병신이었다": "바보로 아나. 바보였다",
    "등신 같은 짓": "바보 같은 짓",
    "병신년아 저리 가": "바보년아 저리 가",
    "쌍년도 아니고 잡놈들이": "나쁜 사람도 아니고 나쁜 사람들이",
    "미친놈이 또 미친 년을": "이상한 사람이 또 이상한 사람을",
    "아 시발 존나 춥네": "아 이런 정말 춥네",
    "시1발 늦었다 ㅅㅂ": "이런 늦었다 이런",
    "존나재밌고 졸라게 웃기고 조낸 길다": "정말 재밌고 정말 웃기고 정말 길다",
    "열라 힘들다. 졸라 맵다": "정말 힘들다. 정말 맵다",
    "좆같은 날이다. 엿같네. ㅈ같아": "형편없는 날이다. 형편없네. 형편없어",
    "엿먹어라. 사람 엿 먹이네": "골탕 먹어라. 사람 골탕 먹이네",
    "지랄을 한다. 지랄이 심하다. 지랄한다": "난리를 한다. 난리가 심하다. 난리 친다",
    "당장 꺼져라. 꺼져!": "당장 저리 가라. 저리 가!",
    "아가리 닥쳐. 닥쳐라": "조용히 해. 조용히 해라",
    "주둥이만 살았네. 아가리를 털지 마": "입만 살았네. 입을 털지 마",
    "나가 뒤져. 뒈졌다. 뒈질 뻔": "나가 죽어. 죽었다. 죽을 뻔",
    "기레기가 쓴 기사, 기레기는": "기자가 쓴 기사, 기자는",
    "씹노잼 좆망겜 씹새끼": "노잼 망겜 나쁜 사람",
    "이년아 어디 가니. 저년은 누구냐": "이 사람아 어디 가니. 저 사람은 누구냐",
    "좆됐다": "큰일 났다",
    "그 욕설 뒤에 병신됐다고 웃었다": "그 욕설 뒤에 바보됐다고 웃었다",
    "또 그러면 진짜 뒤진다.": "또 그러면 진짜 죽는다.",
    "아니 시바 진짜 늦었네. 슈발놈": "아니 이런 진짜 늦었네. 나쁜 사람",
}


@pytest.mark.parametrize("text", CLEAN)
def test_clean_words_are_left_alone(text):
    assert soften(text) == (text, 0)


@pytest.mark.parametrize(("text", "mild"), SOFTENED.items())
def test_swear_words_give_way_and_their_particles_fit(text, mild):
    softened, count = soften(text)
    assert softened == mild
    assert count == len(swear_words(text)) > 0
    assert soften(softened) == (softened, 0)


@pytest.mark.parametrize(
    ("tail", "closed", "noun", "fitted"),
    [
        ("가", False, "사람", "이"),
        ("들이", False, "사람", "들이"),
        ("라서", False, "사람", "이라서"),
        ("랑", False, "사람", "이랑"),
        ("한테", False, "사람", "한테"),
        ("은커녕", True, "바보", "는커녕"),
        ("이랑", True, "바보", "랑"),
        ("이에요", True, "바보", "예요"),
        ("인데", True, "바보", "인데"),
        ("", True, "바보", ""),
    ],
)
def test_particles(tail, closed, noun, fitted):
    assert fit_particle(tail, closed, noun) == fitted


def test_old_prose_keeps_the_plain_senses():
    old = "다리를 못 쓰는 병신이 되엿다. 새끼를 기르고 잇섯다. " * 20
    assert swear_words(old) == []
    assert swear_words(old + "이 개새끼야 썩 나가거라!")


def test_hanja_that_explains_a_word_makes_no_old_prose():
    modern = "회의록(會議錄)에 의제(議題)와 결론(結論)을 적어 두었다. " * 20
    assert swear_words(modern + "개새끼라는 욕을 들었다")
    assert swear_words(modern.replace("(", " ").replace(")", "") + "저 병신이 왔다") == []


_ENDINGS = {form for rule in RULES if isinstance(rule.mild, dict) for form in rule.mild}
_PIECES = st.one_of(
    st.sampled_from(sorted(_ENDINGS)),
    st.sampled_from(sorted({seed for rule in RULES for seed in rule.seeds})),
    st.sampled_from([*SOFTENED, *CLEAN]),
    st.sampled_from("이그저요 가는을도야아다년놈들것같은개새끼ㅅㅂㅋ.!1\n丙申"),
)


@settings(max_examples=400)
@given(st.lists(_PIECES, max_size=12).map("".join))
def test_softening_twice_changes_nothing_more(text):
    softened, count = soften(text)
    assert soften(softened) == (softened, 0)
    assert profanity_share(softened) == 0
    if not count:
        assert softened == text


def test_formal_documents_are_not_dropped():
    cleaner = Cleaner(Cleaning(steps=("toxicity",)))
    for text in CLEAN:
        result = cleaner(Document(text, "1", "blogs", {}))[1]
        assert isinstance(result, Document)
    swears = Document("시발 개새끼야 존나 꺼져라", "1", "blogs", {})
    assert isinstance(cleaner(swears)[1], Dropped)


def test_a_trained_model_judges_what_softening_leaves(tmp_path):
    texts = ["바보가 왔다", "이 병신이 왔다", "좋은 하루"] * 40
    labels = [[0], [1], [0]] * 40
    path = tmp_path / "model.safetensors"
    NgramModel.fit(texts, np.array(labels, np.int8), ("toxic",)).save(path)
    documents = [Document(text, str(n), "blogs", {}) for n, text in enumerate(set(texts))]
    kept = {}
    for way in ("soften", "drop", "keep"):
        cleaner = Cleaner(
            Cleaning(
                steps=("toxicity",),
                toxicity=way,
                toxicity_model=path,
                max_toxicity=0.5,
                max_profanity=0.9,
            )
        )
        one_by_one = [cleaner(document) for document in documents]
        assert cleaner.many(documents) == one_by_one
        kept[way] = {doc.text for _, doc in one_by_one if isinstance(doc, Document)}
    assert kept["keep"] == set(texts)
    assert kept["drop"] == {"바보가 왔다", "좋은 하루"}
    assert kept["soften"] == {"바보가 왔다", "이 바보가 왔다", "좋은 하루"}


@pytest.mark.parametrize(
    "piece",
    [
        "시발 ",
        "새끼",
        "이 새끼 고양이 ",
        "씨1",
        "병신",
        "ㅅㅂ",
        "개",
        "1.!~",
        "이년",
        "닥쳐 ",
        "가나다 ",
    ],
)
def test_time_grows_with_the_text(piece):
    assert not too_slow(soften, piece, 8_000)
