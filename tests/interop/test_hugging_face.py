"""Hugging Face directories: the way out and back, what transformers makes of them, what is refused."""

import json
import struct
import subprocess
import sys

import jax
import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, cli, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.inference import SoftPrompt, Template
from clova_jax.interop import from_hugging_face, to_hugging_face
from clova_jax.tokenizers import export_tokenizer
from clova_jax.train.metrics import read_metrics

TEXTS = ["옛날 옛적에 호랑이가 살았다.", "서울은 대한민국의 수도이다.", "the quick brown fox"] * 5


@pytest.fixture(scope="module")
def lm():
    tokenizer = train_tokenizer(TEXTS, kind="byte", vocab_size=300)
    config = ModelConfig(3, 32, 4, vocab_size=tokenizer.vocab_size, max_length=48)
    made = LanguageModel.create(config, tokenizer, seed=1)
    rng = np.random.default_rng(0)
    made.params = jax.tree.map(
        lambda x: x + 0.1 * rng.standard_normal(x.shape, np.float32), made.params
    )
    return made


@pytest.fixture
def exported(lm, tmp_path):
    to_hugging_face(lm, tmp_path / "hf")
    return tmp_path / "hf"


def same(a, b):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y))


@pytest.mark.parametrize("shard_bytes", [1 << 30, 20_000])
def test_out_and_back_changes_no_bit(lm, tmp_path, shard_bytes):
    to_hugging_face(lm, tmp_path, shard_bytes=shard_bytes)
    assert (tmp_path / "model.safetensors.index.json").is_file() == (shard_bytes < 1 << 30)
    again = from_hugging_face(tmp_path)
    assert again.config == lm.config
    assert again.tokenizer.fingerprint == lm.tokenizer.fingerprint
    same(again.params, lm.params)


def test_a_mesh_may_receive_it(lm, exported):
    from clova_jax.parallel import make_mesh

    mesh = make_mesh((2, 1, 2))
    again = from_hugging_face(exported, mesh=mesh)
    same(again.params, lm.params)
    assert not again.params["blocks"]["mlp"]["up"]["kernel"].is_fully_replicated


def test_a_second_export_replaces_the_first(lm, tmp_path):
    to_hugging_face(lm, tmp_path, shard_bytes=20_000)
    to_hugging_face(lm, tmp_path)
    assert [path.name for path in tmp_path.glob("model*")] == ["model.safetensors"]


def test_the_vectors_of_a_prompt_are_no_part_of_an_export(lm, exported):
    vectors = np.ones((3, lm.config.embed_dim), np.float32)
    with pytest.raises(ClovaError, match=r"SoftPrompt\.save"):
        to_hugging_face(lm.with_virtual(vectors), exported)
    same(from_hugging_face(exported).params, lm.params)


def test_what_is_written_to_folders_alone_takes_no_url(lm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prompt = SoftPrompt(np.ones((1, lm.config.embed_dim)), Template((1,), ()), lm.fingerprint)
    for write in (
        prompt.save,
        lm.tokenizer.save,
        lambda url: to_hugging_face(lm, url),
        lambda url: export_tokenizer(lm.tokenizer, url),
    ):
        with pytest.raises(ClovaError, match="gs://bucket/x: is a URL"):
            write("gs://bucket/x")
    assert not list(tmp_path.iterdir()), "no folder of the URL's name"


def test_half_precision_is_widened(lm, exported):
    path = exported / "model.safetensors"
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), file.read()
    meta = header.pop("__metadata__")
    wide = np.frombuffer(data, np.float32)
    for entry in header.values():
        entry["dtype"] = "F16"
        entry["data_offsets"] = [at // 2 for at in entry["data_offsets"]]
    head = json.dumps(header | {"__metadata__": meta}).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + wide.astype(np.float16).tobytes())
    again = from_hugging_face(exported)
    same(
        again.params,
        jax.tree.map(lambda x: np.asarray(x, np.float16).astype(np.float32), lm.params),
    )


def test_bfloat16_rounds_to_the_nearest(lm, tmp_path):
    to_hugging_face(lm, tmp_path, shard_bytes=20_000, dtype="bfloat16")
    assert all(path.stat().st_size < 22_000 for path in tmp_path.glob("*.safetensors"))
    assert json.loads((tmp_path / "config.json").read_text())["torch_dtype"] == "bfloat16"
    rounded = jax.tree.map(lambda x: x.astype("bfloat16").astype("float32"), lm.params)
    same(from_hugging_face(tmp_path).params, rounded)


def test_a_dtype_that_is_not_written_is_named(lm, tmp_path):
    with pytest.raises(ClovaError, match="dtype=.float16.; wants float32 or bfloat16"):
        to_hugging_face(lm, tmp_path / "out", dtype="float16")
    assert not (tmp_path / "out").exists()


def change(path, **values):
    config = json.loads(path.read_text())
    config.update(values)
    path.write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model_type", "llama"),
        ("activation_function", "relu"),
        ("n_inner", 77),
        ("layer_norm_epsilon", 1e-6),
        ("tie_word_embeddings", False),
        ("scale_attn_by_inverse_layer_idx", True),
    ],
)
def test_another_architecture_is_refused_by_name(exported, name, value):
    change(exported / "config.json", **{name: value})
    with pytest.raises(ClovaError, match=f"{name}.*{value!r}.*supported is the GPT-2 architecture"):
        from_hugging_face(exported)


def rewrite(path, edit):
    """Changes the header of a safetensors file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    edit(header)
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + data[8 + length :])


def test_missing_unknown_and_misshapen_tensors_are_named(lm, exported):
    path = exported / "model.safetensors"
    rewrite(path, lambda header: header.pop("transformer.h.1.mlp.c_fc.bias"))
    with pytest.raises(ClovaError, match="h.1.mlp.c_fc.bias is missing"):
        from_hugging_face(exported)
    to_hugging_face(lm, exported)
    rewrite(path, lambda h: h["transformer.wpe.weight"].update(shape=[32, 48]))
    with pytest.raises(ClovaError, match=r"wpe.weight has shape \[32, 48\].*\[48, 32\]"):
        from_hugging_face(exported)
    to_hugging_face(lm, exported)
    rewrite(path, lambda h: h.update(extra=h["transformer.ln_f.bias"]))
    with pytest.raises(ClovaError, match="tensor extra is not GPT-2's"):
        from_hugging_face(exported)
    to_hugging_face(lm, exported)
    rewrite(path, lambda h: h["transformer.ln_f.bias"].update(dtype="I64", data_offsets=[0, 256]))
    with pytest.raises(ClovaError, match="ln_f.bias is of type I64"):
        from_hugging_face(exported)


def test_a_damaged_file_is_refused(exported):
    path = exported / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ClovaError, match=r"model.safetensors: not a whole safetensors file"):
        from_hugging_face(exported)
    path.write_bytes(b"\xff" * 64)
    with pytest.raises(ClovaError, match="not a whole safetensors file"):
        from_hugging_face(exported)


def test_a_pickle_is_refused(exported):
    (exported / "model.safetensors").rename(exported / "pytorch_model.bin")
    with pytest.raises(ClovaError, match=r"pytorch_model.bin is a pickle.*safe_serialization"):
        from_hugging_face(exported)


def test_shards_stay_inside_the_folder(lm, tmp_path):
    to_hugging_face(lm, tmp_path, shard_bytes=20_000)
    index = tmp_path / "model.safetensors.index.json"
    values = json.loads(index.read_text())
    first = next(iter(values["weight_map"]))
    index.write_text(json.dumps({"weight_map": values["weight_map"] | {first: "../x.safetensors"}}))
    with pytest.raises(ClovaError, match="outside the folder"):
        from_hugging_face(tmp_path)
    index.write_text(json.dumps(values))
    next(tmp_path.glob("model-00001*")).unlink()
    with pytest.raises(ClovaError, match="model-00001-of-.* is missing"):
        from_hugging_face(tmp_path)


@pytest.mark.peers
def test_transformers_agrees_on_logits_and_ids(lm, exported):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    peer = AutoModelForCausalLM.from_pretrained(exported).eval()
    ids = np.random.default_rng(2).integers(0, lm.config.vocab_size, (3, 48))
    with torch.no_grad():
        wanted = peer(torch.from_numpy(ids)).logits.numpy()
    np.testing.assert_allclose(lm.logits(ids), wanted, atol=1e-4)
    theirs = AutoTokenizer.from_pretrained(exported)
    for text in [*TEXTS, "새로운 문장\n\n  둘 🙂 é", " 앞 빈칸"]:
        assert theirs.encode(text, add_special_tokens=False) == lm.tokenizer.encode(text)
        assert theirs.decode(lm.tokenizer.encode(text)) == text


def write_foreign_model(folder):
    """Writes a GPT-2 of KoGPT2's kind: blanks as `▁`, put before the text; no files of ours."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    backend.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=200, special_tokens=["<s>", "</s>", "<unk>"])
    )
    size = backend.get_vocab_size() + 5
    PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="</s>").save_pretrained(folder)
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=size, n_positions=32, n_embd=16, n_layer=2, n_head=2, eos_token_id=1
    )
    GPT2LMHeadModel(config).save_pretrained(folder)


@pytest.mark.peers
def test_a_foreign_tokenizer_keeps_its_ids(tmp_path):
    from transformers import AutoTokenizer

    write_foreign_model(tmp_path)
    lm = from_hugging_face(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    for text in TEXTS[:3]:
        ids = theirs.encode(text, add_special_tokens=False)
        assert lm.tokenizer.encode(text) == ids
        assert lm.tokenizer.decode(ids) == text
    assert lm.tokenizer.end_of_text == 1
    lm.save(tmp_path / "ours")
    again = LanguageModel.load(tmp_path / "ours")
    assert again.tokenizer.encode(TEXTS[0]) == lm.tokenizer.encode(TEXTS[0])
    assert again.generate(["옛날"], max_new_tokens=3, seed=0) == lm.generate(
        ["옛날"], max_new_tokens=3, seed=0
    )


@pytest.mark.peers
def test_a_foreign_model_is_trained_further_and_exported(tmp_path):
    import torch
    from transformers import GPT2LMHeadModel

    write_foreign_model(tmp_path / "theirs")
    (tmp_path / "text").mkdir()
    lines = (json.dumps({"text": text}) for text in TEXTS[:2] * 20)
    (tmp_path / "text" / "blog.jsonl").write_text("\n".join(lines), encoding="utf-8")
    words = ["--source", str(tmp_path / "theirs"), "--out", str(tmp_path / "ours")]
    assert cli.main(["import-hf", *words]) == 0
    words = {
        "--from": "ours",
        "--data": "text",
        "--out": "run",
    }
    command = [word for flag, name in words.items() for word in (flag, str(tmp_path / name))]
    command += ["--steps", "20", "--length", "16", "--global-batch", "4", "--learning-rate", "0.01"]
    assert cli.main(["pretrain", *command]) == 0
    losses = [
        row["loss"] for row in read_metrics(tmp_path / "run" / "metrics.jsonl") if "loss" in row
    ]
    assert losses[-1] < losses[0]
    trained = LanguageModel.load(tmp_path / "run")
    to_hugging_face(trained, tmp_path / "out")
    peer = GPT2LMHeadModel.from_pretrained(tmp_path / "out").eval()
    ids = trained.tokenizer.encode(TEXTS[0])
    wanted = peer(torch.tensor([ids])).logits.detach().numpy()
    np.testing.assert_allclose(trained.logits([ids]), wanted, atol=1e-3)


IMPORT = """
import resource, sys
from clova_jax.interop import from_hugging_face
import jax, numpy as np
jax.block_until_ready(jax.numpy.zeros(1))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
lm = from_hugging_face(sys.argv[1])
jax.block_until_ready(lm.params)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
np.save(sys.argv[2], lm.logits(np.arange(64)[None] * 700)[0, ::7])
"""


@pytest.mark.peers
def test_a_sharded_checkpoint_of_kogpt2_s_shape(tmp_path):
    """12 x 768, 51,200 tokens, length 1,024, written by transformers; memory and logits."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=51_200, n_positions=1_024, eos_token_id=1)
    torch.manual_seed(0)
    peer = GPT2LMHeadModel(config).eval()
    peer.save_pretrained(tmp_path, max_shard_size="100MB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 3
    train_tokenizer(TEXTS, kind="byte", vocab_size=300)._backend.save(
        str(tmp_path / "tokenizer.json")
    )
    run = subprocess.run(
        [sys.executable, "-c", IMPORT, tmp_path, tmp_path / "logits.npy"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    model_bytes = 4 * sum(p.numel() for p in peer.parameters())
    assert int(run.stdout) * 1024 < 1.3 * model_bytes
    with torch.no_grad():
        wanted = peer(torch.arange(64)[None] * 700).logits.numpy()
    np.testing.assert_allclose(np.load(tmp_path / "logits.npy"), wanted[0, ::7], atol=1e-4)
