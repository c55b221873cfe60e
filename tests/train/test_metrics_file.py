import json

from clova_jax.train.metrics import JsonLines, read_metrics


def test_rows_past_the_checkpoint_are_cut_and_the_rest_stays_to_the_byte(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = JsonLines(path, step=0)
    for step in range(1, 6):
        lines.log({"step": step, "loss": 1 / step})
    lines.log({"step": 3, "val_loss": 0.5})
    lines.close()
    before = path.read_text().splitlines()
    resumed = JsonLines(path, step=3)
    assert path.read_text().splitlines() == [
        line for line in before if json.loads(line)["step"] <= 3
    ]
    resumed.log({"step": 4, "loss": 0.25})
    assert read_metrics(path)[-1] == {"step": 4, "loss": 0.25}
    resumed.close()


def test_a_row_cut_short_by_a_kill_is_dropped(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1, "loss": 3.0}\n{"step": 2, "lo')
    JsonLines(path, step=5).close()
    assert read_metrics(path) == [{"step": 1, "loss": 3.0}]
