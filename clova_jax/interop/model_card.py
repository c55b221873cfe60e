"""Writes the card of an exported model, `README.md` as the Hugging Face Hub reads it: YAML for its pages, then text."""

from collections.abc import Mapping, Sequence
from typing import Any

from clova_jax.common.json_values import to_json
from clova_jax.common.report import format_table
from clova_jax.config import ModelConfig

COLUMNS = (
    "task",
    "metric",
    "shots",
    "method",
    "examples",
    "value",
    "low",
    "high",
    "baseline",
    "items",
)
NOTHING = "Not recorded."


def model_card(
    name: str,
    config: ModelConfig,
    tokenizer: str,
    about: Mapping[str, Any],
    *,
    scores: Sequence[Mapping[str, Any]] = (),
    licence: str | None = None,
    data: str = "",
) -> str:
    """Returns the card of a model.

    Args:
        name: of the model.
        config: its shape.
        tokenizer: the kind of its tokenizer.
        about: of its making, as `config.json` of a model directory keeps it.
        scores: rows with `task, metric, value` and the other columns of a table, where known.
        licence: as the Hub names it (`apache-2.0`); `unknown` where it is not given.
        data: a sentence on the text that it read.
    """
    hub, run = about.get("hub"), about.get("run") or {}
    front: dict[str, Any] = {
        "language": ["ko"],
        "license": licence or "unknown",
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["gpt2", "clova_jax"],
    }
    if hub:
        front["base_model"] = hub["name"]
    if scores:
        results = [_result(row) for row in scores]
        front["model-index"] = [{"name": name, "results": results}]
    # A JSON value is YAML too, so that no text needs YAML's own quoting.
    head = "\n".join(f"{key}: {to_json(value)}" for key, value in front.items())
    read = [data] if data else []
    if about.get("tokens"):
        length = f", in rows of {run['length']:,}" if run.get("length") else ""
        read.append(f"{about['tokens']:,} tokens in its last training{length}.")
    if run.get("weights"):
        read.append(f"Shares of the sources: {', '.join(run['weights']).replace('=', ' ')}.")
    if run.get("data"):
        read.append(f"Hash of the tokens: `{run['data']}`.")
    if hub:
        read.append(
            f"Imported from {hub['name']} of the Hugging Face Hub, commit {hub['revision']}."
        )
    table = [
        {key: row.get(key) for key in COLUMNS if any(key in one for one in scores)}
        for row in scores
    ]
    body = [
        f"# {name}",
        f"A GPT-3-style decoder exported by clova_jax: {config.num_layers} layers of {config.embed_dim}, "
        f"{config.num_heads} heads, {config.num_params:,} parameters, context {config.max_length:,}, "
        f"{tokenizer} tokenizer of {config.vocab_size:,}.",
        "## Data",
        "\n".join(read) or NOTHING,
        "## Scores",
        format_table(table) if table else NOTHING,
        "## Licence",
        licence or f"{NOTHING} The text that it read keeps its own licences.",
    ]
    return f"---\n{head}\n---\n\n" + "\n\n".join(body) + "\n"


def _result(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a score as the Hub's `model-index` has it."""
    task = str(row["task"])
    shown = f"{task}, {row['shots']}-shot" if row.get("shots") is not None else task
    metric = {"type": row["metric"], "value": round(row["value"], 4), "name": row["metric"]}
    return {
        "task": {"type": "text-generation"},
        "dataset": {"name": shown, "type": task},
        "metrics": [metric],
    }
