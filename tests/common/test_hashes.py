"""Hashes of a folder: whatever changes in it is named."""

import json
import shutil

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.common.hashes import HASHES, check_hashes, write_hashes


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "model"
    (folder / "params" / "d").mkdir(parents=True)
    (folder / "config.json").write_text('{"a": 1}\n')
    (folder / "params" / "d" / "0f").write_bytes(bytes(range(256)))
    (folder / "params" / "글").write_bytes(b"")
    write_hashes(folder)
    return folder


def test_an_untouched_folder_passes_wherever_it_is_copied(folder, tmp_path):
    check_hashes(folder)
    check_hashes(shutil.copytree(folder, tmp_path / "elsewhere"))
    write_hashes(folder)  # again: the file has no hash of itself
    check_hashes(folder)


def test_every_flipped_bit_is_found(folder):
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        good = path.read_bytes()
        for at in range(len(good)):
            for bit in range(8):
                if path.name != HASHES and (at + bit) % 16:
                    continue  # a sample; of hashes.json itself everything
                if path.name == HASHES and at % 5:
                    continue
                path.write_bytes(good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :])
                with pytest.raises(ClovaError, match=path.name if path.name != HASHES else "model"):
                    check_hashes(folder)
        path.write_bytes(good)
    check_hashes(folder)


@pytest.mark.parametrize("verify", [True, False])
def test_missing_and_added_files_are_named(folder, verify):
    extra = folder / "params" / "stray"
    extra.write_text("x")
    with pytest.raises(ClovaError, match="params/stray: does not belong there; remove it"):
        check_hashes(folder, verify)
    extra.unlink()
    (folder / "params" / "글").unlink()
    with pytest.raises(ClovaError, match="params/글: is missing"):
        check_hashes(folder, verify)


def test_a_users_notes_and_hidden_files_are_let_be(folder):
    for name in ("README.md", ".DS_Store", "params/._0f"):
        (folder / name).write_text("x")
    check_hashes(folder)
    write_hashes(folder)
    (folder / ".DS_Store").unlink()
    check_hashes(folder)


def test_without_verifying_no_content_is_read(folder):
    (folder / "config.json").write_text("{}")
    check_hashes(folder, verify=False)
    with pytest.raises(ClovaError, match="config.json: is damaged"):
        check_hashes(folder)


def test_a_damaged_list_is_named(folder):
    path = folder / HASHES
    values = json.loads(path.read_text())
    for bad, message in (
        (values | {"format": "?"}, "not of the format"),
        (values | {"files": None}, "'files' is null"),
        (values | {"files": {"config.json": 5}}, "'config.json', is 5"),
        ({"format": values["format"]}, "has no 'files'"),
        ([], "wants an object"),
    ):
        path.write_text(json.dumps(bad))
        with pytest.raises(ClovaError, match=message):
            check_hashes(folder)
    path.unlink()
    with pytest.raises(ClovaError, match="has no hashes.json"):
        check_hashes(folder)
