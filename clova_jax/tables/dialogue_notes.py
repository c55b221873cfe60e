"""Says what the rows of the dialogue table show, draws them, and writes the prompts."""

from collections.abc import Sequence
from pathlib import Path

from clova_jax.apps import dialogues as app
from clova_jax.common.files import write_jsonl
from clova_jax.evaluate import Comparison
from clova_jax.tables.dialogue_cells import SAID, percent, prompt_id, shown_to
from clova_jax.tables.figures import draw_baseline, draw_lines, legend, panels
from clova_jax.tables.left_out import LeftOut
from clova_jax.tables.table import Row, TableRun

WRITERS = ("adapted", "prompt")


def dialogue_notes(run: TableRun, domains: Sequence[LeftOut]) -> list[str]:
    """Returns how to read the rows, what was refused, and which trackers are separated."""
    notes = [
        "value, low, high: per cent with a 95% interval over test dialogues (bootstrap); baseline: that of a state that "
        f"stays empty, for {SAID} that of another goal; only slots of the domain count",
        "none: a tracker that learned nothing; match: a slot has the value of its list that was said last; real: k training "
        "dialogues; adapted, prompt: dialogues written for k goals, those accepted; labels: the model that labels these, on the test, "
        "each slot's true value and none to choose from",
        "adapted stands for what pre-training at scale gives: the model was trained further on dialogues of the other domains; "
        "prompt is the model as it is, with --shots of them before the script",
        "while a model writes or labels, marks stand for the goal's values ([요일]): a small model learns how people speak of a "
        "day before it learns to copy one from a script",
        "the tracker decides by logistic regression on characters whether a value that is said is meant: it learns from the "
        "dialogues alone, and a value in other words than its own is lost to it",
    ]
    for left in domains:
        gone = len(left.data.train) - len(left.others)
        notes.append(
            f"{left.domain}: {len(left.others):,} dialogues of other domains to adapt on, {gone:,} of its own or without a "
            f"goal left out; {len(left.test):,} to test on; no goal written for is one of any dialogue"
        )
    for row in run.rows:
        if row.get("refused") and row["metric"] == SAID:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in row["refused"].items())
            notes.append(
                f"{row['model']} {row['method']} {row['task']}, k={row['k']}: refused: {reasons}"
            )
    return [*notes, *claims(run)]


def claims(run: TableRun) -> list[str]:
    """Returns of each writer whether its tracker is above nothing and the rule, and below real dialogues, by joint goals.

    Differences are taken over the same test dialogues; a claim whose interval holds 0 cannot be told.
    """
    scores, notes = run.found.get("scores", {}), []
    for (model, domain, method, k), found in scores.items():
        if method not in WRITERS:
            continue
        rivals = {"none": 0, "match": 0, "real": k}
        for rival, count in rivals.items():
            other = scores.get(("", domain, rival, count))
            if other is None:
                continue
            both = Comparison(percent, seed=run.options.seed)
            ids = [str(number) for number in range(len(found))]
            both.add("written", ids, found[:, :2])
            both.add("rival", ids, other[:, :2])
            sign = -1 if rival == "real" else 1
            gap = both.difference("written", "rival")
            low, high = sorted((sign * gap.low, sign * gap.high))
            verdict = "holds" if low > 0 else "fails" if high < 0 else "cannot tell"
            side = "below" if rival == "real" else "above"
            notes.append(
                f"{model} {method} {domain}, k={k}: {side} {rival}: {verdict}, by {gap.value:+.1f} "
                f"({gap.low:+.1f} to {gap.high:+.1f}) points of joint goal accuracy"
            )
    return notes


def draw_dialogues(run: TableRun, path: Path) -> None:
    """Draws joint goal accuracy against the dialogues that a tracker learned from, a panel a domain."""
    rows = [row for row in run.rows if row["metric"] == "joint goal accuracy"]
    domains = list(dict.fromkeys(row["task"] for row in rows))
    with panels(path, len(domains), size=(5.5, 4)) as axes:
        for domain, panel in zip(domains, axes, strict=True):
            own = [row for row in rows if row["task"] == domain]
            draw_lines(panel, [row for row in own if row["k"]], "k", _label)
            for row in own:
                if row["method"] == "match":
                    draw_baseline(panel, [{"baseline": row["value"]}], "match")
            draw_baseline(panel, own, "none")
            panel.set(title=domain, xlabel="dialogues", ylabel="joint goal accuracy, %")
            legend(panel)


def _label(row: Row) -> str:
    return f"{row['model']} {row['method']}".strip()


def write_scripts(run: TableRun, domains: Sequence[LeftOut]) -> None:
    """Writes `prompts.jsonl`: under its key in `dialogues.jsonl` the prompt of each dialogue."""
    write_jsonl(
        run.out / "prompts.jsonl",
        (
            {
                "prompt": prompt_id(writer, left.domain, number),
                "text": shown_to(run, writer, left)[0] + app.as_prompt([goal]),
            }
            for left in domains
            for writer in run.options.writer
            for number, goal in enumerate(left.goals(max(run.options.k)))
        ),
    )
