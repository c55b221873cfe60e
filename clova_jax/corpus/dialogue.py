"""Dialogues keep who speaks: utterances become lines that begin with a speaker's id."""

import re
from typing import Any

_SPOKEN = re.compile(r"^\s*([^\s:：]{1,12})\s*[:：]\s*(\S.*)$")


def dialogue_text(utterances: list[dict[str, Any]]) -> str:
    """Lines `S1: …`, speakers numbered in order of first word; neighbours of one speaker are joined.

    Args:
        utterances: objects with `text` (or `form`, as the National Institute's corpora say) and,
            where known, `speaker` (or `speaker_id`).
    """
    names: dict[str, str] = {}
    turns: list[tuple[str, list[str]]] = []
    for utterance in utterances:
        text = str(utterance.get("text") or utterance.get("form") or "").strip()
        if not text:
            continue
        speaker = str(utterance.get("speaker") or utterance.get("speaker_id") or "?")
        name = names.setdefault(speaker, f"S{len(names) + 1}")
        if turns and turns[-1][0] == name:
            turns[-1][1].append(text)
        else:
            turns.append((name, [text]))
    return "\n".join(f"{name}: {' '.join(texts)}" for name, texts in turns)


def number_speakers(text: str) -> str:
    """`철수: 안녕` as `S1: 안녕`, when every line says who speaks and at least two speak."""
    lines = [line for line in text.split("\n") if line.strip()]
    matches = [_SPOKEN.match(line) for line in lines]
    if len(lines) < 2 or not all(matches):
        return text
    utterances = [{"speaker": match[1], "text": match[2]} for match in matches if match]
    if len({utterance["speaker"] for utterance in utterances}) < 2:
        return text
    return dialogue_text(utterances)
