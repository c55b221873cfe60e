"""Runs `clova export-hf`: a model directory becomes one that `transformers` and vLLM read, with a model card."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import clova_jax
from clova_jax import interop, model, tables
from clova_jax.common.options import option
from clova_jax.common.run_folder import holds_out

DTYPES = {"fp32": "float32", "bf16": "bfloat16"}


@dataclass(frozen=True)
class Options:
    """Writes config.json, safetensors, the tokenizer and the card of a model."""

    model: Path | str
    """the model directory, or its URL (s3://…, gs://…)"""
    out: Path
    """the Hugging Face directory to write"""
    dtype: Literal["fp32", "bf16"] = "fp32"
    """of the weights: fp32, or bf16, rounded to the nearest"""
    shard_gigabytes: float = option(5.0, metavar="GB", least=1e-9)
    """the most of one safetensors file"""
    name: str | None = None
    """what the card calls the model (its folder's name)"""
    licence: str | None = option(None, metavar="ID")
    """licence of the weights, as the Hub names it: apache-2.0, cc-by-nc-4.0, …"""
    text: str = ""
    """a sentence for the card on the text that the model read"""
    scores: tuple[Path, ...] = option((), metavar="RUN")
    """folders of finished runs (few_shot, tune, …) whose scores of this model stand on the card"""


@holds_out
def run(options: Options) -> None:
    """Exports, and says what differs."""
    folder = interop.model_folder(options.model)
    lm = clova_jax.LanguageModel.load(folder)
    (name,) = tables.model_names((options.model,))
    scores = [row for run in options.scores for row in tables.read_scores(run)]
    card = interop.model_card(
        options.name or name,
        lm.config,
        lm.tokenizer.kind,
        model.read_about(folder),
        scores=[row for row in scores if row["model"] == name],
        licence=options.licence,
        data=options.text,
    )
    size = int(options.shard_gigabytes * 1e9)
    for difference in interop.to_hugging_face(lm, options.out, size, DTYPES[options.dtype], card):
        print(f"note: {difference}")
    print(f"written: {options.out}")
