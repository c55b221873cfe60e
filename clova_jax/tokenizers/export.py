"""Exports tokenizers to `transformers`: the same ids there, or an error, never other ids silently.

All kinds but morpheme_byte become a `tokenizer.json` that any reader of the format takes. For morpheme_byte no such
file can exist, since Kiwi cuts the text: its folder carries the code that calls us (`trust_remote_code=True`), and its
`tokenizer.json` is a notice that every reader refuses with the remedy in its message. Nothing here needs
`transformers`.

<folder>/tokenizer.json, tokenizer_config.json    what `AutoTokenizer` reads
<folder>/tokenization_clova.py                    morpheme_byte: our class, imported from clova_jax
<folder>/clova_tokenizer/                         ours, as `load_tokenizer` reads it; not for kind hugging_face
<folder>/clova_export.json                        marks the folder as an export of ours
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clova_jax.common.files import whole_file, write_json
from clova_jax.common.json_values import to_json
from clova_jax.common.output_folder import claim_folder
from clova_jax.common.places import local_path
from clova_jax.tokenizers.base import END_OF_TEXT, ORIGINALS, UNKNOWN, Tokenizer
from clova_jax.tokenizers.char import CharTokenizer
from clova_jax.tokenizers.char_export import char_backend
from clova_jax.tokenizers.hugging_face import HuggingFaceTokenizer
from clova_jax.tokenizers.lookup import LookupTokenizer
from clova_jax.tokenizers.morpheme_byte import MorphemeByteTokenizer

OURS = "clova_tokenizer"  # the folder of our own files
MODULE = "tokenization_clova"
MARK = "clova_export.json"  # marks a folder as ours
FORMAT = "clova_jax export 1"
EXPORTED = (*ORIGINALS, f"{MODULE}.py", OURS)  # what a tokenizer's export may write at the top
NEED = (
    "this tokenizer finds morphemes: pip install clova_jax, then "
    "AutoTokenizer.from_pretrained(…, trust_remote_code=True)"
)
CODE = '''"""Needs `pip install clova_jax`: the morphemes come from there."""

from clova_jax.tokenizers.transformers_class import ClovaTokenizer

__all__ = ["ClovaTokenizer"]
'''


def claim_export(folder: Path, names: Iterable[str] = ()) -> None:
    """Makes a folder ready for an export of these files and those of a tokenizer, and marks it as one.

    Raises:
        ClovaError: one of the files is there and no export of ours.
    """
    claim_folder(folder, [*names, *EXPORTED], MARK, "an export of clova_jax")
    if not (folder / MARK).exists():
        write_json(folder / MARK, {"format": FORMAT})


def export_tokenizer(
    tokenizer: Tokenizer, folder: str | Path, max_length: int | None = None
) -> list[str]:
    """Writes a folder that `transformers` reads with the same ids; an older export there is replaced.

    Args:
        tokenizer: of any kind.
        folder: where to write; may be an export's of a model.
        max_length: tokens the model takes, if known.

    Returns:
        What a user there should know, a sentence each.

    Raises:
        ClovaError: the folder holds files of these names that are no export of ours.
    """
    folder = local_path(folder)
    claim_export(folder)
    if isinstance(tokenizer, HuggingFaceTokenizer):
        files, notes = _originals(tokenizer, max_length)
    else:
        files, notes = _ours(tokenizer, max_length)
        tokenizer.save(folder / OURS)
    for name in ORIGINALS:
        if name in files:
            with whole_file(folder / name, "wb") as file:
                file.write(files[name])
        else:
            (folder / name).unlink(missing_ok=True)
    if isinstance(tokenizer, MorphemeByteTokenizer):
        write_code(folder)
    else:
        (folder / f"{MODULE}.py").unlink(missing_ok=True)
    if isinstance(tokenizer, HuggingFaceTokenizer) and (folder / OURS).is_dir():
        shutil.rmtree(folder / OURS)  # of an older export
    return notes


def write_code(folder: Path) -> None:
    """Writes the code that `trust_remote_code=True` runs for morpheme_byte, and the notice shown without that flag."""
    with whole_file(folder / f"{MODULE}.py") as file:
        file.write(CODE)
    with whole_file(folder / "tokenizer.json", "wb") as file:
        file.write(_json({"version": NEED, "added_tokens": [], "model": {}}))


def _originals(
    tokenizer: HuggingFaceTokenizer, max_length: int | None
) -> tuple[dict[str, bytes], list[str]]:
    """Returns the files that the tokenizer came in, byte for byte, and notes."""
    files = tokenizer.files()
    end = tokenizer.token_of(tokenizer.end_of_text)
    if "tokenizer_config.json" not in files:  # transformers would guess a class by the model
        files["tokenizer_config.json"] = _json(_config(max_length, eos_token=end))
    return files, [f"in transformers the text {end!r} is the special token; here it is characters"]


def _ours(tokenizer: Tokenizer, max_length: int | None) -> tuple[dict[str, bytes], list[str]]:
    special = dict.fromkeys(("bos_token", "eos_token", "pad_token"), END_OF_TEXT)
    if tokenizer.unknown is not None:
        special["unk_token"] = UNKNOWN
    config = _config(max_length, **special)
    if isinstance(tokenizer, MorphemeByteTokenizer):
        config |= {
            "tokenizer_class": "ClovaTokenizer",
            "auto_map": {"AutoTokenizer": [f"{MODULE}.ClovaTokenizer", None]},
        }
        return {"tokenizer_config.json": _json(config)}, [f"{NEED}; without the flag it is refused"]
    if isinstance(tokenizer, CharTokenizer):
        backend = char_backend(tokenizer).to_str(pretty=True).encode()
    elif isinstance(tokenizer, LookupTokenizer):
        backend = tokenizer.plain_backend().to_str(pretty=True).encode()
    else:
        backend = tokenizer.files()["tokenizer.json"]
    return {"tokenizer.json": backend, "tokenizer_config.json": _json(config)}, []


def _config(max_length: int | None, **special: str) -> dict[str, Any]:
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "split_special_tokens": True,  # special tokens in a text are text
        "clean_up_tokenization_spaces": False,
        "add_prefix_space": False,
        **special,
    }
    return config if max_length is None else config | {"model_max_length": max_length}


def _json(value: Any) -> bytes:
    return (to_json(value, indent=2) + "\n").encode()
