"""Clusters of reviews, ROUGE over morphemes, meters of faithfulness, and lines that pass only if they are true."""

import json
from pathlib import Path

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from clova_jax import apps
from clova_jax.apps.reviews import (
    Cluster,
    Entailment,
    Faithfulness,
    Rouge,
    Summarizer,
    WordOverlap,
    balanced_threshold,
    find_clusters,
    labels_of,
    tfidf,
)
from clova_jax.apps.reviews.rouge import MorphemeTokenizer
from clova_jax.apps.reviews.summary import as_list, prompt
from clova_jax.common.errors import ClovaError
from clova_jax.labelled import Pair
from clova_jax.studio.apps.samples import samples
from tests.worlds.models import make_lm

ACTING = ["배우들 연기가 좋았다", "연기가 정말 좋다", "주인공 연기가 좋았어요"]
MUSIC = ["음악이 지루하다", "음악이 너무 지루했다", "배경 음악이 지루해요"]
PAIRS = [
    Pair("1", "f:1", "연기가 좋다", "연기가 좋다", "entailment"),
    Pair("2", "f:2", "연기가 좋다", "음악이 나쁘다", "neutral"),
    Pair("3", "f:3", "음악이 좋다", "음악이 나쁘다", "contradiction"),
    Pair("4", "f:4", "음악이 좋다", "음악이 좋다", "entailment"),
]


def test_reviews_that_say_the_same_are_one_cluster():
    clusters = find_clusters([*ACTING, *MUSIC, " "], 2)
    assert sorted(sorted(one.texts) for one in clusters) == sorted([sorted(ACTING), sorted(MUSIC)])
    for one in clusters:
        assert one.representative == one.texts[0]
        assert [one.representative, *one.others] == list(one.texts)


def test_a_seed_fixes_the_clusters_and_the_largest_is_first():
    texts = [*ACTING, *MUSIC, "연기가 매우 좋다"]
    first, second = find_clusters(texts, 2, seed=1), find_clusters(texts, 2, seed=1)
    assert first == second
    assert len(first[0].texts) >= len(first[1].texts)


def test_one_review_is_one_cluster_and_none_is_refused_in_one_line():
    (cluster,) = find_clusters(["", "좋다 "], 5)
    assert cluster == Cluster(["좋다"])
    (same,) = find_clusters(["좋다", "좋다"], 5)
    assert same.representative == "좋다"
    assert len(find_clusters(["ㅋ", "!", "?"], 2)) <= 2
    for texts in ([], ["", " \n"]):
        with pytest.raises(ClovaError, match="film 7: has no review with a text"):
            find_clusters(texts, 3, what="film 7")


def test_there_are_no_more_clusters_than_different_reviews():
    assert set(labels_of(tfidf(["가나다", "가나다", "라마바"]), 9, 0)) == {0, 1}


TEXTS = [*ACTING, *MUSIC, "Best film of 2002!", "ㅋㅋㅋ", "", "😀 漢字 영화"]


@pytest.mark.parametrize("kind", ["rouge1", "rouge2", "rougeL"])
@pytest.mark.parametrize("part", ["precision", "recall", "fmeasure"])
def test_rouge_is_that_of_rouge_score_with_the_same_tokenizer(kind, part):
    theirs = RougeScorer([kind], tokenizer=MorphemeTokenizer())
    premises = [first for first in TEXTS for _ in TEXTS]
    sentences = [second for _ in TEXTS for second in TEXTS]
    ours = Rouge(kind, part).scores(premises, sentences)
    pairs = zip(premises, sentences, strict=True)
    assert ours.tolist() == [getattr(theirs.score(*pair)[kind], part) for pair in pairs]


def test_equal_korean_sentences_have_a_rouge_of_one_where_the_usual_tokenizer_says_zero():
    text = "배우들의 연기가 참 좋았습니다."
    for kind in ("rouge1", "rouge2", "rougeL"):
        for part in ("precision", "recall", "fmeasure"):
            assert Rouge(kind, part).scores([text], [text]) == [1.0]
        assert RougeScorer([kind]).score(text, text)[kind].fmeasure == 0.0


def test_several_sources_are_joined_or_the_best_of_them_counts():
    sources = [["연기가 좋다", "음악이 나쁘다", " "]]
    meter = Rouge("rouge1")
    best, joined = (Faithfulness(meter, several) for several in ("best", "joined"))
    assert best.scores(sources, ["연기가 좋다"]) == [1.0]
    assert joined.scores(sources, ["연기가 나쁘다"]) == [1.0]
    assert best.scores(sources, ["연기가 나쁘다"])[0] < 1.0
    assert best.scores(sources, [""]) == joined.scores(sources, [" "]) == [0.0]


def test_a_sentence_without_a_source_is_refused_in_one_line():
    for several in ("best", "joined"):
        with pytest.raises(ClovaError, match="sentence 0 .*연기.*: has no source text"):
            Faithfulness(Rouge(), several).scores([["", " "]], ["연기가 좋다"])


def test_word_overlap_learns_that_shared_words_follow():
    overlap = WordOverlap(PAIRS * 5)
    first, second = overlap.scores(["결말이 좋다"] * 2, ["결말이 좋다", "영상이 나쁘다"])
    assert first > second
    assert len(overlap.scores([], [])) == 0


def test_the_threshold_is_where_balanced_accuracy_is_highest():
    scores = np.array([0.9, 0.8, 0.7, 0.3, 0.2])
    assert balanced_threshold(scores, [True, True, False, False, False]) == 0.8


def test_a_head_gives_probabilities_and_leaves_its_model_alone(tmp_path):
    lm = make_lm(max_length=256)
    before = lm.fingerprint
    head = Entailment(lm, PAIRS, PAIRS, steps=2, out=tmp_path)
    scores = head.scores(["연기가 좋다"] * 2, ["연기가 좋다", "음악이 나쁘다"])
    assert ((scores > 0) & (scores < 1)).all()
    assert len(head.scores([], [])) == 0
    assert lm.fingerprint == before
    again = Entailment(lm, PAIRS, PAIRS, steps=2, out=tmp_path)
    assert again.threshold == head.threshold


class Writing(Summarizer):
    """Writes given lines."""

    def __init__(self, lines, threshold):
        super().__init__(make_lm(), Faithfulness(Rouge("rouge1")), threshold)
        self.given = lines

    def write(self, clusters):
        return [self.given for _ in clusters]


def test_the_truest_line_is_taken_and_one_that_is_not_true_is_replaced_by_the_representative():
    clusters = [Cluster(ACTING)]
    (good,) = Writing(["음악이 나쁘다", "연기가 좋다", ""], 0.9).lines(clusters)
    assert (good.line, good.passed, good.score) == ("연기가 좋다", True, 1.0)
    (bad,) = Writing(["음악이 나쁘다", ""], 0.9).lines(clusters)
    assert (bad.line, bad.passed) == (ACTING[0], False)
    (nothing,) = Writing(["", ""], 0.0).lines(clusters)
    assert (nothing.line, nothing.passed) == (ACTING[0], False)


def test_with_random_weights_lines_are_the_representatives():
    lm = make_lm(max_length=1024)
    writer = Summarizer(lm, Faithfulness(Rouge("rouge1")), 0.5, samples=1)
    summaries = writer.summarise([*ACTING, *MUSIC], count=2)
    clusters = find_clusters([*ACTING, *MUSIC], 2)
    assert [one.line for one in summaries] == [one.representative for one in clusters]
    assert [len(one.drafts) for one in summaries] == [3, 3]
    assert writer.summarise(["좋다"])[0].line == "좋다"
    with pytest.raises(ClovaError, match="film 7: has no review"):
        writer.summarise([""], what="film 7")


def test_prompts_hold_what_fits():
    wide, narrow = make_lm(max_length=2048), make_lm(max_length=256)
    text = prompt(wide, ACTING)
    assert text.endswith(f"리뷰: {' / '.join(ACTING)}\n한 줄 요약:")
    assert text.count("한 줄 요약:") == 4
    assert "{" not in text
    assert "{input}" in prompt(wide, ["{input}"])
    assert as_list(wide, ACTING) == "\n".join(ACTING) + "\n"
    assert len(narrow.tokenizer.encode(as_list(narrow, ["가" * 10_000] * 3))) <= 256 - 32
    cut = prompt(narrow, ["가" * 10_000])
    assert cut.endswith("가\n한 줄 요약:")
    assert len(narrow.tokenizer.encode(cut)) <= 256 - 32
    for make in (prompt, as_list):
        with pytest.raises(ClovaError, match="a context of 40 tokens has no room"):
            make(make_lm(max_length=40), ACTING)


def test_the_studio_has_the_same_prompt():
    (app,) = (one for one in samples() if one["name"] == "리뷰_한_줄")
    path = Path(apps.__file__).parent / "prompts/review_summary.json"
    assert app["content"]["template"] == json.loads(path.read_text())["content"]["template"]
    rows = app["content"]["examples"]["rows"]
    assert rows[0][1] in prompt(make_lm(max_length=2048), ACTING)
    assert app["content"]["filters"] == {"personal": "mask", "curse": "mask"}
