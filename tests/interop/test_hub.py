"""Names on the Hub, from a stand-in on this machine: what is fetched, what is pinned and recorded, what is said."""

import hashlib
import http.server
import json
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.cli import main
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json
from clova_jax.interop import find_source, model_folder, to_hugging_face
from clova_jax.interop import hub as hub_module
from clova_jax.model import read_about
from clova_jax.tables import find_models

COMMITS = ("1" * 40, "2" * 40)
NAME = "lab/tiny-gpt"


class StandIn(http.server.BaseHTTPRequestHandler):
    """Answers as the Hub does, about one repository with two commits of the same files."""

    def __init__(self, *args: Any, folder: Path, asked: list[str]) -> None:
        self.folder, self.asked = folder, asked
        super().__init__(*args)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        """Answers about the repository, its files, and with a file."""
        path = self.path.partition("?")[0]
        self.asked.append(f"{self.command} {path}")
        about, files = f"/api/models/{NAME}/revision/", f"/api/models/{NAME}/tree/"
        if path.startswith(about) and (commit := self._commit(path.removeprefix(about))):
            names = [{"rfilename": name} for name in self._names()]
            self._send(json.dumps({"id": NAME, "sha": commit, "siblings": names}).encode(), commit)
        elif path.startswith(files) and (commit := self._commit(path.removeprefix(files))):
            self._send(json.dumps([self._entry(name) for name in self._names()]).encode(), commit)
        elif path.startswith(f"/{NAME}/resolve/"):
            revision, _, name = path.removeprefix(f"/{NAME}/resolve/").partition("/")
            self._send((self.folder / name).read_bytes(), self._commit(revision) or "")
        else:
            code = "RevisionNotFound" if path.startswith(about) else "RepoNotFound"
            self.send_response(404)
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", "not here")
            self.send_header("Content-Length", "0")
            self.end_headers()

    do_HEAD = do_GET

    def _names(self) -> list[str]:
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.folder).as_posix() for path in files)

    def _entry(self, name: str) -> dict[str, Any]:
        data = (self.folder / name).read_bytes()
        oid = hashlib.sha1(data).hexdigest()
        return {"type": "file", "path": name, "size": len(data), "oid": oid}

    def _commit(self, revision: str) -> str | None:
        known = {"main": COMMITS[1], "v1": COMMITS[0]} | dict(zip(COMMITS, COMMITS, strict=True))
        return known.get(revision)

    def _send(self, data: bytes, commit: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", commit)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported model, with files beside it that nobody should fetch."""
    folder = tmp_path_factory.mktemp("exported")
    tokenizer = train_tokenizer(["하나 둘 셋"], kind="byte", vocab_size=257)
    config = ModelConfig(1, 16, 2, vocab_size=tokenizer.vocab_size, max_length=32)
    to_hugging_face(LanguageModel.create(config, tokenizer), folder, card="# a card\n")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    (folder / "modeling.py").write_text("raise SystemExit")
    return folder


@pytest.fixture
def hub(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The stand-in, in the place of the Hub; yields what it was asked."""
    asked: list[str] = []
    handler = partial(StandIn, folder=exported, asked=asked)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fetch = partial(
        huggingface_hub.snapshot_download,
        endpoint=f"http://127.0.0.1:{server.server_port}",
        cache_dir=tmp_path / "hub",
        token=False,
    )
    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    yield asked
    server.shutdown()
    server.server_close()


def test_a_name_is_imported_pinned_and_recorded(hub: list[str], tmp_path: Path, capsys) -> None:
    assert main(["import-hf", "--source", f"{NAME}@v1", "--out", "ours"]) == 0
    assert f"note: {NAME} of the Hub at commit {COMMITS[0]}" in capsys.readouterr().out
    assert read_about("ours") == {"hub": {"name": NAME, "revision": COMMITS[0]}}
    assert not [asked for asked in hub if asked.endswith((".bin", ".py", ".md"))]
    assert find_source(NAME).about["hub"]["revision"] == COMMITS[1], "main, where none is named"
    assert main(["export-hf", "--model", "ours", "--out", "again", "--licence", "mit"]) == 0
    card = (tmp_path / "again" / "README.md").read_text(encoding="utf-8")
    assert f'base_model: "{NAME}"' in card
    assert f"commit {COMMITS[0]}" in card


def test_a_model_option_takes_a_name_and_imports_once(
    hub: list[str], tmp_path: Path, capsys
) -> None:
    words = [
        "generate",
        "--model",
        NAME,
        "--prompt",
        "하나",
        "--max-new-tokens",
        "3",
        "--seed",
        "1",
    ]
    assert main(words) == 0
    first = capsys.readouterr().out
    folder = tmp_path / "cache" / "clova_jax" / "models" / "lab--tiny-gpt" / COMMITS[1]
    before = (folder / "hashes.json").stat().st_mtime_ns
    found = find_models((Path(NAME),), tmp_path, (1, 1, 1))
    assert (list(found.models), found.names) == ([folder], ["tiny-gpt"])
    hub.clear()
    assert model_folder(f"{NAME}@{COMMITS[1]}") == folder
    assert not hub, "a commit never changes"
    assert main(words) == 0
    assert capsys.readouterr().out == first
    assert (folder / "hashes.json").stat().st_mtime_ns == before


def test_processes_that_import_at_once_all_get_the_model(
    hub: list[str], tmp_path: Path, monkeypatch
) -> None:
    real, others = hub_module.import_model, []

    def import_meanwhile(*args: Any) -> Any:
        if not others:  # another process begins, and is ready first
            others.append(None)
            others[0] = model_folder(NAME)
        return real(*args)

    monkeypatch.setattr(hub_module, "import_model", import_meanwhile)
    folder = model_folder(NAME)
    assert [folder] == others
    assert LanguageModel.load(folder).generate(["하나"], max_new_tokens=2, seed=1)
    assert list(folder.parent.iterdir()) == [folder], "nothing half made is left"


def test_half_an_import_of_an_older_version_is_made_anew(hub: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "clova_jax" / "models" / "lab--tiny-gpt" / COMMITS[1]
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{")
    assert model_folder(NAME) == folder
    assert read_about(folder)["hub"]["revision"] == COMMITS[1]
    LanguageModel.load(folder)


def test_offline_the_cache_answers(hub: list[str], monkeypatch) -> None:
    online = find_source(NAME)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    hub.clear()
    assert find_source(NAME) == online
    assert not hub
    with pytest.raises(ClovaError, match=r"lab/other: no such folder here, and not fetched"):
        find_source("lab/other")


@pytest.mark.parametrize("name", ["lab/none", f"{NAME}@v9"])
def test_what_is_not_there_is_named(hub: list[str], name: str, capsys) -> None:
    assert main(["generate", "--model", name, "--prompt", "x"]) == 2
    said = capsys.readouterr().err
    assert f"{name}: no such folder here, and not fetched from the Hugging Face Hub (" in said
    assert len(said.splitlines()) == 1


def test_a_repository_of_pickles_is_refused(hub, exported, tmp_path, monkeypatch) -> None:
    weights = exported / "model.safetensors"
    data = weights.read_bytes()
    weights.unlink()
    try:
        with pytest.raises(ClovaError, match=f"{NAME}: has no safetensors file on the Hub"):
            find_source(NAME)
    finally:
        weights.write_bytes(data)


def test_without_its_package_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(
        ClovaError, match=r"needs the package huggingface_hub: .*'clova_jax\[hub\]'"
    ):
        find_source("lab/none")


@pytest.mark.parametrize("place", ["model", "/abs/x", "a/b/c", "../x/y", "x/y@"])
def test_other_paths_are_paths(place: str) -> None:
    assert model_folder(place) == Path(place)


def test_a_folder_that_is_here_is_meant(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "runs" / "mini").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert find_source("runs/mini").about == {}
    assert model_folder("runs/mini") == Path("runs/mini")


def test_the_card_and_the_config_are_what_the_hub_reads(exported: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    tokenizer = train_tokenizer(["하나 둘 셋"], kind="byte", vocab_size=257)
    config = ModelConfig(1, 16, 2, vocab_size=tokenizer.vocab_size, max_length=32)
    LanguageModel.create(config, tokenizer).save(model)
    row = {"model": tmp_path.name, "task": "nsmc", "metric": "accuracy", "value": 61.5, "shots": 4}
    row |= {"low": 60.0, "high": 63.0, "items": 100, "baseline": 50.0}
    run = {"experiment": "few_shot", "config": {}, "rows": [row, row | {"model": "another"}]}
    (tmp_path / "results.json").write_text(json.dumps(run | {"environment": {}}))
    words = ["export-hf", "--model", str(model), "--out", str(tmp_path / "out"), "--dtype", "bf16"]
    words += ["--licence", "cc-by-4.0", "--text", 'Said: "글" — yes', "--scores", str(tmp_path)]
    assert main(words) == 0
    card = huggingface_hub.ModelCard.load(tmp_path / "out" / "README.md")
    (result,) = card.data.eval_results
    assert (result.dataset_type, result.metric_type, result.metric_value) == (
        "nsmc",
        "accuracy",
        61.5,
    )
    assert (card.data.license, card.data.library_name) == ("cc-by-4.0", "transformers")
    assert 'Said: "글" — yes' in card.text
    assert "another" not in card.text
    about = read_json(tmp_path / "out" / "config.json")
    assert about["torch_dtype"] == "bfloat16"
    assert about["transformers_version"] == "4.50.0"
    whole = (exported / "model.safetensors").stat().st_size
    assert (tmp_path / "out" / "model.safetensors").stat().st_size < 0.6 * whole
