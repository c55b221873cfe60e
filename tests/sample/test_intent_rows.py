"""The sample world's intents: held-out ones are pairs of things and actions that others show, and no document names them; others stand in documents, as lists."""

import pytest

from clova_jax.corpus import read_documents
from clova_jax.labelled import read_intents
from clova_jax.sample import write_sample
from clova_jax.sample.intents import ACTIONS, HELD_OUT, THINGS, UTTERANCES


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("sample"), megabytes=0.3)


def test_held_out_intents_have_utterances_enough(folder):
    found = read_intents(folder)
    assert len(found.frequent) == HELD_OUT
    assert found.counts["repeated rows"] == found.counts["utterances under several names"] == 0


def test_every_thing_and_every_action_is_seen_elsewhere(folder):
    seen = [intent.name.split() for intent in read_intents(folder).rare]
    assert {thing for thing, _ in seen} == set(THINGS)
    assert {action for _, action in seen} == set(ACTIONS)


def test_actions_share_no_word_with_utterances(folder):
    found = read_intents(folder)
    words = {
        w for one in (*found.frequent, *found.rare) for text in one.texts for w in text.split()
    }
    assert not words & set(ACTIONS)
    assert sum(name not in said for name, said in THINGS.items()) == len(THINGS) // 2


def test_documents_list_other_intents_than_those_of_the_test(folder):
    text = "\n".join(document.text for document in read_documents(folder / "corpus"))
    found = read_intents(folder)
    assert {len(one.utterances) for one in found.frequent} == {UTTERANCES[0]}
    assert not [one.name for one in found.frequent if one.name in text]
    listed = [one.name for one in found.rare if f"의도: {one.name}\n#1: " in text]
    assert len(listed) > len(found.rare) / 10


def test_a_listed_utterance_is_one_of_its_intent(folder):
    texts = {one.name: set(one.texts) for one in read_intents(folder).rare}
    lists = [d.text for d in read_documents(folder / "corpus") if d.meta["recipe"] == "intents"]
    assert lists
    for block in "\n\n".join(lists).split("\n\n"):
        name, *lines = block.split("\n")
        said = [line.split(": ", 1)[1] for line in lines]
        assert set(said) <= texts[name.removeprefix("의도: ")]
        assert len(set(said)) == len(said)
