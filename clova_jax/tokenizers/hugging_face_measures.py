"""Measures what a foreign tokenizer does to text: what it loses, and whether segments may be encoded separately."""

import itertools
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from clova_jax.tokenizers.hugging_face_tokens import knows_every_byte, steps_of

if TYPE_CHECKING:
    from clova_jax.tokenizers.base import Tokenizer

# What a text may hold, each with a text that has it. Characters are common, so that they are in a vocabulary.
PROBES = {
    "line breaks": "가\n나",
    "line breaks in a row": "가\n\n나",
    "tabs": "가\t나",
    "spaces in a row": "가  나",
    "a space at the start": " 가",
    "a space at the end": "가 ",
    "spaces before punctuation": "가 . 나 , 다 ! (라)",
    "words without spaces between them": "가,나.다(라)'s",
    "capital letters": "Ab CD",
    "accents": "é ñ",
    "decomposed Hangul": unicodedata.normalize("NFD", "가나다"),
    "full-width and compatibility forms": "Ａ１ ㈜ ½",
    "'▁'": "가▁나",
}
# Ends and beginnings at which segments of prompts meet.
_ENDS = (
    "영화",
    "재밌다.",
    "답: 1",
    "abc",
    "x = 1;",
    "(가)",
    "ㅋㅋ!",
    "말”",
    "가\ue000",
    "no?",
    "12",
)
_BEGINNINGS = (
    *(
        "\n",
        "\n\n",
        " 긍정",
        " 1",
        " a",
        " (",
        "\n\n질문: 무엇",
        "\n답:",
        "\nabc",
        "\n\n1",
        "\n- 가",
    ),
    *("\t가", "  가", "\n\ue000"),
)
_KEPT = ("Prepend", "ByteLevel")  # normalizers whose change the decoder takes back


def is_prefix_stable(encode: Callable[[str], list[int]]) -> bool:
    """Returns True if texts that meet at a space have the ids of their parts."""
    return all(
        encode(end + beginning) == encode(end) + encode(beginning)
        for end, beginning in itertools.product(_ENDS, _BEGINNINGS)
    )


def losses_of(
    tokenizer: "Tokenizer", content: Mapping[str, Any], vocabulary: Mapping[str, int]
) -> tuple[str, ...]:
    """Says what of a text does not come back from its ids, a sentence each; nothing where all does."""
    return tuple(_losses(tokenizer, content, vocabulary))


def _losses(
    tokenizer: "Tokenizer", content: Mapping[str, Any], vocabulary: Mapping[str, int]
) -> Iterator[str]:
    name = {number: token for token, number in vocabulary.items()}
    unknown = tokenizer.unknown
    if unknown is not None:
        yield f"characters outside its vocabulary become {name[unknown]!r} (id {unknown})"
    elif not knows_every_byte(content, vocabulary):
        yield "characters outside its vocabulary vanish"
    changed, lacking = [], []
    for what, text in PROBES.items():
        ids = tokenizer.encode(text)
        if tokenizer.decode(ids) != text:
            (lacking if unknown in ids else changed).append(what)
    if "line breaks" in lacking:
        yield f"line breaks become {name[unknown]!r}"
    if changed:
        yield f"not kept: {', '.join(changed)}"
    steps = [
        step["type"]
        for step in steps_of(content["normalizer"])
        if step["type"] not in _KEPT and not _writes_spaces(step)
    ]
    if steps:
        yield f"its normalizer ({', '.join(steps)}) changes some texts"
    for token in content["added_tokens"]:
        number, text = token["id"], token["content"]
        if token["special"]:
            if number != unknown and number in tokenizer.encode(f"가 {text} 나"):
                yield f"the text {text!r} becomes the special token (id {number})"
        elif token["lstrip"] or token["rstrip"]:
            yield f"spaces beside {text!r} are dropped"


def _writes_spaces(step: Mapping[str, Any]) -> bool:
    return step["type"] == "Replace" and step["pattern"].get("String") == " "
