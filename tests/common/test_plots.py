"""Pictures: Hangul has a font, the legend covers no point, the sample world stands beside nothing of the paper's."""

import pytest
from matplotlib import font_manager
from matplotlib.image import imread

from clova_jax.common import plots
from clova_jax.common.plots import figure, hangul_font, legend
from clova_jax.sample import is_sample, write_sample
from clova_jax.tables.sizes import draw_emergence


def test_a_picture_is_written_whole_or_not_at_all(tmp_path):
    with figure(tmp_path / "plot.png", 1, 2) as (left, right):
        left.plot([1, 2], label="하나")
        right.plot([2, 1])
    assert imread(tmp_path / "plot.png").shape[2] == 4

    with pytest.raises(ValueError, match="half"), figure(tmp_path / "other.png") as axes:
        axes.plot([1], [2])
        raise ValueError("half drawn")
    assert [path.name for path in tmp_path.iterdir()] == ["plot.png"]


def test_the_legend_lies_outside_the_axes(tmp_path):
    with figure(tmp_path / "plot.png", 2, 2, (8, 6)) as grid:
        for axes in grid.flat:
            for number in range(5):
                axes.plot([0, 1], [number, number], label=f"a long name of line {number}")
            axes.set_xlabel("examples")
            legend(axes)
    for axes in grid.flat:
        box = axes.get_legend().get_window_extent()
        assert not box.overlaps(axes.get_window_extent())
        assert not box.overlaps(axes.xaxis.label.get_window_extent())


def test_names_in_hangul_have_a_font():
    name = hangul_font()
    if name is None:
        return  # said once, see below
    path = font_manager.findfont(name, fallback_to_default=False)
    assert "Last Resort" not in name
    assert ord("뷁") in font_manager.get_font(path).get_charmap()


def test_hangul_is_drawn_without_missing_glyphs(tmp_path, recwarn):
    if hangul_font():
        with figure(tmp_path / "plot.png") as axes:
            axes.set_title("뉴스 댓글, −5%")
    assert not [w for w in recwarn if "Glyph" in str(w.message)]


def test_without_a_font_one_is_named(monkeypatch, capsys):
    monkeypatch.setattr(plots, "_has_hangul", lambda path: False)
    monkeypatch.setattr(plots, "_KNOWN", ())
    assert hangul_font.__wrapped__() is None
    assert "fonts-nanum" in capsys.readouterr().err


def test_the_sample_world_is_known_and_stands_alone(tmp_path, monkeypatch):
    assert not is_sample(tmp_path)
    assert is_sample(write_sample(tmp_path / "sample", 0.1))
    drawn = []
    monkeypatch.setattr(plots.Figure, "savefig", lambda self, *_, **__: drawn.append(self))
    row = {"part": "", "task": "nsmc", "metric": "accuracy", "shots": 70, "num_params": 10}
    row |= {"value": 60.0, "low": 55.0, "high": 65.0, "baseline": 50.0}
    for synthetic, lines in ((False, True), (True, False)):
        draw_emergence([row], tmp_path / "plot.png", synthetic)
        (axes,) = drawn.pop().axes
        labels = [line.get_label() for line in axes.get_lines()]
        assert ("paper" in labels) is lines


def test_a_legend_of_nothing_is_left_out(tmp_path, recwarn):
    with figure(tmp_path / "plot.png") as axes:
        legend(axes)
        assert axes.get_legend() is None
        axes.plot([0, 1], label="line")
        legend(axes)
        assert axes.get_legend() is not None
    assert not [w for w in recwarn if "No artists" in str(w.message)]
