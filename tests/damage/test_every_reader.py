"""A table of readers by damages: never a traceback, never silent.

Each reader has a folder of whole files. Every file is cut, flipped, emptied, replaced, and so on. What is read
then must be what was there before, or one line must say what is wrong. A reader that is `vouched` has
hashes and notices every change; another may take a changed text for a text, but never ends in a traceback.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from clova_jax import LanguageModel, ModelConfig, load_tokenizer, train_tokenizer
from clova_jax.common.command import main
from clova_jax.common.errors import ClovaError
from clova_jax.corpus.clean.evaluation_overlap import EvaluationIndex
from clova_jax.corpus.documents import BadLines, read_documents
from clova_jax.corpus.read.blocks import group_blocks, input_files
from clova_jax.corpus.sources import read_sources
from clova_jax.data import TokenStore
from clova_jax.data.serializer import serialize
from clova_jax.evaluate import load_task
from clova_jax.inference import SoftPrompt, Template
from clova_jax.interop import from_hugging_face, to_hugging_face
from clova_jax.retrieve import Index, Passage
from clova_jax.train.checkpoint import Checkpoints
from clova_jax.train.metrics import read_metrics
from tests.damage.damages import apply_all

TEXTS = ["어제 본 영화가 참 좋았다.", "서울에서 부산까지 간다.", "a b c 1 2 3"] * 20


def _model() -> LanguageModel:
    tokenizer = train_tokenizer(TEXTS, kind="byte", vocab_size=270)
    config = ModelConfig(1, 8, 1, vocab_size=tokenizer.vocab_size, max_length=16)
    return LanguageModel.create(config, tokenizer, seed=1)


def _values(tree: Any) -> list[Any]:
    return [np.asarray(leaf).tolist() for leaf in jax.tree.leaves(tree)]


# Each pair: what writes whole files into a folder, and what reads them into plain values.


def write_tokenizer(kind: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        train_tokenizer(TEXTS, kind=kind, vocab_size=280).save(folder / "tok")

    return write


def use_tokenizer(folder: Path) -> Any:
    tokenizer = load_tokenizer(folder / "tok")
    return [tokenizer.encode(text) for text in (*TEXTS[:3], "뷁 🙂")], tokenizer.fingerprint


def write_model(folder: Path) -> None:
    _model().save(folder / "model")


def use_model(folder: Path) -> Any:
    lm = LanguageModel.load(folder / "model")
    return lm.config.to_json(), _values(lm.params), lm.tokenizer.fingerprint


def write_prompt(folder: Path) -> None:
    vectors = np.arange(16, dtype=np.float32).reshape(2, 8)
    SoftPrompt(vectors, Template((2,), ("끝",)), "0" * 16, {"task": "nsmc"}).save(folder / "prompt")


def use_prompt(folder: Path) -> Any:
    prompt = SoftPrompt.load(folder / "prompt")
    return prompt.vectors.tolist(), str(prompt.template), prompt.model, prompt.about


def write_checkpoint(folder: Path) -> None:
    checkpoints = Checkpoints(folder / "checkpoints")
    checkpoints.save(3, {"a": np.arange(6.0), "step": np.int32(3)}, {"seed": 0})
    checkpoints.close()


def use_checkpoint(folder: Path) -> Any:
    checkpoints = Checkpoints(folder / "checkpoints")
    try:
        step = checkpoints.newest_sound()
        if step is None:
            raise ClovaError(f"{folder}: no sound checkpoint")  # each was named on standard error
        abstract = {
            "a": jax.ShapeDtypeStruct((6,), np.float64),
            "step": jax.ShapeDtypeStruct((), np.int32),
        }
        return step, _values(checkpoints.restore(step, abstract)), checkpoints.about(step)
    finally:
        checkpoints.close()


def write_store(folder: Path) -> None:
    corpus = folder.parent / "corpus_of_store"
    corpus.mkdir(exist_ok=True)
    rows = [json.dumps({"text": f"{text} {n}"}) for n, text in enumerate(TEXTS)]
    (corpus / "blogs.jsonl").write_text("\n".join(rows) + "\n")
    tokenizer = train_tokenizer(TEXTS, kind="byte", vocab_size=270)
    serialize(corpus, tokenizer, folder / "store", workers=1)


def use_store(folder: Path) -> Any:
    store = TokenStore.open(folder / "store")
    store.verify(show=False)
    return [
        (split, source, store.read(split, source, 0, store.count(split, source).tokens).tolist())
        for split in ("train", "validation")
        for source in store.sources(split)
    ]


def write_hugging_face(folder: Path) -> None:
    to_hugging_face(_model(), folder / "hf")


def use_hugging_face(folder: Path) -> Any:
    lm = from_hugging_face(folder / "hf")
    return lm.config.to_json(), _values(lm.params), [lm.tokenizer.encode(t) for t in TEXTS[:3]]


def write_corpus(folder: Path) -> None:
    rows = [json.dumps({"text": text, "id": str(n)}) for n, text in enumerate(TEXTS)]
    (folder / "a.jsonl").write_text("\n".join(rows) + "\n")
    (folder / "b.jsonl").write_text(json.dumps({"text": "다른 글"}) + "\n")


def use_corpus(folder: Path) -> Any:
    bad = BadLines()
    found = [document.text for document in read_documents(folder, bad)]
    if bad.count:
        raise ClovaError(bad.first[0])
    return found


NSMC = "id\tdocument\tlabel\n" + "".join(f"{n}\t영화 {n}번 좋다\t{n % 2}\n" for n in range(30))


def write_nsmc(folder: Path) -> None:
    (folder / "nsmc").mkdir()
    for split in ("train", "test"):
        (folder / "nsmc" / f"ratings_{split}.txt").write_text(NSMC)


def write_ynat(folder: Path) -> None:
    place = folder / "klue" / "ynat-v1.1"
    place.mkdir(parents=True)
    rows = [{"guid": str(n), "title": f"제목 {n}", "label": "경제"} for n in range(9)]
    for split in ("train", "dev"):
        (place / f"ynat-v1.1_{split}.json").write_text(json.dumps(rows))


def write_korquad(folder: Path) -> None:
    (folder / "korquad").mkdir()
    answers = [{"text": "글", "answer_start": 3}]
    questions = [{"id": str(n), "question": "뭐?", "answers": answers} for n in range(4)]
    paragraph = {"context": "이것은 글이다.", "qas": questions}
    articles = [{"title": f"제목_{n}", "paragraphs": [paragraph]} for n in range(3)]
    value = {"version": "KorQuAD_v1.0_dev", "data": articles}
    (folder / "korquad" / "KorQuAD_v1.0_dev.json").write_text(json.dumps(value))


def use_task(name: str) -> Callable[[Path], Any]:
    def use(folder: Path) -> Any:
        loaded = load_task(name).load(folder)
        return [(item.id, item.text, item.answers) for item in (*loaded.items, *loaded.pool)]

    return use


def write_own_task(folder: Path) -> None:
    rows = "".join(f"영화 {n}번,{n % 2}\n" for n in range(9))
    (folder / "test.csv").write_text("글,별점\n" + rows)
    about = {
        "test": "test.csv",
        "text": "{글}",
        "label": "별점",
        "labels": {"0": "나쁨", "1": "좋음"},
    }
    (folder / "own.json").write_text(json.dumps(about, ensure_ascii=False))


def use_own_task(folder: Path) -> Any:
    return use_task(str(folder / "own.json"))(folder)


def write_columns(folder: Path) -> None:
    parquet.write_table(pyarrow.table({"text": TEXTS}), folder / "a.parquet", row_group_size=9)


def use_columns(folder: Path) -> Any:
    bad = BadLines()
    blocks = list(group_blocks(input_files(folder), folder, bad))
    if bad.count:
        raise ClovaError(bad.first[0])
    return [block.data for block in blocks]


@dataclass(frozen=True)
class Command:
    """A command to configure."""

    steps: int = 3
    """how many"""
    name: str = "가"
    """a text"""


def write_config(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"steps": 7, "name": "나"}))


def use_config(folder: Path) -> Any:
    found: list[Command] = []
    stderr = folder.parent / "stderr"
    with stderr.open("w") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", file)
        status = main(Command, found.append, ["--config", str(folder / "config.json")], prog="x")
    if status:
        lines = stderr.read_text().strip().split("\n")
        assert lines[-1].startswith("x: error: ")
        raise ClovaError(lines[-1])
    return found


def write_registry(folder: Path) -> None:
    value = {"my_blog": {"kind": "blog", "tier": 2}, "law": {"kind": "others", "tier": 1}}
    (folder / "sources.json").write_text(json.dumps(value))


def use_registry(folder: Path) -> Any:
    return read_sources(folder / "sources.json")


def write_index(folder: Path) -> None:
    EvaluationIndex([" ".join(f"낱말{n}" for n in range(20)), "짧은 글 하나가 여기 있다"]).save(
        folder / "index.npz"
    )


def use_index(folder: Path) -> Any:
    index = EvaluationIndex.load(folder / "index.npz")
    return len(index), index.spans(" ".join(f"낱말{n}" for n in range(20)))


def write_passages(folder: Path) -> None:
    index = Index.build(Passage(text, "글.txt", f"line {n}") for n, text in enumerate(TEXTS[:6]))
    index.save(folder / "passages.safetensors")


def use_passages(folder: Path) -> Any:
    index = Index.load(folder / "passages.safetensors")
    return index.by, index.passages, index.search("서울에서 본 영화", 9)


def write_metrics(folder: Path) -> None:
    rows = [json.dumps({"step": n, "loss": 1.0 / (n + 1)}) for n in range(9)]
    (folder / "metrics.jsonl").write_text("\n".join(rows) + "\n")


def use_metrics(folder: Path) -> Any:
    return read_metrics(folder / "metrics.jsonl")


@dataclass(frozen=True)
class Reader:
    """A row of the table."""

    write: Callable[[Path], None]
    use: Callable[[Path], Any]
    vouched: bool = False


READERS = {
    "byte tokenizer": Reader(write_tokenizer("byte"), use_tokenizer, vouched=True),
    "char tokenizer": Reader(write_tokenizer("char"), use_tokenizer, vouched=True),
    "model": Reader(write_model, use_model, vouched=True),
    "prompt": Reader(write_prompt, use_prompt, vouched=True),
    "checkpoint": Reader(write_checkpoint, use_checkpoint, vouched=True),
    "token store": Reader(write_store, use_store, vouched=True),
    "Hugging Face folder": Reader(write_hugging_face, use_hugging_face),
    "corpus": Reader(write_corpus, use_corpus),
    "nsmc": Reader(write_nsmc, use_task("nsmc")),
    "ynat": Reader(write_ynat, use_task("ynat")),
    "korquad": Reader(write_korquad, use_task("korquad")),
    "own task": Reader(write_own_task, use_own_task),
    "Parquet": Reader(write_columns, use_columns),
    "config file": Reader(write_config, use_config),
    "registry of sources": Reader(write_registry, use_registry),
    "evaluation index": Reader(write_index, use_index),
    "metrics": Reader(write_metrics, use_metrics),
    "passages": Reader(write_passages, use_passages, vouched=True),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder of whole files for each reader, written once."""
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp("whole") / "folder"
            made[name].mkdir()
            READERS[name].write(made[name])
        return made[name]

    return make


# The readers with models and many files stand in the slow tier.
QUICK = {
    "own task",
    "Parquet",
    "prompt",
    "corpus",
    "nsmc",
    "ynat",
    "korquad",
    "config file",
    "registry of sources",
}
QUICK |= {"evaluation index", "metrics", "passages", "token store", "char tokenizer"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else (pytest.mark.slow,)) for name in READERS],
)
def test_damage_is_told_in_a_line(name, whole, tmp_path):
    reader, source = READERS[name], whole(name)
    before = reader.use(source)
    faults, count = [], 0

    def restore() -> Path:
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        return shutil.copytree(source, copy)

    for path in sorted(p.relative_to(source) for p in source.rglob("*") if p.is_file()):
        for damage, root in apply_all(path, restore):
            count += 1
            fault = fault_of(reader, root, path, before)
            if fault:
                faults.append(f"{path}, {damage}: {fault}")
    assert not faults, "\n".join(faults)
    assert count > 10


def fault_of(reader: Reader, root: Path, path: Path, before: Any) -> str | None:
    """What is wrong with how a reader takes a damaged file; None where nothing is."""
    try:
        found = reader.use(root)
    except ClovaError as error:
        told = str(error)
        if "\n" in told or len(told) > 1_500:
            return f"more than a line: {told[:200]}"
        named = str(root) in told or path.name in told
        return None if named else f"the file is not named: {told}"
    except Exception as error:
        return f"traceback: {type(error).__name__}: {str(error)[:200]}"
    return "changed without a word" if reader.vouched and found != before else None
