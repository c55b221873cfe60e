"""Coverage by use: each rule decides as it says, and the table counts what the rules find."""

import json
import random

import pytest
from corpus_world import prose

from clova_jax.common.files import read_json, write_json
from clova_jax.corpus import RULES, uses_of
from clova_jax.corpus.documents import Document
from clova_jax.corpus.sources import Source, source_of
from clova_jax.tokenizers import train_tokenizer
from experiments.corpus_uses import TABLE, Options

BODY = prose(random.Random(1), 12)
QUALITY = "quality model, 0.9 or more"


@pytest.mark.parametrize(
    ("text", "meta", "source", "use", "rule"),
    [
        (BODY, {}, Source("expert", 1), "search", "reference source of tier 1"),
        (f"# 섬\n{BODY}\n# 등대\n{BODY}", {}, Source("web"), "search", "two headings"),
        ("등대는 배에 길을 알리는 탑이다.", {}, Source("web"), "search", "defines its subject"),
        (
            "가: 안녕\n나: 그래\n가: 어디 가?\n나: 집",
            {},
            Source("others"),
            "dialogue",
            "lines of two speakers",
        ),
        (
            "“어디 가니?” “집에 간다.” “같이 가자!” “그래, 가자.”",
            {},
            Source("open", 1),
            "dialogue",
            "quoted speech",
        ),
        (
            "재밌게 봤어요. 또 보고 싶네ㅋㅋ 돈 아깝다",
            {},
            Source("comments", 3),
            "dialogue",
            "spoken endings",
        ),
        ("글", {}, Source("kin"), "questions and answers", "kind kin"),
        (
            "질문: 몇 시?\n답변: 세 시",
            {},
            Source("others"),
            "questions and answers",
            "marks of question and answer",
        ),
        (
            f"귤은 언제 따나요?\n{BODY}",
            {},
            Source("blog"),
            "questions and answers",
            "title or first line asks",
        ),
        (BODY, {"title": "귤은 언제 따나요?"}, Source("blog"), "questions and answers", None),
        (
            f"앞.\n{BODY}",
            {"title": "귤은 언제 따나요?"},
            Source("blog"),
            "questions and answers",
            "title or first line asks",
        ),
        ("글", {"요약": "짧은 글"}, Source("news"), "summary", "summary in meta"),
        (
            BODY,
            {"title": "섬에 새 등대 선다"},
            Source("news"),
            "summary",
            "title of three words over a text",
        ),
        (BODY, {"title": "등대"}, Source("wiki"), "summary", None),
        (f"{BODY}\n\n## 결론\n끝", {}, Source("blog"), "summary", "section that sums up"),
        (f"{BODY} 정리하면 그렇다.", {}, Source("blog"), "summary", "phrase that sums up"),
        ("", {"title": 3, "요약": None}, Source("others"), "summary", None),
    ],
)
def test_a_rule_sees_what_its_name_says(text, meta, source, use, rule):
    found = [name for of, name in uses_of(Document(text, "1", "x", meta), source) if of == use]
    assert (rule in found) if rule else not found


def test_the_classifier_tells_an_encyclopedia_from_talk():
    entry = (
        "제주특별자치도는 대한민국의 남서쪽에 있는 섬으로 이루어진 행정 구역이다. 면적은 1,849제곱킬로미터이며, 인구는 약 67만 명으로 "
        "집계되었다. 화산 활동으로 형성되었고, 중앙에는 한라산이 있다. 조선 시대에는 전라도에 속하였으며 1946년에 도로 승격되었다."
    )
    talk = "아니 진짜 대박ㅋㅋㅋ 어제 거기 갔는데 완전 좋더라구요!! 님들도 꼭 가보세요~~ 저는 또 갈 거예요!!! ㅎㅎ 사진은 다음에 올릴게요..."
    assert ("search", QUALITY) in uses_of(Document(entry, "1", "x"), Source("web"))
    assert ("search", QUALITY) not in uses_of(Document(talk, "1", "x"), Source("web"))


def test_the_table_counts_by_use_source_and_rule(tmp_path, capsys):
    data = tmp_path / "data"
    data.mkdir()
    texts = {
        "my_site": ["질문: 몇 시?\n답변: 세 시예요", "등대는 배에 길을 알리는 탑이다."],
        "blogs": [BODY, "재밌게 봤어요. 또 갈래요."],
    }
    for name, some in texts.items():
        lines = (json.dumps({"text": text}) + "\n" for text in some)
        (data / f"{name}.jsonl").write_text("".join(lines))
    tokenizer = train_tokenizer([BODY], kind="byte", vocab_size=300)
    tokenizer.save(tmp_path / "tok")
    write_json(tmp_path / "s.json", {"my_site": {"kind": "kin"}})
    options = Options(
        data=data,
        tokenizer=tmp_path / "tok",
        sources=tmp_path / "s.json",
        out=tmp_path / "out",
        workers=1,
    )
    TABLE.run(options)
    rows = read_json(tmp_path / "out" / "results.json")["rows"]
    by = {(row["by"], row["use"], row["name"]): row for row in rows}
    kin = by["source", "questions and answers", "my_site"]
    size = sum(len(text.encode()) for text in texts["my_site"])
    tokens = sum(map(len, tokenizer.encode_batch(texts["my_site"])))
    assert (kin["documents"], kin["megabytes"], kin["tokens"]) == (2, size / 1e6, tokens)
    assert kin["token_percent"] == 100
    assert by["rule", "questions and answers", "kind kin"]["documents"] == 2
    assert by["rule", "questions and answers", "marks of question and answer"]["documents"] == 1
    assert by["use", "questions and answers", ""]["documents"] == 2  # once, though two rules say so
    assert by["use", "search", ""]["documents"] >= 1
    of_sources = [
        row["documents"] for row in rows if row["by"] == "source" and row["use"] == "dialogue"
    ]
    assert by["use", "dialogue", ""]["documents"] == sum(of_sources)
    assert {row["name"] for row in rows if row["by"] == "rule"} == {
        n for r in RULES.values() for n in r
    }
    for name in texts:
        registry = {"my_site": Source("kin")}
        none = sum(
            not uses_of(Document(t, "1", name), source_of(name, registry)) for t in texts[name]
        )
        assert by.get(("source", "none", name), {"documents": 0})["documents"] == none
    assert (tmp_path / "out" / "uses.png").stat().st_size > 1_000
    assert "lower bounds" in capsys.readouterr().out
