"""`clova corpus --weights auto`: better tiers count more, large sources less than in proportion to their size."""

import json
import random

import pytest

from clova_jax.cli import main as clova
from clova_jax.common.files import write_json
from clova_jax.corpus.documents import read_documents

SYLLABLES = [chr(code) for code in range(0xAC00, 0xD7A4, 37)]
SOURCES = {"trusted": (1, 60), "usual": (2, 240), "casual": (3, 240)}  # tier, documents


def text(rng: random.Random) -> str:
    """About 600 bytes of words that no other document has."""
    return " ".join("".join(rng.choices(SYLLABLES, k=3)) for _ in range(60))


def test_shares_follow_tier_and_size(tmp_path, capsys):
    rng, data = random.Random(0), tmp_path / "data"
    data.mkdir()
    have = {}
    for name, (_, count) in SOURCES.items():
        texts = [text(rng) for _ in range(count)]
        have[name] = sum(len(one.encode()) for one in texts)
        lines = [json.dumps({"text": one, "source": name}) for one in texts]
        (data / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    registry = {name: {"kind": "news", "tier": tier} for name, (tier, _) in SOURCES.items()}
    write_json(tmp_path / "sources.json", registry)
    words = ["corpus", "--data", str(data), "--out", str(tmp_path / "out"), "--workers", "1"]
    words += ["--sources", str(tmp_path / "sources.json"), "--steps", "length"]
    assert clova([*words, "--weights", "auto"]) == 0
    size = dict.fromkeys(SOURCES, 0)
    for document in read_documents(tmp_path / "out" / "documents"):
        size[document.source] += len(document.text.encode())
    factor = {1: 1.5, 2: 1.0, 3: 0.5}
    wished = {name: have[name] ** 0.7 * factor[SOURCES[name][0]] for name in SOURCES}
    for name in SOURCES:
        share = wished[name] / sum(wished.values())
        assert size[name] / sum(size.values()) == pytest.approx(share, abs=0.01), name
