"""Describes media of a document: a marker in the text for each, and what is known of it in `meta["media"]`, in order.

The marker `<|image 2|>` stands where the second medium of a document stands, so that its place survives later steps
of cleaning; where a step removed it, the place is unknown.
"""

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.json_values import as_dataclass
from clova_jax.corpus.documents import Document

TYPES = ("image", "audio", "video")
_MARKER = re.compile(r"<\|(?=(?:image|audio|video) \d+\|>)")


@dataclass(frozen=True)
class Medium:
    """Holds what is known of an image, a sound or a video.

    Args:
        type: one of `TYPES`.
        path: of the file: as its document names it, and once it is kept `media/ab/abcd….jpg`, by its hash.
        sha256: of its bytes; "" where it is not known yet.
        size: in bytes.
        mime: by the name of the file, such as `image/jpeg`.
        at: character of the text at which its marker begins, or will; None where its place is not known.
        alt: the words that a page has for those who do not see it.
        caption: the words beside it.
        transcript: what is said in it: `{"text": …}`, with `start` and `end` in seconds where they are known.
        track: path of a file with the transcript, WebVTT, SRT or plain text, until that is read.
    """

    type: str
    path: str
    sha256: str = ""
    size: int = 0
    mime: str = ""
    at: int | None = None
    alt: str = ""
    caption: str = ""
    transcript: tuple[dict, ...] = ()
    track: str = ""

    def as_json(self) -> dict[str, Any]:
        """Returns it as a JSON object, without what is not known."""
        found = {name: value for name, value in asdict(self).items() if value not in ("", (), None)}
        return found | ({"transcript": list(self.transcript)} if self.transcript else {})


def read_medium(value: Any, place: str) -> Medium:
    """Returns the medium of a JSON object; `type` may be left out where the file's name says it.

    Args:
        value: an entry of `meta["media"]`.
        place: of it, for messages.

    Raises:
        ClovaError: it is none, of an unknown key, or of a type that nothing says.
    """
    if isinstance(value, dict):
        value = dict(value)
        if isinstance(said := value.get("transcript"), str):
            value["transcript"] = [{"text": said}]
        if "type" not in value:
            value["type"] = type_of(str(value.get("path", "")))
    medium = as_dataclass(Medium, value, place)
    if medium.type not in TYPES:
        raise ClovaError(f"{place}: type is {medium.type!r}; one of {', '.join(TYPES)}")
    for cue in medium.transcript:
        times = [cue.get("start"), cue.get("end")]
        if not isinstance(cue.get("text"), str) or any(type(t) is bool for t in times):
            raise ClovaError(f"{place}: transcript: expected objects with a text")
        if not all(isinstance(t, int | float | None) for t in times):
            raise ClovaError(f"{place}: transcript: start and end are seconds, not {times}")
    return medium


def mime_of(path: str) -> str:
    """Returns the MIME type that the name of a file says; "" where it says none."""
    return mimetypes.guess_type(Path(path).name, strict=False)[0] or ""


def type_of(path: str) -> str:
    """Returns which of `TYPES` the name of a file says; "" where it says none."""
    kind = mime_of(path).split("/")[0]
    return kind if kind in TYPES else ""


def marker(type_: str, number: int) -> str:
    """Returns what stands in the text for the medium of a number, from 1."""
    return f"<|{type_} {number}|>"


def broken(text: str) -> str:
    """Returns a text in which nothing reads as a marker: `<|image 1|>` becomes `< |image 1|>`."""
    return _MARKER.sub("< |", text) if "<|" in text else text


def placed(text: str, media: Sequence[Medium]) -> tuple[str, list[Medium]]:
    """Puts markers into a text, in the order of their places; those without a place come at its end.

    Args:
        text: without markers, or with those of these very media (a document that was prepared before).
        media: `at` counts characters of `text`.

    Returns:
        The text with markers, and the media with `at` as the place of theirs.

    Raises:
        ClovaError: a place beyond the text.
    """
    text, media = taken(text, media)
    for number, medium in enumerate(media, 1):
        if medium.at is not None and not 0 <= medium.at <= len(text):
            raise ClovaError(
                f"medium {number}: at is {medium.at}, the text has {len(text)} characters"
            )
    ends = [len(text) if medium.at is None else medium.at for medium in media]
    order = sorted(range(len(media)), key=ends.__getitem__)
    parts, result, at, length = [], [], 0, 0
    for number, which in enumerate(order, 1):
        parts.append(broken(text[at : ends[which]]))
        length += len(parts[-1])
        result.append(replace(media[which], at=length))
        parts.append(marker(media[which].type, number))
        length += len(parts[-1])
        at = ends[which]
    return "".join([*parts, broken(text[at:])]), result


def taken(text: str, media: Sequence[Medium]) -> tuple[str, list[Medium]]:
    """Takes the markers out again: returns the text without them, and the media with their places in that text."""
    marks = [marker(medium.type, number) for number, medium in enumerate(media, 1)]
    own = [
        medium.at
        for medium, mark in zip(media, marks, strict=True)
        if medium.at is not None and medium.at >= 0 and text.startswith(mark, medium.at)
    ]
    lengths = dict(zip(own, (text.index("|>", at) + 2 - at for at in own), strict=True))
    parts, at = [], 0
    for start in sorted(lengths):
        parts.append(text[at:start])
        at = start + lengths[start]
    parts.append(text[at:])

    def without(place: int | None) -> int | None:
        if place is None:
            return None
        return place - sum(length for start, length in lengths.items() if start < place)

    return "".join(parts), [replace(medium, at=without(medium.at)) for medium in media]


def media_of(document: Document) -> list[Medium]:
    """Returns the media of a prepared document, with the places that they have in its text now.

    Raises:
        ClovaError: `meta["media"]` is no list of media.
    """
    found = document.meta.get("media", [])
    if not isinstance(found, list):
        raise ClovaError(f"{document.id}: meta.media is {found!r:.40}; expected a list")
    media = []
    for number, value in enumerate(found, 1):
        medium = read_medium(value, f"{document.id}: medium {number}")
        at = document.text.find(marker(medium.type, number))
        media.append(replace(medium, at=None if at < 0 else at))
    return media
