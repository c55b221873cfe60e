"""Folders of other projects: what they hold is kept and checked, what lies at the target is not overwritten."""

import json
import shutil
import struct
import tracemalloc
import warnings

import jax
import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.cli import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json
from clova_jax.interop import from_hugging_face, to_hugging_face
from clova_jax.tokenizers.hugging_face import HuggingFaceTokenizer
from tests.worlds.foreign_tokenizers import SENTENCES, kogpt2_like

FILES = {
    "tokenizer_config.json": json.dumps(
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "<s>",
            "eos_token": "</s>",
            "unk_token": "<unk>",
            "pad_token": "<pad>",
            "mask_token": {"content": "<mask>", "special": True},
        }
    ).encode(),
    "special_tokens_map.json": b'{"eos_token": {"content": "</s>"},\n "mask_token": "<mask>"}',
}


def make(tokenizer, seed=0):
    return LanguageModel.create(ModelConfig(2, 16, 2, tokenizer.vocab_size, 32), tokenizer, seed)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A folder as KoGPT2's: nothing of ours in it."""
    folder = tmp_path_factory.mktemp("original") / "hf"
    backend = kogpt2_like()
    files = FILES | {"tokenizer.json": backend.to_str().encode()}
    lm = make(HuggingFaceTokenizer(backend, 1, backend.get_vocab_size() + 3, files))
    to_hugging_face(lm, folder)
    (folder / "clova_export.json").unlink()
    change(folder, bos_token_id=0, eos_token_id=1, pad_token_id=3)
    return folder


@pytest.fixture
def source(original, tmp_path):
    return shutil.copytree(original, tmp_path / "source")


def change(folder, **values):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def read(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return from_hugging_face(folder)


def test_an_imported_tokenizer_is_given_back_byte_for_byte(source, tmp_path):
    with pytest.warns(UserWarning, match="line breaks become '<unk>'") as said:
        lm = from_hugging_face(source)
    assert len(said) == 1
    assert lm.tokenizer.unknown == 2
    lm.save(tmp_path / "model")
    again = LanguageModel.load(tmp_path / "model")
    assert again.tokenizer.encode_batch(SENTENCES) == lm.tokenizer.encode_batch(SENTENCES)
    to_hugging_face(again, tmp_path / "out")
    for name in ("tokenizer.json", *FILES):
        assert (tmp_path / "out" / name).read_bytes() == (source / name).read_bytes()
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    ids = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 3}
    assert {name: config[name] for name in ids} == ids
    assert json.loads((tmp_path / "out" / "generation_config.json").read_text()) == ids
    back = read(tmp_path / "out")
    assert back.tokenizer.fingerprint == lm.tokenizer.fingerprint


@pytest.mark.peers
def test_transformers_finds_the_same_special_tokens_in_the_export(source, tmp_path):
    from transformers import AutoTokenizer

    to_hugging_face(read(source), tmp_path / "out")
    one, other = (AutoTokenizer.from_pretrained(folder) for folder in (source, tmp_path / "out"))
    assert one.special_tokens_map == other.special_tokens_map
    assert other.pad_token == "<pad>"
    assert other.mask_token == "<mask>"
    for text in [*SENTENCES, "궯 어귀\n둘 </s>"]:
        assert one(text)["input_ids"] == other(text)["input_ids"]


@pytest.mark.peers
def test_transformers_reads_a_lone_tokenizer_file_with_its_own_split(source, tmp_path):
    """A `config.json` of GPT-2 beside it must not make it one of GPT-2's."""
    from transformers import AutoTokenizer

    for name in FILES:
        (source / name).unlink()
    lm = read(source)
    to_hugging_face(lm, tmp_path / "out")
    theirs = AutoTokenizer.from_pretrained(tmp_path / "out")
    for text in SENTENCES:
        assert theirs.encode(text, add_special_tokens=False) == lm.tokenizer.encode(text)


@pytest.mark.parametrize("given", [50256, 40, [40, 50256], None, []])
@pytest.mark.parametrize("kept", [True, False])
def test_the_tokenizers_own_end_stands_in_for_one_that_is_no_special_token(source, given, kept):
    """GPT-2's default id, or an ordinary word, beside `</s>`; named by the tokenizer's files, or found."""
    if not kept:
        for name in FILES:
            (source / name).unlink()
    change(source, eos_token_id=given)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        lm = from_hugging_face(source)
    assert lm.tokenizer.end_of_text == 1
    told = [str(warning.message) for warning in said if "eos_token_id" in str(warning.message)]
    assert len(told) == (given is not None)
    assert all("'</s>' (id 1) closes a text" in text for text in told)


def test_an_end_that_config_json_names_rightly_is_kept(source):
    for given, end in ((3, 3), ([50256, 4], 4)):
        change(source, eos_token_id=given)
        assert read(source).tokenizer.end_of_text == end


def test_no_end_at_all_is_told(source):
    for name in FILES:
        (source / name).unlink()
    path = source / "tokenizer.json"
    path.write_text(path.read_text().replace("</s>", "끝표"))
    values = json.loads(path.read_text())
    values["added_tokens"] = []
    path.write_text(json.dumps(values))
    for given, what in ((40, "an ordinary token"), (50256, "no token"), (None, "no token")):
        change(source, eos_token_id=given)
        with pytest.raises(
            ClovaError, match=f"{what}.*name the end as eos_token in tokenizer_conf"
        ):
            from_hugging_face(source)
    for given in ("1", 1.5, True, ["x"], {}):
        change(source, eos_token_id=given)
        with pytest.raises(ClovaError, match=r"config\.json.*eos_token_id"):
            from_hugging_face(source)


def rewrite(folder, edit):
    """Changes the header of the weights."""
    path = folder / "model.safetensors"
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    edit(header)
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + data[8 + length :])


@pytest.mark.parametrize("prefix", ["", "transformer."])
def test_a_tied_table_may_stand_under_the_heads_name_only(source, prefix):
    wanted = read(source)

    def rename(header):
        header["lm_head.weight"] = header.pop("transformer.wte.weight")
        for name in [name for name in header if name.startswith("transformer.")]:
            header[prefix + name.removeprefix("transformer.")] = header.pop(name)

    rewrite(source, rename)
    found = read(source)
    for a, b in zip(jax.tree.leaves(found.params), jax.tree.leaves(wanted.params), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_a_tensor_under_two_names_is_told(source):
    rewrite(source, lambda h: h.update({"wpe.weight": h["transformer.wpe.weight"]}))
    with pytest.raises(ClovaError, match=r"wpe\.weight is there twice"):
        from_hugging_face(source)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("n_layer", 30_000_000, "n_layer is 30,000,000, the files hold tensors of 2 layers"),
        ("n_layer", 1, "n_layer is 1, the files hold tensors of 2 layers"),
        ("n_layer", -1, "n_layer is -1"),
        ("n_embd", 10**12, r"wte\.weight has shape"),
        ("vocab_size", 10**12, r"wte\.weight has shape"),
        ("n_positions", 10**12, r"wpe\.weight has shape"),
        ("n_head", 10**12, r"config\.json: .*num_heads"),
        ("n_layer", 2.0, "n_layer"),
        ("n_layer", None, "n_layer"),
        ("n_embd", "16", "n_embd"),
        ("n_head", True, "n_head"),
    ],
)
def test_sizes_are_compared_with_the_files_before_anything_is_made(source, name, value, message):
    change(source, n_inner=None, **{name: value})
    tracemalloc.start()
    try:
        read_json(source / "config.json")
        before = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        with pytest.raises(ClovaError, match=message):
            from_hugging_face(source)
        assert tracemalloc.get_traced_memory()[1] < before + 5e6
    finally:
        tracemalloc.stop()


def test_what_is_not_finite_is_refused(source):
    path = source / "model.safetensors"
    data = bytearray(path.read_bytes())
    for number in (float("nan"), float("-inf")):
        data[-4:] = struct.pack("<f", number)
        path.write_bytes(data)
        with pytest.raises(ClovaError, match="not finite"):
            read(source)


def test_no_damage_of_a_small_file_or_a_header_ends_in_a_traceback(source):
    read(source)
    choose = np.random.default_rng(3)
    for name in ("config.json", "tokenizer.json", *FILES, "model.safetensors"):
        path = source / name
        whole = path.read_bytes()
        end = min(len(whole), 3_000)
        broken = [b"", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000, whole[: end // 2]]
        for place in choose.integers(0, end, 12):
            data = bytearray(whole)
            data[place] ^= 1 << int(choose.integers(8))
            broken.append(bytes(data))
        for data in broken:
            path.write_bytes(data)
            try:
                read(source)
            except ClovaError as error:
                told = str(error)
            else:
                told = str(source)
            assert str(source) in told
        path.write_bytes(whole)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {},
        {"dtype": "F32", "shape": [1], "data_offsets": [0]},
        {"dtype": "F32", "shape": [1], "data_offsets": ["0", "4"]},
        {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]},
        {"dtype": None, "shape": [1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]},
        {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]},
    ],
)
def test_an_odd_header_is_one_line(source, entry):
    rewrite(source, lambda header: header.update({"transformer.ln_f.bias": entry}))
    with pytest.raises(ClovaError, match=r"model\.safetensors"):
        read(source)


@pytest.fixture(scope="module")
def lm():
    return make(train_tokenizer(SENTENCES, kind="byte", vocab_size=300))


def listing(folder):
    """Every file with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def refused(capsys, *words):
    assert main(list(map(str, words))) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "would be overwritten; give another folder" in error


def test_no_command_overwrites_its_source(lm, source, tmp_path, capsys):
    lm.save(tmp_path / "model")
    for folder, words in (
        (tmp_path / "model", ["export-hf", "--model"]),
        (source, ["import-hf", "--source"]),
    ):
        before = listing(folder)
        refused(capsys, *words, folder, "--out", folder)
        assert listing(folder) == before


@pytest.mark.parametrize(
    "name", ["params/kept", "tokenizer/vocab.json", "hashes.json", "config.json"]
)
def test_an_import_leaves_what_is_not_ours(source, name, tmp_path, capsys):
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    path.write_text("another's")
    refused(capsys, "import-hf", "--source", source, "--out", tmp_path / "out")
    assert listing(tmp_path / "out") == {name: b"another's"}


@pytest.mark.parametrize(
    "name", ["model.safetensors", "tokenizer.json", "model.safetensors.index.json", "vocab.json"]
)
def test_an_export_leaves_what_is_not_ours(lm, name, tmp_path):
    (tmp_path / name).write_text("another's")
    with pytest.raises(ClovaError, match=f"holds {name}, which is not of an export"):
        to_hugging_face(lm, tmp_path)
    assert listing(tmp_path) == {name: b"another's"}


def test_an_export_replaces_its_own_files_only(lm, tmp_path):
    (tmp_path / "model-lora.safetensors").write_text("mine")
    to_hugging_face(lm, tmp_path, shard_bytes=20_000)
    assert (tmp_path / "model.safetensors.index.json").is_file()
    to_hugging_face(lm, tmp_path)
    names = sorted(path.name for path in tmp_path.glob("model*"))
    assert names == ["model-lora.safetensors", "model.safetensors"]
    assert (tmp_path / "model-lora.safetensors").read_text() == "mine"


def test_a_model_is_saved_over_a_model_and_over_half_a_one(lm, tmp_path, monkeypatch):
    import clova_jax.model.directory as room

    def stopped(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "write_hashes", stopped)
    with pytest.raises(KeyboardInterrupt):
        lm.save(tmp_path)
    monkeypatch.undo()
    with pytest.raises(ClovaError, match="not saved to its end"):
        LanguageModel.load(tmp_path)
    lm.save(tmp_path)
    lm.save(tmp_path)
    assert LanguageModel.load(tmp_path).fingerprint == lm.fingerprint


def test_the_command_says_what_is_lost(source, tmp_path, capsys):
    assert main(["import-hf", "--source", str(source), "--out", str(tmp_path / "model")]) == 0
    out = capsys.readouterr().out
    assert "note: " in out
    assert "characters outside its vocabulary become '<unk>' (id 2); line breaks" in out
    assert (
        main(["export-hf", "--model", str(tmp_path / "model"), "--out", str(tmp_path / "x")]) == 0
    )
    assert "written" in capsys.readouterr().out
