"""The sample's small talk: several wordings of a thing, one answer, all speech levels, and no document that holds one."""

from collections import defaultdict

from clova_jax.apps.assistant import LEVELS, speech_level
from clova_jax.corpus import read_documents
from clova_jax.labelled import read_chats
from clova_jax.sample import write_sample


def test_small_talk_has_wordings_levels_and_is_in_no_document(tmp_path):
    folder = write_sample(tmp_path, megabytes=0.2)
    pairs = read_chats(folder / "dialogue/Chatbot_data")
    said = [pair.text for pair in pairs]
    assert len(said) == len(set(said)) > 300
    wordings = defaultdict(set)
    for pair in pairs:
        wordings[pair.answer].add(pair.text)
    assert all(len(some) >= 2 for some in wordings.values())
    levels = [speech_level(answer) for answer in wordings]
    assert {level for level in levels if level} == set(LEVELS)
    assert "" not in levels, [a for a in wordings if not speech_level(a)]
    text = "\n".join(document.text for document in read_documents(folder / "corpus"))
    assert not [one for one in said if one in text]
