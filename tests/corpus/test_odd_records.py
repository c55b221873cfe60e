"""Whatever a record holds, it is counted and named, and the rest goes on."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_lines
from clova_jax.corpus.clean import spam
from clova_jax.corpus.clean.cleaner import FAILED, Cleaner
from clova_jax.corpus.clean.step import Dropped
from clova_jax.corpus.clean.steps import STEP_NAMES
from clova_jax.corpus.documents import Document
from clova_jax.corpus.read.dialogue import dialogue_text
from clova_jax.corpus.read.kin import best_answer, kin_text
from clova_jax.corpus.run.pipeline import clean_corpus
from clova_jax.corpus.run.stream import map_stream
from clova_jax.corpus.settings import Cleaning, Job

TEXT = "바다가 보이는 마을에서 아침을 먹고 산길을 걸었다. 저녁에는 비가 내렸다."
ANSWER = "물을 자주 주고 볕이 드는 곳에 두면 잘 자랍니다."

ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["12", "nan", "1e999", "html", "false", ANSWER]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "text",
                    "form",
                    "speaker",
                    "speaker_id",
                    "adopted",
                    "expert",
                    "reputation",
                    "votes",
                    "id",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)
META = st.dictionaries(
    st.sampled_from(
        [
            "answers",
            "details",
            "utterances",
            "title",
            "category",
            "format",
            "dialogue",
            "spam",
            "name",
        ]
    )
    | st.text(max_size=4),
    ODD,
    max_size=6,
)


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner(Cleaning(steps=STEP_NAMES))


@settings(max_examples=250)
@given(meta=META, text=st.sampled_from([TEXT, "", "<p>글</p>", "가: 안녕\n나: 응"]) | st.text())
def test_no_record_is_too_odd_for_the_steps(cleaner, meta, text):
    text = text.encode("utf-8", "replace").decode()
    (_, result), (_, other) = cleaner.many(
        [Document(text, "1", "kin", meta), Document(TEXT, "2", "blogs")]
    )
    assert not (isinstance(result, Dropped) and result.reason == FAILED), result
    assert isinstance(other, Document)


def test_answers_of_any_shape():
    good = {"text": ANSWER, "adopted": True}
    odd = ["x", None, 3, [], {}, {"text": None}, {"text": 5}, {"text": ["a"] * 20}]
    assert best_answer([*odd, good]) is good
    assert best_answer(odd) is None
    assert kin_text("어떻게 키우나요?", [good], None).startswith("질문: 어떻게 키우나요?\n답변: ")
    assert "None" not in kin_text("어떻게 키우나요?", [good], None)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (1, 10**400),
        ("3", "12"),
        (float("nan"), 1),
        ([], 1),
        ("many", "2"),
        (5, "1e999"),
        (None, True),
    ],
)
def test_numbers_of_any_kind_are_ranked(low, high):
    less, more = ({"text": ANSWER, "adopted": True, "reputation": r} for r in (low, high))
    assert best_answer([less, more]) is more
    assert best_answer([more, less]) is more
    assert best_answer([{**more, "reputation": -(10**400)}]) is None


def test_flags_that_say_no_are_no():
    for no in ("false", "N", "0", "", 0, None, [], False):
        assert best_answer([{"text": ANSWER, "adopted": no}]) is None, no
    for yes in ("true", "Y", 1, True, "간호사"):
        assert best_answer([{"text": ANSWER, "expert": yes}]) is not None, yes


def test_turns_without_speakers_stay_apart():
    assert dialogue_text([{"text": "밥 먹었어?"}, {"text": "아직."}, "같이 먹자."]) == (
        "밥 먹었어?\n아직.\n같이 먹자."
    )
    some = [
        {"text": "왔니?", "speaker": "가"},
        {"text": "응."},
        {"text": "어서 와.", "speaker": ""},
    ]
    assert dialogue_text(some) == "S1: 왔니?\n?: 응.\n?: 어서 와."
    zero = [
        {"form": "네.", "speaker_id": 0},
        {"form": "예.", "speaker_id": 0},
        {"form": "음.", "speaker_id": 1},
    ]
    assert dialogue_text(zero) == "S1: 네. 예.\nS2: 음."
    named = [{"text": "가자.", "speaker": {"id": "P1"}}, {"text": "그래.", "speaker": {"id": "P2"}}]
    assert dialogue_text(named) == "S1: 가자.\nS2: 그래."
    assert dialogue_text([None, 3, [], {"text": []}, {"form": None, "text": "말"}]) == "3\n말"


RECORDS = [
    {"text": "어떻게 키우나요? 잎이 마릅니다.", "meta": {"answers": ["x"]}},
    {"text": "어떻게 키우나요? 잎이 마릅니다.", "meta": {"answers": None, "details": 5}},
    {
        "text": "어떻게 키우나요?",
        "meta": {"answers": [{"text": ANSWER, "expert": 1, "reputation": 10**400}]},
    },
    {
        "text": "",
        "meta": {"utterances": ["안녕하세요 반갑습니다", 5, None, {"form": "네, 저도 반갑습니다"}]},
    },
    {"text": TEXT, "meta": {"title": ["제목"], "category": {"a": 1}}},
    {"text": TEXT.replace("아침", "점심"), "meta": {"score": float("nan"), "format": ["html"]}},
]


def test_odd_records_through_the_pipeline(tmp_path):
    lines = [json.dumps(row, ensure_ascii=False) for row in RECORDS]
    lines[2:2] = [
        "[" * 500 + "]" * 500,
        '{"text": "a", "meta": {"n": ' + "9" * 5_000 + "}}",
        "3",
        "",
    ]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "data" / "empty.jsonl").write_text("")
    report = clean_corpus(
        Job(tmp_path / "data", tmp_path / "out", Cleaning(steps=STEP_NAMES), workers=1)
    )
    assert report["documents"]["read"] == len(RECORDS)
    assert report["bad_lines"]["count"] == 3
    assert [m.split(":")[1] for m in report["bad_lines"]["messages"]] == ["3", "4", "5"]
    assert report["changes"]["extract"]["utterances without text"] == 1
    written = [
        json.loads(line, parse_constant=pytest.fail)  # NaN is no JSON
        for path in (tmp_path / "out" / "documents").glob("*.zst")
        for _, line in read_lines(path)
    ]
    assert len(written) == report["documents"]["kept"]


def test_a_step_that_fails_is_counted_and_named_with_its_line(tmp_path, monkeypatch):
    def fails(text, *_):
        if "점심" in text:
            raise ZeroDivisionError("나눌 수 없다")
        return None

    monkeypatch.setattr(spam, "spam", fails)
    rows = [{"text": TEXT.replace("아침", word)} for word in ("새벽", "점심", "저녁밥")]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = clean_corpus(
        Job(tmp_path / "a.jsonl", tmp_path / "out", Cleaning(), workers=1, similarity=2)
    )
    assert report["documents"] == {"read": 3, "kept": 2}
    assert report["drops"]["spam/failed"]["documents"] == 1
    (message,) = report["bad_lines"]["messages"]
    assert "a.jsonl:2: the step 'spam': ZeroDivisionError" in message
    source = io.BytesIO((tmp_path / "a.jsonl").read_bytes())
    log = io.StringIO()
    counts = map_stream(source, io.BytesIO(), Cleaning(), log)
    assert counts["kept"] == 2
    assert counts["bad_lines"] == 1
    assert "stdin.jsonl:2: the step 'spam'" in log.getvalue()


@pytest.mark.parametrize("content", ["", "\n\n", "?\n"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json"])
def test_a_folder_without_a_document_is_told_in_one_line(tmp_path, name, content):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_text(content)
    for _ in range(2):  # and again at the next run
        with pytest.raises(
            ClovaError, match="an empty corpus: its 1 files hold no document"
        ) as told:
            clean_corpus(Job(tmp_path / "data", tmp_path / "out", workers=1))
        assert "\n" not in str(told.value)
    assert Path(tmp_path / "out" / "settings.json").exists()
