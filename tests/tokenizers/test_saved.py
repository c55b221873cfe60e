"""Saving, loading, fingerprints, and the mistakes one can make with a folder."""

import pickle
import warnings

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers import KINDS, load_tokenizer, train_tokenizer
from clova_jax.tokenizers import morpheme_byte as room

HARD = "영화를 봤는데 궤변론자였습니다 <|endoftext|> 👍🏽 大韓\n\n\tx"


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_tokenizer_gives_the_same_ids(trained, kind, tmp_path, texts):
    tokenizer = trained[kind]
    tokenizer.save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert loaded.kind == kind
    assert loaded.fingerprint == tokenizer.fingerprint
    assert loaded.vocab_size == tokenizer.vocab_size == len(loaded.token_bytes())
    assert (loaded.end_of_text, loaded.unknown) == (tokenizer.end_of_text, tokenizer.unknown)
    assert loaded.facts == tokenizer.facts
    assert loaded.encode_batch([HARD, *texts]) == tokenizer.encode_batch([HARD, *texts])
    again = pickle.loads(pickle.dumps(loaded))  # as worker processes get it
    assert again.encode(HARD) == tokenizer.encode(HARD)


@pytest.mark.parametrize("kind", KINDS)
def test_training_is_deterministic_and_the_fingerprint_tells_vocabularies_apart(kind, texts):
    one, same = (train_tokenizer(iter(texts), kind, 400) for _ in range(2))
    assert one.fingerprint == same.fingerprint
    smaller = train_tokenizer(texts, kind, one.vocab_size - 5)
    assert smaller.vocab_size < one.vocab_size
    assert smaller.fingerprint != one.fingerprint


def test_the_fingerprint_names_analysis_and_kind(texts):
    plain = train_tokenizer(texts, "morpheme_byte", 400)
    sentence = train_tokenizer(texts, "morpheme_byte", 400, analysis="sentence")
    assert sentence.fingerprint != plain.fingerprint
    assert [sentence.decode(ids) for ids in sentence.encode_batch([HARD, *texts])] == [HARD, *texts]


def test_saved_cuts_spare_the_analyser_and_change_no_id(trained, tmp_path, texts, monkeypatch):
    trained["morpheme_byte"].save(tmp_path)
    expected = trained["morpheme_byte"].encode_batch(texts)
    monkeypatch.setattr("clova_jax.tokenizers.morphemes.kiwi", lambda: pytest.fail("analysed"))
    assert load_tokenizer(tmp_path).encode_batch(texts) == expected


def test_another_kiwi_gives_one_warning(trained, tmp_path, monkeypatch):
    trained["morpheme_byte"].save(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_tokenizer(tmp_path)
    monkeypatch.setattr(room, "kiwi_version", lambda: "kiwipiepy==9.9")
    with pytest.warns(UserWarning, match=r"trained with kiwipiepy==.*kiwipiepy==9\.9") as caught:
        load_tokenizer(tmp_path)
    assert len(caught) == 1


def test_missing_and_foreign_folders_are_told(trained, tmp_path):
    with pytest.raises(ClovaError, match="no such folder"):
        load_tokenizer(tmp_path / "absent")
    with pytest.raises(ClovaError, match="no tokenizer of clova_jax"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ClovaError, match="Hugging Face"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_lone_surrogates_and_bad_ids_are_told(trained, kind):
    with pytest.raises(ClovaError, match=r"U\+D83D"):
        trained[kind].encode("앞 \ud83d 뒤")
    for bad in (-1, trained[kind].vocab_size):
        with pytest.raises(ClovaError, match=f"id {bad} "):
            trained[kind].decode([0, bad])
    with pytest.raises(ClovaError, match="list of texts"):
        trained[kind].encode_batch("글")
