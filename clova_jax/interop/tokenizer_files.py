"""The tokenizer of a Hugging Face directory, in and out."""

from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import write_json
from clova_jax.tokenizers import END_OF_TEXT, Tokenizer, load_tokenizer
from clova_jax.tokenizers.backend import read_backend
from clova_jax.tokenizers.base import MANIFEST
from clova_jax.tokenizers.hugging_face import HuggingFaceTokenizer


def read_tokenizer(directory: Path, config: dict[str, Any], vocab_size: int) -> Tokenizer:
    """Our own tokenizer where the directory was exported here, else its `tokenizer.json`.

    Args:
        directory: the Hugging Face directory.
        config: its `config.json`, which names the end of a text.
        vocab_size: of the model; a smaller tokenizer leaves the last ids unused.

    Raises:
        ClovaError: neither is there, or the file does not fit the model.
    """
    if (directory / MANIFEST).is_file():
        return load_tokenizer(directory)
    if not (directory / "tokenizer.json").is_file():
        raise ClovaError(
            f"{directory}: has no tokenizer.json; save the fast tokenizer there, or give a tokenizer"
        )
    backend = read_backend(directory)
    end = config.get("eos_token_id")
    if isinstance(end, list):
        end = end[0] if end else None
    if end is None:
        end = backend.token_to_id(END_OF_TEXT)
    if end is None or not 0 <= end < vocab_size:
        raise ClovaError(
            f"{directory / 'config.json'}: eos_token_id {end!r} is no token; it closes a text"
        )
    return HuggingFaceTokenizer(backend, end, vocab_size)


def write_tokenizer(tokenizer: Tokenizer, directory: Path, max_length: int) -> list[str]:
    """Writes the tokenizer for `transformers`, with our own files beside it.

    Returns:
        What differs between the two, a sentence each.
    """
    if tokenizer.kind not in ("byte", "hugging_face"):
        return _write_our_kind(tokenizer, directory, max_length)
    tokenizer.save(directory)
    backend = read_backend(directory)
    end = backend.id_to_token(tokenizer.end_of_text)
    write_json(
        directory / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": max_length,
            "bos_token": end,
            "eos_token": end,
            "unk_token": end,
            "pad_token": end,
            "clean_up_tokenization_spaces": False,
            "add_prefix_space": False,
        },
    )
    return [f"in transformers the text {end!r} is the special token; here it is plain characters"]


def _write_our_kind(tokenizer: Tokenizer, directory: Path, max_length: int) -> list[str]:
    """A kind that `transformers` has no class for: ours, through `trust_remote_code`."""
    try:
        from clova_jax.tokenizers.transformers_class import export_tokenizer
    except ImportError:  # the class is one of transformers, which is not installed here
        tokenizer.save(directory)
        return [
            f"the tokenizer ({tokenizer.kind}) is written for clova_jax only; with transformers "
            "installed, export again for its AutoTokenizer"
        ]
    export_tokenizer(tokenizer, directory, max_length)
    return [
        f"the tokenizer ({tokenizer.kind}) needs clova_jax where it runs: "
        "AutoTokenizer.from_pretrained(…, trust_remote_code=True)"
    ]
