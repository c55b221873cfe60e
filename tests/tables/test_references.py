"""BLEU by number of references: what one right answer scores against others."""

from hypothesis import given
from hypothesis import strategies as st

from clova_jax.evaluate import Item
from clova_jax.tables.references import reference_notes, several_answers
from tests.worlds.labelled_data import write_labelled

WORDS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=20)


@given(WORDS)
def test_texts_with_several_answers_are_found_once_each(pairs):
    items = [Item(str(n), f"f:{n}", text, (answer,)) for n, (text, answer) in enumerate(pairs)]
    found = several_answers(items)
    by_text = {text: {answer for other, answer in pairs if other == text} for text, _ in pairs}
    assert sorted(map(sorted, found)) == sorted(
        sorted(answers) for answers in by_text.values() if len(answers) > 1
    )


def test_a_second_reference_raises_the_score(tmp_path):
    data = write_labelled(tmp_path)
    rows = ["ko\ten\tsource"]
    for n in range(30):
        for end in ("is really very good", "was not bad", "is very good indeed"):
            rows.append(f"영화 {n}번은 좋다.\tThe film number {n} {end}.\tjhe")
    (data / "parallel/koen_train.tsv").write_text("\n".join(rows) + "\n")
    (note,) = [note for note in reference_notes(data) if note.startswith("ko_en")]
    assert "30 texts have 3 answers or more" in note
    one, two = (float(note.split(f" against {count}")[0].split()[-1]) for count in (1, 2))
    assert 0 < one < two < 100


def test_one_reference_each_is_said_to_be_one(tmp_path):
    notes = reference_notes(write_labelled(tmp_path))
    assert all("BLEU has one reference" in note for note in notes)
    assert any(note.startswith("query_modification") for note in notes)
