"""Open questions and expansions of answers: what is refused, when a reader is silent, what rivals do, and that nothing is canned."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.apps.answers import (
    COST,
    EXPANSIONS,
    LONGEST,
    SILENCE,
    YES_NO,
    Expanded,
    Expander,
    Reader,
    choose,
    copied,
    documents,
    nearest,
    proving_sentence,
    read_expansions,
    spans,
    sureness,
    threshold,
)
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Item, Prediction, character_f1, exact_match
from clova_jax.retrieve import Index, Passage
from clova_jax.studio.apps.content import AppFile
from clova_jax.studio.apps.samples import samples
from tests.worlds.models import make_lm

PASSAGES = [
    Passage("나래시의 시장은 강연주다. 나래시에는 2002년에 철도가 놓였다.", "나래시"),
    Passage("한별시의 시장은 백종현이다. 한별시는 딸기로 유명하다.", "한별시"),
]
QUESTIONS = ["나래시의 시장은 누구인가?", "한별시는 무엇으로 유명한가?"]


def reader(max_length=512, passages=PASSAGES, **options):
    return Reader(make_lm(max_length=max_length), Index.build(passages), **options)


def summaries(names):
    return [
        Expanded(
            name,
            "summary",
            (name,),
            {"input": f"{name}은 큰 도시이다. 강이 흐른다."},
            (f"{name}은 도시.",),
        )
        for name in names
    ]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("", "no letter or digit"),
        ("?! …", "no letter or digit"),
        ("가" * 10_000, f"question of 10,000 characters; give {LONGEST} at most"),
    ],
)
def test_what_is_no_question_is_refused_in_one_line(question, message):
    with pytest.raises(ClovaError, match=message):
        reader().answer([question])


def test_an_empty_index_is_refused_in_one_line():
    with pytest.raises(ClovaError, match="the index has no passage; add a document first"):
        reader(passages=[])


def test_a_question_of_one_syllable_is_answered():
    (answer,) = reader().answer(["강"])
    assert answer.passage is None  # no pair of letters to find one by
    assert answer.text


def test_a_passage_longer_than_the_context_loses_its_end():
    long = Passage("나래시의 시장은 강연주다. " * 400, "나래시")
    answers = reader(passages=[long])
    prompt = answers.prompt(QUESTIONS[0], long)
    assert prompt.startswith("제목: 나래시\n\n본문: 나래시의 시장은")
    assert prompt.endswith(f"\n\n질문: {QUESTIONS[0]}\n\n답:")
    assert answers.answer(QUESTIONS)[0].passage == long


def test_a_question_longer_than_the_context_is_refused_in_one_line():
    with pytest.raises(ClovaError, match="longer than the model's context of 96 tokens"):
        reader(max_length=96).answer(["나래시의 시장은 누구인가? " * 4])


def test_a_reader_is_silent_where_it_is_less_sure():
    answers = reader().answer(QUESTIONS)
    assert all(answer.text != SILENCE for answer in answers)
    assert all(one.text in one.passage.text or one.text in YES_NO for one in answers)
    below = max(answer.sure for answer in answers)
    again = reader(below=below).answer(QUESTIONS)
    assert [answer.is_silent for answer in again] == [answer.sure < below for answer in answers]
    assert [answer.text for answer in reader(below=np.inf).answer(QUESTIONS)] == [SILENCE] * 2
    assert reader(below=-np.inf).answer(QUESTIONS) == answers


@given(st.lists(st.tuples(st.floats(-20, 0), st.floats(0, 1)), min_size=1, max_size=30))
def test_no_other_threshold_is_worth_more(answers):
    sure, scores = map(list, zip(*answers, strict=True))

    def worth(below):
        return sum(score - COST for one, score in answers if one >= below)

    best = threshold(sure, scores)
    assert worth(best) == pytest.approx(max([0.0, *map(worth, sure)]))


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("강연주", True),  # without its ending
        ("2002년", True),
        ("나래시에는 2002년에 철도가 놓였다", True),
        ("강연주다. 나래시에는", False),  # over the end of a sentence
        ("", False),
    ],
)
def test_the_spans_of_a_passage(answer, found):
    of_passage = spans(PASSAGES[0].text)
    assert (answer in of_passage) == found
    assert len(of_passage) == len(set(of_passage))


@given(st.text("가나다라은는 .!?\n", max_size=60))
def test_every_span_stands_in_its_passage(text):
    plain = " ".join(text.split())
    assert all(one.strip() and one in plain for one in spans(text))


def test_the_chosen_span_is_what_plain_scores_say():
    lm = make_lm(max_length=512)
    prompt = f"본문: {PASSAGES[0].text}\n\n질문: {QUESTIONS[0]}\n\n답:"
    ((text, logprob),) = choose(lm, [prompt], [PASSAGES[0].text])
    candidates = [*YES_NO, *spans(PASSAGES[0].text)]
    ends = [f" {one}\n\n" for one in candidates]
    sums = lm.score([prompt] * len(ends), ends)
    best = int(np.argmax(sums / np.sqrt([len(lm.tokenizer.encode(one)) for one in ends])))
    assert text == candidates[best]
    assert logprob == pytest.approx(sums[best], abs=1e-3)


def test_a_passage_without_a_word_leaves_yes_and_no():
    assert spans("... !?") == []
    ((text, _),) = choose(make_lm(max_length=64), ["질문: 강인가?\n\n답:"], [""])
    assert text in YES_NO


def test_sureness_is_per_character():
    assert sureness(-4.0, "가나다") == -1.0
    assert sureness(-1.0, "") == -1.0


def test_random_weights_answer_no_better_than_their_baselines():
    said = reader().answer(QUESTIONS)
    answers = [("강연주",), ("딸기",)]
    found = [Prediction(one.text, gold) for one, gold in zip(said, answers, strict=True)]
    constant = [Prediction("강연주", gold) for gold in answers]
    assert exact_match(found) <= exact_match(constant)
    rows = summaries(["가람시", "나래시", "다솜시"])
    for kind in EXPANSIONS:
        values = {"본문": PASSAGES[0].text, "둘째": PASSAGES[1].text}
        texts = Expander(make_lm(max_length=768), kind).write([values | {"input": "가람시"}])
        rivals = copied(rows)
        assert character_f1([Prediction(texts[0], rows[0].answers)]) <= character_f1(
            [Prediction(rivals[0], rows[0].answers)]
        )


def test_the_sentence_that_fits_question_and_answer():
    text = PASSAGES[1].text
    assert proving_sentence(text, "무엇으로 유명한가?", "딸기") == "한별시는 딸기로 유명하다."
    assert proving_sentence("", "누구인가?") == proving_sentence(text, "xyz") == ""


def test_rivals_copy_a_sentence_or_the_nearest_answer():
    train, test = summaries(["가람시"]), summaries(["나래시"])
    assert copied(test) == ["나래시은 큰 도시이다."]
    assert nearest(train, test) == ["나래시은 도시."]
    assert nearest([], test) == [""]


def test_prompts_are_those_of_the_studio():
    apps = {one["content"]["template"]: one for one in samples()}
    for name, form in EXPANSIONS.items():
        head, row = form.template
        template = f"{head}\n\n{{examples}}\n\n{row}"
        assert template in apps, name
        app = AppFile.model_validate(apps[template])
        assert app.content.filters == {"personal": "mask", "curse": "mask"}
        examples = app.content.examples
        assert examples.shown.startswith(row.split("{")[0])


def test_examples_stand_above_the_question():
    train = summaries(["가람시", "다솜시"])
    expander = Expander(make_lm(max_length=768), "summary", train)
    assert expander.head.count("한 줄 요약: ") == 2
    assert expander.head.endswith("다솜시은 도시.\n\n")
    with pytest.raises(ClovaError, match="expansion 'poem': there are summary, "):
        Expander(make_lm(), "poem")


def test_adaptation_shows_passages_with_their_questions_and_an_expansion_after_every_two():
    items = [
        Item(f"{n}", "q", f"질문: {question}\n\n답:", ("답이다",), lead=f"본문: {passage.text}")
        for n, (question, passage) in enumerate(zip(QUESTIONS, PASSAGES, strict=True))
    ]
    texts = list(documents(items, summaries(["가람시"]), 0, 9))
    pages = [text for number, text in enumerate(texts) if number % 3 < 2]
    assert {page.split("\n\n")[0] for page in pages} == {item.lead for item in items}
    assert all(page.endswith("답: 답이다") for page in pages)
    assert set(texts[2::3]) == {
        "본문: 가람시은 큰 도시이다. 강이 흐른다.\n한 줄 요약: 가람시은 도시."
    }
    assert texts == list(documents(items, summaries(["가람시"]), 0, 9))


def test_damaged_expansions_are_refused_in_one_line(tmp_path):
    assert read_expansions(tmp_path, "test") == []
    path = tmp_path / "expansions/expansions_test.jsonl"
    path.parent.mkdir()
    path.write_text('{"id": "1", "kind": "poem", "titles": [], "values": {}, "answers": ["x"]}\n')
    with pytest.raises(ClovaError, match="test.jsonl:1: kind 'poem' with 1 answers; wants one of"):
        read_expansions(tmp_path, "test")
