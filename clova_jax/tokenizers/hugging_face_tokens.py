"""Finds the bytes that the tokens of a Hugging Face tokenizer stand for, from its `tokenizer.json`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers.byte_level import BYTE_OF

SUPPORTED = ("ByteLevel", "Metaspace", "WordPiece", "ByteFallback", "Replace", "Fuse", "Strip")
Content = Mapping[str, Any]
_NO_SPACE_BEFORE = (".", "?", "!", ",", "n't", "'m", "'s", "'ve", "'re")
_fallback = re.compile("<0x([0-9A-F]{2})>").fullmatch


def steps_of(part: Content | None) -> Iterator[Content]:
    """Gives the steps of a normalizer, a pre-tokenizer or a decoder, one by one."""
    if part is not None:
        nested = ("normalizers", "pretokenizers", "decoders")
        inner = next((part[name] for name in nested if name in part), None)
        if inner is None:
            yield part
        for step in inner or ():
            yield from steps_of(step)


def token_bytes(
    content: Content, vocabulary: Mapping[str, int], vocab_size: int, unknown: int | None
) -> list[bytes]:
    """Gives the bytes of each id: b"" for special tokens and for ids that no token has, U+FFFD for `unknown`.

    Raises:
        ClovaError: a decoder whose tokens are no bytes; two tokens with one id.
    """
    decoder = list(steps_of(content["decoder"]))
    for step in decoder:
        if step["type"] not in SUPPORTED or "Regex" in step.get("pattern", ()):
            raise ClovaError(
                f"the tokenizer's decoder {step['type']} is not supported; there are "
                f"{', '.join(SUPPORTED)} (Replace of a text)"
            )
    if not any(step["type"] in ("ByteLevel", "Metaspace", "Replace") for step in decoder):
        decoder = [*_back_to_spaces(content), *decoder]
    if content["model"].get("byte_fallback"):
        decoder = [{"type": "ByteFallback"}, *decoder]
    added = {token["id"]: token for token in content["added_tokens"]}
    table = [b""] * vocab_size
    owner: dict[int, str] = {}
    for token, number in vocabulary.items():
        if number in owner:
            raise ClovaError(f"the tokens {owner[number]!r} and {token!r} have one id, {number}")
        owner[number] = token
        if number == unknown:
            table[number] = _bytes_of("\ufffd", decoder)
        elif number in added:
            table[number] = b"" if added[number]["special"] else token.encode()
        else:
            table[number] = _bytes_of(token, decoder)
    return table


def _bytes_of(token: str, decoder: Iterable[Content]) -> bytes:
    for step in decoder:
        kind = step["type"]
        if kind == "ByteLevel":
            return b"".join(bytes([BYTE_OF[c]]) if c in BYTE_OF else c.encode() for c in token)
        if kind == "ByteFallback" and (match := _fallback(token)):
            return bytes([int(match[1], 16)])
        if kind == "Metaspace":
            token = token.replace(step["replacement"], " ")
        elif kind == "Replace":
            token = token.replace(step["pattern"]["String"], step["content"])
        elif kind == "WordPiece":
            inside = token.startswith(step["prefix"])
            token = token[len(step["prefix"]) :] if inside else " " + token
            if step["cleanup"] and token[1:] in _NO_SPACE_BEFORE:
                token = token.removeprefix(" ")
    return token.encode()


def _back_to_spaces(content: Content) -> Iterator[Content]:
    """Yields the steps that turn marks back into spaces, for a decoder that leaves them out."""
    for step in (*steps_of(content["normalizer"]), *steps_of(content["pre_tokenizer"])):
        if step["type"] == "Metaspace":
            yield step
        elif step["type"] == "Replace" and step["pattern"].get("String") == " ":
            yield {"type": "Replace", "pattern": {"String": step["content"]}, "content": " "}


def unknown_of(content: Content, vocabulary: Mapping[str, int]) -> int | None:
    """Finds the id of unknown characters; None where no character is unknown, or unknown ones vanish."""
    if knows_every_byte(content, vocabulary):
        return None
    model = content["model"]
    if "unk_id" in model:
        return model["unk_id"]
    return vocabulary.get(model.get("unk_token"))


def knows_every_byte(content: Content, vocabulary: Mapping[str, int]) -> bool:
    """Returns whether any character can be written in bytes, by construction."""
    model = content["model"]
    if model["type"] not in ("BPE", "Unigram"):
        return False
    if model.get("byte_fallback"):
        return all(f"<0x{byte:02X}>" in vocabulary for byte in range(256))
    before = [*steps_of(content["normalizer"]), *steps_of(content["pre_tokenizer"])]
    if not any(step["type"] == "ByteLevel" for step in before):
        return False
    return all(letter in vocabulary for letter in BYTE_OF)


def adds_space(content: Content) -> bool:
    """Returns whether the tokenizer puts a space before a text.

    The pre-tokenizer may, Llama 2's normalizer, or a decoder that puts one between words.
    """
    before = [*steps_of(content["pre_tokenizer"]), *steps_of(content["normalizer"])]
    return any(
        step.get("prepend_scheme") in ("always", "first")
        or step.get("add_prefix_space") is True
        or step["type"] == "Prepend"
        for step in before
    ) or any(step["type"] == "WordPiece" for step in steps_of(content["decoder"]))
