"""The sample world's reservations: states follow from what is said, test goals are asked for nowhere else, documents have others."""

import itertools
import json

import pytest

from clova_jax.corpus import read_documents
from clova_jax.labelled import read_dialogues, read_ontology
from clova_jax.sample import write_sample
from clova_jax.sample.reservation_words import DOMAINS
from clova_jax.sample.reservations import NAME, ROWS, SHOWN, SPEAKERS, goals_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("sample"), megabytes=0.1)


@pytest.fixture(scope="module")
def splits(folder):
    return {split: read_dialogues(folder / "klue/wos-v1.1", split) for split in ROWS}


def test_every_domain_has_its_dialogues(splits):
    for split, rows in splits.items():
        found = [domain for one in rows for domain in one.domains]
        assert {domain: found.count(domain) for domain in DOMAINS} == dict.fromkeys(
            DOMAINS, ROWS[split]
        )


def test_values_are_of_the_ontology_and_were_said_before_they_are_settled(folder, splits):
    ontology = read_ontology(folder / "klue/wos-v1.1")
    for one in (*splits["train"], *splits["dev"]):
        said = ""
        for turn in one.turns:
            said += f"\n{turn.text}"
            for name, value in (turn.state or {}).items():
                domain, slot = name.split("-")
                assert value in ontology[domain][slot]
                assert value in said
        assert f"{one.domains[0]}-{NAME}" in one.final
        assert len(one.final) >= 4


def test_states_only_grow(splits):
    for one in splits["dev"]:
        states = [turn.state for turn in one.turns if turn.role == "user"]
        for before, after in itertools.pairwise(states):
            assert before.items() <= after.items()


def test_no_goal_of_the_dev_set_is_one_of_the_train_set(splits):
    goals = {
        split: {frozenset(one.final.items()) for one in rows} for split, rows in splits.items()
    }
    assert not goals["train"] & goals["dev"]


def test_no_document_has_a_dialogue(folder, splits):
    text = "\n".join(document.text for document in read_documents(folder / "corpus"))
    assert not [one.id for one in splits["dev"] if one.turns[0].text in text]


def test_documents_hold_dialogues_of_the_shown_domains_alone(folder):
    corpus, ontology = read_documents(folder / "corpus"), read_ontology(folder / "klue/wos-v1.1")
    found = [document.text for document in corpus if document.meta["recipe"] == "reservations"]
    assert found
    for text in found:
        speakers = [line.split(": ", 1)[0] for line in text.split("\n")]
        assert speakers[:2] == list(SPEAKERS.values())
        words = {word.strip(".,?!") for word in text.split()}
        named = [d for d in DOMAINS if [v for v in ontology[d][NAME] if said(v, words)]]
        assert set(named) <= set(SHOWN)
    assert set(SHOWN) < set(DOMAINS)


def said(name, words):
    """Whether a name is one of the words, a particle behind it or not."""
    return bool({name, *(name + end for end in ("로", "으로", "은", "는", "이", "가"))} & words)


def test_a_goal_of_a_split_is_what_its_last_state_says(folder, splits):
    path = folder / "klue/wos-v1.1/wos-v1.1_dev.json"
    goals = goals_of(json.loads(path.read_text(encoding="utf-8")))
    asked = [
        frozenset((key.split("-", 1)[1], value) for key, value in one.final.items())
        for one in splits["dev"]
    ]
    assert goals == set(asked)


def test_wording_varies(splits):
    openings = [one.turns[0].text for one in (*splits["train"], *splits["dev"])]
    assert len(set(openings)) > 0.8 * len(openings)
