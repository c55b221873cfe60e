"""Every notebook is kept without outputs, in both languages, and runs from top to bottom; each of its cells shows something."""

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from clova_jax import tables

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

# What the cell tagged "parameters" is followed by here: the smallest values with which every cell shows something.
SMALLEST: dict[str, dict[str, Any]] = {
    "applications": {"steps": 2, "turns": 2, "callers": 4},
    "attention": {"sentence": "이 영화는 재미있다"},
    "augmentation": {"steps": 2, "count": 2},
    "bert": {"steps": 4, "examples": 40, "tune_steps": 2, "limit": 20},
    "corpus": {"count": 200, "pairs": 10},
    "few_shot": {"shots": (0, 2), "trials": 2, "limit": 20},
    "from_base_to_chat": {"steps": 2, "preference_steps": 2, "limit": 3},
    "gpt": {"layers": 2, "steps": 4, "rates": (1e-3, 4e-3)},
    "mesh": {"steps": 2, "rows": 8, "length": 16},
    "p_tuning": {"examples": 64, "steps": 4, "limit": 40},
    "prompting": {"limit": 16, "orders": 2},
    "search": {"limit": 8, "steps": 2},
    "sentiment_neuron": {"units": 12, "epochs": 1, "reviews": 1500, "written": 8},
    "tokenizers": {"vocab_size": 1500, "sizes": (500, 1000), "every": 4},
    "translation": {"steps": 4, "pairs": 64, "limit": 8},
    "vit": {"steps": 4, "examples": 64, "tests": 20},
}
MODEL = {"megabytes": 0.5, "steps": 20, "length": 64}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's checkout in which a small quickstart has been run; notebooks run in its `notebooks/`."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "notebooks").mkdir()
    tables.make_model(tables.MakingOptions(out=folder / "runs" / "quickstart", **MODEL))
    return folder


def _parameters(notebook: Any) -> int:
    """Finds the cell whose values a test may replace."""
    (place,) = (
        number
        for number, cell in enumerate(notebook.cells)
        if "parameters" in cell.metadata.get("tags", ())
    )
    return place


def test_every_notebook_is_here():
    assert set(SMALLEST) == {path.stem for path in NOTEBOOKS}


@each_notebook
def test_its_parameters_are_those_that_are_replaced(path):
    notebook = nbformat.read(path, as_version=4)
    parsed = ast.parse(notebook.cells[_parameters(notebook)].source)
    names = [node.id for node in ast.walk(parsed) if isinstance(node, ast.Name)]
    assert set(names) == set(SMALLEST[path.stem])


@each_notebook
def test_it_is_kept_clean_and_in_both_languages(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None
        else:
            assert re.search("[가-힣]{2}", cell.source), cell.source
            assert re.search("[a-z]{3}", cell.source), cell.source
    for readme in ("README.md", "README.ko.md"):
        assert f"(notebooks/{path.name})" in (ROOT / readme).read_text()


@each_notebook
def test_it_comes_in_by_the_door(path):
    code = [
        cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
    ]
    modules = re.findall(r"^(?:from|import) clova_jax\.([\w.]+)", "\n".join(code), re.MULTILINE)
    assert modules
    assert not [name for name in modules if "." in name and not name.startswith("common.")]


@pytest.mark.claims("compiled")
@each_notebook
def test_it_runs(path, desk, monkeypatch):
    for name in ("XLA_FLAGS", "NPROC"):  # one device, as at a user's desk
        monkeypatch.delenv(name, raising=False)
    notebook = nbformat.read(path, as_version=4)
    place = _parameters(notebook)
    smallest = "\n".join(f"{name} = {value!r}" for name, value in SMALLEST[path.stem].items())
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(smallest))
    NotebookClient(
        notebook, timeout=500, resources={"metadata": {"path": desk / "notebooks"}}
    ).execute()
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and number not in (place, place + 1):
            assert any(output.output_type != "error" for output in cell.outputs), cell.source
            said = "".join(output.text for output in cell.outputs if output.get("name") == "stderr")
            # A glyph that no font has, say; a library's wish for ipywidgets is not ours.
            assert not re.search(r"(?<!Tqdm)Warning", said), said
