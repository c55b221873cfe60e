"""Runs `clova export-hf`: a model directory becomes one that `transformers` and vLLM read."""

from dataclasses import dataclass
from pathlib import Path

import clova_jax
from clova_jax import interop
from clova_jax.common.options import option
from clova_jax.common.run_folder import holds_out


@dataclass(frozen=True)
class Options:
    """Writes config.json, safetensors and the tokenizer of a model."""

    model: Path
    """the model directory"""
    out: Path
    """the Hugging Face directory to write"""
    shard_gigabytes: float = option(5.0, metavar="GB", least=1e-9)
    """the most of one safetensors file"""


@holds_out
def run(options: Options) -> None:
    """Exports, and says what differs."""
    lm = clova_jax.LanguageModel.load(options.model)
    for difference in interop.to_hugging_face(lm, options.out, int(options.shard_gigabytes * 1e9)):
        print(f"note: {difference}")
    print(f"written: {options.out}")
