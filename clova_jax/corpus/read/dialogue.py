"""Dialogues keep who speaks: utterances become lines that begin with a speaker's id."""

import re
from collections.abc import Iterable
from typing import Any

_SPOKEN = re.compile(r"^\s*([^\s:：]{1,12})\s*[:：]\s*(\S.*)$")
_FORMS = ("text", "form", "utterance", "norm_text", "original_form", "content")
_SPEAKERS = ("speaker", "speaker_id", "speakerId", "participantID", "participant_id")


def dialogue_text(utterances: Iterable[Any]) -> str:
    """Lines `S1: …`, speakers numbered in order of first word; neighbours of one speaker are joined.

    An utterance whose speaker nobody names is a turn of its own: a line `?: …` among speakers, without a label
    where no utterance has one.

    Args:
        utterances: objects with `text` (or `form`, as the National Institute's corpora say, or `utterance`, as AI
            Hub's do) and, where known, `speaker` (or `speaker_id`, `participantID`), or plain texts. What is
            neither says nothing (`form_of`).
    """
    names: dict[str, str] = {}
    turns: list[tuple[str, list[str]]] = []
    for utterance in utterances:
        text = form_of(utterance)
        if not text:
            continue
        speaker = _speaker(utterance)
        name = names.setdefault(speaker, f"S{len(names) + 1}") if speaker else ""
        if name and turns and turns[-1][0] == name:
            turns[-1][1].append(text)
        else:
            turns.append((name, [text]))
    label = "?: " if names else ""
    return "\n".join(
        (f"{name}: " if name else label) + " ".join(texts).replace("\n", " ")
        for name, texts in turns
    )


def form_of(utterance: Any) -> str:
    """Returns the words of an utterance or a paragraph; "" where its form is unknown."""
    if isinstance(utterance, dict):
        utterance = next((utterance[key] for key in _FORMS if _plain(utterance.get(key))), "")
    return _plain(utterance)


def _speaker(utterance: Any) -> str:
    """Returns who speaks; "" where nobody is named. Speaker 0 is one like any other."""
    if not isinstance(utterance, dict):
        return ""
    for key in _SPEAKERS:
        value = utterance.get(key)
        if isinstance(value, dict):
            value = value.get("id")
        if name := _plain(value):
            return name
    return ""


def _plain(value: Any) -> str:
    """Returns a text, or a number as one, without spaces around it; "" for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    return str(value)


def number_speakers(text: str) -> str:
    """Numbers the speakers, `철수: 안녕` as `S1: 안녕`, when every line names one and at least two speak."""
    lines = [line for line in text.split("\n") if line.strip()]
    matches = [_SPOKEN.match(line) for line in lines]
    if len(lines) < 2 or not all(matches):
        return text
    utterances = [{"speaker": match[1], "text": match[2]} for match in matches if match]
    if len({utterance["speaker"] for utterance in utterances}) < 2:
        return text
    return dialogue_text(utterances)
