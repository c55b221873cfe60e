"""Reads the tokenizer of a Hugging Face directory."""

import re
import warnings
from pathlib import Path
from typing import Any

import tokenizers

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json
from clova_jax.common.json_values import typed
from clova_jax.tokenizers import (
    END_OF_TEXT,
    MANIFEST,
    ORIGINALS,
    OURS,
    HuggingFaceTokenizer,
    Tokenizer,
    load_tokenizer,
    read_backend,
)

ENDS = (END_OF_TEXT, "</s>", "<eos>", "[EOS]")  # looked for where no file names one that is there
SPECIAL_IDS = ("bos_token_id", "pad_token_id")  # of `config.json`; an export gives them back
_looks_special = re.compile(r"[<\[].*[>\]]").fullmatch


def read_tokenizer(directory: Path, config: dict[str, Any], vocab_size: int) -> Tokenizer:
    """Reads our tokenizer where the directory was exported here, else its `tokenizer.json`.

    A warning tells what a tokenizer of others loses of a text.

    Args:
        directory: the Hugging Face directory.
        config: its `config.json`, which names the end of a text.
        vocab_size: of the model; a smaller tokenizer leaves the last ids unused.

    Raises:
        ClovaError: neither is there, or the file does not fit the model.
    """
    for folder in (directory / OURS, directory):  # the second: exports before there was the first
        if (folder / MANIFEST).is_file():
            return load_tokenizer(folder)
    if not (directory / "tokenizer.json").is_file():
        raise ClovaError(
            f"{directory}: has no tokenizer.json; save the fast tokenizer there, or give a tokenizer"
        )
    backend = read_backend(directory / "tokenizer.json")
    end = _end_of_text(directory, config, backend, vocab_size)
    files = {
        name: (directory / name).read_bytes() for name in ORIGINALS if (directory / name).is_file()
    }
    ids = {
        name: config[name]
        for name in SPECIAL_IDS
        if isinstance(config.get(name), int) and 0 <= config[name] < vocab_size
    }
    try:
        tokenizer = HuggingFaceTokenizer(backend, end, vocab_size, files, {"ids": ids})
    except ClovaError as error:
        raise ClovaError(f"{directory / 'tokenizer.json'}: {error}") from None
    if tokenizer.losses:
        warnings.warn(
            f"{directory}: not every text comes back from this tokenizer's ids: "
            f"{'; '.join(tokenizer.losses)}",
            stacklevel=3,
        )
    return tokenizer


def _end_of_text(
    directory: Path, config: dict[str, Any], backend: tokenizers.Tokenizer, vocab_size: int
) -> int:
    """Returns the id that closes a text: what `config.json` says, if that is a special token.

    GPT-2's own 50256 stands in many a `config.json` whose model has another vocabulary; an ordinary word would end
    every text that has it. The tokenizer's files name the true one then.
    """
    path = directory / "config.json"
    given = config.get("eos_token_id")
    place = f"{path}: 'eos_token_id'"
    asked = (
        typed(given, list[int], place)
        if isinstance(given, list)
        else [typed(given, int | None, place)]
    )
    special = {
        number for number, token in backend.get_added_tokens_decoder().items() if token.special
    }

    def closes(number: int | None) -> bool:
        if number is None or not 0 <= number < vocab_size:
            return False
        return number in special or bool(_looks_special(backend.id_to_token(number) or ""))

    if found := [number for number in asked if closes(number)]:
        return found[0]
    for name in (*_named_ends(directory), *ENDS):
        number = backend.token_to_id(name)
        if number is not None and number < vocab_size:
            if given is not None:
                warnings.warn(
                    f"{path}: eos_token_id {given!r} is no special token; {name!r} (id {number}) closes a text",
                    stacklevel=4,
                )
            return number
    first = asked[0] if asked else None
    token = backend.id_to_token(first) if first is not None and 0 <= first < vocab_size else None
    what = "no token" if token is None else f"{token!r}, an ordinary token"
    raise ClovaError(
        f"{path}: eos_token_id {given!r} is {what}; it closes a text: name the end as eos_token in "
        "tokenizer_config.json"
    )


def _named_ends(directory: Path) -> list[str]:
    """Returns what the tokenizer's files call the end of a text."""
    names = []
    for file in ("tokenizer_config.json", "special_tokens_map.json"):
        path = directory / file
        if path.is_file():
            values = typed(read_json(path), dict, path)
            token = typed(values.get("eos_token"), str | dict | None, f"{path}: 'eos_token'")
            content = token.get("content") if isinstance(token, dict) else token
            names.append(typed(content, str | None, f"{path}: 'eos_token'"))
    return [name for name in names if name]
