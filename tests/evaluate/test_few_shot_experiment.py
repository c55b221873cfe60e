"""`python -m experiments.few_shot` from the command line to its files."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from clova_jax import paper
from clova_jax.tables.models import model_names
from clova_jax.tables.sizes import draw_emergence, size_table
from experiments import few_shot


@pytest.fixture
def models(guesser, monkeypatch, tmp_path) -> list[str]:
    """Two model directories in name; what is loaded from them guesses."""
    folders = [tmp_path / name / "model" for name in ("small", "large")]
    made = {str(folder): guesser() for folder in folders}
    made[str(folders[1])].config = made[str(folders[1])].config.replace(num_layers=4)
    loader = SimpleNamespace(load=lambda folder, mesh=None: made[str(folder)])
    monkeypatch.setattr("clova_jax.LanguageModel", loader)
    return [str(folder) for folder in folders]


def run(*argv: str) -> int:
    return few_shot.TABLE.main(list(argv), prog="few_shot")


def test_several_models_make_the_tables_and_the_plot(models, data, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    command = ["--model", *models, "--data", str(data), "--out", str(out)]
    command += ["--tasks", "nsmc,klue_sts,query_modification", "--shots", "0,3"]
    command += ["--trials", "2", "--limit", "6"]
    assert run(*command) == 0
    results = json.loads((out / "results.json").read_text())
    assert set(results) >= {"experiment", "config", "rows", "paper", "environment"}
    rows = results["rows"]
    assert {row["model"] for row in rows} == {"small", "large"}
    for row in rows:
        assert {"task", "metric", "shots", "value", "low", "high", "baseline"} <= set(row)
    # nsmc 1 metric, klue_sts 4, query_modification 1; two models; 0 and 3 shots
    assert len(rows) == (1 + 4 + 1) * 2 * 2
    predictions = [json.loads(s) for s in (out / "predictions.jsonl").read_text().splitlines()]
    assert len(predictions) == 2 * 3 * (1 + 2) * 6
    assert {"task", "trial", "id", "prediction", "answers"} <= set(predictions[0])
    assert (out / "emergence.png").read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr().out
    assert "HyperCLOVA 137M" in shown
    assert "majority class" in shown
    before = (out / "trials.jsonl").read_text()
    assert run(*command) == 0
    assert (out / "trials.jsonl").read_text() == before, "nothing is computed twice"
    assert json.loads((out / "results.json").read_text())["rows"] == rows


def test_the_size_table_has_the_papers_columns() -> None:
    common = {"part": "", "shots": 70, "num_params": 10, "model": "m", "baseline": 50.0}
    rows = [
        common | {"task": "nsmc", "metric": "accuracy", "value": 61.0},
        common | {"task": "nsmc", "metric": "accuracy", "value": 55.0, "shots": 0},
        common | {"task": "korquad", "metric": "f1", "value": 3.0, "baseline": 1.0},
        common | {"task": "ko_en", "metric": "bleu", "value": 9.0, "part": "documentation"},
    ]
    ours, nothing, *theirs = size_table(rows)
    assert (ours["NSMC acc"], ours["KorQuAD F1"], ours["Ko→En BLEU"]) == (61.0, 3.0, None)
    assert (nothing["NSMC acc"], nothing["KorQuAD F1"]) == (50.0, 1.0)
    assert [row["model"] for row in theirs][:2] == ["supervised baseline", "HyperCLOVA 137M"]
    assert len(theirs) == 9
    assert list(ours) == [
        "model",
        "num_params",
        "NSMC acc",
        "KorQuAD EM",
        "KorQuAD F1",
        "Ko→En BLEU",
    ]
    assert size_table([rows[0] | {"task": "klue_nli"}]) == []


def test_the_paper_is_shown_for_the_tasks_that_were_run(models, data, tmp_path, capsys) -> None:
    def shown(task: str) -> tuple[str, list]:
        command = ["--model", models[0], "--data", str(data), "--out", str(tmp_path / "out")]
        command += ["--tasks", task, "--shots", "1", "--trials", "1", "--limit", "3"]
        assert run(*command) == 0
        return capsys.readouterr().out, json.loads((tmp_path / "out/results.json").read_text())

    printed, results = shown("nsmc")
    assert results["paper"][1] == {
        "model": "HyperCLOVA 137M",
        "num_params": 137e6,
        "NSMC acc": 73.11,
    }
    assert "NSMC acc" in printed
    assert "KorQuAD" not in printed
    assert "NSMC acc" in (tmp_path / "out/size_table.md").read_text()
    printed, results = shown("korsts")
    assert results["paper"] == []
    assert "The paper" not in printed
    assert "HyperCLOVA" not in printed
    assert not (tmp_path / "out/size_table.md").exists()
    printed, results = shown("query_modification")
    assert {tuple(row) for row in results["paper"]} == {("model", "query modification")}


def test_the_papers_points() -> None:
    assert paper.points("nsmc", "accuracy", 70)[0] == (137e6, 73.11)
    assert len(paper.points("klue_sts", "f1", 40)) == 8
    assert paper.points("query_modification", "bleu", 3) == [(13e9, 45.64), (39e9, 65.76)]
    assert paper.points("klue_nli", "accuracy", 30) == []


def test_a_plot_of_one_model_and_a_task_the_paper_has_not(tmp_path) -> None:
    row = {"part": "", "shots": 3, "num_params": 10, "model": "m", "baseline": 33.0}
    row |= {"task": "klue_nli", "metric": "accuracy", "value": 40.0, "low": 35.0, "high": 46.0}
    draw_emergence([row], tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 5_000


def test_show_prompt_prints_one_and_scores_nothing(models, data, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    command = ["--model", models[0], "--data", str(data), "--out", str(out), "--tasks", "nsmc"]
    assert run(*command, "--shots", "2", "--limit", "4", "--show-prompt", "1") == 0
    shown = capsys.readouterr().out
    assert "2 examples" in shown
    assert shown.count("(긍정)") + shown.count("(부정)") == 2
    assert not out.exists()


def test_tasks_without_files_are_named_not_silent(models, data, tmp_path, capsys) -> None:
    for path in (data / "korquad").iterdir():
        path.unlink()
    out = tmp_path / "out"
    options = ["--model", models[0], "--data", str(data), "--out", str(out), "--shots", "1"]
    assert run(*options, "--limit", "3", "--trials", "1") == 0
    results = json.loads((out / "results.json").read_text())
    assert "korquad" not in {row["task"] for row in results["rows"]}
    assert any(note.startswith("korquad: not run") for note in results["notes"])
    assert run(*options, "--tasks", "korquad") == 2
    assert "has no file KorQuAD_v1.0_dev.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--tasks", "nsmcc"], "no task 'nsmcc'; there are: nsmc"),
        (["--tasks", "nsmc", "--shots", "-1"], "--shots: -1 is not at least 0"),
        (["--tasks", "nsmc", "--limit", "0"], "--limit: 0 is not at least 1"),
        (["--tasks", "nsmc"], "70 examples asked for"),
        (
            ["--tasks", "nsmc", "--scoring", "best"],
            "is not one of raw, normalized, contextual, median",
        ),
    ],
)
def test_mistakes_are_one_line(extra, message, models, data, tmp_path, capsys) -> None:
    command = ["--model", models[0], "--data", str(data), "--out", str(tmp_path / "out"), *extra]
    assert run(*command) == 2
    errors = capsys.readouterr().err.strip().splitlines()
    assert message in errors[-1]
    assert errors[-1].startswith("few_shot: error: ")


def test_data_is_needed_with_a_model(models, capsys) -> None:
    assert run("--model", models[0]) == 2
    assert "--data is required with --model" in capsys.readouterr().err


def test_names_of_models() -> None:
    paths = tuple(Path(p) for p in ("runs/a/model", "runs/b", "other/a/model"))
    assert model_names(paths) == ["runs/a/model", "b", "other/a/model"]
