"""What the rows of a study of corpus sources say: means over seeds, what is separated, and the answers."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from clova_jax.tables.source_rows import (
    Score,
    by_measure,
    draw_by_source,
    separated,
    source_notes,
    write_by_source,
)
from clova_jax.tables.source_text import CORPORA, REVIEWS

WAYS = ("raw", "normalized", "contextual", "median")


def row(corpus, seed, value, **more):
    ends = {"value": value, "low": value - 2, "high": value + 2}
    return {"model": f"{corpus}-{seed}", "corpus": corpus, "seed": seed} | ends | more


def made(few):
    """Rows of two seeds: `few` scores with examples in the paper's format, all else alike."""
    rows = []
    for corpus in CORPORA:
        for seed in (0, 1):
            rows.append(row(corpus, seed, 2.0, task=REVIEWS, metric="bits per byte"))
            for task in ("nsmc", "nsmc_stars", "nsmc_words", "ynat"):
                for shots in (0, 70):
                    value = few[corpus] + seed if task == "nsmc" and shots else 50.0
                    about = {"task": task, "metric": "accuracy", "shots": shots, "baseline": 50.0}
                    about |= {"shown_examples": 12.0, "too_long": 0, "items": 100}
                    rows += [row(corpus, seed, value, scoring=way, **about) for way in WAYS]
            about = {"task": "nsmc", "metric": "accuracy", "method": "p_tuning", "examples": 40}
            rows.append(row(corpus, seed, 50.0, baseline=50.0, **about))
    return rows


def run_of(rows, tmp_path):
    return SimpleNamespace(rows=rows, out=tmp_path, data=tmp_path)


def test_scores_are_means_with_the_outermost_ends():
    scores = by_measure(made(dict.fromkeys(CORPORA, 60.0)))["nsmc 70-shot, raw"]
    assert scores["rated"] == Score(60.5, 58.0, 63.0)
    assert str(scores["rated"]) == "60.50 (58.00 to 63.00)"


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9), st.floats(0, 9)), max_size=5))
def test_separated_is_beyond_both_intervals(numbers):
    scores = {
        f"c{n}": Score(ends[1], ends[0], ends[2]) for n, ends in enumerate(map(sorted, numbers))
    }
    pairs = [pair.split(" > ") for pair in separated(scores)]
    assert {tuple(pair) for pair in pairs} == {
        (a, b) for a in scores for b in scores if scores[a].low > scores[b].high
    }


def test_the_notes_answer_the_questions(tmp_path):
    few = {"rated": 80.0, "bare": 51.0, "other": 50.0, "all": 70.0}
    notes = "\n".join(source_notes(run_of(made(few), tmp_path)))
    assert "lies above the same reviews without, 51.50 (49.00 to 54.00)" in notes
    assert (
        "nsmc, raw: with 70 examples above the majority class (50.0) beyond the interval: rated, all; "
        "above the same model without examples: rated, all" in notes
    )
    assert "those of its test file are not" in notes
    assert "of 70 examples a prompt shows those that fit the training length" in notes
    alike = "\n".join(source_notes(run_of(made(dict.fromkeys(CORPORA, 60.0)), tmp_path)))
    assert "cannot be told apart from the same reviews without" in alike


def test_the_figure_is_drawn(tmp_path):
    draw_by_source(run_of(made(dict.fromkeys(CORPORA, 60.0)), tmp_path), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5_000


def test_the_table_side_by_side(tmp_path, capsys):
    few = {"rated": 80.0, "bare": 51.0, "other": 50.0, "all": 70.0}
    write_by_source(run_of(made(few), tmp_path))
    text = (tmp_path / "by_corpus.md").read_text()
    line = next(line for line in text.splitlines() if "nsmc 70-shot, raw" in line)
    assert "rated > bare" in line
    assert "all > other" in line
    assert "bare > other" not in line
    assert "nsmc p-tuned on 40" in text
    assert capsys.readouterr().out.strip() in text
