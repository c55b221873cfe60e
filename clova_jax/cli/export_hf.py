"""Runs `clova export-hf`: a model directory becomes one that `transformers` and vLLM read."""

from dataclasses import dataclass
from pathlib import Path

from clova_jax.common.command import option
from clova_jax.common.run_folder import holds_out


@dataclass(frozen=True)
class Options:
    """Writes config.json, safetensors and the tokenizer of a model."""

    model: Path = option(help="the model directory", metavar="DIR")
    out: Path = option(help="the Hugging Face directory to write", metavar="DIR")
    shard_gigabytes: float = option(
        5.0, "the most of one safetensors file", metavar="GB", least=1e-9
    )


@holds_out
def run(options: Options) -> None:
    """Exports, and says what differs."""
    from clova_jax import LanguageModel
    from clova_jax.interop import to_hugging_face

    lm = LanguageModel.load(options.model)
    for difference in to_hugging_face(lm, options.out, int(options.shard_gigabytes * 1e9)):
        print(f"note: {difference}")
    print(f"written: {options.out}")
