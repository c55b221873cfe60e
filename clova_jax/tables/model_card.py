"""Writes the card of a model: what it is, what it read, how well it predicts, whose text it is, what it cannot do."""

from collections.abc import Mapping
from pathlib import Path

from clova_jax.common.files import read_json, whole_file
from clova_jax.common.report import format_table
from clova_jax.tables.table import TableRun

LIMITS = """- It is a research model of a few million parameters. It states falsehoods, contradicts itself and loses the thread after a sentence.
- It knows the tone of film reviews best, since most of what it read are film reviews; their opinions and prejudices are in it.
- It follows no instructions and was not made safe: the text was cleaned of the worst, what it writes is not.
- Its scores on NSMC are of a model that read reviews with their stars. They are no measure of general understanding."""


def write_model_card(
    run: TableRun, directory: Path, tokens: int, note: str, licences: Mapping[str, str]
) -> None:
    """Writes `README.md` in a model directory, from the rows of a finished table.

    Args:
        run: of the table, with the rows of NSMC and of held-out text.
        directory: the model's.
        tokens: that it read in all its trainings.
        note: a sentence on its text.
        licences: of the sources of its text, by name.
    """
    shape, about = run.model.config, read_json(directory / "config.json")["about"]
    training = about["run"]
    scores = [row for row in run.rows if row["task"] != "held-out text"]
    held_out = [row for row in run.rows if row["task"] == "held-out text"]
    columns = ("task", "shots", "metric", "value", "low", "high", "baseline", "items")
    body = [
        f"# {run.model_name}",
        f"A Korean GPT-3-style decoder made by clova_jax: {shape.num_layers} layers of {shape.embed_dim}, "
        f"{shape.num_heads} heads, {shape.num_params:,} parameters, context {shape.max_length:,}, "
        f"{run.model.tokenizer.kind} tokenizer of {shape.vocab_size:,}.",
        "## What it read",
        f"{tokens:,} tokens, the last {about['tokens']:,} of them in rows of {training['length']:,}; shares of the "
        f"sources: {', '.join(training['weights']).replace('=', ' ')}. {note}",
        "## Scores",
        format_table([{name: row.get(name) for name in columns} for row in scores]),
        format_table(
            [
                {"held-out text": row["source"], "rows": row["training"]}
                | {"tokens read": row["tokens"], "bits per byte": row["value"]}
                for row in held_out
            ]
        ),
        "## Licences of the text",
        "\n".join(f"- {name}: {licence}" for name, licence in licences.items())
        or "The text is synthetic (the sample world of clova_jax).",
        "## What it cannot do",
        LIMITS,
    ]
    with whole_file(directory / "README.md") as file:
        file.write("\n\n".join(body) + "\n")
