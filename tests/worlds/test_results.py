"""The results are complete: each page has its figures as JSON, its command, its device, and its place in the index."""

import json
import re
from pathlib import Path

import pytest

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
    assert json.loads(page.with_suffix(".json").read_text())
    for picture in re.findall(r"\]\(([^)]*\.png)\)", text):
        assert (page.parent / picture).is_file()


@pytest.mark.parametrize("name", ["README.md", "README.ko.md", "RESULTS.md"])
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text()
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
