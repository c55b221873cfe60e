"""Corpora of the National Institute of Korean Language and of AI Hub, in their published layouts."""

import json
import random

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.corpus.documents import BadLines, base_of
from clova_jax.corpus.read import json_corpora
from clova_jax.corpus.read.blocks import file_groups, group_blocks, input_files
from clova_jax.corpus.run.pipeline import clean_corpus
from clova_jax.corpus.settings import Cleaning, Job

NEWS = {
    "id": "NWRW1900000001",
    "metadata": {"title": "국립국어원 신문 말뭉치", "creator": "국립국어원", "year": "2019"},
    "document": [
        {
            "id": "NWRW1900000001.1",
            "metadata": {
                "title": "다리가 새로 놓였다",
                "author": "아무개 기자",
                "publisher": "어느 신문사",
                "date": "20190101",
                "topic": "사회",
                "original_topic": "지역",
            },
            "paragraph": [
                {"id": "NWRW1900000001.1.1", "form": "다리가 새로 놓였다"},
                {"id": "NWRW1900000001.1.2", "form": "두 마을 사이에 다리가 놓였다."},
                {"id": "NWRW1900000001.1.3", "form": ""},
                {"id": "NWRW1900000001.1.4", "form": "사람들은 이제 돌아가지 않는다."},
            ],
        }
    ],
}
SPOKEN = {
    "id": "SDRW2000000001",
    "metadata": {"title": "국립국어원 구어 말뭉치"},
    "document": [
        {
            "id": "SDRW2000000001.1",
            "metadata": {
                "title": "2인 일상 대화",
                "topic": "점심",
                "speaker": [{"id": "SD2000001", "age": "20대"}, {"id": "SD2000002", "age": "30대"}],
                "setting": {"relation": "직장 동료"},
            },
            "utterance": [
                {
                    "id": "SDRW2000000001.1.1.1",
                    "form": "점심 뭐 먹을까요?",
                    "speaker_id": "SD2000001",
                },
                {"id": "SDRW2000000001.1.1.2", "form": "글쎄요.", "speaker_id": "SD2000002"},
                {"id": "SDRW2000000001.1.1.3", "form": "국수 어때요?", "speaker_id": "SD2000002"},
                {"id": "SDRW2000000001.1.1.4", "form": "", "speaker_id": "SD2000001"},
                {"id": "SDRW2000000001.1.1.5", "form": "좋아요.", "speaker_id": "SD2000001"},
            ],
        }
    ],
}
MESSENGER = {
    "id": "MDRW2100000001",
    "document": [
        {
            "id": "MDRW2100000001.1",
            "utterance": [
                {
                    "form": "도착했어?",
                    "original_form": "도착햇어?",
                    "speaker_id": "1",
                    "time": "10:00",
                },
                {
                    "form": "거의 다 왔어",
                    "original_form": "거의다왔어",
                    "speaker_id": "2",
                    "time": "10:01",
                },
            ],
        }
    ],
}
AI_HUB = {
    "numberOfItems": 1,
    "data": [
        {
            "header": {"dialogueInfo": {"dialogueID": "d1", "topic": "여행"}},
            "body": {
                "dialogue": [
                    {"utteranceID": "U1", "participantID": "P01", "utterance": "어디로 갈까?"},
                    {"utteranceID": "U2", "participantID": "P02", "utterance": "바다로 가자."},
                ],
                "summary": "둘은 바다로 가기로 한다.",
            },
        }
    ],
}
AI_HUB_LINES = {
    "dataset": {"name": "일상 대화"},
    "info": [
        {
            "annotations": {
                "lines": [
                    {"id": 1, "text": "비가 오네.", "speaker": {"id": "1번", "sex": "남성"}},
                    {"id": 2, "text": "우산 있어?", "speaker": {"id": "2번", "sex": "여성"}},
                ]
            }
        }
    ],
}


def read(folder) -> tuple[list[dict], BadLines]:
    bad = BadLines()
    files = input_files(folder)
    blocks = [b for g in file_groups(files) for b in group_blocks(g, base_of(files), bad)]
    return [json.loads(line) for b in blocks for line in b.data.split(b"\n") if line], bad


def write(path, value, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, **options))


def test_newspaper_and_its_metadata(tmp_path):
    write(tmp_path / "NIKL_NEWSPAPER" / "NWRW1900000001.json", NEWS, indent=1)
    (row,), bad = read(tmp_path)
    assert not bad.count
    assert row["text"] == (
        "다리가 새로 놓였다\n두 마을 사이에 다리가 놓였다.\n사람들은 이제 돌아가지 않는다."
    )
    assert row["id"] == "NWRW1900000001.1"
    assert row["source"] == "NIKL_NEWSPAPER"
    assert row["meta"]["title"] == "다리가 새로 놓였다"
    assert row["meta"]["category"] == "사회"
    assert row["meta"]["publisher"] == "어느 신문사"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (SPOKEN, "S1: 점심 뭐 먹을까요?\nS2: 글쎄요. 국수 어때요?\nS1: 좋아요."),
        (MESSENGER, "S1: 도착했어?\nS2: 거의 다 왔어"),
        (AI_HUB, "S1: 어디로 갈까?\nS2: 바다로 가자."),
        (AI_HUB_LINES, "S1: 비가 오네.\nS2: 우산 있어?"),
        (SPOKEN["document"], "S1: 점심 뭐 먹을까요?\nS2: 글쎄요. 국수 어때요?\nS1: 좋아요."),
        (MESSENGER["document"][0], "S1: 도착했어?\nS2: 거의 다 왔어"),
    ],
)
@pytest.mark.parametrize("indent", [None, 4])
def test_dialogues(tmp_path, value, text, indent):
    write(tmp_path / "a.json", value, indent=indent)
    (row,), bad = read(tmp_path)
    assert not bad.count
    assert row["text"] == text


def test_a_source_is_the_institutes_whatever_its_folder(tmp_path):
    write(tmp_path / "받은 것" / "a.json", NEWS)
    write(tmp_path / "NIKL 2" / "b.json", NEWS)
    write(tmp_path / "남의 것" / "c.json", AI_HUB)
    assert {row["source"] for row in read(tmp_path)[0]} == {"modu_받은 것", "NIKL 2", "남의 것"}


def test_a_registered_source_keeps_its_name(tmp_path):
    write(tmp_path / "data" / "받은 것" / "a.json", NEWS)
    write(tmp_path / "data" / "더 받은 것" / "b.json", SPOKEN)
    write(tmp_path / "sources.json", {"받은 것": {"kind": "news", "tier": 1}})
    cleaning = Cleaning(sources=tmp_path / "sources.json")
    report = clean_corpus(Job(tmp_path / "data", tmp_path / "out", cleaning, workers=1))
    kinds = {row["source"]: row["kind"] for row in report["sources"]}
    assert kinds == {"받은 것": "news", "modu_더 받은 것": "modu"}


def test_through_the_whole_pipeline(tmp_path):
    write(tmp_path / "data" / "NIKL" / "a.json", NEWS)
    write(tmp_path / "data" / "NIKL" / "b.json", SPOKEN)
    report = clean_corpus(Job(tmp_path / "data", tmp_path / "out", workers=1))
    assert report["documents"] == {"read": 2, "kept": 2}
    assert report["sources"][0]["kind"] == "modu"


def test_odd_documents_are_named_with_their_line_and_the_rest_is_read(tmp_path):
    good = NEWS["document"][0]
    odd = [
        5,
        None,
        [],
        {"id": 1},
        {"paragraph": "글"},
        {"utterance": [None, 3.5, {"form": []}, "말"]},
    ]
    write(tmp_path / "a.json", {"metadata": None, "document": [good, *odd, good]}, indent=1)
    rows, bad = read(tmp_path)
    assert [row["text"][:3] for row in rows] == ["다리가", "3.5", "다리가"]
    assert bad.count == 5
    lines = (tmp_path / "a.json").read_text().split("\n")
    for message in bad.first:
        line = int(message.split(":")[1])
        assert lines[line - 1].strip()[0] in "5n[{", message


def test_what_stands_before_the_damage_is_kept(tmp_path):
    text = json.dumps({"document": NEWS["document"] * 3}, ensure_ascii=False, indent=1)
    (tmp_path / "cut.json").write_text(text[:-300])
    rows, bad = read(tmp_path)
    assert len(rows) == 2
    assert "not JSON that can be read" in bad.first[0]
    (tmp_path / "cut.json").write_text(text.replace('"topic"', "topic", 1))
    rows, bad = read(tmp_path)
    assert not rows
    assert bad.count == 1


@pytest.mark.parametrize(
    "content", [b"", b"3", b"[" * 5_000, b'{"a": 1} x', b"\xff\x00", b"{}", b"[]"]
)
def test_other_files_are_no_traceback(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    rows, bad = read(tmp_path)
    assert not rows
    assert bad.count == (0 if content == b"[]" else 1)


def test_labelled_sets_are_no_documents(tmp_path):
    squad = {"version": "1", "data": [{"title": "t", "paragraphs": [{"context": "글", "qas": []}]}]}
    write(tmp_path / "dev.json", squad)
    write(tmp_path / "topics.json", [{"guid": "1", "title": "제목", "label": 3}])
    rows, bad = read(tmp_path)
    assert not rows
    assert bad.count == 2


def test_documents_come_one_by_one_from_a_small_window(tmp_path, monkeypatch):
    rng = random.Random(0)
    documents = [
        {"id": str(n), "paragraph": [{"form": "글" * rng.randrange(400)}, {"form": f"끝 {n}"}]}
        for n in range(300)
    ]
    write(tmp_path / "a.json", {"document": documents, "after": 12}, indent=2)
    whole, _ = read(tmp_path)
    real = json_corpora.read_chunks
    monkeypatch.setattr(json_corpora, "read_chunks", lambda path: real(path, 7))
    monkeypatch.setattr(json_corpora, "_LONGEST_WORD", 16)
    assert read(tmp_path)[0] == whole
    assert [row["id"] for row in whole] == [str(n) for n in range(300)]
    monkeypatch.setattr(json_corpora, "LONGEST", 300)
    rows, bad = read(tmp_path)
    assert 0 < len(rows) < 300
    assert "a value of over" in bad.first[-1]


def test_a_file_in_another_charset(tmp_path):
    (tmp_path / "a.json").write_bytes(json.dumps(MESSENGER, ensure_ascii=False).encode("cp949"))
    assert read(tmp_path)[0][0]["text"] == "S1: 도착했어?\nS2: 거의 다 왔어"


def test_no_list_of_documents_is_told(tmp_path):
    with pytest.raises(ClovaError, match="hold no document"):
        write(tmp_path / "data" / "a.json", {"version": 1})
        clean_corpus(Job(tmp_path / "data", tmp_path / "out", workers=1))
