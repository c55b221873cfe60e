"""Utterances with their intents: what is made one, what is dropped, what is refused, and the real file."""

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.labelled import read_intents


def write(folder, lines, mark=""):
    path = folder / "dialogue/sae4k/sae4k_v1.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(mark + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def test_spellings_are_made_one_and_doubtful_rows_are_dropped(tmp_path):
    rows = [f"불 {i}번 꺼 줘\t불 끄기\t4" for i in range(10)]
    rows += ["불  0번 꺼 줘\t불 끄기\t4", "불 좀 꺼 줘\t불끄기\t4", "뭐든 해 줘\t불 끄기\t4"]
    rows += ["뭐든 해 줘\t물 틀기\t4", "물 틀어\t물 틀기\t4"]
    found = read_intents(write(tmp_path, rows, mark="\ufeff"))
    (often,), (rare,) = found.frequent, found.rare
    assert (often.name, len(often.utterances)) == ("불 끄기", 11)
    assert often.utterances[0].text == "불 0번 꺼 줘"
    assert often.utterances[0].place.endswith("sae4k_v1.txt:1")
    assert (rare.name, rare.texts) == ("물 틀기", ["물 틀어"])
    assert found.counts == {
        "rows": 15,
        "repeated rows": 1,
        "names in several spacings": 1,
        "utterances under several names": 1,
        "names": 2,
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("불 꺼 줘\t \t4", r"sae4k_v1.txt:2: an empty name of an intent"),
        ("\t불 끄기\t4", r"sae4k_v1.txt:2: an empty utterance"),
        ("불 꺼 줘\t불 끄기", r"sae4k_v1.txt:2: 2 fields where there should be 3"),
    ],
)
def test_what_is_refused_is_named(tmp_path, line, message):
    with pytest.raises(ClovaError, match=message):
        read_intents(write(tmp_path, ["불 켜 줘\t불 켜기\t4", line]))


def test_the_real_file(real_data):
    found = read_intents(real_data)
    assert len(found.frequent) == 54
    assert len(found.rare) > 20_000
    texts = [text for intent in (*found.frequent, *found.rare) for text in intent.texts]
    assert len(texts) == len(set(texts))
    assert not any("\ufeff" in text for text in texts)
