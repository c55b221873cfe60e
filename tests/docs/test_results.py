"""The results are complete: each page has its figures as JSON, its command, its device, and its place in the index."""

import importlib
import itertools
import json
import re
import shlex
from pathlib import Path

import pytest

from clova_jax.common.command import parse
from clova_jax.common.errors import ClovaError

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "results").glob("*.md"))


def test_the_index_lists_every_page():
    index = (ROOT / "RESULTS.md").read_text()
    listed = re.findall(r"\(docs/results/(\w+)\.md\)", index)
    assert sorted(listed) == [path.stem for path in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_has_command_device_and_rows(page):
    text = page.read_text()
    assert re.search(r"python -m |clova |make |pytest ", text), "no command"
    stored = page.with_suffix(".json").read_text()
    assert json.loads(stored)
    assert not re.findall(r'"/[\w./-]+"', stored), "a folder of the machine it was made on"
    for picture in re.findall(r"\]\(([^)]*\.png)\)", text):
        assert (page.parent / picture).is_file()


@pytest.mark.parametrize("name", ["README.md", "README.ko.md", "RESULTS.md"])
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text()
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


STORED = sorted(
    path for path in (ROOT / "docs" / "results").glob("*.json") if path.with_suffix(".md").exists()
)


def commands() -> list[str]:
    """Every command that a page says has made its table."""
    found = {command for path in STORED for command in json.loads(path.read_text())["commands"]}
    assert len(found) > 20
    return sorted(found)


def options_of(words: list[str]) -> tuple[type, list[str]] | None:
    """The options of a command and its words; None for one that has no options of ours."""
    words = list(itertools.dropwhile(lambda word: re.match(r"[A-Z]+=", word), words))
    if words[:2] == ["python", "-m"]:
        return importlib.import_module(words[2]).Options, words[3:]
    if words[0] == "clova":
        verb = importlib.import_module(f"clova_jax.cli.{words[1].replace('-', '_')}")
        return verb.Options, words[2:]
    assert words[0] in ("make", "pytest"), words
    return None


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_results_still_parses(command):
    found = options_of(shlex.split(command, comments=True))
    if found is None:
        return
    options, words = found
    words = [word if word != "N" else "1" for word in words]
    try:
        parse(options, words)
        said = ""
    except ClovaError as error:
        said = str(error)
    # A page may leave out what the reader has under a name of their own.
    assert not said or "is required" in said or "give --data" in said, said


def cells(text: str) -> list[list[list[str]]]:
    """The Markdown tables of a page: rows of cells, without emphasis, the heading's first."""
    tables: list[list[list[str]]] = []
    before = ""
    for line in text.split("\n"):
        if line.startswith("|"):
            row = [cell.strip().strip("*`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if not before.startswith("|"):
                tables.append([])
            if not set("".join(row)) <= set("-: "):
                tables[-1].append(row if tables[-1] else unique(row))
        before = line
    return tables


def unique(names: list[str]) -> list[str]:
    """Numbers the headings that stand there before: `paper`, `paper (2)`."""
    counts = [names[: place + 1].count(name) for place, name in enumerate(names)]
    return [
        name if count == 1 else f"{name} ({count})"
        for name, count in zip(names, counts, strict=True)
    ]


def same(shown: str, stored: object) -> bool:
    """Tells whether a cell shows a stored value: the text, or the number to as many digits as are shown."""
    if stored is None:
        return shown == ""
    if isinstance(stored, bool) or not isinstance(stored, int | float):
        return re.sub(r"[*`\\]", "", shown) == re.sub(r"[*`\\]", "", str(stored)).replace("\n", " ")
    try:
        number = float(shown.replace(",", "").rstrip("%×").replace("−", "-"))
    except ValueError:
        return str(stored) in shown
    digits = len(shown.partition(".")[2].partition("e")[0])
    return abs(number - stored) <= 0.51 * 10.0**-digits + 0.006 * abs(stored) * ("e" in shown)


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_the_stored_figures_are_what_the_page_shows(path):
    stored = json.loads(path.read_text())
    shown = cells(path.with_suffix(".md").read_text())
    tables = stored.get("tables") or [
        stored["rows"],
        *([stored["paper"]] if stored["paper"] else []),
    ]
    assert len(shown) >= len(tables)
    for table, page in zip(tables, shown, strict=False):
        names = page[0]
        assert len(page) - 1 == len(table), names
        for row, line in zip(table, page[1:], strict=True):
            for name, cell in zip(names, line, strict=True):
                assert same(cell, row.get(name)), (path.stem, name, cell, row.get(name))


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_page_says_what_data_it_is_of(path):
    """Empty for the sample world and for what needs no data."""
    assert isinstance(json.loads(path.read_text())["config"]["data"], str)
