"""Runs `clova import-hf`: a GPT-2-architecture model of Hugging Face becomes a model directory."""

import warnings
from dataclasses import dataclass
from pathlib import Path

from clova_jax import interop, model, tokenizers
from clova_jax.common.run_folder import holds_out


@dataclass(frozen=True)
class Options:
    """Reads config.json, safetensors and tokenizer.json; writes a model directory."""

    source: Path
    """the Hugging Face directory, or a name on the Hub: ORG/NAME[@REVISION]"""
    out: Path
    """the model directory to write"""
    tokenizer: Path | None = None
    """a tokenizer saved by clova, instead of the directory's own"""


@holds_out
def run(options: Options) -> None:
    """Imports, and says what was read."""
    model.claim_model(options.out)  # before anything large is read
    tokenizer = tokenizers.load_tokenizer(options.tokenizer) if options.tokenizer else None
    source = interop.find_source(options.source)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        lm = interop.import_model(source, options.out, tokenizer)
    for warning in said:
        print(f"note: {warning.message}")
    if "hub" in source.about:
        print("note: {name} of the Hub at commit {revision}".format(**source.about["hub"]))
    config = lm.config
    print(
        f"model: {options.out} ({config.num_params:,} parameters, {config.num_layers} layers of "
        f"{config.embed_dim}, {config.vocab_size:,} tokens, context of {config.max_length:,})"
    )
