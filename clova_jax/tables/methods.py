"""Compares ways to teach a model one labelled task: what Table 4 and the talk's chart share."""

from collections.abc import Sequence

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import load_task
from clova_jax.tables.cells import Prompted, Tuned
from clova_jax.tables.options import ENCODERS
from clova_jax.tables.probe import probe_cell
from clova_jax.tables.recipes import make_cell
from clova_jax.tables.table import Cell, TableRun

SAMPLE_SHOTS = 6


def method_cells(
    run: TableRun,
    methods: Sequence[str],
    encoders: Sequence[str],
    examples: Sequence[int | None],
) -> list[Cell]:
    """Returns a cell for prompting, and one for each method, encoder and number of examples.

    Args:
        run: with the options of `MethodOptions`.
        methods: `few_shot`, `probe`, or names of `METHODS`.
        encoders: of p-tuning; `both` stands for all.
        examples: labelled items to learn from; None for all.

    Raises:
        ClovaError: an unknown name, a task without labels, more examples than there are.
    """
    options, shots = run.options, run.options.shots
    if not options.model and shots is None:
        shots = SAMPLE_SHOTS
        run.notes.append(
            f"few_shot shows {SAMPLE_SHOTS} reviews: the quickstart's model never read more than 128 "
            "tokens at once, and 70 do not fit"
        )
    task = load_task(options.task)
    if not task.labels:
        raise ClovaError(
            f"--task {task.name}: wants one with labels; texts are query_modification's"
        )
    encoders = ENCODERS if tuple(encoders) == ("both",) else encoders
    recipes = [
        probe_cell(count)
        if method == "probe"
        else make_cell(
            method,
            task,
            encoder=encoder,
            examples=count,
            steps=options.steps,
            batch_size=options.batch_size,
        )
        for method in methods
        if method != "few_shot"
        for encoder in (encoders if method == "p_tuning" else encoders[:1])
        for count in examples
    ]
    loaded = task.load(run.data)
    prompted = [Prompted(task, shots, options.trials)] if "few_shot" in methods else []
    seeds, limit = options.seeds, options.limit
    return [*prompted, *(Tuned(task, loaded, recipe, seeds, limit) for recipe in recipes)]


def method_notes(run: TableRun) -> list[str]:
    """Returns how to read the rows, and what each of them notes."""
    return [
        "value, low, high: percent with a 95% interval (bootstrap over items, and Student's t over seeds)",
        "examples: all labelled reviews that were used; a fifth of them (16 to 500) is the development "
        "split, which stops the run and picks its best step; seconds: of all seeds together, without what a "
        "stopped run had spent before",
        "probe: logistic regression on the frozen model's last hidden states, the mean and the last token's; what it scores, "
        "the model knows",
        "the paper's hyper-parameters are not public; its all is 150,000 reviews",
        *(f"{row['method']} {row['examples']}: {row['note']}" for row in run.rows if row["note"]),
    ]
