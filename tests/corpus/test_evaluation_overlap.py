"""Evaluation texts do not stay in documents, in whatever form they stand there; the rest does."""

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.evaluation_overlap import FORMS, PAGE, cleaner_of, findable, survivors
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import write_json, write_jsonl
from clova_jax.corpus.clean.cleaner import Cleaner
from clova_jax.corpus.clean.evaluation_overlap import (
    LABEL,
    LINE,
    TOO_SHORT,
    WORDS,
    EvaluationIndex,
    comparable,
)
from clova_jax.corpus.clean.normalize import normalize
from clova_jax.corpus.clean.steps import STEP_NAMES
from clova_jax.corpus.settings import Cleaning
from clova_jax.labelled.names import KNOWN, known_files
from clova_jax.labelled.rows import Item, read_items
from tests.worlds.growth import too_slow

_WORDS = [
    f"{a}{b}"
    for a in "강산들길꽃눈비별달해"
    for b in ("에서", "까지", "마저", "처럼", "보다", "이나")
]


def sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.sample(_WORDS, words)) + rng.choice([".", "", "!", "…"])


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> Path:
    """Invented sets in the forms of the official ones: texts of 1 to 40 words, odd characters among them."""
    folder, rng = tmp_path_factory.mktemp("sets"), random.Random(4)
    (folder / "nsmc").mkdir()
    odd = [
        "락樂한 &#8212; 소리를 &quot;들은&quot; 밤이 길었다",
        "하나 &amp; 둘<br>그리고 <b>셋</b> 넷이 걸었다",
        "ＡＢＣ １２３ 호실에서 만나기로 했던 날",
    ]
    rows = [f"{n}\t{sentence(rng, 1 + n % 40)}\t{n % 2}" for n in range(160)]
    rows += [f"{n}\t{text}\t0" for n, text in enumerate(odd, 900)]
    (folder / "nsmc/ratings_test.txt").write_text("id\tdocument\tlabel\n" + "\n".join(rows) + "\n")
    (folder / "klue/ynat-v1.1").mkdir(parents=True)
    titles = [
        {"guid": f"y{n}", "title": sentence(rng, 2 + n % 9), "label": "사회"} for n in range(40)
    ]
    write_json(folder / "klue/ynat-v1.1/ynat-v1.1_dev.json", titles)
    (folder / "klue/klue-ner-v1.1").mkdir()
    tagged = "<강물:LC>에서 <돌이:PS>가 노래를 부르던 저녁은 참 길었다"
    plain = "강물에서 돌이가 노래를 부르던 저녁은 참 길었다"
    characters = "".join(f"{c}\tO\n" for c in plain)
    (folder / "klue/klue-ner-v1.1/klue-ner-v1.1_dev.tsv").write_text(
        f"## n_0\t{tagged}\n{characters}\n"
    )
    (folder / "korquad").mkdir()
    paragraphs = [
        {
            "context": sentence(rng, 40),
            "qas": [
                {
                    "id": str(n),
                    "question": sentence(rng, 8),
                    "answers": [{"text": rng.choice(_WORDS), "answer_start": 3}],
                }
            ],
        }
        for n in range(20)
    ]
    write_json(
        folder / "korquad/KorQuAD_v1.0_dev.json",
        {"data": [{"title": "강", "paragraphs": paragraphs}]},
    )
    (folder / "safety/APEACH").mkdir(parents=True)
    cells = "".join(
        f'"{sentence(rng, 9)}, ""{sentence(rng, 3)}""",{n},Default\n' for n in range(20)
    )
    (folder / "safety/APEACH/test.csv").write_text("text,age,class\n" + cells)
    (folder / "query_modification").mkdir()
    write_jsonl(
        folder / "query_modification/query_modification_dev.jsonl",
        [{"turns": [sentence(rng, 6), sentence(rng, 4)], "query": sentence(rng, 5)}],
    )
    return folder


@pytest.fixture(scope="module")
def index(sets, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("index") / "evaluation.npz"
    EvaluationIndex.of_files(known_files(sets)).save(path)
    return path


def test_no_planted_text_stays_in_any_form(sets, index):
    cleaner = cleaner_of(index)
    planted = Counter()
    for file in known_files(sets):
        counts, left = survivors(cleaner, [item for item in read_items(file) if findable(item)])
        planted += counts
        assert not left
    assert all(planted[form] > 500 for form in (*FORMS, PAGE))


def test_every_text_is_found_that_is_no_label_or_answer(sets):
    texts = {item.text for file in known_files(sets) for item in read_items(file) if findable(item)}
    assert "강물에서 돌이가 노래를 부르던 저녁은 참 길었다" in texts
    assert not texts & {"사회", "0", "1", "Default", "강", "y3", *_WORDS} - {"강처럼."}
    rows = (sets / "nsmc/ratings_test.txt").read_text().split("\n")[1:-1]
    assert {row.split("\t")[1] for row in rows} <= texts  # a review of one word too


def test_thirteen_words_are_found_wherever_they_stand():
    rng = random.Random(1)
    item = sentence(rng, WORDS).rstrip(".!…")
    index = EvaluationIndex([item])
    for text in (
        item,
        f"{item} 그리고 더",
        f"앞말 {item}",
        f"앞말 {item} 뒷말",
        f"“{item}”이라는 말",
    ):
        assert len(index.spans(text)) == 1, text
    assert index.spans(item.replace(" ", "\n"))
    assert not index.spans(" ".join(item.split()[:-1]))


def test_sentences_are_found_where_they_stand_by_themselves():
    index = EvaluationIndex(["아침마다 강가를 걷는 사람이 있었다."])
    rest = "볕이 좋은 날이면 마루에 앉아 실을 감았다. 저녁에는 등불 아래에서 편지를 읽고 또 읽었다."
    assert index.remove(f"{rest} 아침마다 강가를 걷는 사람이 있었다. {rest}") == (
        f"{rest} {rest}",
        ["아침마다 강가를 걷는 사람이 있었다."],
    )
    assert (
        index.remove(f"{rest}\n3) 아침마다 강가를\n걷는 사람이 있었다\n{rest}")[0]
        == f"{rest}\n{rest}"
    )
    assert (
        index.remove(f"{rest}\n17 아침마다 강가를 걷는 사람이 있었다 0\n{rest}")[0]
        == f"{rest}\n{rest}"
    )
    whole = f"{rest}\n옛날에 아침마다 강가를 걷는 사람이 있었다고 한다\n{rest}"
    assert index.remove(whole) == (whole, [])


def test_short_texts_are_found_as_lines_alone():
    index = EvaluationIndex(
        [Item("참 좋다", True), Item("서울", False), Item("♥ 12", True), Item("설명", True)]
    )
    rest = "볕이 좋은 날이면 마루에 앉아 실을 감았다."
    for line in ("참 좋다", "- 참 좋다!", "1. 참 좋다", "① 참 좋다", "답변: 참 좋다", "“참 좋다”"):
        assert index.remove(f"{rest}\n{line}\n{rest}")[0] == f"{rest}\n{rest}", line
    for line in ("정말 참 좋다", "서울", "♥ 12", "설명", "참 좋다 정말"):
        assert index.remove(f"{rest}\n{line}\n{rest}")[1] == [], line
    assert index.counts == {LINE: 1, LABEL: 1, TOO_SHORT: 2}


def test_a_document_of_evaluation_texts_goes():
    index = EvaluationIndex(["아침마다 강가를 걷는 사람이 있었다."])
    assert index.remove("아침마다 강가를 걷는 사람이 있었다!\n짧은 끝")[0] is None


def test_nothing_changes_on_a_second_pass():
    rng = random.Random(8)
    items = [sentence(rng, 1 + n % 14) for n in range(60)]
    index = EvaluationIndex(items)
    for number in range(200):
        pieces = [
            rng.choice(items) if rng.random() < 0.3 else sentence(rng, rng.randint(2, 9))
            for _ in range(20)
        ]
        text = normalize("".join(piece + rng.choice([" ", "\n", ". "]) for piece in pieces))
        once, _ = index.remove(text)
        if once is not None:
            assert index.remove(once) == (once, []), number


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [
                "가",
                "각",
                "&amp;",
                "&lt;",
                "b&gt;",
                "&#8212;",
                "\u1100",
                "\u1161",
                "e",
                "\u0301" * 40,
                "樂",
                "Ａ",
                "\u200b",
                "\r\n",
                "\n",
                " ",
                "<br>",
                "\u3164",
                "½",
                "ß",
                "&nbsp;",
                "\\n",
            ]
        ),
        max_size=20,
    ).map("".join)
)
def test_normalization_does_not_change_what_is_compared(text):
    assert comparable(normalize(text)).split() == comparable(text).split()
    assert comparable(text).count("\n") == text.count("\n")


def test_spans_agree_with_sets_of_tuples(tmp_path):
    rng = random.Random(2)
    words = [f"w{number}" for number in range(6)]
    evaluation = [" ".join(rng.choice(words) for _ in range(40)) for _ in range(30)]
    index = EvaluationIndex(evaluation)
    index.save(tmp_path / "i.npz")
    index = EvaluationIndex.load(tmp_path / "i.npz")
    grams = set()
    for text in evaluation:
        split = text.split()
        grams |= {tuple(split[at : at + WORDS]) for at in range(len(split) - WORDS + 1)}
    for _ in range(30):
        source = rng.choice(evaluation).split()
        split = [rng.choice(words) for _ in range(30)]
        split[5 : 5 + rng.randint(8, 20)] = source[3:20]
        expected = any(tuple(split[a : a + WORDS]) in grams for a in range(len(split) - WORDS + 1))
        assert bool(index.spans(" ".join(split))) == expected


def test_other_files_and_older_versions_are_refused_in_one_line(tmp_path):
    path = tmp_path / "i.npz"
    np.savez(path, grams=np.zeros(3, np.uint64), lines=np.zeros(0, np.uint8))
    with pytest.raises(ClovaError, match="version 1, wants 2; remove it"):
        EvaluationIndex.load(path)
    path.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(ClovaError, match="no index of evaluation sets"):
        Cleaner(Cleaning(evaluation_index=path))
    with pytest.raises(ClovaError, match="no such file"):
        EvaluationIndex.load(tmp_path / "absent.npz")
    EvaluationIndex(["하나 둘 셋 넷 다섯"]).save(path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        with pytest.raises(ClovaError):
            EvaluationIndex.load(path)


def test_evaluation_comes_before_what_changes_words():
    assert (
        STEP_NAMES.index("normalize")
        < STEP_NAMES.index("evaluation")
        < min(map(STEP_NAMES.index, ("toxicity", "privacy", "prefix")))
    )


def test_files_that_are_no_sets(tmp_path):
    (tmp_path / "e.json").write_text("{")
    with pytest.raises(ClovaError, match="e.json: not JSON"):
        read_items(tmp_path / "e.json")


def test_time_grows_with_the_text():
    index = EvaluationIndex(["아침마다 강가를 걷는 사람이 있었다.", "좋다", " ".join(_WORDS[:20])])
    shapes = {
        "found everywhere in a line": "아침마다 강가를 걷는 사람이 있었다. 볕이 좋은 날 마루에 앉아 있었다. ",
        "short lines": "1. 좋구나\n",
        "tags": "<b <b>",
        "entities": "&amp;amp;amp;",
        "one word": "가",
        "marks": "e\u0301",
        "blanks": " \n",
    }
    slow = {name: too_slow(index.remove, piece, 60_000) for name, piece in shapes.items()}
    assert not any(slow.values()), slow


@pytest.mark.slow
def test_no_text_of_the_real_sets_stays(real_data, tmp_path):
    files = known_files(real_data)
    named = {str(file.relative_to(real_data)) for file in files}
    assert len(files) >= 20
    assert {name.removesuffix(".gz").removesuffix(".zst") for name in named} <= set(KNOWN)
    EvaluationIndex.of_files(files).save(tmp_path / "evaluation.npz")
    cleaner = cleaner_of(tmp_path / "evaluation.npz")
    for file in files:
        items = [item for item in dict.fromkeys(read_items(file)) if findable(item)]
        _, left = survivors(cleaner, items[::4], forms=1)  # all of them: the benchmark
        assert not left, (file, left[:3])
