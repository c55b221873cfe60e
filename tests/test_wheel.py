"""What the wheel installs, built and unpacked as pip does it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import clova_jax

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.claims("services")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of a copy: a build leaves folders in the checkout."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    nothing_built = shutil.ignore_patterns("__pycache__")
    for name in ("clova_jax", "experiments", "benchmarks", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=nothing_built)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", str(out), str(copy)]
    subprocess.run(build, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return path


def test_it_carries_all_of_the_package_and_nothing_beside_it(wheel):
    assert wheel.name.startswith(f"clova_jax-{clova_jax.__version__}-")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0].split("-")[0] for name in names} == {"clova_jax"}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "clova_jax").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    experiments = {f"clova_jax/experiments/{p.name}" for p in (ROOT / "experiments").glob("*.py")}
    assert wanted | experiments == {name for name in names if name.startswith("clova_jax/")}


def test_tables_run_from_it_beside_a_users_own_experiments(wheel, tmp_path):
    installed, own = tmp_path / "installed", tmp_path / "own"
    zipfile.ZipFile(wheel).extractall(installed)
    (own / "experiments").mkdir(parents=True)
    (own / "experiments" / "few_shot.py").write_text("print('my own')\n")

    def run(*words: str) -> str:
        """Python in the user's folder, with what the wheel installed before all else."""
        program = (
            f"import sys, runpy; sys.path[:0] = ['', {str(installed)!r}]; sys.argv = {list(words)!r}; "
            "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
        )
        command = [sys.executable, "-I", "-c", program]
        done = subprocess.run(command, cwd=own, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("clova_jax", "--version") == f"clova {clova_jax.__version__}\n"
    assert run("experiments.few_shot") == "my own\n"
    assert "82b" in run("clova_jax", "table", "model_sizes", "--out", "sizes")
    assert (own / "sizes" / "table.md").is_file()
    for name in ("few_shot", "p_tuning", "tokenizer_corpus"):
        assert f"clova table {name}" in run("clova_jax", "table", name, "--help")


def test_the_studio_serves_its_page_from_it(wheel, tmp_path):
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    program = f"""
import sys
sys.path.insert(0, {str(installed)!r})
from fastapi.testclient import TestClient
from clova_jax.studio.app import make_app
from clova_jax.studio.server import Studio
from clova_jax.studio.settings import Settings
from clova_jax.studio.store import Store
import clova_jax.studio, re
assert clova_jax.studio.__file__.startswith({str(installed)!r})
client = TestClient(make_app(Studio(Settings(), Store("sqlite:///{tmp_path}/studio.db"))), base_url="http://localhost")
page = client.get("/")
assert page.headers["content-security-policy"].startswith("default-src 'none'")
wanted = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
seen = set()
while wanted:
    path = wanted.pop()
    if path not in seen:
        seen.add(path)
        found = client.get(path)
        assert found.status_code == 200, path
        if path.endswith(".js"):
            wanted += ["/static/js/" + name for name in re.findall(r'from "[.]/([^"]+)"', found.text)]
print(len(seen))
"""
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30
