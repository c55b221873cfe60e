"""Reads chats of a question and an answer: songys/Chatbot_data."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_lines
from clova_jax.common.lines import table_rows
from clova_jax.labelled.rows import label, not_empty

COLUMNS = ["Q", "A", "label"]
TOPICS = {"0": "일상", "1": "이별", "2": "사랑"}


@dataclass(frozen=True)
class Chat:
    """Holds what somebody says and the answer.

    Args:
        text, answer: in NFC, with single spaces.
        topic: 일상, 이별 or 사랑.
    """

    text: str
    answer: str
    topic: str


def read_chats(folder: str | Path) -> list[Chat]:
    """Reads `ChatbotData.csv`, with the columns `Q,A,label`; a chat that repeats another is left out.

    Args:
        folder: that holds the file, plain or compressed.

    Raises:
        ClovaError: the file is missing or no CSV, has other columns or no row, or a cell is empty or a label none of 0, 1, 2.
    """
    path = find_file(folder, "ChatbotData.csv")
    header: Sequence[str] = []
    found: dict[tuple[str, str], Chat] = {}
    for number, cells in table_rows((line for _, line in read_lines(path)), ",", str(path)):
        place = f"{path}:{number}"
        if not header:
            header = cells
            if header != COLUMNS:
                raise ClovaError(
                    f"{place}: columns {', '.join(header)}; wants {', '.join(COLUMNS)}"
                )
        elif len(cells) != len(COLUMNS):
            raise ClovaError(f"{place}: {len(cells)} cells where the header has {len(COLUMNS)}")
        else:  # one label is `2` with spaces behind it
            text, answer, about = map(_plain, cells)
            if not text or not answer:
                raise ClovaError(f"{place}: an empty question or answer")
            chat = Chat(text, answer, TOPICS[label(place, about, TOPICS)])
            found.setdefault((text, answer), chat)
    return not_empty(list(found.values()), path)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def chat_groups(chats: Sequence[Chat]) -> list[list[Chat]]:
    """Returns chats in groups, so that no two groups share a text or an answer; in order of their first chats."""
    parents: dict[tuple[str, str], tuple[str, str]] = {}

    def root(key: tuple[str, str]) -> tuple[str, str]:
        while parents.setdefault(key, key) != key:
            parents[key] = parents[parents[key]]
            key = parents[key]
        return key

    for chat in chats:
        parents[root(("text", chat.text))] = root(("answer", chat.answer))
    found: dict[tuple[str, str], list[Chat]] = {}
    for chat in chats:
        found.setdefault(root(("text", chat.text)), []).append(chat)
    return list(found.values())
