"""The one registry of sources: every command counts a source under the same kind."""

import json
import random
import unicodedata

import pytest
from corpus_world import prose

from clova_jax.cli import main as clova
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.corpus.clean.cleaner import Cleaner
from clova_jax.corpus.clean.step import Dropped
from clova_jax.corpus.documents import Document, read_documents
from clova_jax.corpus.settings import Cleaning
from clova_jax.corpus.sources import (
    KINDS,
    SOURCES,
    Source,
    prefix,
    read_sources,
    source_of,
    table_1_row,
)
from clova_jax.data import mix
from clova_jax.paper import TABLE_1


@pytest.mark.parametrize(
    ("source", "kind", "tier"),
    [
        ("blog", "blog", 2),
        ("my_naver_blog", "blog", 2),
        ("cafe", "cafe", 2),
        ("KiN", "kin", 2),
        ("site-qa", "kin", 2),
        ("aqaba", "others", 2),
        ("kindergarten", "others", 2),
        ("wiki_ja", "wiki", 1),
        ("comments_of_news", "comments", 3),
        ("reviews_of_books", "comments", 3),
        ("[라벨]한국어 블로그", "blog", 2),
        ("모두의 말뭉치 대화", "modu", 1),
        ("지식인_2019", "kin", 2),
        ("영화 후기", "comments", 3),
        ("web_documents", "web", 2),
        ("웹 문서", "web", 2),
        ("cobwebs", "others", 2),
        ("web_news", "news", 1),
        ("open-data", "open", 1),
        ("공공데이터포털", "open", 1),
        ("expert_columns", "expert", 1),
        ("판례", "expert", 1),
        ("whatever", "others", 2),
    ],
)
def test_a_name_tells_the_kind_where_nobody_registered_it(source, kind, tier):
    assert source_of(source) == Source(kind, tier)
    assert source_of(unicodedata.normalize("NFD", source)) == Source(kind, tier)


def test_a_registry_goes_before_ours_and_before_the_name(tmp_path):
    table = {
        "my_blog": {"kind": "news", "tier": 1},
        "petitions": {"kind": "others"},
        unicodedata.normalize("NFD", "우리 글"): {"kind": "cafe", "tier": 3},
    }
    write_json(tmp_path / "s.json", table)
    registry = read_sources(tmp_path / "s.json")
    assert source_of("my_blog", registry) == Source("news", 1)
    assert source_of("petitions", registry) == Source("others", 2)
    assert source_of("우리 글", registry) == Source("cafe", 3)
    assert read_sources(None) == {}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([], "expected an object of sources"),
        ({"x": {"kind": "magazine"}}, "x: kind is 'magazine'"),
        ({"x": {"tier": 1}}, "x: kind is None"),
        ({"x": {"kind": ["blog"]}}, "x: kind is "),
        ({"x": {"kind": "blog", "tier": 4}}, "x: tier is 4"),
        ({"x": {"kind": "blog", "tier": True}}, "x: tier is True"),
        ({"x": {"kind": "blog", "teir": 1}}, "x: is .* expected kind and tier"),
        ({"x": "blog"}, "x: is 'blog'"),
        ({"가": {"kind": "blog"}, "\u1100\u1161": {"kind": "news"}}, "'가' stands there twice"),
    ],
)
def test_a_wrong_registry_is_refused_in_one_line(tmp_path, table, message):
    write_json(tmp_path / "s.json", table)
    with pytest.raises(ClovaError, match=message):
        read_sources(tmp_path / "s.json")


def test_every_known_source_has_one_kind_everywhere():
    assert set(TABLE_1) == {table_1_row(kind) for kind in KINDS}
    cleaner = Cleaner(Cleaning(steps=("length",)))
    names = [*SOURCES, "my_blog", "dialogue_qa_2", "kin", "modu_spoken"]
    shares = {share.source: share for share in mix(dict.fromkeys(names, 1.0), "table1")}
    for name in names:
        kind = cleaner.context.source(Document("글", "1", name, {})).kind
        assert shares[name].kind == kind == source_of(name).kind
    present = {table_1_row(share.kind) for share in shares.values()}
    for row in present:
        share = sum(share.share for share in shares.values() if table_1_row(share.kind) == row)
        assert share == pytest.approx(TABLE_1[row] / sum(TABLE_1[name] for name in present))


def test_web_open_resources_and_expert_knowledge_are_kinds_of_their_own(tmp_path):
    assert [source_of(name).kind for name in ("law", "tutorials")] == ["expert", "open"]
    assert prefix("web", {"title": "제주의 봄"}) == "[웹 문서 | 제주의 봄]"
    write_json(tmp_path / "s.json", {"my_site": {"kind": "web", "tier": 3}})
    assert source_of("my_site", read_sources(tmp_path / "s.json")) == Source("web", 3)
    shares = mix({"my_web": 1.0, "law": 1.0, "whatever": 2.0, "wiki": 9.0}, "table1")
    found = {share.source: share.share for share in shares}
    assert found["whatever"] == pytest.approx(found["my_web"] + found["law"])  # one row of Table 1
    whole = TABLE_1["others"] + TABLE_1["wiki"]
    assert found["wiki"] == pytest.approx(TABLE_1["wiki"] / whole)


def test_a_registry_counts_in_the_steps(tmp_path):
    write_json(tmp_path / "s.json", {"blogs": {"kind": "comments", "tier": 3}})
    document = Document("재미있게 잘 보았다", "1", "blogs")
    ours = Cleaner(Cleaning(steps=("length",)))
    assert ours(document) == ("length", Dropped("short", "8 letters"))
    theirs = Cleaner(Cleaning(steps=("length",), sources=tmp_path / "s.json"))
    assert theirs(document) == ("length", document)
    strict = Cleaner(Cleaning(lowest_tier=2, sources=tmp_path / "s.json"))
    assert strict(document) == ("read", Dropped("tier", "3"))


def test_a_registry_counts_in_report_mixer_and_statistics(tmp_path, capsys):
    data, sources = tmp_path / "data", tmp_path / "sources.json"
    data.mkdir()
    rng = random.Random(0)
    for name in ("plain", "blogs"):
        lines = [json.dumps({"text": prose(rng), "source": name}) for _ in range(80)]
        (data / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    write_json(sources, {"plain": {"kind": "news"}, "blogs": {"kind": "modu", "tier": 1}})
    words = ["corpus", "--data", str(data), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert clova([*words, "--sources", str(sources), "--weights", "table1"]) == 0
    rows = {row["source"]: row for row in read_json(tmp_path / "out/report.json")["sources"]}
    assert [rows[name]["kind"] for name in ("plain", "blogs")] == ["news", "modu"]
    assert rows["blogs"]["tier"] == 1
    size = dict.fromkeys(rows, 0)
    for document in read_documents(tmp_path / "out" / "documents"):
        size[document.source] += len(document.text.encode())
    wished = TABLE_1["news"] / (TABLE_1["news"] + TABLE_1["modu"])
    assert size["plain"] / sum(size.values()) == pytest.approx(wished, abs=0.03)
