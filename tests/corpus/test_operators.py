"""The plain operators: normalisation, rules, language, spam, quality, questions, dialogue, prefixes."""

import random

import pytest
from corpus_world import prose
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.corpus.clean.language import language
from clova_jax.corpus.clean.length import too_short
from clova_jax.corpus.clean.profile import profile
from clova_jax.corpus.clean.quality import FEATURES, quality, quality_features, train_quality
from clova_jax.corpus.clean.repetition import repetition, word_list
from clova_jax.corpus.clean.spam import spam
from clova_jax.corpus.clean.title import drop_repeated_title
from clova_jax.corpus.read.dialogue import dialogue_text, number_speakers
from clova_jax.corpus.read.kin import best_answer, kin_text
from clova_jax.corpus.sources import KINDS, prefix

PROSE = prose(random.Random(1), 12)


@settings(max_examples=200)
@given(st.text(max_size=80))
def test_profile_counts_add_up(text):
    counts = profile(text)
    assert counts.length == len(text)
    parts = counts.letters + counts.jamo + counts.digits + counts.symbols
    assert parts == counts.visible == sum(not char.isspace() for char in text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋ 웃겨", "jamo"),
        ("123456 789012 345678 번", "digits"),
        ("!!!!!!????~~~~ ^^ 와", "symbols"),
        ("좋아아아아아아아아아아아아", "characters"),
        ("최고예요! 최고예요! 최고예요! 최고예요! 최고예요! ", "phrases"),
        ("같은 줄이 여기에 또 있습니다\n" * 12, "lines"),
        ("바다를 보러 갔다가 시장에서 점심을 먹었다.", None),
        ("코스피 10.37p 0.42% 오른 2494.49 장 종료", None),
        ("재밌다 ㅋㅋㅋ 또 볼래요", None),
        (PROSE, None),
    ],
)
def test_repetition(text, reason):
    found = repetition(text)
    assert (found or "").split(":")[0] == (reason or "")


def test_word_lists_and_length():
    tags = " ".join(f"제주{number} 맛집추천{number}" for number in range(30))
    assert word_list(tags)
    assert word_list(PROSE) is None
    assert too_short("짧음", 6) == "2 letters"
    assert too_short(PROSE, 20) is None


def test_title_said_twice():
    text = "제주의 봄 여행 이야기\n제주의 봄, 여행 이야기!\n본문은 여기서 시작한다."
    assert drop_repeated_title(text) == ("제주의 봄 여행 이야기\n본문은 여기서 시작한다.", 1)
    assert drop_repeated_title("한 줄")[1] == 0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("오늘은 바다에 갔다", "ko"),
        ("Visual Studio에서 TypeName.GetModifierLength 메서드를 사용하는 방법", "ko"),
        ("文藝에 대한 感想을 적어 보았다", "ko"),
        ("This is certainly an English sentence about the sea.", "en"),
        ("これは日本語で書かれた文章です。海へ行きました。", "ja"),
        ("12345 !!", "und"),
        ("ok", "und"),
    ],
)
def test_language(text, name):
    assert language(text) == name


def test_spam_takes_verdicts_and_pitches_and_leaves_mentions():
    assert spam(PROSE, {"spam": True}).startswith("verdict")
    assert spam("당일 대출 무직자 대출 가능! 24시간 상담 카톡 문의 010-1234-5678")
    assert spam(PROSE) is None
    assert spam("참고: https://example.com https://example.org 를 보라") is None
    assert spam("이번 법안은 카지노 산업을 다룬다. " + PROSE) is None
    assert spam("카지노 장면에서 배팅하는 손이 떨렸다. 카지노를 털 줄이야") is None
    assert spam("카지노 꽁머니 지급! 바카라 추천 https://example.com")


def test_quality_ranks_prose_above_chatter():
    chatter = "아 진짜 대박ㅋㅋㅋ 이거 뭐임?!! 완전 웃겨요ㅠㅠ 또 볼거임!!! 헐.... " * 9
    assert quality("짧다") == 1.0
    assert quality(chatter) < 0.5 < quality(PROSE)
    assert len(quality_features(PROSE)) == len(FEATURES)
    model = train_quality([(PROSE, True), (chatter, False)] * 20, "test")
    assert model.trained["roc_auc"] > 0.99
    with pytest.raises(ClovaError, match="both classes"):
        train_quality([(PROSE, True)] * 3)


def test_one_question_one_best_answer():
    answers = [
        {"text": "잘 모르겠지만 아마 그럴 거예요.", "votes": 90},
        {"text": "의사입니다. 하루 세 번 식후에 드세요.", "expert": "의사", "reputation": 5},
        {"text": "저는 두 번 먹었어요. 괜찮았습니다.", "adopted": True, "reputation": -1},
    ]
    assert best_answer(answers) is answers[1]
    answers.append({"text": "식후 30분에 한 알씩 드시면 됩니다.", "adopted": True})
    assert best_answer(answers) is answers[3]
    assert best_answer(answers[:1]) is None
    text = kin_text("약은 언제 먹나요?", answers, "감기약입니다")
    assert text == "질문: 약은 언제 먹나요?\n감기약입니다\n답변: 식후 30분에 한 알씩 드시면 됩니다."
    assert kin_text("?", []) is None


def test_speakers_get_ids():
    turns = [
        {"speaker_id": "A7", "form": "밥 먹었어?"},
        {"speaker_id": "B2", "form": "아니."},
        {"speaker_id": "B2", "form": "아직."},
        {"speaker_id": "A7", "form": "같이 먹자."},
    ]
    assert dialogue_text(turns) == "S1: 밥 먹었어?\nS2: 아니. 아직.\nS1: 같이 먹자."
    assert number_speakers("철수: 안녕\n영희: 응, 안녕") == "S1: 안녕\nS2: 응, 안녕"
    assert number_speakers("제목: 하나뿐인 줄") == "제목: 하나뿐인 줄"


def test_the_prefix_names_kind_category_and_title():
    assert (
        prefix("blog", {"category": "여행", "title": "제주의 봄", "n": 3})
        == "[블로그 | 여행 | 제주의 봄]"
    )
    assert all(prefix(kind, {}) for kind in KINDS)
