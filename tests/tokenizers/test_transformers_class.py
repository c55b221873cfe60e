"""The export gives the same ids inside transformers."""

import pytest

from clova_jax.tokenizers import load_tokenizer

TEXTS = ["영화를 봤는데 <|endoftext|>\n\n  API를 재밌다ㅋㅋ", "프로젝트 👨‍👩‍👧\t끝 ", "x" * 300]


@pytest.mark.peers
@pytest.mark.parametrize("kind", ["morpheme_byte", "byte", "char", "eojeol", "character"])
def test_the_exported_folder_gives_the_same_ids(trained, kind, tmp_path):
    from transformers import AutoTokenizer

    from clova_jax.tokenizers.transformers_class import export_tokenizer

    ours = trained[kind]
    export_tokenizer(ours, tmp_path / "a", max_length=128)
    theirs = AutoTokenizer.from_pretrained(tmp_path / "a", trust_remote_code=True)
    assert len(theirs) == ours.vocab_size
    assert theirs.eos_token_id == ours.end_of_text
    assert theirs.model_max_length == 128
    for text in TEXTS:
        ids = ours.encode(text)
        assert theirs(text)["input_ids"] == ids
        assert theirs.decode(ids) == ours.decode(ids)
        assert theirs.decode([*ids, ours.end_of_text], skip_special_tokens=True) == ours.decode(
            [i for i in ids if i != ours.unknown]
        )
    theirs.save_pretrained(tmp_path / "b")
    assert load_tokenizer(tmp_path / "b").fingerprint == ours.fingerprint


@pytest.mark.peers
def test_the_plain_file_of_kind_byte_needs_none_of_us(trained, tmp_path):
    from transformers import PreTrainedTokenizerFast

    trained["byte"].save(tmp_path)
    theirs = PreTrainedTokenizerFast(tokenizer_file=str(tmp_path / "tokenizer.json"))
    for text in ("영화를  봤는데\n\n  끝", "\u3000 a\x1cb 2021년"):
        assert theirs(text)["input_ids"] == trained["byte"].encode(text)
