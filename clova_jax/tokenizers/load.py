"""Loads a saved tokenizer."""

from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json
from clova_jax.common.hashes import check_hashes
from clova_jax.common.json_values import fields
from clova_jax.tokenizers.base import BEFORE_HASHES, FORMAT, MANIFEST, Tokenizer
from clova_jax.tokenizers.byte_level import ByteTokenizer
from clova_jax.tokenizers.char import CharTokenizer
from clova_jax.tokenizers.hugging_face import HuggingFaceTokenizer
from clova_jax.tokenizers.lookup import CharacterTokenizer, EojeolTokenizer
from clova_jax.tokenizers.morpheme_byte import MorphemeByteTokenizer

CLASSES: dict[str, Any] = {
    cls.kind: cls
    for cls in (
        MorphemeByteTokenizer,
        ByteTokenizer,
        CharTokenizer,
        EojeolTokenizer,
        CharacterTokenizer,
        HuggingFaceTokenizer,
    )
}


def load_tokenizer(folder: str | Path, verify: bool = True) -> Tokenizer:
    """Reads a folder that `Tokenizer.save` wrote.

    Args:
        folder: the tokenizer's.
        verify: compare every file with its hash.

    Raises:
        ClovaError: no such folder, not a tokenizer of this project, or files that do not match.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ClovaError(f"{folder}: no such folder; train one with `clova tokenizer`")
    if not (folder / MANIFEST).is_file():
        hint = (
            "a Hugging Face tokenizer is read by clova_jax.interop"
            if (folder / "tokenizer.json").is_file()
            else "train one with `clova tokenizer`"
        )
        raise ClovaError(f"{folder}: no tokenizer of clova_jax (it has no {MANIFEST}); {hint}")
    path = folder / MANIFEST
    values = read_json(path)
    manifest = fields(values, path, {"format": int, "kind": str})
    if manifest["format"] not in (FORMAT, BEFORE_HASHES):
        raise ClovaError(
            f"{path}: format {manifest['format']} is not one this clova_jax reads ({BEFORE_HASHES}, {FORMAT}); "
            "install a newer one"
        )
    if manifest["format"] == FORMAT:
        check_hashes(folder, verify)
    cls = CLASSES.get(manifest["kind"])
    if cls is None:
        raise ClovaError(
            f"{path}: no tokenizer kind {manifest['kind']!r}; there are: {', '.join(CLASSES)}"
        )
    kinds = {"vocab_size": int, "fingerprint": str, "options": dict, "facts": dict}
    manifest |= fields(values, path, kinds)
    try:
        tokenizer: Tokenizer = cls.read(folder, manifest)
    except ClovaError as error:
        place = "" if str(error).startswith(str(folder)) else f"{folder}: "
        raise ClovaError(f"{place}{error}") from None
    left_out = () if manifest["format"] == FORMAT else ("cuts",)
    found = {
        "vocab_size": tokenizer.vocab_size,
        "fingerprint": tokenizer.fingerprint_without(*left_out),
    }
    for name, value in found.items():
        if value != manifest[name]:
            raise ClovaError(
                f"{folder}: its files do not belong together ({name} {value}, {MANIFEST} says "
                f"{manifest[name]}); copy the whole folder again"
            )
    return tokenizer
