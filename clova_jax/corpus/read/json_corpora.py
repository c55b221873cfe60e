"""Reads corpora that are one JSON value per file: of the National Institute of Korean Language (모두의 말뭉치), of AI Hub.

The Institute's files hold `{"document": [{"id", "metadata", "paragraph": [{"form"}]}]}`, or in place of paragraphs
`"utterance": [{"form", "speaker_id"}]`. AI Hub's hold a list under `data` or `info`, or one dialogue, with the same
things under other names and some levels deeper. Documents are read one after another, never the whole file.
"""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_chunks
from clova_jax.common.json_values import DEEPEST, refuse_deep
from clova_jax.corpus.clean.privacy import excerpt
from clova_jax.corpus.documents import LONGEST
from clova_jax.corpus.places import OnError
from clova_jax.corpus.read.dialogue import dialogue_text, form_of

INSTITUTE = "document"  # the list of documents in the Institute's files
_LISTS = (INSTITUTE, "documents", "data", "info")
_UTTERANCES = ("utterance", "utterances", "dialogue", "dialogs", "lines", "turns", "body")
_PARAGRAPHS = ("paragraph", "paragraphs", "sentence", "sentences")
_TEXTS = ("text", "form", "content", "body")
_ABOUT = ("metadata", "header", "info", "dialogueInfo")
_LEVELS = 4
_LONGEST_WORD = 1 << 16


def json_documents(
    path: Path, charset: str, on_error: OnError
) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Streams `(number from 1, key of the list, {"text", "meta" and, where known, "id"})` of a file.

    Args:
        path: the file, decompressed by its suffix.
        charset: a codec's name.
        on_error: called for each document that cannot be read, with its line.

    Raises:
        ClovaError: not JSON from some line on, or the file is damaged; what stands before has been yielded.
    """
    text = _Stream(path, charset)
    for number, (line, key, value) in enumerate(_members(text), 1):
        try:
            yield number, key, _document(value)
        except ClovaError as error:
            on_error(ClovaError(f"{path}:{line}: document {number}: {error}"))


class _Stream:
    """The text of a file, a window of it in memory.

    Args:
        path: the file.
        charset: what it is in.
    """

    def __init__(self, path: Path, charset: str) -> None:
        self.path = path
        self._pieces = read_chunks(path)
        self._decoder = codecs.getincrementaldecoder(charset)(errors="replace")
        self._window, self._at, self._line, self._gone = "", 0, 1, 0

    @property
    def line(self) -> int:
        """Number of the line that is read next."""
        return self._line + self._window.count("\n", 0, self._at)

    @property
    def taken(self) -> int:
        """Characters read so far."""
        return self._gone + self._at

    def peek(self) -> str:
        """Returns the next character that is no whitespace; "" at the end of the file."""
        while True:
            while self._at < len(self._window):
                char = self._window[self._at]
                if char not in " \t\r\n":
                    return char
                self._at += 1
            if not self._more():
                return ""

    def take(self, wanted: str) -> None:
        """Passes over one of some characters."""
        char = self.peek()
        if not char or char not in wanted:
            found = repr(char) if char else "the end of the file"
            raise ClovaError(
                f"{self.path}:{self.line}: not JSON ({found} instead of {' or '.join(wanted)})"
            )
        self._at += 1

    def value(self) -> Any:
        """Reads one JSON value."""
        self.peek()
        while True:
            try:
                value, end = json.JSONDecoder().raw_decode(self._window, self._at)
            except RecursionError:
                raise self._wrong(f"nested deeper than {DEEPEST}") from None
            except ValueError as error:
                if self._more():
                    continue
                raise self._wrong(getattr(error, "msg", str(error))) from None
            if end == len(self._window) and self._more():  # a number may go on
                continue
            self._at = end
            return value

    def _more(self) -> bool:
        """Doubles what is ahead of us, so that trying again costs no more than reading; False at the end."""
        self._line += self._window.count("\n", 0, self._at)
        self._gone += self._at
        parts, wanted = [self._window[self._at :]], max(len(self._window) - self._at, _LONGEST_WORD)
        self._window, self._at = parts[0], 0
        if len(self._window) > LONGEST:
            raise self._wrong(f"a value of over {LONGEST >> 20} million characters")
        while wanted > 0:
            piece = next(self._pieces, None)
            parts.append(self._decoder.decode(piece or b"", piece is None))
            wanted -= len(parts[-1])
            if piece is None:
                break
        self._window = "".join(parts)
        return len(self._window) > len(parts[0])

    def _wrong(self, reason: str) -> ClovaError:
        return ClovaError(f"{self.path}:{self.line}: not JSON that can be read ({reason})")


def _members(text: _Stream) -> Iterator[tuple[int, str, Any]]:
    """Line, key and value of each document: members of the lists, or the whole value where there is none."""
    if text.peek() == "[":
        yield from _list(text, "")
        return
    line, rest, lists = text.line, {}, False
    text.take("{")
    size = 0
    while text.peek() != "}":
        key = text.value()
        if not isinstance(key, str):
            raise ClovaError(f"{text.path}:{text.line}: not JSON (a key that is no string)")
        text.take(":")
        if key in _LISTS and text.peek() == "[":
            lists = True
            yield from _list(text, key)
        else:
            before = text.taken
            rest[key] = text.value()
            size += text.taken - before
            if size > LONGEST:
                raise ClovaError(
                    f"{text.path}:{text.line}: no list of documents ({', '.join(_LISTS)})"
                )
        if text.peek() != "}":
            text.take(",")
    text.take("}")
    if not lists:
        yield line, "", rest


def _list(text: _Stream, key: str) -> Iterator[tuple[int, str, Any]]:
    text.take("[")
    while text.peek() != "]":
        line = text.line
        yield line, key, text.value()
        if text.peek() != "]":
            text.take(",")
    text.take("]")


def _document(value: Any) -> dict[str, Any]:
    """A document from what stands for one.

    Raises:
        ClovaError: no known key holds its text.
    """
    if not isinstance(value, dict):
        raise ClovaError(f"a {type(value).__name__}, no object")
    refuse_deep(value, "JSON")
    if (utterances := _find(value, _UTTERANCES)) is not None:
        text = dialogue_text(utterances)
    elif (paragraphs := _find(value, _PARAGRAPHS)) is not None:
        text = "\n".join(form for part in paragraphs if (form := form_of(part)))
    else:
        found = next((value[key] for key in _TEXTS if isinstance(value.get(key), str)), None)
        if found is None:
            known = ", ".join((*_UTTERANCES[:1], *_PARAGRAPHS[:1], *_TEXTS[:1]))
            raise ClovaError(
                f"no text under a known key ({known} …); it has {excerpt(', '.join(value), 80)!r}"
            )
        text = found
    about = {}
    for source in (value, *(value.get(key) for key in _ABOUT)):
        if isinstance(source, dict):
            about |= {
                key: item
                for key, item in source.items()
                if isinstance(item, (str, int, float)) and item != "" and key not in (*_TEXTS, "id")
            }
    if isinstance(about.get("topic"), str):
        about.setdefault("category", about["topic"])
    row = {"text": text, "meta": about}
    if isinstance(value.get("id"), (str, int)) and value["id"] != "":
        row["id"] = str(value["id"])
    return row


def _find(value: dict[str, Any], names: tuple[str, ...]) -> list[Any] | None:
    """The list of utterances or paragraphs under one of some names, the nearest to the top."""
    level = [value]
    for _ in range(_LEVELS):
        for held in level:
            for name in names:
                found = held.get(name)
                if isinstance(found, list) and any(form_of(part) for part in found):
                    return found
        level = [inner for held in level for inner in held.values() if isinstance(inner, dict)]
    return None
