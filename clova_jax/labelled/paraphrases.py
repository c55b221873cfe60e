"""Reads groups of sentences that mean the same (warnikchow/paraKQC)."""

import unicodedata
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_lines

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


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
