"""Reads transcripts (WebVTT, SRT, plain text) as cues, and masks what identifies somebody, over cues too."""

import re
from collections.abc import Sequence
from typing import Any

from clova_jax.corpus.clean import privacy

_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}")
_TAG = re.compile(
    r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}"
)  # <v Kim>, <b>, <00:01.000>, {\an8}
_BLOCK = re.compile(r"\n[ \t]*\n")

Cue = dict[str, Any]


def read_cues(text: str) -> list[Cue]:
    """Returns the cues of a transcript, in order: `text`, with `start` and `end` in seconds where the file has them.

    Args:
        text: WebVTT or SRT (blocks with a line of times), else plain text, of which every line is a cue.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "-->" not in text:
        lines = text.split("\n")
        lines = lines[1:] if lines[0].startswith("WEBVTT") else lines
        return [{"text": line} for line in map(_plain, lines) if line]
    return [cue for block in _BLOCK.split(text) if (cue := _cue(block.split("\n")))]


def _cue(lines: list[str]) -> Cue | None:
    """Returns the cue of a block; None for a header, a note, a style, or a cue without words."""
    for number, line in enumerate(lines):
        if times := _TIMES.match(line):
            said = _plain(" ".join(lines[number + 1 :]))
            start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
            return {"text": said, "start": start, "end": end} if said else None
    return None


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, thousandths = parts
    whole = 3600 * int(hours or 0) + 60 * int(minutes or 0) + int(seconds or 0)
    return round(whole + int((thousandths or "0").ljust(3, "0")) / 1000, 3)


def _plain(text: str) -> str:
    return " ".join(_TAG.sub("", text).split())


def masked_cues(cues: Sequence[Cue]) -> list[Cue]:
    """Masks the words of cues as one text: a number that is said over two of them is found too.

    What is found is masked in the cue where it begins; a cue of which nothing is left is dropped.
    """
    words = [cue["text"] for cue in cues]
    text = "\n".join(words)
    _, findings = privacy.mask(text)
    starts = [sum(map(len, words[:number])) + number for number in range(len(words))]
    kept: list[Cue] = []
    for cue, begin in zip(cues, starts, strict=True):
        end, parts, at = begin + len(cue["text"]), [], begin
        for finding in findings:
            if finding.end <= begin or finding.start >= end:
                continue
            parts.append(text[at : max(at, finding.start)])
            parts += [f"<|{finding.type}|>"] if finding.start >= begin else []
            at = min(end, finding.end)
        said = "".join([*parts, text[at:end]])
        if said.strip():
            kept.append(cue | {"text": said})
    return kept
