"""Dialogues with states in the format of KLUE-WoS v1.1, and what is no file of that format."""

import json

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.labelled import read_dialogues, read_ontology

ROW = {
    "guid": "wos-v1_dev_00000",
    "domains": ["식당", "택시"],
    "dialogue": [
        {
            "role": "user",
            "text": "서울 중앙에  있는 한식당이요.",
            "state": ["식당-지역-서울 중앙", "식당-종류-한식당"],
        },
        {"role": "sys", "text": "몇 분이세요?"},
        {
            "role": "user",
            "text": "7시 반에 두 명이요.",
            "state": ["식당-지역-서울 중앙", "식당-예약 명수-2", "식당-이름-A-1 식당"],
        },
    ],
}
ONTOLOGY = {"식당-지역": ["none", "dontcare", "서울 중앙"], "택시-종류": ["none", "모범"]}


def write(folder, rows, name="wos-v1.1_dev.json"):
    (folder / name).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return folder


def test_a_dialogue_is_read_with_its_states(tmp_path):
    (one,) = read_dialogues(write(tmp_path, [ROW]), "dev")
    assert (one.id, one.domains) == ("wos-v1_dev_00000", ("식당", "택시"))
    assert [turn.role for turn in one.turns] == ["user", "sys", "user"]
    assert one.turns[0].text == "서울 중앙에 있는 한식당이요."
    assert one.turns[0].state == {"식당-지역": "서울 중앙", "식당-종류": "한식당"}
    assert one.turns[1].state is None
    assert one.final["식당-이름"] == "A-1 식당"


def test_an_ontology_has_the_values_of_each_slot(tmp_path):
    found = read_ontology(write(tmp_path, ONTOLOGY, "ontology.json"))
    assert found == {"식당": {"지역": ("dontcare", "서울 중앙")}, "택시": {"종류": ("모범",)}}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"data": []}, "no WoS v1.1 file, which is a list of dialogues"),
        ([], "no WoS v1.1 file"),
        ([{"guid": "a", "title": "뉴스"}], "dialogue 0: not as in WoS v1.1: 'domains'"),
        (
            [ROW, ROW | {"dialogue": [{"role": "bot", "text": ""}]}],
            "dialogue 1, turn 0: the role is not",
        ),
        (
            [ROW | {"dialogue": [{"role": "user", "text": "네"}]}],
            "turn 0: a user's turn without a state",
        ),
        (
            [ROW | {"dialogue": [{"role": "user", "text": "네", "state": ["식당-지역"]}]}],
            "'식당-지역' in the state is not DOMAIN-SLOT-VALUE",
        ),
    ],
)
def test_what_is_no_such_file_is_named(tmp_path, rows, message):
    with pytest.raises(ClovaError, match="wos-v1.1_dev.json") as raised:
        read_dialogues(write(tmp_path, rows), "dev")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("rows", [[], {}, {"지역": ["a"]}, {"식당-지역": "a"}, {"식당-지역": [""]}])
def test_what_is_no_ontology_is_named(tmp_path, rows):
    with pytest.raises(ClovaError, match="ontology.json"):
        read_ontology(write(tmp_path, rows, "ontology.json"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ClovaError, match="wos-v1.1_train.json"):
        read_dialogues(tmp_path, "train")
