"""What the code cites of the paper exists in docs/paper.md, and the doc's figures are those of the code."""

import re
from pathlib import Path

import pytest

from clova_jax.paper import TABLE_3

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "docs" / "paper.md"
_SECTION = re.compile(r"\bsections? (\d+(?:\.\d+)*)(?:(?:,| and| to) (\d+\.\d+))?", re.IGNORECASE)
_FOLDERS = ("clova_jax", "experiments", "benchmarks", "docs", "tests")


def _texts() -> list[Path]:
    found = [path for folder in _FOLDERS for path in (ROOT / folder).rglob("*.py")]
    found += (ROOT / "docs").rglob("*.md")
    return sorted([*found, *ROOT.glob("*.md")])


def _headings() -> set[str]:
    """Numbers of the doc's headings; "1-2" stands for both."""
    numbers = re.findall(r"^#+ (\d+(?:[.-]\d+)?) ", PAPER.read_text(), re.MULTILINE)
    return {part for number in numbers for part in number.split("-")}


def _cited(text: str) -> set[str]:
    return {number for match in _SECTION.findall(text) for number in match if number}


def test_every_section_that_is_cited_is_a_heading():
    headings = _headings()
    assert {"3.1", "3.2", "3.3", "4.1", "4.2", "4.3", "4.4", "5.1", "5.2", "5.3", "5.4"} <= headings
    cited = {str(path): _cited(path.read_text()) for path in _texts()}
    wrong = {path: numbers - headings for path, numbers in cited.items() if numbers - headings}
    assert not wrong
    assert {"3.1", "3.2", "3.3", "4.1", "5.3"} <= set().union(*cited.values())


@pytest.mark.parametrize(
    "text", ["(paper, section 3.2; GPT-3)", "Sections 4.1 and 3.2", "section 3.2."]
)
def test_a_citation_is_seen(text):
    assert "3.2" in _cited(text)


def test_every_table_has_a_heading():
    assert re.findall(r"^### Table (\d)", PAPER.read_text(), re.MULTILINE) == list("12345678")


def test_the_first_row_of_table_6_is_the_1_3b_of_table_3():
    (row,) = (row for row in TABLE_3 if row["model"] == "HyperCLOVA 1.3B")
    (line,) = re.findall(
        r"^\| morpheme-aware byte-level BPE \|(.*)\|$", PAPER.read_text(), re.MULTILINE
    )
    figures = [float(number) for number in re.findall(r"\d+\.\d+", line)]
    columns = ("KorQuAD EM", "KorQuAD F1", "Ko→En BLEU", "En→Ko BLEU", "YNAT F1", "KLUE-STS F1")
    assert figures == [row[column] for column in columns]
