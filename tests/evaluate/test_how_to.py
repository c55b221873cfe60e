"""The how-tos of a task and of a table run as they stand: each is one new file."""

import json
import re
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import load_task, measure, prompt_of, task_names, tasks

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"


def example(page: str) -> str:
    """The page's example."""
    (code,) = re.findall(r"```python\n(.*?)```", (HOW_TO / page).read_text(), re.DOTALL)
    return code


@pytest.fixture
def new_task(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The page's file, as if it lay in the tasks' folder, and a data folder for it."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "naver_shopping.py").write_text(example("task.md"))
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(folder)])
    monkeypatch.delitem(sys.modules, f"{tasks.__name__}.naver_shopping", raising=False)
    data = tmp_path / "data" / "naver_shopping"
    data.mkdir(parents=True)
    rows = [f"{(1, 5, 2, 4)[i % 4]}\t{i}번째 주문인데 배송이 왔어요" for i in range(40)]
    (data / "naver_shopping.txt").write_text("\n".join(rows) + "\n")
    return data.parent


def test_a_task_is_one_new_file(new_task: Path, guesser: Any) -> None:
    assert "naver_shopping" in task_names()
    assert load_task("naver_shopping").present(new_task)
    model = guesser()
    (row,) = measure(model, "naver_shopping", new_task, shots=2, trials=2, limit=8)
    assert (row["items"], row["baseline"]) == (8, pytest.approx(50, abs=25))
    prompt = prompt_of(model, "naver_shopping", new_task, 0, shots=2, trials=1)
    assert re.search(r"\((긍정|부정)\)\n\d+번째.*\((긍정|부정)\)\n20번째", prompt.text)
    (new_task / "naver_shopping" / "naver_shopping.txt").write_text("5\t좋아요\n3\t글쎄요\n")
    with pytest.raises(ClovaError, match=r"naver_shopping.txt:2: '3\\t글쎄요' is not stars"):
        load_task("naver_shopping").load(new_task)


def test_a_table_is_one_new_file(guesser, data, tmp_path, monkeypatch, capsys) -> None:
    path = tmp_path / "shot_curve.py"
    path.write_text(example("table.md"))
    table = runpy.run_path(str(path), run_name="experiments.shot_curve")["TABLE"]
    loader = SimpleNamespace(load=lambda folder, mesh=None: guesser())
    monkeypatch.setattr("clova_jax.LanguageModel", loader)
    out = tmp_path / "out"
    words = ["--model", str(tmp_path), "--data", str(data), "--out", str(out), "--limit", "6"]
    assert table.main(words) == 0
    results = json.loads((out / "results.json").read_text())
    assert [row["shots"] for row in results["rows"]] == [0, 1, 2, 4]
    assert (out / "shot_curve.png").stat().st_size > 5_000
    assert "| model" in capsys.readouterr().out
    before = (out / "trials.jsonl").read_text()
    assert table.main(words) == 0
    assert (out / "trials.jsonl").read_text() == before, "nothing is computed twice"
    assert table.main([*words, "--trials", "0"]) == 2
