"""Asks what each corpus of a study of corpus sources taught: cells, the table side by side, and what separates."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import Any

from clova_jax.common.files import whole_file
from clova_jax.common.report import format_table
from clova_jax.evaluate import load_task, score_documents
from clova_jax.sample import is_sample
from clova_jax.tables.cells import FewShot, Tuned
from clova_jax.tables.figures import draw_bars, legend, panels
from clova_jax.tables.recipes import make_cell
from clova_jax.tables.source_text import CORPORA, REVIEWS, STARRED, read_held_out
from clova_jax.tables.table import Cell, Row, TableRun

TEMPLATES = {
    "nsmc": "(긍정)/(부정), the paper's",
    "nsmc_stars": "(별점 N점), stars",
    "nsmc_words": "plain words",
}
FEWEST = 10  # held-out documents: an interval over fewer means nothing
SHOWN_SCORINGS = ("raw", "median")  # in the notes and the figure


@dataclass(frozen=True)
class BitsPerByte:
    """Measures how well a model predicts held-out text; a row a source that has some documents.

    Args:
        texts: by source.
        length: tokens a window.
    """

    texts: Mapping[str, Sequence[str]]
    length: int

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows."""
        rows = []
        for source, texts in self.texts.items():
            if len(texts) < FEWEST and source not in (REVIEWS, STARRED):
                continue
            costs = score_documents(run.model, texts, self.length)
            bits = asdict(costs.bits_per_byte(run.options.seed))
            rows.append(about(run) | {"task": source, "metric": "bits per byte"} | bits)
        return rows


@dataclass(frozen=True)
class EveryScoring:
    """Scores a task once and returns a row for each way to compare labels.

    Args:
        task: its name.
        shots, trials: as of `FewShot`.
    """

    task: str
    shots: int
    trials: int

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; finished trials are read back."""
        headline = FewShot(self.task, self.shots, self.trials, skip_long=True)(run)[0]
        same = ("task", "metric", "shots", "shown_examples", "too_long", "baseline", "items")
        row = about(run) | {name: headline[name] for name in same}
        return [row | {"scoring": way} | score for way, score in headline["scorings"].items()]


@dataclass(frozen=True)
class TunedOnce:
    """Tunes and tests a method once, with the seed of the table; the models' seeds give the spread.

    Args:
        cell: of one seed.
    """

    cell: Tuned

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns one row; a finished one is read back."""
        (row,) = self.cell(run)
        same = ("task", "metric", "method", "examples", "value", "low", "high", "baseline")
        return [about(run) | {name: row[name] for name in same}]


def about(run: TableRun) -> Row:
    """Returns which model a row is of."""
    corpus, _, seed = run.model_name.rpartition("-")
    return {"model": run.model_name, "corpus": corpus, "seed": int(seed)}


def source_cells(run: TableRun) -> list[Cell]:
    """Returns the cells of each model: held-out text, NSMC by template, YNAT, and p-tuned NSMC."""
    options = run.options
    texts = read_held_out(run.out / "corpora")
    asked = [(task, shots) for task in (*TEMPLATES, "ynat") for shots in (0, options.shots)]
    nsmc = load_task("nsmc")
    recipe = make_cell(
        "p_tuning", nsmc, encoder="lstm", examples=options.examples, steps=options.steps
    )
    tuned = Tuned(nsmc, nsmc.load(run.data), recipe, 1, options.limit)
    return [
        BitsPerByte(texts, options.length),
        *(EveryScoring(task, shots, options.trials) for task, shots in asked),
        TunedOnce(tuned),
    ]


@dataclass(frozen=True)
class Score:
    """Holds what the models of a corpus score: the mean over seeds, and the outermost ends of their intervals.

    Two scores are separated where every seed of the one lies above every seed of the other, beyond both intervals.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def by_measure(rows: Sequence[Row]) -> dict[str, dict[str, Score]]:
    """Returns what is measured -> corpus -> score over its seeds."""
    found: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[measure_of(row)][row["corpus"]].append(row)
    return {
        measure: {
            corpus: Score(
                mean(row["value"] for row in mine),
                min(row["low"] for row in mine),
                max(row["high"] for row in mine),
            )
            for corpus, mine in corpora.items()
        }
        for measure, corpora in found.items()
    }


def measure_of(row: Row) -> str:
    """Returns what a row measures, in words."""
    if "shots" in row:
        return f"{row['task']} {row['shots']}-shot, {row['scoring']}"
    if "method" in row:
        return f"{row['task']} p-tuned on {row['examples']}"
    return f"bits per byte: {row['task']}"


def separated(corpora: Mapping[str, Score]) -> list[str]:
    """Returns the pairs `A > B` of corpora whose scores are separated."""
    pairs = []
    for one, other in combinations(corpora, 2):
        for high, low in ((one, other), (other, one)):
            if corpora[high].low > corpora[low].high:
                pairs.append(f"{high} > {low}")
    return pairs


def write_by_source(run: TableRun) -> None:
    """Writes and prints `by_corpus.md`: a line a measure, a column a corpus, and which are separated."""
    table = [
        {"measure": measure}
        | {corpus: str(score) for corpus, score in corpora.items()}
        | {"separated": ", ".join(separated(corpora)) or "none"}
        for measure, corpora in by_measure(run.rows).items()
    ]
    text = format_table(table)
    with whole_file(run.out / "by_corpus.md") as file:
        file.write(f"## By corpus\n\n{text}\n")
    print(text)


def source_notes(run: TableRun) -> list[str]:
    """Returns how to read the rows, and the answers that they give."""
    rows, scores = run.rows, by_measure(run.rows)
    return [
        "; ".join(f"{name}: {what}" for name, what in CORPORA.items()),
        _overlap(run),
        f"held-out text: sources with {FEWEST} documents or more, and film reviews",
        "value, low, high: percent with a 95% interval (bits per byte: lower is better); by_corpus.md has the mean over "
        "seeds and the outermost ends of their intervals, and calls two corpora separated where these do not meet",
        "median: the threshold lies at the median of the test items' scores, which sees no label but takes both to be "
        "equally frequent",
        *_shown(rows),
        *_in_context(rows, scores),
        *_papers_format(rows, scores),
        *_perplexity(rows, scores),
    ]


def _overlap(run: TableRun) -> str:
    """Says which labelled reviews the models have read."""
    if is_sample(run.data):
        return "all text is synthetic: this says nothing of real text; no review of the NSMC files is in the corpora"
    return (
        "reviews of NSMC's training file, from which examples are shown and tuned on, are among the reviews of these "
        "corpora, those of its test file are not; a film's reviews are all read or all held out"
    )


def _shots(rows: Sequence[Row]) -> int:
    return max(row.get("shots", 0) for row in rows)


def _shown(rows: Sequence[Row]) -> list[str]:
    """Says how many examples fitted what the models were trained on."""
    asked = _shots(rows)
    shown: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.get("shots") == asked and asked:
            shown[row["task"]].append(row["shown_examples"])
    each = ", ".join(f"{task} {mean(counts):.1f}" for task, counts in shown.items())
    return [
        f"of {asked} examples a prompt shows those that fit the training length, on the average: {each}"
    ] * bool(shown)


def _in_context(rows: Sequence[Row], scores: Mapping[str, Mapping[str, Score]]) -> list[str]:
    """Says where examples in the prompt lift a score above the majority class, and above no examples."""
    asked, notes = _shots(rows), []
    baselines = {row["task"]: row["baseline"] for row in rows if "shots" in row}
    for task, baseline in baselines.items():
        for way in SHOWN_SCORINGS:
            few = scores[f"{task} {asked}-shot, {way}"]
            none = scores[f"{task} 0-shot, {way}"]
            above = [name for name, score in few.items() if score.low > baseline]
            gains = [name for name, score in few.items() if score.low > none[name].high]
            notes.append(
                f"{task}, {way}: with {asked} examples above the majority class ({baseline:.1f}) beyond the interval: "
                f"{', '.join(above) or 'none'}; above the same model without examples: {', '.join(gains) or 'none'}"
            )
    return notes


def _papers_format(rows: Sequence[Row], scores: Mapping[str, Mapping[str, Score]]) -> list[str]:
    """Says whether stars in the text help the paper's own format."""
    notes = []
    for way in SHOWN_SCORINGS:
        corpora = scores[f"nsmc {_shots(rows)}-shot, {way}"]
        rated, bare = corpora["rated"], corpora["bare"]
        verdict = "cannot be told apart from"
        if pairs := separated({"rated": rated, "bare": bare}):
            verdict = "lies above" if pairs == ["rated > bare"] else "lies below"
        notes.append(
            f"the paper's format, {way}: with labels like it in the text (stars in brackets) {rated} {verdict} the same "
            f"reviews without, {bare}"
        )
    return notes


def _perplexity(rows: Sequence[Row], scores: Mapping[str, Mapping[str, Score]]) -> list[str]:
    """Sets the order of the corpora by bits per byte of reviews beside that by few-shot accuracy."""
    bits, few = scores[f"bits per byte: {REVIEWS}"], scores[f"nsmc {_shots(rows)}-shot, raw"]
    orders = [
        " < ".join(sorted(bits, key=lambda name: bits[name].value)),
        " > ".join(sorted(few, key=lambda name: -few[name].value)),
    ]
    return [f"bits per byte of reviews: {orders[0]}; NSMC in the paper's format: {orders[1]}"]


def draw_by_source(run: TableRun, path: Path) -> None:
    """Draws NSMC by template and corpus, without and with examples, and bits per byte of each source."""
    scores, asked = by_measure(run.rows), _shots(run.rows)
    baseline = next(row["baseline"] for row in run.rows if row["task"] == "nsmc")

    def bars(axes: Any, names: Sequence[str], measures: Sequence[str]) -> None:
        series = {
            corpus: [asdict(scores[measure][corpus]) for measure in measures] for corpus in CORPORA
        }
        draw_bars(axes, names, series)

    with panels(path, 3, size=(5.5, 4.2)) as axes:
        for panel, shots in zip(axes, (0, asked), strict=False):
            names = [TEMPLATES[task].replace(", ", "\n") for task in TEMPLATES]
            bars(panel, names, [f"{task} {shots}-shot, median" for task in TEMPLATES])
            panel.axhline(baseline, ls="--", color="0.4", lw=1, label="majority class")
            panel.set(title=f"NSMC, {shots}-shot, threshold at the median", ylabel="accuracy, %")
        sources = [row["task"] for row in run.rows if row["metric"] == "bits per byte"]
        sources = list(dict.fromkeys(sources))
        bars(axes[2], sources, [f"bits per byte: {source}" for source in sources])
        axes[2].tick_params(axis="x", rotation=60)
        axes[2].set(title="held-out text", ylabel="bits per byte")
        legend(axes[0])
