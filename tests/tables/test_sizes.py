"""Where gains stop: a change counts where it lies beyond both intervals, and what else could differ is held fixed."""

from clova_jax.tables.sizes import draw_emergence, draw_shots, gain_rows


def row(size: int, value: float, **more) -> dict:
    """A score of a model with an interval of two points to each side."""
    found = {"task": "nsmc", "metric": "accuracy", "part": "", "shots": 4, "tokens": 1_000}
    found |= {"model": f"m{size}", "num_params": size, "value": value, "baseline": 50.0}
    return found | {"low": value - 2, "high": value + 2} | more


def verdicts(rows: list[dict], along: str) -> list[tuple[str, str]]:
    return [(x["held"], x["verdict"]) for x in gain_rows(rows) if x["along"] == along]


def test_gains_stop_where_no_larger_model_lies_beyond_the_interval():
    rows = [row(10, 51), row(20, 60), row(40, 63), row(80, 61)]
    (found,) = gain_rows(rows)
    assert found["verdict"] == "gains until 20 parameters, above the baseline"
    assert (found["value"], found["points"], found["along"]) == (60, 4, "num_params")
    assert found["held"] == "1,000 tokens, 4-shot"


def test_a_late_rise_after_a_plateau_is_seen():
    rows = [row(10, 51), row(20, 51), row(40, 51), row(80, 60)]
    assert verdicts(rows, "num_params")[0][1] == "gains to the end, above the baseline"


def test_a_flat_line_has_no_gain():
    rows = [row(10, 51), row(20, 53), row(40, 50)]
    assert verdicts(rows, "num_params")[0][1] == "no gain, not above the baseline"


def test_each_line_holds_the_others_fixed():
    rows = [
        row(
            size,
            50 + 5 * (size == 20) * (tokens == 2_000) + 10 * (shots == 4),
            tokens=tokens,
            shots=shots,
        )
        for size in (10, 20)
        for tokens in (1_000, 2_000)
        for shots in (0, 4)
    ]
    assert len(gain_rows(rows)) == 3 * 4
    assert verdicts(rows, "tokens") == [
        ("10 parameters, 0-shot", "no gain, not above the baseline"),
        ("10 parameters, 4-shot", "no gain, above the baseline"),
        ("20 parameters, 0-shot", "gains to the end, above the baseline"),
        ("20 parameters, 4-shot", "gains to the end, above the baseline"),
    ]
    assert {verdict for _, verdict in verdicts(rows, "shots")} == {
        "gains to the end, above the baseline"
    }


def test_parts_and_models_of_unknown_tokens():
    rows = [row(10, 51, tokens=None), row(20, 60, tokens=None), row(40, 90, part="hard")]
    (found,) = gain_rows(rows)
    assert found["held"] == "tokens not known, 4-shot"


def test_plots_of_a_grid(tmp_path):
    rows = [row(s, 50 + s, tokens=t, shots=k) for s in (10, 20) for t in (1, 2) for k in (0, 4)]
    draw_emergence(rows, tmp_path / "emergence.png")
    draw_shots(rows, tmp_path / "shots.png")
    assert all((tmp_path / name).stat().st_size > 5_000 for name in ("emergence.png", "shots.png"))
