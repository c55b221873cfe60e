"""Reading a saved tokenizer."""

from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json
from clova_jax.tokenizers.base import FORMAT, MANIFEST, Tokenizer
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


def load_tokenizer(folder: str | Path) -> Tokenizer:
    """Reads a folder that `Tokenizer.save` wrote.

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
    manifest = read_json(folder / MANIFEST)
    try:
        cls = CLASSES[manifest["kind"]]
        if manifest["format"] > FORMAT:
            raise ClovaError(
                f"{folder / MANIFEST}: format {manifest['format']} is newer than this clova_jax reads"
            )
        tokenizer = cls.read(folder, manifest)
        expected = manifest["fingerprint"]
    except (KeyError, TypeError) as error:
        raise ClovaError(f"{folder / MANIFEST}: lacks or misnames {error}; save it again") from None
    if tokenizer.fingerprint != expected:
        raise ClovaError(
            f"{folder}: its files do not belong together (fingerprint {tokenizer.fingerprint[:12]}, "
            f"{MANIFEST} says {expected[:12]}); copy the whole folder again"
        )
    return tokenizer
