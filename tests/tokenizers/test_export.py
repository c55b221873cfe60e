"""An exported tokenizer gives the same ids in transformers, or a message; never other ids in silence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tokenizers
from hypothesis import given, settings

from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers import load_tokenizer
from clova_jax.tokenizers.char_export import char_backend
from clova_jax.tokenizers.export import OURS, export_tokenizer
from tests.tokenizers.test_round_trip import anything, generated

PLAIN = ["byte", "char", "eojeol", "character"]
TEXTS = [
    "영화를 봤는데 <|endoftext|>\n\n  API를 재밌다ㅋㅋ",
    "프로젝트 👨‍👩‍👧\t끝 ",
    "x" * 300,
    "<unk> 궯궯 ▁나 ㅋㅋㅋㅋㅋ aaaa",
    " 앞",
]


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    for kind, tokenizer in trained.items():
        export_tokenizer(tokenizer, folder / kind, max_length=128)
    return folder


@pytest.mark.parametrize("kind", PLAIN)
def test_any_reader_of_the_file_gives_our_ids(trained, exported, kind, texts):
    reader = tokenizers.Tokenizer.from_file(str(exported / kind / "tokenizer.json"))
    reader.encode_special_tokens = True
    some = [*TEXTS, *texts, *generated(5, 3_000)]
    theirs = reader.encode_batch(some, add_special_tokens=False)
    assert [encoding.ids for encoding in theirs] == trained[kind].encode_batch(some)


@settings(max_examples=300)
@given(text=anything)
def test_sentencepiece_told_in_the_other_library_gives_the_same_ids(trained, text):
    reader = char_backend(trained["char"])
    reader.encode_special_tokens = True
    assert reader.encode(text, add_special_tokens=False).ids == trained["char"].encode(text)


def test_no_reader_takes_the_file_of_morphemes(exported):
    with pytest.raises(Exception, match="pip install clova_jax, then AutoTokenizer.*trust_remote"):
        tokenizers.Tokenizer.from_file(str(exported / "morpheme_byte" / "tokenizer.json"))
    named = [path.name for path in (exported / "morpheme_byte").rglob("*") if path.is_file()]
    assert named.count("tokenizer.json") == 1  # the notice


@pytest.mark.parametrize("kind", [*PLAIN, "morpheme_byte"])
def test_ours_lies_beside_it(trained, exported, kind):
    assert load_tokenizer(exported / kind / OURS).fingerprint == trained[kind].fingerprint


def test_an_older_export_is_replaced_and_nothing_else(trained, tmp_path):
    export_tokenizer(trained["morpheme_byte"], tmp_path)
    assert (tmp_path / "tokenization_clova.py").is_file()
    export_tokenizer(trained["byte"], tmp_path)
    assert not (tmp_path / "tokenization_clova.py").exists()
    assert load_tokenizer(tmp_path / OURS).kind == "byte"
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "merges.txt").write_text("another's")
    with pytest.raises(ClovaError, match="holds merges.txt, which is not of an export"):
        export_tokenizer(trained["byte"], theirs)
    assert sorted(path.name for path in theirs.iterdir()) == ["merges.txt"]


EXPORT = """
import sys
sys.modules["transformers"] = None
from clova_jax.tokenizers import load_tokenizer
from clova_jax.tokenizers.export import export_tokenizer
for folder in sys.argv[1:]:
    export_tokenizer(load_tokenizer(folder + "/clova_tokenizer"), folder + "/again", 128)
"""
LOAD = """
import json, sys
from transformers import AutoTokenizer
texts, found = json.loads(sys.stdin.read()), {}
for folder in sys.argv[1:]:
    for flag, options in (("trust", {"trust_remote_code": True}), ("plain", {})):
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, **options)
            ids = [tokenizer(text)["input_ids"] for text in texts]
            about = [len(tokenizer), tokenizer.eos_token_id, tokenizer.model_max_length]
            found[folder + flag] = [ids, [tokenizer.decode(row) for row in ids], about]
        except Exception as error:
            found[folder + flag] = str(error)
print(json.dumps(found))
"""


def run(code, *words, stdin="", home):
    environment = os.environ | {"HF_HOME": str(home), "PYTHONPATH": str(Path.cwd())}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


@pytest.mark.peers
def test_auto_tokenizer_gives_our_ids_or_a_message(trained, exported, tmp_path):
    """Exported where there is no transformers; loaded by it, beside a GPT-2 `config.json`, with the flag and without."""
    kinds = [*PLAIN, "morpheme_byte"]
    done = run(EXPORT, *(exported / kind for kind in kinds), home=tmp_path)
    assert done.returncode == 0, done.stderr
    for kind in kinds:
        folder = exported / kind / "again"  # beside a model of the GPT-2 architecture
        (folder / "config.json").write_text(
            json.dumps({"model_type": "gpt2", "eos_token_id": 0, "bos_token_id": 0})
        )
    folders = {kind: exported / kind / "again" for kind in kinds}
    found = run(LOAD, *folders.values(), stdin=json.dumps(TEXTS), home=tmp_path)
    assert found.returncode == 0, found.stderr
    values = json.loads(found.stdout)
    for kind, folder in folders.items():
        ours = trained[kind]
        for flag in ("trust", "plain"):
            value = values[f"{folder}{flag}"]
            if kind == "morpheme_byte" and flag == "plain":
                assert "trust_remote_code=True" in value
                continue
            ids, back, about = value
            assert ids == ours.encode_batch(TEXTS)
            assert about == [ours.vocab_size, ours.end_of_text, 128]
            assert back == TEXTS or not ours.lossless


@pytest.mark.peers
def test_morphemes_are_saved_again_by_transformers(trained, exported, tmp_path):
    from transformers import AutoTokenizer

    ours = trained["morpheme_byte"]
    theirs = AutoTokenizer.from_pretrained(exported / "morpheme_byte", trust_remote_code=True)
    for text in TEXTS:
        ids = ours.encode(text)
        assert theirs(text)["input_ids"] == ids
        assert theirs.decode([*ids, ours.end_of_text], skip_special_tokens=True) == text
    theirs.save_pretrained(tmp_path)
    assert load_tokenizer(tmp_path / OURS).fingerprint == ours.fingerprint
    again = AutoTokenizer.from_pretrained(tmp_path, trust_remote_code=True)
    assert again(TEXTS[0])["input_ids"] == ours.encode(TEXTS[0])
