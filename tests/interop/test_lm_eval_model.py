"""lm-evaluation-harness with a model of ours: offline, on local task files, and equal to our own scores."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clova_jax.config import ModelConfig
from clova_jax.evaluate import load_task, measure, prompt_of
from tests.worlds.labelled_data import write_labelled

pytestmark = pytest.mark.claims("services")  # they need lm-eval, and fail without it


@pytest.fixture(scope="module")
def lm(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from clova_jax import LanguageModel, train_tokenizer

    texts = ["이 영화는 정말 좋다 (긍정)", "별로였다 (부정)", "제목과 본문, 질문과 답"] * 50
    tokenizer = train_tokenizer(texts, kind="byte", vocab_size=320)
    config = ModelConfig(2, 32, 2, vocab_size=tokenizer.vocab_size, max_length=512)
    lm = LanguageModel.create(config, tokenizer, seed=1)
    lm.folder = tmp_path_factory.mktemp("model") / "model"
    lm.save(lm.folder)
    return lm


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder of a few rows a file."""
    return write_labelled(tmp_path / "data")


def write_task(folder: Path, name: str, rows: list[dict], **config: Any) -> None:
    """A task file of the harness over local JSON Lines."""
    (folder / f"{name}.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    )
    task = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(folder / f"{name}.jsonl")}},
        "test_split": "test",
        "metadata": {"version": 1.0},
        **config,
    }
    (folder / f"{name}.yaml").write_text(json.dumps(task, ensure_ascii=False))


CHOICE = {
    "output_type": "multiple_choice",
    "doc_to_text": "{{text}}",
    "doc_to_choice": "{{choices}}",
    "doc_to_target": "{{label}}",
    "target_delimiter": "",
    "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
}


def run(folder: Path, out: Path, tasks: str, *model: str) -> dict:
    """The command itself, without a network; its results and samples."""
    env = {
        **os.environ,
        **{"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(out / "hf")},
    }
    command = [sys.executable, "-m", "clova_jax", "eval", "--tasks", tasks]
    command += ["--include_path", str(folder), "--output_path", str(out), "--log_samples", *model]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    (results,) = out.rglob("results_*.json")
    found = json.loads(results.read_text())
    for path in out.rglob("samples_*.jsonl"):
        name = path.name.removeprefix("samples_").rsplit("_", 1)[0]
        found.setdefault("samples", {})[name] = [
            json.loads(line) for line in path.read_text().splitlines()
        ]
    return found


def test_the_command_agrees_with_our_own_runner(lm, data, tmp_path) -> None:
    folder, out = tmp_path / "tasks", tmp_path / "out"
    folder.mkdir()
    ours = {}
    for name in ("nsmc", "klue_nli"):
        task = load_task(name)
        rows = measure(lm, name, data, shots=4, trials=1, limit=12, out=tmp_path / "ours")
        ours[name] = next(row["value"] for row in rows if row["metric"] == "accuracy")
        prompts = [prompt_of(lm, name, data, i, shots=4, limit=12) for i in range(12)]
        labels = list(task.labels)
        docs = [
            {
                "text": prompt.text,
                "choices": task.choices(),
                "label": labels.index(prompt.item.answers[0]),
            }
            for prompt in prompts
        ]
        write_task(folder, f"our_{name}", docs, **CHOICE)
    texts = [{"text": "이 영화는 정말"}, {"text": "질문: 좋다?\n답:"}]
    write_task(
        folder,
        "our_text",
        texts,
        output_type="generate_until",
        doc_to_text="{{text}}",
        doc_to_target="없음",
        generation_kwargs={"until": ["\n"], "max_gen_toks": 12, "do_sample": False},
        metric_list=[{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    )
    write_task(
        folder,
        "our_rolling",
        [{"text": ("이 영화는 정말 좋다. " * 90).strip()}],
        output_type="loglikelihood_rolling",
        doc_to_text="",
        doc_to_target="{{text}}",
        metric_list=[{"metric": "byte_perplexity"}],
    )
    found = run(
        folder,
        out,
        "our_nsmc,our_klue_nli,our_text,our_rolling",
        *("--model", str(lm.folder.parent)),
    )
    predictions = [
        json.loads(line) for line in (tmp_path / "ours/predictions.jsonl").read_text().splitlines()
    ]
    for name in ("nsmc", "klue_nli"):
        assert 100 * found["results"][f"our_{name}"]["acc,none"] == pytest.approx(ours[name])
        mine = [row["logprobs"] for row in predictions if row["task"] == name]
        theirs = [
            [float(answer[0][0]) for answer in sample["resps"]]
            for sample in sorted(found["samples"][f"our_{name}"], key=lambda s: s["doc_id"])
        ]
        assert np.abs(np.array(mine) - np.array(theirs)).max() < 1e-4
    written = [sample["resps"][0][0] for sample in found["samples"]["our_text"]]
    assert written == lm.generate(
        [row["text"] for row in texts], max_new_tokens=12, temperature=0, stop=["\n"]
    )
    text = ("이 영화는 정말 좋다. " * 90).strip()
    ids = [lm.tokenizer.end_of_text, *lm.tokenizer.encode(text)]
    assert len(ids) > lm.config.max_length, "needs more than one window"
    told = float(np.log(found["results"]["our_rolling"]["byte_perplexity,none"]))
    first = lm.logits([ids[: lm.config.max_length]])[0].astype(np.float64)
    first -= np.log(np.exp(first).sum(axis=-1, keepdims=True))
    size = lm.config.max_length
    begin = sum(first[at, ids[at + 1]] for at in range(size))
    rest = ids[-size - 1 :]
    last = lm.logits([rest[:-1]])[0].astype(np.float64)
    last -= np.log(np.exp(last).sum(axis=-1, keepdims=True))
    new = len(ids) - 1 - size
    end = sum(last[at, rest[at + 1]] for at in range(size - new, size))
    assert told == pytest.approx(-(begin + end) / len(text.encode()), rel=1e-5)


def test_mistakes_are_one_line(tmp_path, monkeypatch, capsys) -> None:
    from clova_jax.cli import main

    nothing = tmp_path / "nothing"
    write_task(tmp_path, "toy", [{"text": "가", "choices": ["나", "다"], "label": 0}], **CHOICE)
    command = ["eval", "--tasks", "toy", "--include_path", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["clova"])
    for words, said in (
        (["--model", str(nothing)], str(nothing)),
        (["--model", str(nothing), "--mesh", "2,x"], "mesh=2:x"),
        (["--model", f"{nothing},mesh=1"], "rename the folder"),
        ([], "--model is required"),
    ):
        assert main([*command, *words]) == 2
        line = capsys.readouterr().err.strip().splitlines()[-1]
        assert line.startswith("clova eval: error: ")
        assert said in line


def test_help_tells_the_options_of_both(capsys) -> None:
    from clova_jax.cli import main

    assert main(["eval", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--mesh D,P,M" in shown
    assert "--num_fewshot" in shown
