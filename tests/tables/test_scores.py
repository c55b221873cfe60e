"""Scores of runs on a page: models by tasks, added to by anyone, the same whatever the order."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.cli import main
from clova_jax.common.errors import ClovaError
from clova_jax.tables import add_scores, read_scores


def row(model: str, task: str, value: float, **more: Any) -> dict[str, Any]:
    found = {"model": model, "task": task, "metric": "accuracy", "shots": 4, "value": value}
    return found | {"low": value - 1, "high": value + 1, "items": 10, "num_params": 1000} | more


def write_run(folder: Path, rows: list[dict[str, Any]], experiment: str = "few_shot") -> Path:
    folder.mkdir()
    found = {"experiment": experiment, "config": {"seed": 3}, "rows": rows, "environment": {}}
    (folder / "results.json").write_text(json.dumps(found), encoding="utf-8")
    return folder


def test_a_page_shows_models_by_tasks_and_is_added_to(tmp_path: Path, capsys) -> None:
    first = [row("작은|모델", "nsmc", 61.25), row("작은|모델", "nsmc", 60.0, metric="macro_f1")]
    first += [row("작은|모델", "nsmc", 5.0, part="something")]
    tuned = {"method": "p_tuning", "encoder": "lstm", "examples": 2000, "shots": 0}
    second = [
        row("large", "nsmc", 80.0, **tuned, num_params=9000),
        row("large", "ynat", 50.0, num_params=9000),
    ]
    page = tmp_path / "scores.md"
    one = write_run(tmp_path / "one", first)
    assert main(["results", str(one), "--out", str(page), "--by", "first"]) == 0
    two = write_run(tmp_path / "two", second, "p_tuning")
    assert main(["results", str(two), "--out", str(page)]) == 0
    assert "2 scores added or renewed, 4 in all" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith("|")][:4]
    assert [cell.strip() for cell in table[0].split("|")[1:-1]] == [
        *(
            "model",
            "parameters",
            "nsmc, 4-shot",
            "nsmc, p_tuning lstm, 2,000 examples",
            "ynat, 4-shot",
        )
    ]
    assert r"작은\|모델 (first)" in table[2]
    assert "61.2 (60.2 to 62.2)" in table[2]
    assert "80.0 (79.0 to 81.0)" in table[3]
    assert "## ynat" in text
    before = page.read_bytes(), page.with_suffix(".jsonl").read_bytes()
    assert main(["results", str(two), "--out", str(page)]) == 0
    assert before == (page.read_bytes(), page.with_suffix(".jsonl").read_bytes())


SCORES = st.lists(
    st.builds(
        row,
        st.sampled_from(["a", "나"]),
        st.sampled_from(["x", "y"]),
        st.floats(0, 100),
        shots=st.integers(0, 100),
        metric=st.sampled_from(["accuracy", "f1"]),
    ),
    unique_by=lambda one: (one["model"], one["task"], one["shots"], one["metric"]),
    max_size=8,
)


@given(SCORES)
def test_the_page_hangs_on_no_order(tmp_path_factory, rows) -> None:
    folder = tmp_path_factory.mktemp("runs")
    runs = [write_run(folder / str(i), [one]) for i, one in enumerate(rows)]
    pages = set()
    for name, order in enumerate((runs, runs[::-1])):
        page = folder / str(name) / "p.md"
        page.parent.mkdir(exist_ok=True)
        every = add_scores([], page)
        for one in order:
            every = add_scores(read_scores(one), page)
        assert sorted(s["value"] for s in every) == sorted(one["value"] for one in rows)
        pages.add(page.read_text(encoding="utf-8"))
    assert len(pages) == 1


@pytest.mark.parametrize(
    ("rows", "experiment", "message"),
    [
        ([], "scaling_law", "is of scaling_law; scores by model and task are those of few_shot"),
        ([{"model": "m", "task": "t"}], "few_shot", "results.json: row 1: has no 'metric'"),
    ],
)
def test_what_are_no_scores_is_named(tmp_path: Path, rows, experiment, message) -> None:
    with pytest.raises(ClovaError, match=message):
        read_scores(write_run(tmp_path / "run", rows, experiment))
    with pytest.raises(ClovaError, match="has no results.json; give the folder of a finished run"):
        read_scores(tmp_path)
    assert main(["results", "--out", str(tmp_path / "x.md")]) == 2
