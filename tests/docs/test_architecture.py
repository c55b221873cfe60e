"""docs/architecture.md names files that exist, every room, and floors that imports keep to; the docs are linked."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "clova_jax"
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def _named() -> list[str]:
    """What stands in backticks and is a path."""
    return [
        name
        for name in re.findall(r"`([\w/.-]+)`", ARCHITECTURE)
        if "/" in name or name.endswith((".py", ".md"))
    ]


def _rooms() -> dict[str, list[Path]]:
    rooms = {path.name: sorted(path.rglob("*.py")) for path in PACKAGE.iterdir() if path.is_dir()}
    rooms |= {path.stem: [path] for path in PACKAGE.glob("*.py") if not path.name.startswith("_")}
    return {name: files for name, files in rooms.items() if files}


def _floors() -> dict[str, int]:
    lines = re.findall(r"^(\d+)\. ([a-z_, ]+)$", ARCHITECTURE.split("## Floors")[1], re.MULTILINE)
    return {room: int(number) for number, rooms in lines for room in rooms.split(", ")}


def _imported(path: Path) -> set[str]:
    """Rooms that a file imports from, inside functions too."""
    modules: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    return {name.split(".")[1] for name in modules if name.startswith("clova_jax.")}


def test_every_path_it_names_exists():
    names = _named()
    assert len(names) > 100
    missing = [n for n in names if not (PACKAGE / n).exists() and not (ROOT / n).exists()]
    assert not missing


def test_every_room_has_a_row_and_a_floor():
    rooms = set(_rooms())
    table = set(re.findall(r"^\| `([\w]+)(?:/|\.py)`", ARCHITECTURE, re.MULTILINE))
    assert rooms <= table
    assert rooms <= set(_floors())


@pytest.mark.parametrize("room", sorted(_rooms()))
def test_imports_go_down(room):
    floors = _floors()
    others = {
        (str(path.relative_to(PACKAGE)), other)
        for path in _rooms()[room]
        for other in _imported(path)
        if other in floors and other != room and floors[other] >= floors[room]
    }
    assert not others


def _modules() -> dict[str, Path]:
    """Files of the package by the name that they are imported by."""
    files = sorted(PACKAGE.rglob("*.py"))
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files}
    return {name.removesuffix(".__init__"): path for name, path in names.items()}


def _edges() -> dict[str, set[str]]:
    """Module to the modules that it imports at its top level (not what only type checkers import)."""
    modules = _modules()
    edges: dict[str, set[str]] = {}
    for name, path in modules.items():
        found = edges.setdefault(name, set())
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    found.add(whole if whole in modules else node.module)
        edges[name] = found & modules.keys()
    return edges


def _circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Finds circles: modules that import no other one left are taken out; what remains leads to a circle."""
    left, circles = dict(edges), []
    while True:
        while done := [name for name, found in left.items() if not found & left.keys()]:
            for name in done:
                del left[name]
        if not left:
            return circles
        walk = [min(left)]
        while walk[-1] not in walk[:-1]:
            walk.append(min(left[walk[-1]] & left.keys()))
        circles.append(walk[walk.index(walk[-1]) :])
        for name in set(circles[-1]):
            del left[name]


def test_modules_do_not_import_in_circles():
    edges = _edges()
    assert len(edges["clova_jax.corpus.clean.steps"]) > 10
    assert _circles(edges) == []


def test_a_circle_is_found():
    edges = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"e"}}
    assert _circles(edges) == [["b", "c", "b"], ["e", "e"]]


@pytest.mark.parametrize("readme", ["README.md", "README.ko.md"])
def test_the_readmes_link_the_docs(readme):
    text = (ROOT / readme).read_text()
    pages = ["architecture", "paper", "words"]
    pages += [f"how-to/{path.stem}" for path in (ROOT / "docs" / "how-to").glob("*.md")]
    assert all(f"(docs/{name}.md)" in text for name in pages)


def _past_a_door(path: Path) -> list[str]:
    """Lists a file's imports from inside a room that is not its own; `common/` is a shelf, not a room."""
    parts = path.relative_to(ROOT).parts
    own = parts[1] if parts[0] == "clova_jax" and len(parts) > 2 else None
    modules: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules.append(node.module)
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    inside = [name.split(".") for name in modules if name.startswith("clova_jax.")]
    return [
        ".".join(name) for name in inside if len(name) > 2 and name[1] not in (own, "common", "cli")
    ]


def test_outsiders_come_in_by_the_door():
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "experiments").glob("*.py")]
    found = {str(path.relative_to(ROOT)): _past_a_door(path) for path in files}
    assert not {path: names for path, names in found.items() if names}


def test_the_test_of_doors_finds_what_goes_past_one(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / "clova_jax" / "train" / "x.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "from clova_jax.model import Decoder\nfrom clova_jax.train.step import TrainStep\n"
        "from clova_jax.common.files import read_json\nfrom clova_jax.model.cache import Cache\n"
        "def f():\n    import clova_jax.data.store\n"
    )
    assert _past_a_door(path) == ["clova_jax.model.cache", "clova_jax.data.store"]
