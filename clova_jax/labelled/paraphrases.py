"""Reads groups of sentences that mean the same (warnikchow/paraKQC), and pairs of what is said and answered (songys/Chatbot_data)."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_lines
from clova_jax.common.lines import table_rows

GROUP = 10  # sentences of a group of paraKQC, one after the other


def read_paraphrases(data_dir: str | Path) -> list[list[str]]:
    """Reads `dialogue/paraKQC/paraKQC_v1.txt`: `topic<TAB>act<TAB>sentence`, ten lines a group.

    A sentence that stood before is left out (the official file has 13), so that no two groups share one.

    Raises:
        ClovaError: the file is missing, a line has other fields or an empty sentence, or the last group is not complete.
    """
    path = find_file(Path(data_dir) / "dialogue" / "paraKQC", "paraKQC_v1.txt")
    groups: list[list[str]] = []
    seen: set[str] = set()
    number = 0
    for number, line in read_lines(path):
        fields = [_plain(field) for field in line.split("\t")]
        if len(fields) != 3 or not fields[2]:
            raise ClovaError(f"{path}:{number}: not topic<TAB>act<TAB>sentence")
        if number % GROUP == 1:
            groups.append([])
        if fields[2] not in seen:
            groups[-1].append(fields[2])
            seen.add(fields[2])
    if not groups or number % GROUP:
        raise ClovaError(f"{path}: {number} lines; groups of {GROUP} are wanted")
    return groups


@dataclass(frozen=True)
class Pair:
    """Holds what somebody says, the answer, and where they stand.

    Args:
        said, answered: in NFC, with single spaces.
        label: 0 daily life, 1 a parting, 2 love.
        place: `file:line`.
    """

    said: str
    answered: str
    label: int
    place: str


def read_pairs(data_dir: str | Path) -> list[Pair]:
    """Reads `dialogue/Chatbot_data/ChatbotData.csv`, with the header `Q,A,label`; a pair that repeats another is left out.

    Raises:
        ClovaError: the file is missing, is no such table, or a cell is empty or the label none of 0, 1 and 2 (spaces
            around it do not count).
    """
    path = find_file(Path(data_dir) / "dialogue" / "Chatbot_data", "ChatbotData.csv")
    found: dict[tuple[str, str], Pair] = {}
    rows = table_rows((line for _, line in read_lines(path)), ",", str(path))
    if (header := next(rows, (1, []))[1]) != ["Q", "A", "label"]:
        raise ClovaError(f"{path}:1: the header is {','.join(header)[:60]!r}, not 'Q,A,label'")
    for number, cells in rows:
        place, fields = f"{path}:{number}", [_plain(cell) for cell in cells]
        if len(fields) != 3 or not all(fields) or fields[2] not in ("0", "1", "2"):
            raise ClovaError(f"{place}: not a question, an answer and a label from 0 to 2")
        pair = Pair(fields[0], fields[1], int(fields[2]), place)
        found.setdefault((pair.said, pair.answered), pair)
    if not found:
        raise ClovaError(f"{path}: has no rows")
    return list(found.values())


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
