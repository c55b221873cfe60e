"""Tiers of sources that nobody named are learned from links, trust and popularity, and count in cleaning."""

import json
import random
from pathlib import Path

import pytest
from corpus_world import prose

from clova_jax.cli import main as clova
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.corpus import TierModel, describe_sources, learned_sources, read_sources, train_tiers
from clova_jax.corpus.tiers import FEATURES, Described, field_of


def write_sites(folder: Path, sites: int = 30, documents: int = 4, seed: int = 0) -> Path:
    """Writes documents of sites 0, 1, 2 … of tiers 1, 2, 3, 1 …: better tiers have more links, trust and readers.

    Every third document lacks a field, `bare` has none at all; the tiers of the first two thirds are in `known.json`.
    """
    rng = random.Random(seed)
    data, known = folder / "sites", {}
    data.mkdir(parents=True)
    for site in range(sites):
        tier = site % 3 + 1
        rows = []
        for number in range(documents):
            level = 4 - tier
            meta = {
                "backlinks": int(10**level * rng.lognormvariate(0, 0.7)),
                "links": ["x"] * rng.randint(0, 9),
                "trust": level / 3 + rng.gauss(0, 0.15),
                "views": f"{int(20**level * rng.lognormvariate(0, 0.7)):,}",
            }
            if number % 3 == 0:
                del meta[rng.choice(list(meta))]
            rows.append({"text": prose(rng), "source": f"site{site:02d}", "meta": meta})
        (data / f"{site}.jsonl").write_text("\n".join(map(json.dumps, rows)))
        if site < 2 * sites // 3:
            known[f"site{site:02d}"] = {"kind": "web", "tier": tier}
    bare = {"text": prose(rng), "source": "bare", "meta": {"views": "많음", "trust": None}}
    (data / "bare.jsonl").write_text(json.dumps(bare))
    write_json(folder / "known.json", known)
    return data


def test_tiers_of_sites_that_were_not_named_are_found(tmp_path):
    data = write_sites(tmp_path)
    registry = read_sources(tmp_path / "known.json")
    sources = describe_sources(data, workers=1)
    model = train_tiers(sources, registry, "sites")
    about = model.trained
    assert about["known_sources"] == 20
    assert about["held_out_percent"] >= 85 > 50 > about["most_common_tier_percent"]
    assert len(about["held_out_wrong"]) == 20 - about["held_out_right"]
    assert about["documents"] == 121
    assert about["sources_without"] == dict.fromkeys(FEATURES, 1)
    lacking = about["documents_without"]
    assert sum(lacking.values()) == 4 + 30 * 2
    learned = learned_sources(model, sources, registry)
    assert "bare" not in learned
    right = [learned[f"site{n:02d}"].tier == n % 3 + 1 for n in range(20, 30)]
    assert sum(right) >= 9
    assert {learned[name].tier == source.tier for name, source in registry.items()} == {True}
    assert (
        model.weights[1][FEATURES.index("links_in")] > model.weights[3][FEATURES.index("links_in")]
    )


def test_a_model_is_read_as_it_was_written_and_explains_itself(tmp_path):
    data = write_sites(tmp_path, sites=9)
    sources = describe_sources(data, workers=1)
    model = train_tiers(sources, read_sources(tmp_path / "known.json"), "sites")
    model.save(tmp_path / "tiers.json")
    again = TierModel.load(tmp_path / "tiers.json")
    assert again == model
    assert [again.tier(s) for s in sources.values()] == [model.tier(s) for s in sources.values()]
    shown = read_json(tmp_path / "tiers.json")
    assert set(shown["tiers"]["1"]) == {"bias", *FEATURES}
    for damage, message in (
        ({"tiers": {}}, "tiers are none"),
        ({"tiers": {"4": shown["tiers"]["1"]}}, "tiers are 4"),
        ({"mean": {}}, "has no 'links_in'"),
    ):
        write_json(tmp_path / "bad.json", shown | damage)
        with pytest.raises(ClovaError, match=message):
            TierModel.load(tmp_path / "bad.json")


@pytest.mark.parametrize(
    ("meta", "name", "value"),
    [
        ({"links": ["a", "b"]}, "links_out", pytest.approx(1.0986, abs=1e-3)),
        ({"views": "1,000"}, "popularity", pytest.approx(6.9088, abs=1e-3)),
        ({"views": -5}, "popularity", 0.0),
        ({"official": True}, "trust", 1.0),
        ({"trust": 0.25, "official": True}, "trust", 0.25),
        ({"trust": "높음"}, "trust", None),
        ({"links_in": float("nan"), "inlinks": 0}, "links_in", 0.0),
        ({"views": 10**400, "likes": 0}, "popularity", 0.0),
        ({"trust": -(10**400)}, "trust", None),
        ({"trust": float("inf")}, "trust", None),
        ({"views": "9" * 5000, "likes": 0}, "popularity", 0.0),
        ({"trust": "0.5"}, "trust", None),
        ({}, "links_in", None),
    ],
)
def test_a_field_is_a_number_a_list_or_missing(meta, name, value):
    assert field_of(meta, name) == value


def test_numbers_of_thousands_of_digits_end_nothing(tmp_path):
    rows = [
        {"text": "글", "source": "a", "meta": {"views": views}} for views in (10**400, "9" * 5000)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = describe_sources(tmp_path, workers=1)["a"]
    assert (found.documents, found.known) == (2, {})


def test_two_tiers_are_enough_and_one_is_not(tmp_path):
    def of(trust: float) -> Described:
        return Described(1, {"trust": trust}, {"trust": 1})

    sources = {"law": of(0.9), "docs_business": of(0.8), "reviews_game": of(0.1), "x": of(0.15)}
    model = train_tiers(sources, {})
    assert [model.tier(of(trust)) for trust in (0.95, 0.05)] == [1, 3]
    assert learned_sources(model, sources, {})["x"].tier == 3
    assert model.tier(Described(3)) is None
    with pytest.raises(
        ClovaError, match="y: 2 sources of known tier carry one of .*two tiers or more"
    ):
        train_tiers({"law": of(1.0), "docs_business": of(0.5), "z": of(0.0)}, {}, "y")


def test_the_command_writes_a_registry_that_cleaning_takes(tmp_path, capsys):
    data = write_sites(tmp_path, sites=12)
    words = [
        "corpus-model",
        "--kind",
        "tiers",
        "--data",
        str(data),
        "--out",
        str(tmp_path / "tiers.json"),
    ]
    assert clova([*words, "--sources", str(tmp_path / "known.json")]) == 0
    told = capsys.readouterr().out
    assert "| links_in" in told
    assert "of 8 known sources get their tier" in told
    assert "tiers.sources.json: 4 tiers learned of 13 sources" in told
    assert "1 sources keep the tier that their names say" in told
    registry = tmp_path / "tiers.sources.json"
    words = ["corpus", "--data", str(data), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert (
        clova([*words, "--sources", str(registry), "--lowest-tier", "2", "--weights", "auto"]) == 0
    )
    rows = {row["source"]: row for row in read_json(tmp_path / "out" / "report.json")["sources"]}
    for name, source in read_sources(registry).items():
        assert rows[name]["tier"] == source.tier
        assert ("read/tier" in rows[name]["dropped"]) == (source.tier == 3)
    assert rows["bare"]["tier"] == 2
