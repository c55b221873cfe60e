"""The how-to of a KoGPT2's way runs as it stands, block by block, on a tiny random model of that shape."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from clova_jax.common.files import read_jsonl
from clova_jax.inference import SoftPrompt
from clova_jax.model import read_about
from clova_jax.sample import write_sample
from tests.worlds.foreign_tokenizers import kogpt2_like

pytestmark = [pytest.mark.slow, pytest.mark.peers]
ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "continue.md"


def write_kogpt2(folder: Path) -> None:
    """Writes a GPT-2 of KoGPT2's kind: its tokenizer's blanks are `▁`, its end of text is `</s>`."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    backend = kogpt2_like()
    PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="</s>").save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"n_positions": 128, "n_embd": 32, "n_layer": 2, "n_head": 2}
    config = GPT2Config(vocab_size=backend.get_vocab_size(), eos_token_id=1, **shape)
    GPT2LMHeadModel(config).save_pretrained(folder)


def write_data(folder: Path) -> None:
    """Writes what the reader of the page has: text to read on, and labelled reviews."""
    write_sample(folder / "world", megabytes=0.3)
    (folder / "world" / "corpus").rename(folder / "text")
    for split, count in (("train", 40), ("test", 8)):
        rows = [f"{i}번 물건은 {'긍정' if i % 2 else '부정'},{'15'[i % 2]}" for i in range(count)]
        (folder / f"{split}.csv").write_text("review,stars\n" + "\n".join(rows), encoding="utf-8")


def test_every_block_of_the_page_runs_in_order(tmp_path: Path) -> None:
    write_kogpt2(tmp_path / "skt" / "kogpt2-base-v2")
    write_data(tmp_path)
    shim = tmp_path / "bin" / "clova"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m clova_jax "$@"\n')
    shim.chmod(0o755)
    blocks = re.findall(r"```(bash|python|json)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert [kind for kind, _ in blocks].count("bash") == 5
    script = ["set -e"]
    for number, (kind, code) in enumerate(blocks):
        if kind == "json":
            (tmp_path / "reviews.json").write_text(code, encoding="utf-8")
        elif kind == "python":
            (tmp_path / f"block{number}.py").write_text(code, encoding="utf-8")
            script.append(f'"{sys.executable}" block{number}.py')
        else:
            script.append(code)
    path = f"{shim.parent}{os.pathsep}{os.environ['PATH']}"
    found = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)], cwd=tmp_path, env=found, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert read_about(tmp_path / "runs" / "further")["tokens"] >= 20_000
    assert SoftPrompt.load(tmp_path / "runs" / "tuned" / "prompt").vectors.shape == (8, 32)
    for run in ("few_shot", "tuned"):
        rows = [row for _, row in read_jsonl(tmp_path / "runs" / run / "predictions.jsonl")]
        assert all({"score", "text", "prediction", "answers"} <= row.keys() for row in rows)
    scores = (tmp_path / "scores.md").read_text("utf-8")
    assert "reviews, 2-shot" in scores
    assert "reviews, p_tuning lstm, 40 examples" in scores
    card = (tmp_path / "kogpt2-further" / "README.md").read_text("utf-8")
    assert "| reviews" in card
    assert "Our reviews of 2024." in card
    whole = (tmp_path / "kogpt2-further" / "model.safetensors").stat().st_size
    half = (tmp_path / "kogpt2-further-bf16" / "model.safetensors").stat().st_size
    assert half < 0.6 * whole
