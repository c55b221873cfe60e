"""Tokenizers of other projects: what they lose is said, what they are is kept."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.common.errors import ClovaError
from clova_jax.inference.writer import Writer, stops_as_written
from clova_jax.tokenizers import load_tokenizer
from clova_jax.tokenizers.hugging_face import HuggingFaceTokenizer
from clova_jax.tokenizers.written import as_written
from tests.worlds.foreign_tokenizers import FOREIGN, SENTENCES


def made(name):
    backend = FOREIGN[name]()
    end = next(
        number
        for token in ("</s>", "[SEP]", "<|endoftext|>")
        if (number := backend.token_to_id(token)) is not None
    )
    return HuggingFaceTokenizer(backend, end, backend.get_vocab_size() + 2)


@pytest.fixture(scope="module")
def foreign():
    return {name: made(name) for name in FOREIGN}


@pytest.mark.parametrize(
    ("name", "unknown", "lossless", "stable"),
    [
        ("kogpt2", "<unk>", False, False),
        ("unigram", "<unk>", False, False),
        ("word_piece", "[UNK]", False, True),
        ("byte_fallback", None, False, False),  # `▁` comes back as a blank
        ("byte_level", None, True, True),
        ("byte_level_lines", None, True, False),
    ],
)
def test_what_each_kind_is(foreign, name, unknown, lossless, stable):
    tokenizer = foreign[name]
    assert (tokenizer.unknown is None) == (unknown is None)
    if unknown:
        assert tokenizer.token_of(tokenizer.unknown) == unknown
    assert tokenizer.lossless == lossless == (not tokenizer.losses)
    assert tokenizer.prefix_stable == stable


def test_the_losses_are_said(foreign):
    assert foreign["kogpt2"].losses == (
        "characters outside its vocabulary become '<unk>' (id 2)",
        "line breaks become '<unk>'",
        "not kept: a space at the start, '▁'",
    )
    assert foreign["byte_fallback"].losses == ("not kept: '▁'",)
    said = "; ".join(foreign["unigram"].losses)
    for part in ("NFKC, Replace", "spaces in a row", "the text '</s>' becomes the special token"):
        assert part in said
    assert "BertNormalizer" in "; ".join(foreign["word_piece"].losses)
    lost = HuggingFaceTokenizer(_without_unknown(), 1, 400)
    assert lost.unknown is None
    assert "characters outside its vocabulary vanish" in lost.losses


def _without_unknown():
    backend = FOREIGN["kogpt2"]()
    backend.model.unk_token = None
    return backend


anything = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
some = st.lists(
    st.sampled_from([*"가나다라마 \n\t.▁a", "기차는 여섯", "</s>", "궯", "  ", "Ａ"])
).map("".join)


@pytest.mark.parametrize("name", FOREIGN)
@settings(max_examples=120)
@given(text=anything | some)
def test_a_text_comes_back_or_the_loss_was_said(foreign, name, text):
    tokenizer = foreign[name]
    ids = tokenizer.encode(text)
    back = tokenizer.decode(ids)
    assert back == text or not tokenizer.lossless
    if name == "kogpt2" and back != text:  # nothing is lost but what was said
        blanks = text.replace("▁", " ").strip(" ")
        assert tokenizer.unknown in ids or back.strip(" ") == blanks
        assert ("\ufffd" in back) == (tokenizer.unknown in ids)
    if name == "byte_fallback":
        assert back == text.replace("▁", " ")


@pytest.mark.parametrize("name", [name for name in FOREIGN if name not in ("kogpt2", "unigram")])
@settings(max_examples=100)
@given(
    before=st.sampled_from(["영화.", "가", "abc!", "답: 3", "\ue000"]),
    blank=st.sampled_from(["\n", "\n\n", " "]),
    after=st.sampled_from(["", "질문", "가", "12", "- 나"]),
)
def test_prefix_stable_says_what_pieces_do(foreign, name, before, blank, after):
    tokenizer = foreign[name]
    if tokenizer.prefix_stable and blank + after != " ":
        apart = tokenizer.encode(before) + tokenizer.encode(blank + after)
        assert tokenizer.encode(before + blank + after) == apart


@pytest.mark.parametrize("name", FOREIGN)
def test_saved_and_loaded_it_is_the_same_and_the_files_are_kept(name, tmp_path):
    backend = FOREIGN[name]()
    files = {
        "tokenizer.json": backend.to_str().encode(),
        "tokenizer_config.json": b'{"tokenizer_class": "X",  "pad_token": "<pad>"}',
        "special_tokens_map.json": b'{"mask_token":"<mask>"}\n\n',
    }
    tokenizer = HuggingFaceTokenizer(backend, 1, 600, files, {"ids": {"pad_token_id": 3}})
    tokenizer.save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    for one in (tokenizer, loaded):
        assert one.files() == files
        assert one.facts["ids"] == {"pad_token_id": 3}
    assert (loaded.unknown, loaded.prefix_stable, loaded.losses) == (
        tokenizer.unknown,
        tokenizer.prefix_stable,
        tokenizer.losses,
    )
    assert loaded.fingerprint == tokenizer.fingerprint
    assert loaded.encode_batch(SENTENCES) == tokenizer.encode_batch(SENTENCES)
    for file, data in files.items():
        assert (tmp_path / file).read_bytes() == data


def test_a_stop_that_cannot_be_written_ends_at_what_stands_for_it(foreign):
    tokenizer = foreign["kogpt2"]
    with pytest.warns(UserWarning, match=r"stop '\\n'.*writes '\ufffd' for it"):
        stops = stops_as_written(tokenizer, ("\n",))
    assert stops == ("\n", "\ufffd")
    writer = Writer(tokenizer, stops)
    assert writer.write(tokenizer.encode("기차는 여섯\n질문"), last=True)
    assert writer.text.strip() == "기차는 여섯"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert stops_as_written(tokenizer, (" 답", "답:")) == (" 답", "답:")
        for name in ("byte_fallback", "byte_level", "byte_level_lines"):
            assert stops_as_written(foreign[name], ("\n", " 답", "▁"[:0] + "끝")) == (
                "\n",
                " 답",
                "끝",
            )
    with pytest.raises(ClovaError, match=r"stop '\\n'.*cannot write it"):
        stops_as_written(foreign["word_piece"], ("\n",))


def test_a_label_is_compared_as_it_stands_after_a_text(foreign):
    assert as_written(foreign["kogpt2"], " 긍정") == " 긍정"
    assert as_written(foreign["kogpt2"], " 궯") == " \ufffd"
    assert as_written(foreign["byte_fallback"], " 궯") == " 궯"


@pytest.mark.peers
@pytest.mark.parametrize("name", FOREIGN)
def test_the_ids_are_those_of_transformers(foreign, name, tmp_path):
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    backend = Tokenizer.from_str(foreign[name].files()["tokenizer.json"].decode())
    PreTrainedTokenizerFast(
        tokenizer_object=backend, clean_up_tokenization_spaces=False
    ).save_pretrained(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    for text in [*SENTENCES, "궯 어귀\n\n  둘 🙂 é", " 앞 빈칸", "가▁나"]:
        ids = theirs.encode(text, add_special_tokens=False)
        assert foreign[name].encode(text) == ids
        back = theirs.decode(ids).replace("<unk>", "\ufffd").replace("[UNK]", "\ufffd")
        assert foreign[name].decode(ids).strip() == back.strip()
