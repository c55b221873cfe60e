import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clova_jax import cli
from clova_jax.corpus.documents import read_documents
from clova_jax.data import TokenStore, bytes_per_token, serialize, validation_batches
from clova_jax.tokenizers import load_tokenizer, train_tokenizer
from clova_jax.tokenizers.hugging_face import HuggingFaceTokenizer
from tests.worlds.corpora import content, write_corpus
from tests.worlds.foreign_tokenizers import kogpt2_like


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A corpus, and the folder of a tokenizer learned from it."""
    folder = tmp_path_factory.mktemp("trained")
    corpus = write_corpus(folder / "corpus", {"blog": 3_000, "news": 1_000}, length=200)
    texts = (document.text for document in read_documents(corpus))
    train_tokenizer(texts, kind="byte", vocab_size=320).save(folder / "tokenizer")
    return corpus, folder / "tokenizer"


def test_the_command_writes_a_store_and_tells_what_is_in_it(tmp_path, trained, capsys):
    corpus, tokenizer = map(str, trained)
    arguments = [
        "serialize",
        "--data",
        corpus,
        "--tokenizer",
        tokenizer,
        "--out",
        str(tmp_path / "t"),
    ]
    assert cli.main(arguments) == 0
    table = capsys.readouterr().out
    assert "| validation | blog" in table
    store = TokenStore.open(tmp_path / "t", load_tokenizer(tokenizer))
    assert store.count("train").documents + store.count("validation").documents == 4_000
    assert cli.main([*arguments, "--validation", "0.5"]) == 2
    assert "holds a store with validation 0.01" in capsys.readouterr().err
    assert cli.main([*arguments[:-1], str(tmp_path / "u"), "--workers", "0"]) == 2
    assert "--workers: 0" in capsys.readouterr().err


def test_unknown_tokens_are_counted_and_said(tmp_path, capsys):
    backend = kogpt2_like()
    tokenizer = HuggingFaceTokenizer(backend, backend.token_to_id("</s>"), backend.get_vocab_size())
    tokenizer.save(tmp_path / "tokenizer")
    texts = ["기차는 여섯 시에", "기차는 鐵 여섯 道 시에", "", "질문: 감자\n답: 밭"]
    rows = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "notes.jsonl").write_text(rows)
    unknown = sum(tokenizer.encode(text).count(tokenizer.unknown) for text in texts)
    assert unknown == 3
    words = ["--data", str(tmp_path / "data"), "--tokenizer", str(tmp_path / "tokenizer")]
    for workers in ("1", "2"):
        out = tmp_path / workers
        assert cli.main(["serialize", *words, "--workers", workers, "--out", str(out)]) == 0
        said = capsys.readouterr().out
        store = TokenStore.open(out)
        assert store.manifest["unknown_tokens"] == unknown
        assert f"3 tokens ({3 / store.count().tokens:.2%}) are <unk>" in said
        assert "1 empty documents were left out" in said


def test_the_bytes_do_not_depend_on_workers(tmp_path, trained):
    corpus, tokenizer = trained[0], load_tokenizer(trained[1])
    for workers in (1, 2):
        serialize(corpus, tokenizer, tmp_path / str(workers), workers=workers, show=False)
    assert content(tmp_path / "1") == content(tmp_path / "2")


def test_bytes_of_real_tokens_add_up_to_the_text(tmp_path, trained):
    corpus, tokenizer = trained[0], load_tokenizer(trained[1])
    store = serialize(corpus, tokenizer, tmp_path / "tokens", show=False)
    table = bytes_per_token(tokenizer)
    batches = validation_batches(store, "news", length=32, global_batch=8)
    found = sum((table[batch["targets"]] * batch["loss_mask"]).sum() for batch in batches)
    assert found == store.count("validation", "news").bytes > 0


def test_real_documents_come_back_from_the_store(tmp_path, real_data, trained):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("law", "wiki_news_passages"):
        shutil.copy(real_data / "corpus" / f"{name}.jsonl.zst", folder)
    tokenizer = load_tokenizer(trained[1])
    store = serialize(folder, tokenizer, tmp_path / "tokens", show=False)
    found = {
        tokenizer.decode(store.document(split, source, number).tolist())
        for split in ("train", "validation")
        for source in store.sources(split)
        for number in range(store.count(split, source).documents)
    }
    documents = list(read_documents(folder))
    assert found == {document.text for document in documents}
    assert store.count().bytes == sum(len(document.text.encode()) for document in documents)


def children(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:
            continue  # it ended meanwhile
    return found


def done(state):
    """The part of the text that a serializer has noted as written."""
    if not state.exists():
        return 0
    value = json.loads(state.read_text())
    return value["position"]["text"] / value["text"]


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for child processes in /proc")
def test_killed_at_random_moments_it_ends_with_the_same_bytes_and_leaves_no_process(
    tmp_path, trained
):
    corpus, tokenizer = trained
    serialize(corpus, load_tokenizer(tokenizer), tmp_path / "whole", show=False)
    script = (
        "import functools, sys\n"
        "from clova_jax import cli\n"
        "from clova_jax.data import files, serializer\n"
        "files.LocalWriter.commit_seconds = 0\n"
        "serializer.read_blocks = functools.partial(serializer.read_blocks, size=10_000)\n"
        "if __name__ == '__main__': sys.exit(cli.main(sys.argv[1:]))\n"
    )
    (tmp_path / "run.py").write_text(script)
    command = [sys.executable, str(tmp_path / "run.py"), "serialize", "--data", str(corpus)]
    command += ["--tokenizer", str(tokenizer), "--out", str(tmp_path / "cut"), "--workers", "2"]
    chance, state = random.Random(0), tmp_path / "cut" / "progress.json"
    for kill in range(8):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if kill == 0:
            time.sleep(chance.random())  # while it starts
        else:  # some tenths of the way
            goal = kill * 0.1 + chance.random() * 0.1
            while process.poll() is None and done(state) < goal:
                time.sleep(0.01)
        assert process.poll() is None
        workers = children(process.pid)
        process.kill()
        process.wait()
        deadline = time.monotonic() + 20
        while not all(map(gone, workers)):
            assert time.monotonic() < deadline, f"left behind: {workers}"
            time.sleep(0.1)
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
    assert content(tmp_path / "whole") == content(tmp_path / "cut")
