"""Damaged, edited and foreign tokenizer folders: refused in one line, never a traceback, never other ids in silence."""

import json
import shutil

import pytest
import tokenizers

from clova_jax.common.errors import ClovaError
from clova_jax.common.hashes import write_hashes
from clova_jax.tokenizers import KINDS, load_tokenizer, train_tokenizer
from clova_jax.tokenizers.hugging_face import HuggingFaceTokenizer
from tests.worlds.foreign_tokenizers import kogpt2_like

MANIFEST = "clova_tokenizer.json"


@pytest.fixture(scope="module", params=[*KINDS, "hugging_face"])
def saved(request, trained, tmp_path_factory):
    """A folder of each kind."""
    folder = tmp_path_factory.mktemp("saved") / request.param
    if request.param == "hugging_face":
        backend = kogpt2_like()
        HuggingFaceTokenizer(backend, 1, backend.get_vocab_size() + 3).save(folder)
    else:
        trained[request.param].save(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to damage."""
    return shutil.copytree(saved, tmp_path / "t")


def edit(path, change):
    """Changes a JSON file, and writes the hashes anew: what remains is the reader's own judgement."""
    values = json.loads(path.read_text())
    path.write_text(json.dumps(change(values) or values))
    write_hashes(path.parent)


def refusal(folder, verify=True):
    """What the reader says; None where it reads the folder, and it works."""
    try:
        load_tokenizer(folder, verify).encode("영화를 봤는데 <unk> 7")
    except ClovaError as error:
        return str(error)
    return None


def test_every_flipped_bit_is_told(folder):
    load_tokenizer(folder)
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        # Both ends, and places between them.
        places = {*range(0, len(whole), max(len(whole) // 15, 1)), len(whole) - 1, 1}
        for place in places:
            for bit in range(8):
                data = bytearray(whole)
                data[place] ^= 1 << bit
                path.write_bytes(data)
                with pytest.raises(ClovaError):
                    load_tokenizer(folder)
        path.write_bytes(whole)
    load_tokenizer(folder)


def test_cut_empty_missing_and_foreign_files_are_told(folder):
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for broken in (b"", b"{}", b"[]", b"null", whole[: len(whole) // 2], whole + b" x"):
            path.write_bytes(broken)
            with pytest.raises(ClovaError):
                load_tokenizer(folder)
        path.unlink()
        with pytest.raises(ClovaError):
            load_tokenizer(folder)
        path.write_bytes(whole)
    (folder / "vocab.json").write_text("{}")
    with pytest.raises(ClovaError, match=r"vocab\.json: does not belong there"):
        load_tokenizer(folder)


@pytest.mark.parametrize("rehash", [True, False])
def test_without_hashes_nothing_ends_in_a_traceback(folder, rehash):
    """As when a reader skips them, or who damaged the folder wrote them anew."""
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        half, third = len(whole) // 2, len(whole) // 3
        for broken in (
            b"",
            b"{}",
            b"[" * 100_000,
            b'{"a": ' + b"9" * 5_000 + b"}",
            b"\xff\xfe",
            whole[:half],
            whole[:third] + b"0" + whole[third + 1 :],
            whole[:half] + b'"' + whole[half + 1 :],
        ):
            path.write_bytes(broken)
            if rehash and path.name != "hashes.json":
                write_hashes(folder)
            assert str(folder) in (refusal(folder, verify=rehash) or str(folder))
        path.write_bytes(whole)


@pytest.mark.parametrize(
    "name", ["format", "kind", "vocab_size", "fingerprint", "options", "facts"]
)
def test_a_manifest_of_wrong_types_is_told(folder, name):
    good = json.loads((folder / MANIFEST).read_text())
    for value in (None, [], "1", -1, True, {"a": [1]}):
        if value == good[name] or (
            name == "facts" and isinstance(value, dict) and "files" not in good[name]
        ):
            continue
        edit(folder / MANIFEST, lambda _, value=value: good | {name: value})
        told = refusal(folder)
        if told is None:  # options say no more than how it was made, for some kinds
            assert name == "options", value
            assert isinstance(value, dict)
        else:
            assert str(folder) in told, value
    edit(folder / MANIFEST, lambda _: {k: v for k, v in good.items() if k != name})
    with pytest.raises(ClovaError, match=name):
        load_tokenizer(folder)


def vocabulary_of(values):
    return values["model"]["vocab"]


@pytest.mark.parametrize("kind", ["byte", "morpheme_byte"])
def test_a_vocabulary_without_a_byte_or_an_end_is_told(trained, kind, tmp_path):
    trained[kind].save(tmp_path)
    path = tmp_path / trained[kind].file_name
    good = path.read_text()
    one = sorted(letter for letter in vocabulary_of(json.loads(good)) if len(letter) == 1)[-1]

    def rename(old, new):
        def change(values):
            vocabulary = vocabulary_of(values)
            vocabulary[new] = vocabulary.pop(old)
            values["model"]["merges"] = []
            values["added_tokens"] = []

        edit(path, change)

    rename(one, "ÂÂÂÂ")
    with pytest.raises(ClovaError, match=r"lacks the byte 0x[0-9A-F]{2} \(1 of 256"):
        load_tokenizer(tmp_path)
    path.write_text(good)
    rename("<|endoftext|>", "ÂÂÂÂ")
    with pytest.raises(ClovaError, match=r"has no <\|endoftext\|>"):
        load_tokenizer(tmp_path)
    path.write_text(good)
    rename(one, "한")
    with pytest.raises(ClovaError, match="stands for no byte"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("kind", ["byte", "morpheme_byte", "eojeol", "character"])
def test_an_id_given_twice_or_not_at_all_is_told(trained, kind, tmp_path):
    trained[kind].save(tmp_path)
    path = tmp_path / getattr(trained[kind], "file_name", "tokenizer.json")
    good = path.read_text()

    def move(change):
        def whole(values):
            vocabulary = vocabulary_of(values)
            last = max(vocabulary, key=vocabulary.get)
            vocabulary[last] = change(vocabulary[last])

        edit(path, whole)

    move(lambda last: last - 1)
    with pytest.raises(ClovaError, match="have one id|do not belong together"):
        load_tokenizer(tmp_path)
    path.write_text(good)
    move(lambda last: last + 5)
    with pytest.raises(ClovaError, match="no token has the id"):
        load_tokenizer(tmp_path)


def test_two_tokens_of_one_id_are_told_in_a_foreign_tokenizer():
    values = json.loads(kogpt2_like().to_str())
    vocabulary = vocabulary_of(values)
    last = max(vocabulary, key=vocabulary.get)
    vocabulary[last] -= 1
    backend = tokenizers.Tokenizer.from_str(json.dumps(values))
    with pytest.raises(ClovaError, match="have one id"):
        HuggingFaceTokenizer(backend, 1, 500)
    with pytest.raises(ClovaError, match="end of a text 900"):
        HuggingFaceTokenizer(kogpt2_like(), 900, 500)


@pytest.mark.parametrize(
    ("cuts", "message"),
    [
        ({"2 1": "영화를"}, "in no order"),
        ({"1 1": "영화를"}, "in no order"),
        ({"0": "영화를"}, "are no cuts"),
        ({"1  2": "영화를"}, "are no cuts"),
        ({"1 ": "영화를"}, "are no cuts"),
        ({"x": "영화를"}, "are no cuts"),
        ({"9" * 5_000: "영화를"}, "are no cuts"),
        ({"3": "영화를"}, "outside '영화를'"),
        ({"2": "영화를 사람"}, "outside '사람'"),
        ({"2": None}, "is null"),
        (None, "is null"),
    ],
)
def test_cuts_that_are_no_places_in_order_are_told(trained, cuts, message, tmp_path):
    trained["morpheme_byte"].save(tmp_path)
    edit(tmp_path / "cuts.json", lambda values: {"cuts": cuts})
    with pytest.raises(ClovaError, match=rf"cuts\.json.*{message}"):
        load_tokenizer(tmp_path)


def test_other_cuts_are_another_fingerprint(trained, tmp_path, texts):
    """They decide ids: a folder whose cuts were edited is not the tokenizer it was."""
    tokenizer = trained["morpheme_byte"]
    fewer = train_tokenizer(texts, "morpheme_byte", 420, num_cuts=3)
    assert fewer.fingerprint != tokenizer.fingerprint
    tokenizer.save(tmp_path)
    edit(tmp_path / "cuts.json", lambda values: {"cuts": {"1": "영화를"}})
    with pytest.raises(ClovaError, match="do not belong together"):
        load_tokenizer(tmp_path)


def test_a_folder_of_the_format_before_is_read(trained, tmp_path, texts):
    for kind in ("byte", "morpheme_byte"):
        folder = tmp_path / kind
        tokenizer = trained[kind]
        tokenizer.save(folder)
        (folder / "hashes.json").unlink()
        manifest = json.loads((folder / MANIFEST).read_text())
        manifest |= {"format": 1, "fingerprint": tokenizer.fingerprint_without("cuts")}
        (folder / MANIFEST).write_text(json.dumps(manifest))
        (folder / tokenizer.file_name).rename(folder / "tokenizer.json")
        loaded = load_tokenizer(folder)
        assert loaded.encode_batch(texts) == tokenizer.encode_batch(texts)
        assert loaded.fingerprint == tokenizer.fingerprint
        loaded.save(folder)  # as it is written now
        assert sorted(path.name for path in folder.iterdir()) == sorted(
            {MANIFEST, "hashes.json", *tokenizer.files()}
        )


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_ours_is_not_overwritten(trained, kind, tmp_path):
    for name in ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "hashes.json"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text("another's")
        with pytest.raises(ClovaError, match=f"holds {name}, which is not of a tokenizer"):
            trained[kind].save(folder)
        assert [path.name for path in folder.iterdir()] == [name]
        assert (folder / name).read_text() == "another's"
    (tmp_path / "notes.md").write_text("mine")
    trained[kind].save(tmp_path / "x")
    trained["byte"].save(tmp_path / "x")  # ours, of another kind
    assert load_tokenizer(tmp_path / "x").kind == "byte"
    (tmp_path / "file").write_text("")
    with pytest.raises(ClovaError, match="is a file"):
        trained[kind].save(tmp_path / "file")


@pytest.mark.parametrize("stage", ["tokenizer.json", "hashes.json"])
def test_half_a_saved_tokenizer_does_not_load_but_is_saved_again(
    trained, stage, tmp_path, monkeypatch
):
    import clova_jax.tokenizers.base as room

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "write_hashes" if stage == "hashes.json" else "whole_file", stopped)
    with pytest.raises(KeyboardInterrupt):
        trained["byte"].save(tmp_path)
    monkeypatch.undo()
    with pytest.raises(ClovaError, match="not saved to its end"):
        load_tokenizer(tmp_path)
    trained["byte"].save(tmp_path)
    assert load_tokenizer(tmp_path).fingerprint == trained["byte"].fingerprint
