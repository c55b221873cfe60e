"""The model directory: there and back on any mesh, and what is refused."""

import json
import shutil

import jax
import numpy as np
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.common.errors import ClovaError
from clova_jax.common.hashes import HASHES, write_hashes
from clova_jax.common.objects import Objects
from clova_jax.model.directory import load_model, read_about, read_config, save_model
from clova_jax.model.remote import check_model, download_model
from clova_jax.parallel import make_mesh


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(["하나 둘 셋", "a b c"], kind="byte", vocab_size=264)


@pytest.fixture(scope="module")
def lm(tokenizer):
    config = ModelConfig(2, 16, 2, vocab_size=tokenizer.vocab_size, max_length=32)
    return LanguageModel.create(config, tokenizer, seed=3)


@pytest.fixture(scope="module")
def saved(lm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "model"
    lm.save(folder)
    return folder


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def same(a, b):
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y))


@pytest.mark.parametrize("shape", [None, (1, 1, 2), (2, 2, 2)])
def test_any_mesh_reads_what_was_written(lm, saved, shape):
    mesh = None if shape is None else make_mesh(shape)
    config, params, tokenizer = load_model(saved, mesh)
    assert config == lm.config == read_config(saved)
    assert tokenizer.fingerprint == lm.tokenizer.fingerprint
    same(params, lm.params)
    if mesh is not None:
        kernel = params["blocks"]["mlp"]["up"]["kernel"]
        assert kernel.sharding.mesh == mesh
        assert kernel.addressable_shards[0].data.size < kernel.size


def test_what_is_known_of_the_making_is_read_back(lm, saved, tmp_path):
    assert read_about(saved) == {}
    about = {"tokens": 512, "run": {"length": 32}}
    save_model(tmp_path / "run" / "model", lm.config, lm.params, lm.tokenizer, about)
    assert read_about(tmp_path / "run") == about
    with pytest.raises(ClovaError, match="nowhere"):
        read_about(tmp_path / "nowhere")


def test_what_a_training_wrote_names_its_model(lm, tmp_path):
    run = tmp_path / "run"
    lm.save(run / "model")
    (run / "config.json").write_text('{"steps": 3}')  # the options of the training
    assert read_config(run) == lm.config
    same(LanguageModel.load(run).params, lm.params)
    (run / "model" / "config.json").unlink()
    with pytest.raises(ClovaError, match="run: config.json is not of the format"):
        LanguageModel.load(run)


def test_a_mesh_writes_what_one_device_reads(lm, tmp_path, tokenizer):
    spread = LanguageModel.create(lm.config, tokenizer, seed=3, mesh=make_mesh((2, 1, 4)))
    same(spread.params, lm.params)
    spread.save(tmp_path / "spread")
    same(LanguageModel.load(tmp_path / "spread").params, lm.params)


def test_saving_again_replaces(lm, copy, tokenizer):
    other = LanguageModel.create(lm.config, tokenizer, seed=4)
    other.save(copy)
    same(LanguageModel.load(copy).params, other.params)


@pytest.mark.parametrize("remote", [False, True])
def test_parameters_that_never_load_are_refused_and_an_older_model_stays(
    lm, tmp_path, monkeypatch, remote
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = f"memory://older{tmp_path}" if remote else tmp_path / "model"
    lm.save(place)
    vectors = np.ones((3, lm.config.embed_dim), np.float32)
    blocks = {name: value for name, value in lm.params["blocks"].items() if name != "mlp"}
    for model, message in (
        (lm.with_virtual(vectors), r"(model|older).*SoftPrompt\.save"),
        (lm.with_params(lm.params | {"extra": vectors}), "params: unknown extra; its keys are"),
        (lm.with_params(lm.params | {"blocks": blocks}), r"params\.blocks: missing mlp"),
    ):
        with pytest.raises(ClovaError, match=message):
            model.save(place)
    folder = download_model(place) if remote else place
    same(LanguageModel.load(folder).params, lm.params)


def test_a_url_keeps_what_lies_beside_a_model(lm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    objects = Objects(f"memory://beside{tmp_path}")
    for name in ("other/file", "params.txt", "../x"):
        objects.write(name, b"theirs")
    other = LanguageModel.create(lm.config, lm.tokenizer, seed=4)
    for model in (other, lm):  # the second replaces the first
        model.save(str(objects))
        check_model(str(objects))
        same(LanguageModel.load(download_model(str(objects))).params, model.params)
    for name in ("other/file", "params.txt", "../x"):
        assert objects.read(name) == b"theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["cache"], "no folder of the URL's name"
    objects.write("params/more", b"")
    with pytest.raises(ClovaError, match="params/more: does not belong there"):
        check_model(str(objects))


def test_a_url_keeps_what_is_no_model_of_ours(lm, tmp_path):
    for name, data in (("config.json", b'{"steps": 3}'), ("tokenizer/a", b"b"), ("params/a", b"")):
        objects = Objects(f"memory://theirs{tmp_path}/{name}")
        objects.write(name, data)
        with pytest.raises(ClovaError, match=f"theirs.*: holds {name}, which is not of a model"):
            lm.save(str(objects))
        assert objects.names() == [name]
        assert objects.read(name) == data


def test_a_copied_folder_is_read_at_a_url_with_all_that_its_hashes_name(lm, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "extra.bin").write_bytes(b"1")
    lm.save(tmp_path / "model")
    objects = Objects(f"memory://copied{tmp_path}")
    files = (path for path in (tmp_path / "model").rglob("*") if path.is_file())
    objects.upload(
        tmp_path / "model", [p.relative_to(tmp_path / "model").as_posix() for p in files]
    )
    check_model(str(objects))
    assert (download_model(str(objects)) / "extra.bin").read_bytes() == b"1"


def test_no_file_is_a_pickle(saved):
    for path in saved.rglob("*"):
        assert path.suffix not in (".pkl", ".pt", ".bin")
        if path.is_file():
            assert path.read_bytes()[:2] not in (b"\x80\x04", b"\x80\x05")


def write_values(folder, change):
    """Edits config.json as someone would who knows of the hashes."""
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(change(values)))
    write_hashes(folder)


def test_mistakes_are_named(lm, copy, tmp_path, tokenizer):
    with pytest.raises(ClovaError, match="nowhere: no such model directory"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(ClovaError, match=r"no config\.json"):
        load_model(tmp_path)
    write_values(copy, lambda v: v | {"model": v["model"] | {"num_layers": 3}})
    with pytest.raises(ClovaError, match="params: damaged, or of another shape"):
        load_model(copy)
    write_values(copy, lambda v: v | {"format": "?"})
    with pytest.raises(ClovaError, match="import-hf"):
        load_model(copy)
    with pytest.raises(ClovaError, match="the tokenizer has .* entries, the model 300"):
        save_model(tmp_path / "x", lm.config.replace(vocab_size=300), lm.params, tokenizer)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: {"format": v["format"]}, "config.json: has no 'model'"),
        (lambda v: v | {"model": None}, "'model' is null, wants an object"),
        (lambda v: v | {"model": [1]}, "'model' is a list of 1, wants an object"),
        (lambda v: v | {"model": {"num_layers": 1}}, "'model': has no 'embed_dim'"),
        (lambda v: v | {"model": v["model"] | {"embed_dim": None}}, "'embed_dim' is null"),
        (
            lambda v: v | {"model": v["model"] | {"num_heads": "2"}},
            "'num_heads' is \"2\", wants a whole",
        ),
        (lambda v: v | {"model": v["model"] | {"num_heads": 3}}, "not a multiple of num_heads=3"),
        (lambda v: v | {"model": v["model"] | {"num_layers": 10**40}}, "num_layers=10+ must be"),
        (lambda v: v | {"model": v["model"] | {"width": 1}}, "'width' is unknown"),
        (lambda v: [v], "not of the format"),
    ],
)
def test_a_config_that_is_none_is_refused_in_one_line(copy, change, message):
    write_values(copy, change)
    for read in (read_config, load_model):
        with pytest.raises(ClovaError, match=message) as caught:
            read(copy)
        assert "\n" not in str(caught.value)


def test_half_a_directory_is_refused(copy):
    for name in (HASHES, "params", "tokenizer"):
        gone = copy / name
        kept = gone.rename(copy.parent / name)
        with pytest.raises(ClovaError, match="missing|has no hashes.json"):
            load_model(copy)
        with pytest.raises(ClovaError, match="missing|has no"):
            load_model(copy, verify=False)
        kept.rename(gone)
    load_model(copy)


def cut_data(folder):
    for data in folder.glob("params/**/d/*"):
        data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])


def test_a_directory_of_an_older_version_is_read_with_a_word(lm, copy, capsys):
    write_values(copy, lambda v: v | {"format": "clova_jax model 1"})
    (copy / HASHES).unlink()
    same(LanguageModel.load(copy).params, lm.params)
    assert "before models had hashes" in capsys.readouterr().err
    cut_data(copy)
    with pytest.raises(ClovaError, match="params: damaged") as caught:
        load_model(copy)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


def flips(folder, count, seed):
    """Folders with one flipped bit: all bits of some bytes of every file, drawn at random."""
    rng = np.random.default_rng(seed)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        good = path.read_bytes()
        for at in rng.choice(len(good), min(count, len(good)), replace=False):
            for bit in range(8):
                path.write_bytes(good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :])
                yield f"{path.relative_to(folder)}, byte {at}, bit {bit}"
        path.write_bytes(good)


@pytest.mark.parametrize("count", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_every_flipped_bit_is_refused(copy, count):
    for flip in flips(copy, count, seed=count):
        with pytest.raises(ClovaError) as caught:
            load_model(copy)
        assert "\n" not in str(caught.value), flip
    load_model(copy)


def test_cut_data_is_told_in_one_line_verified_or_not(copy):
    cut_data(copy)
    for verify, message in ((True, "params/.*: is damaged"), (False, "params: damaged, or")):
        with pytest.raises(ClovaError, match=message) as caught:
            LanguageModel.load(copy, verify=verify)
        assert len(str(caught.value)) < 500
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [None, (1, 1, 2)])
def test_weights_that_are_not_finite_are_refused(lm, tmp_path, value, shape):
    kernel = np.array(lm.params["blocks"]["mlp"]["down"]["kernel"])
    kernel[-1, -1, -1] = value
    blocks = lm.params["blocks"]
    mlp = blocks["mlp"] | {"down": blocks["mlp"]["down"] | {"kernel": jax.numpy.asarray(kernel)}}
    params = lm.params | {"blocks": blocks | {"mlp": mlp}}
    save_model(tmp_path / "model", lm.config, params, lm.tokenizer)
    with pytest.raises(
        ClovaError, match="blocks/mlp/down/kernel holds numbers that are not finite"
    ):
        load_model(tmp_path / "model", shape and make_mesh(shape))


def test_the_fingerprint_sees_every_number(lm):
    def with_embedding(change):
        table = np.array(lm.params["embedding"])
        change(table)
        return LanguageModel(lm.config, lm.params | {"embedding": table}, lm.tokenizer)

    def swap(table):
        table[[5, 6]] = table[[6, 5]]

    def least(table):
        table[3, 7] = np.nextafter(table[3, 7], np.float32(1))

    found = {with_embedding(change).fingerprint for change in (lambda t: None, swap, least)}
    assert len(found) == 3
    assert lm.fingerprint in found
    assert (
        LanguageModel.create(lm.config, lm.tokenizer, 3, make_mesh((1, 1, 2))).fingerprint in found
    )
    table = np.array(lm.params["embedding"])
    changing = LanguageModel(lm.config, lm.params | {"embedding": table}, lm.tokenizer)
    before = changing.fingerprint
    table[0, 0] += 1  # in place: nothing of a NumPy array may be remembered
    assert changing.fingerprint != before == lm.fingerprint
