"""Text as it grows: characters in pieces, stop strings in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from clova_jax.inference.writer import Writer
from tests.worlds.byte_tokenizer import Bytes


def written(data, cuts, stop=()):
    """(what was visible after each write, whether it stopped)."""
    writer, seen = Writer(Bytes(), stop), []
    for cut in [*sorted(cuts), len(data)]:
        last = cut == len(data)
        stopped = writer.write(data[:cut], last=last)
        seen.append(writer.text)
        if stopped:
            return seen, True
        if last:
            break
    return seen, False


texts = st.text(alphabet="가나a b\n끝🙂#", max_size=30)


@given(texts, st.lists(st.integers(0, 60), max_size=8))
def test_pieces_add_up_and_never_show_half_a_character(text, cuts):
    data = text.encode()
    seen, stopped = written(data, [cut for cut in cuts if cut < len(data)])
    assert not stopped
    assert seen[-1] == text
    for shown in seen:
        assert text.startswith(shown)


@given(
    texts,
    st.lists(st.integers(0, 60), max_size=8),
    st.sampled_from(["끝#", "\n\n", "🙂", "ab", "a 가"]),
)
def test_a_stop_string_is_never_shown_however_it_is_cut(text, cuts, stop):
    data = text.encode()
    seen, stopped = written(data, [cut for cut in cuts if cut < len(data)], [stop])
    assert stopped == (stop in text)
    assert seen[-1] == text.split(stop)[0]
    for shown in seen:
        assert text.split(stop)[0].startswith(shown)


def test_the_earliest_of_several_stops_wins():
    seen, stopped = written("하나 둘 셋".encode(), [], ["셋", "둘"])
    assert (seen[-1], stopped) == ("하나 ", True)


def test_bytes_that_are_no_text_are_replaced():
    assert written(b"a\xff\xeb", [])[0][-1] == "a��"
