"""What each step does in a run of the command, its settings, and how a cleaner treats steps that fail."""

import dataclasses
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from corpus_world import prose

from clova_jax.cli import main as clova
from clova_jax.common.errors import ClovaError
from clova_jax.corpus.clean.cleaner import FAILED, Cleaner
from clova_jax.corpus.clean.step import Dropped
from clova_jax.corpus.clean.toxicity import Toxicity
from clova_jax.corpus.documents import Document, read_documents
from clova_jax.corpus.settings import Cleaning

_NOUNS = "바다 산길 시장 학교 아침 저녁 여행 음악 사람 마을 기차 사진"
CHATTER = " ".join(f"아 진짜 {noun} 대박ㅋㅋ!! 또 {noun} 볼거임?!!" for noun in _NOUNS.split())
ROWS = [
    {"id": "swears", "source": "blogs", "text": "그 새끼는 새끼다. {prose}"},
    {
        "id": "mail",
        "source": "blogs",
        "text": "{prose} 문의 hong@naver.com",
        "meta": {"title": "봄", "by": "kim@daum.net"},
    },
    {"id": "chatter", "source": "blogs", "text": CHATTER},
    {"id": "comment", "source": "news_comments", "text": "{prose}"},
    {
        "id": "talk",
        "source": "talks",
        "text": "철수: {prose}\n영희: {prose}\n철수: {prose}",
        "meta": {"dialogue": True},
    },
]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Document]]:
    """The report and the documents of a run with the settings that are off by default."""
    folder, rng = tmp_path_factory.mktemp("steps"), random.Random(0)
    texts = [re.sub("{prose}", lambda _: prose(rng), row["text"]) for row in ROWS]
    lines = [json.dumps(row | {"text": text}) for row, text in zip(ROWS, texts, strict=True)]
    originals = [prose(rng, 12) for _ in range(40)]
    copies = [f"{text.replace('바다', '산길', 1)} 끝." for text in originals]
    for name, texts in (("first", originals), ("second", copies)):
        lines += [json.dumps({"id": f"{name} {at}", "text": t}) for at, t in enumerate(texts)]
    (folder / "blogs.jsonl").write_text("\n".join(lines))
    words = ["corpus", "--data", str(folder / "blogs.jsonl"), "--out", str(folder / "out")]
    words += ["--workers", "1", "--toxicity", "soften", "--min-quality", "0.1", "--keep-parts"]
    assert clova([*words, "--prefix", "--lowest-tier", "2"]) == 0
    report = json.loads((folder / "out" / "report.json").read_text())
    return report, {d.id: d for d in read_documents(folder / "out" / "documents")}


def test_documents_of_low_quality_are_dropped(ran):
    report, kept = ran
    assert "chatter" not in kept
    assert report["samples"]["quality/quality"][0]["id"] == "chatter"


def test_sources_below_the_lowest_tier_are_dropped(ran):
    report, kept = ran
    assert "comment" not in kept
    assert report["samples"]["read/tier"][0]["detail"] == "3"


def test_swear_words_are_softened(ran):
    report, kept = ran
    assert kept["swears"].text.split("\n")[1].startswith("그 사람은 사람이다. ")
    assert report["changes"]["toxicity"] == {"changed": 1, "softened words": 2}


def test_what_identifies_nobody_is_kept_beside_the_tag(ran):
    _, kept = ran
    assert kept["mail"].text.endswith(" 문의 <|email|>@naver.com")
    assert kept["mail"].meta["by"] == "<|email|>@daum.net"


def test_the_prefix_begins_every_document(ran):
    _, kept = ran
    assert kept["mail"].text.startswith("[블로그 | 봄]\n")
    assert all(document.text.startswith("[") for document in kept.values())


def test_speakers_are_numbered(ran):
    _, kept = ran
    speakers = [line.split(": ")[0] for line in kept["talk"].text.split("\n")[1:]]
    assert speakers == ["S1", "S2", "S1"]


def test_every_near_copy_is_found(ran):
    report, kept = ran
    assert report["drops"]["dedup/near"]["documents"] == 40
    assert {name for name in kept if name.startswith(("first", "second"))} == {
        f"first {at}" for at in range(40)
    }


def test_settings_are_those_that_older_runs_wrote():
    """`settings.json` of a run folder holds them: another name or default would refuse older folders."""
    assert dataclasses.asdict(Cleaning()) == {
        "steps": (
            *("extract", "normalize", "title", "length", "repetition", "language"),
            *("spam", "quality", "evaluation", "toxicity", "privacy"),
        ),
        "languages": ("ko",),
        "lowest_tier": 3,
        "min_letters": 20,
        "min_letters_short": 6,
        "max_characters": 3_000_000,
        "min_quality": 0.0,
        "toxicity": "drop",
        "max_toxicity": 0.95,
        "max_profanity": 0.25,
        "keep_parts": False,
        "core": True,
        "quality_model": None,
        "core_model": None,
        "toxicity_model": None,
        "evaluation_index": None,
        "sources": None,
    }


def test_a_wrong_way_with_toxic_documents_is_refused():
    with pytest.raises(ClovaError, match="toxicity is 'burn'; one of drop, soften, keep"):
        Cleaner(Cleaning(toxicity="burn"))


def test_one_odd_document_costs_the_others_nothing(monkeypatch):
    """A step that cleans many at once falls back to one by one, and counts nothing twice."""

    def many(step: Toxicity, documents: Sequence[Document]) -> list[Document | Dropped]:
        step.changes["seen"] += len(documents)
        if any("odd" in document.text for document in documents):
            raise ZeroDivisionError("odd")
        return list(documents)

    monkeypatch.setattr(Toxicity, "many", many)
    cleaner = Cleaner(Cleaning(steps=("toxicity",)))
    documents = [Document(text, text, "blogs") for text in ("even", "odd", "level")]
    results = [result for _, result in cleaner.many(documents)]
    assert results[::2] == documents[::2]
    assert results[1] == Dropped(FAILED, "ZeroDivisionError: odd")
    assert cleaner.changes["toxicity"]["seen"] == 3


def test_the_same_files_in_another_order_are_the_same_run(tmp_path: Path):
    """Older versions listed the models that a run reads in another order."""
    models = [tmp_path / "q.json", tmp_path / "c.json"]
    package = Path(__file__).parents[2] / "clova_jax" / "corpus"
    for model, name in zip(models, ("clean/quality.json", "read/core_region.json"), strict=True):
        model.write_bytes((package / name).read_bytes())
    (tmp_path / "blogs.jsonl").write_text(json.dumps({"text": prose(random.Random(0))}))
    words = ["corpus", "--data", str(tmp_path / "blogs.jsonl"), "--out", str(tmp_path / "out")]
    words += ["--quality-model", str(models[0]), "--core-model", str(models[1]), "--workers", "1"]
    assert clova(words) == 0
    path = tmp_path / "out" / "settings.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps(settings | {"files": "of another order"}))
    assert clova(words) == 0
    models[0].write_text(models[0].read_text() + " ")
    assert clova(words) == 2
