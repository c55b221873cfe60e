"""Documents in the form of their sites' pages: what is shown, what stays together, what is lost (nothing)."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.corpus.documents import Document
from clova_jax.corpus.forms import FORMS, in_forms, parse_forms
from clova_jax.corpus.sources import Source


def reviews(counts, source="reviews_movie"):
    """`counts[i]` reviews of film i, one after the other."""
    return [
        Document(
            f"영화 {film}의 감상 {n}",
            f"{film}-{n}",
            source,
            {"movie": str(film), "rating": 1 + n % 10},
        )
        for film, count in enumerate(counts)
        for n in range(count)
    ]


EXAMPLES = {
    "rated_reviews": Document("재밌다", "a", "reviews_movie", {"movie": "1", "rating": 9}),
    "recommendations": Document("한 판만 더", "b", "reviews_game", {"label": 1}),
    "news_comments": Document(
        "그렇군\n요", "c", "news_comments", {"news_title": '"비가 ""온다"""'}
    ),
    "headlines": Document("우승했다", "d", "news_headlines", {"section": "스포츠"}),
    "petitions": Document(
        "길을 고쳐 주세요\n돌이 많습니다.",
        "e",
        "petitions",
        {"category": "교통", "begin": "2017-08-25", "num_agree": 1234},
    ),
    "magazines": Document(
        "글",
        "f",
        "magazines_1920s",
        {"magazine": "별건곤 제72호", "date": "1934년 04월\xa001일", "genre": "소식"},
    ),
}
SHOWN = {
    "rated_reviews": "재밌다 (별점 9점)",
    "recommendations": "추천\n한 판만 더",
    "news_comments": '비가 "온다"\n\n댓글 1개\n- 그렇군 요',
    "headlines": "[스포츠] 우승했다",
    "petitions": "청원 제목: 길을 고쳐 주세요\n분류: 교통\n청원 시작: 2017-08-25\n참여 인원: 1,234명\n\n돌이 많습니다.",
    "magazines": "별건곤 제72호, 1934년 4월 1일, 소식\n\n글",
}


def test_every_form_has_an_example():
    assert EXAMPLES.keys() == SHOWN.keys() == FORMS.keys()


@pytest.mark.parametrize("name", FORMS)
def test_a_page_shows_what_is_known(name):
    (page,) = in_forms([EXAMPLES[name]], {name: 1.0})
    assert page.text == SHOWN[name]
    assert page.source == EXAMPLES[name].source


@pytest.mark.parametrize("name", FORMS)
def test_a_document_without_the_field_stays_as_it_is(name):
    for field in FORMS[name].needs:
        bare = EXAMPLES[name].meta | {field: None}
        document = Document("글", "x", EXAMPLES[name].source, bare)
        assert list(in_forms([document], {name: 1.0})) == [document]
    elsewhere = Document("글", "x", "wiki", EXAMPLES[name].meta)
    assert list(in_forms([elsewhere], {name: 1.0})) == [elsewhere]
    kinds = {"mine": Source(FORMS[name].kinds[0])}
    mine = Document("글", "x", "mine", EXAMPLES[name].meta)
    assert list(in_forms([mine], {name: 1.0}, kinds)) != [mine]


def test_one_page_holds_one_film():
    pages = list(in_forms(reviews([9, 1, 30]), {"rated_reviews": 1.0}))
    sizes = [page.meta["documents"] for page in pages]
    assert set(sizes) <= {1, 2, 3, 4}
    assert len(set(sizes)) > 1
    assert sum(sizes) == 40
    for page in pages:
        films = {line.split("의")[0] for line in page.text.splitlines()}
        assert len(films) == 1
    ids = {page.id for page in pages}
    assert ids == {"reviews_movie:0", "reviews_movie:1", "reviews_movie:2"}


@given(st.lists(st.integers(1, 9), max_size=8), st.floats(0.01, 1))
def test_nothing_is_lost_and_the_order_is_kept(counts, share):
    given_ = reviews(counts)
    written = "\n".join(page.text for page in in_forms(given_, {"rated_reviews": share}))
    place = 0
    for review in given_:
        place = written.index(review.text, place) + len(review.text)
    assert written.count("감상") == len(given_)


def test_the_share_is_that_of_the_documents():
    pages = list(in_forms(reviews([3] * 600), {"rated_reviews": 0.3}))
    shown = sum(page.meta.get("documents", 0) for page in pages)
    assert 0.25 < shown / 1800 < 0.35
    films = [key for key, _ in itertools.groupby(pages, lambda page: page.id.split("-")[0])]
    assert len(films) == 600  # a film is shown whole or not at all


def test_the_same_documents_give_the_same_pages():
    once = list(in_forms(reviews([9, 9]), {"rated_reviews": 0.5}))
    assert once == list(in_forms(iter(reviews([9, 9])), {"rated_reviews": 0.5}))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["stars"], "no form 'stars'; there are: rated_reviews"),
        (["petitions", "petitions=0.5"], "petitions stands there twice"),
        (["petitions=0"], "petitions=0: the share is not a number above 0 and at most 1"),
        (["petitions=nan"], "petitions=nan"),
        (["petitions=half"], "petitions=half"),
        (["petitions=1.5"], "petitions=1.5"),
    ],
)
def test_a_mistake_is_named(words, message):
    with pytest.raises(ClovaError, match=f"--forms: {message}"):
        parse_forms(words)


def test_a_name_alone_means_all():
    assert parse_forms(["petitions", "headlines=0.5"]) == {"petitions": 1.0, "headlines": 0.5}


def test_the_page_of_the_docs_shows_what_is_written():
    page = (Path(__file__).resolve().parents[2] / "docs/forms.md").read_text()
    second = {
        "rated_reviews": replace(
            EXAMPLES["rated_reviews"],
            text="보다가 졸았다",
            meta={"movie": "1", "rating": 2},
        ),
        "news_comments": replace(EXAMPLES["news_comments"], text="우산 챙기세요"),
    }
    for name, form in FORMS.items():
        documents = [EXAMPLES[name], *([second[name]] if name in second else [])]
        if name == "headlines":
            texts = {"경제": "단독 가온물류 원자재 상승", "생활문화": "50년 만에 한파 전시 관심"}
            documents = [
                replace(documents[0], text=text, meta={"section": section})
                for section, text in texts.items()
            ]
        assert f"```\n{form.render(documents)}\n```" in page
        assert all(f"`{field}`" in page for field in form.needs)
