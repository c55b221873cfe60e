"""The sample world's intents: held-out ones are pairs of things and actions that others show, and no document names them."""

import pytest

from clova_jax.corpus import read_documents
from clova_jax.labelled import read_intents
from clova_jax.sample import write_sample
from clova_jax.sample.intents import ACTIONS, HELD_OUT, THINGS


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


def test_no_document_names_an_intent(folder):
    text = "\n".join(document.text for document in read_documents(folder / "corpus"))
    found = read_intents(folder)
    assert not [one.name for one in (*found.frequent, *found.rare) if one.name in text]
