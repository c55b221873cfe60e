"""Filters: labels, masks and blocks; in a stream nothing is shown that a filter could still object to."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.apps import Filters, StreamFilter, check_policy
from clova_jax.common.errors import ClovaError
from clova_jax.corpus.clean.linear_model import NgramModel

FILTERS = Filters()
MASK = check_policy({"personal": "mask", "curse": "mask"})
BLOCK = check_policy({"personal": "block", "curse": "block"})
PLANTED = [
    "010-1234-5678",
    "010 9876 5432",
    "공일공에 일이삼사에 오육칠팔",
    "kim.minsu@naver.com",
    "hong [at] gmail.com",
    "lee 골뱅이 네이버 닷 컴",
    "900101-1234568",
    "02-345-6789",
    "+82 10-1234-5678",
    "4012-8888-8888-1881",
]
AROUND = st.text(alphabet="가나이일 공연락처는a.,\n0-🙂", max_size=40)


def streamed(text, cuts, policy, filters=FILTERS):
    """(all that was shown, whether it was blocked), fed at the given cuts."""
    stream, shown, before = StreamFilter(filters, policy), "", 0
    for cut in [*sorted({cut for cut in cuts if cut < len(text)}), len(text)]:
        shown += stream.feed(text[before:cut], last=cut == len(text))
        before = cut
    return shown, stream.blocked


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_planted_is_masked_in_a_sentence(planted):
    shown, blocked = streamed(f"제 연락처는 {planted} 입니다. 감사합니다.", range(200), MASK)
    assert planted not in shown
    assert re.fullmatch(
        r"제 연락처는 .*<\|(phone|email|rrn|card|account)\|>.* 입니다\. 감사합니다\.", shown
    )
    assert not blocked
    assert FILTERS.labels(planted + " 연락")["personal"] == 0


@settings(max_examples=300)
@given(st.sampled_from(PLANTED), AROUND, AROUND, st.lists(st.integers(0, 120), max_size=30))
def test_no_planted_datum_leaves_a_masked_stream_however_it_is_cut(planted, before, after, cuts):
    text = f"{before} 연락처: {planted} 문의\n{after}"
    whole, _ = FILTERS.apply(text, MASK)
    shown, blocked = streamed(text, cuts, MASK)
    assert planted not in shown
    assert shown == whole
    assert not blocked


@settings(max_examples=300)
@given(
    st.text(alphabet="가나다시발새끼 공일이1234-@.com님아ㅋ\n", max_size=300),
    st.lists(st.integers(0, 300), max_size=40),
    st.sampled_from([MASK, BLOCK]),
)
def test_a_stream_shows_what_the_complete_text_would(text, cuts, policy):
    stream = StreamFilter(FILTERS, policy)
    whole = stream.feed(text, last=True), stream.blocked
    assert streamed(text, cuts, policy) == whole


@given(st.text(max_size=100), st.lists(st.integers(0, 100), max_size=10))
def test_a_policy_of_flags_changes_nothing_and_holds_nothing_back(text, cuts):
    stream = StreamFilter(FILTERS, check_policy({}))
    assert stream.feed(text) == text
    assert streamed(text, cuts, check_policy({})) == (text, False)


def test_clean_text_flows_a_few_words_behind():
    stream = StreamFilter(FILTERS, MASK)
    text = "오늘은 날씨가 참 좋아서 산책을 나갔다. 길가에 꽃이 많이 피어 있었다."
    shown = "".join(stream.feed(text[at : at + 3]) for at in range(0, len(text), 3))
    assert len(text) - len(shown) < 20


def test_a_block_ends_the_text_before_the_finding():
    text = "안녕하세요 여러분. 야 이 씨발놈아 뭐 하냐. 그리고 이어집니다."
    shown, blocked = streamed(text, range(100), BLOCK)
    assert blocked
    assert text.startswith(shown)
    assert "씨발" not in shown
    assert shown.startswith("안녕하세요 여러분.")
    assert streamed(text, range(100), MASK)[0].count("*") >= 2


def test_labels_are_those_of_clova_studio():
    assert FILTERS.labels("좋은 하루 보내세요") == {"personal": 2, "curse": 2}
    assert FILTERS.labels("이 씨발놈아") == {"personal": 2, "curse": 0}
    assert FILTERS.labels("이 씨발놈아 " + "그래서 나는 집에 갔다 " * 20)["curse"] == 1


def judge(words):
    """A classifier that knows a few words; it takes the whole text for toxic where one of them stands."""
    kind = type("Judge", (NgramModel,), {})
    kind.__call__ = lambda self, texts: np.array(
        [[0.95 if any(word in text for word in words) else 0.0] for text in texts]
    )
    return object.__new__(kind)


def test_hate_is_judged_by_the_stretch_before_it_is_shown():
    filters = Filters(judge(["증오"]))
    policy = filters.check({"unsafe": "block"})
    text = "평범한 글이다. " * 40 + "증오" + " 더 이어지는 글." * 50
    shown, blocked = streamed(text, range(0, 2000, 7), policy, filters)
    assert blocked
    assert shown == text[: len(shown)]
    assert 0 < len(shown) <= text.index("증오")
    assert filters.labels(text)["unsafe"] == 0
    assert streamed("평범한 글이다.", [], policy, filters) == ("평범한 글이다.", False)


def test_a_policy_is_checked():
    for policy, words in (
        ({"abuse": "mask"}, "filter 'abuse': there are personal, curse, unsafe"),
        ({"curse": "drop"}, "wants flag, mask, block"),
        ({"unsafe": "mask"}, "lies in no single word"),
    ):
        with pytest.raises(ClovaError, match=words):
            check_policy(policy)
    with pytest.raises(ClovaError, match="needs a classifier"):
        FILTERS.check({"unsafe": "block"})
