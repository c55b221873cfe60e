"""Runs `clova tune`: trains a prompt, or a rival of it, on a labelled task, tests it and keeps it."""

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clova_jax
from clova_jax import evaluate, interop, parallel, tables, tuning
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import write_jsonl
from clova_jax.common.options import as_json, check_numbers, mesh_option, option, seed_option
from clova_jax.common.report import Report
from clova_jax.common.run_folder import holds_out
from clova_jax.common.stop import Stopped, StopSignals


@dataclass(frozen=True)
class Options:
    """Tunes a model on the training file of a task, and scores it on the test file.

    Prompt vectors go to `prompt/` of --out (SoftPrompt.load reads them, `clova generate --soft-prompt` uses them);
    LoRA and fine-tuning write a complete model to `model/`. The same command resumes a run that was stopped.
    """

    model: Path | str
    """the model directory, its URL (s3://…, gs://…), or a name on the Hugging Face Hub: ORG/NAME[@REVISION]"""
    task: str
    """a task's name, or your own: NAME.json (docs/how-to/task.md)"""
    data: Path | None = None
    """a folder laid out like the official data; a task file needs none"""
    method: str = option("p_tuning", help=f"one of {', '.join(tables.METHODS)}")
    encoder: str = option("lstm", help=f"of p_tuning: {', '.join(tables.ENCODERS)}")
    virtual_tokens: int | None = option(None, least=1)
    """vectors of a prompt (the method's usual number)"""
    examples: int | None = option(None, least=1)
    """labelled examples to learn from (all); a fifth of them to stop by"""
    limit: int | None = option(None, least=1)
    """test items (all)"""
    steps: int = option(1000, least=1)
    """updates, at most"""
    batch_size: int = option(16, least=1)
    """labelled examples an update"""
    learning_rate: float | None = option(None, above=0)
    """the peak (the method's usual one)"""
    mesh: tuple[int, ...] | None = mesh_option(None)
    seed: int = seed_option()
    """of the examples, the start and the order"""
    out: Path = Path("runs/tune")
    """where the prompt or the model, predictions and results go"""

    def __post_init__(self) -> None:
        check_numbers(self)


@holds_out
def run(options: Options) -> int:
    """Tunes and tests; returns 0, or 130 where it was stopped."""
    task = evaluate.load_task(options.task)
    folder = options.data or evaluate.folder_of([options.task])
    if folder is None:
        raise ClovaError(f"--data is required for the task {task.name}: the folder with its files")
    data = task.load(folder)
    cell = _cell(options, task)
    tables.check_cell(cell, task, data, seeds=1, limit=options.limit)
    mesh = parallel.make_mesh(options.mesh) if options.mesh else None
    lm = clova_jax.LanguageModel.load(interop.model_folder(options.model), mesh)
    try:
        with StopSignals() as stop:
            row = _tune(options, lm, task, data, cell, stop)
    except Stopped as signal:
        print(f"{signal}: what is finished is kept; run the same command again to go on")
        return 130
    Report("tune", as_json(options), [row]).write(options.out)
    print(f"everything: {options.out}", file=sys.stderr)
    return 0


def _cell(options: Options, task: "evaluate.Task") -> "tables.TunedCell":
    """Returns the method with its usual settings, but for those that are given."""
    cell = tables.make_cell(
        options.method,
        task,
        encoder=options.encoder,
        examples=options.examples,
        steps=options.steps,
        batch_size=options.batch_size,
    )
    config, settings = cell.config, dataclasses.replace(cell.options, seed=options.seed)
    if options.virtual_tokens is not None:
        if not hasattr(config, "num_virtual_tokens"):
            raise ClovaError(f"--virtual-tokens: {options.method} trains none")
        config = dataclasses.replace(config, num_virtual_tokens=options.virtual_tokens)
    if options.learning_rate is not None:
        settings = dataclasses.replace(settings, learning_rate=options.learning_rate)
    return dataclasses.replace(cell, config=config, options=settings)


def _tune(
    options: Options,
    lm: "clova_jax.LanguageModel",
    task: "evaluate.Task",
    data: "evaluate.TaskData",
    cell: "tables.TunedCell",
    stop: StopSignals,
) -> dict[str, Any]:
    """Trains, answers the test items, and writes prompt or model, and predictions; returns the row of the table."""
    out, seed = options.out, options.seed
    order = evaluate.generator(seed, task.name, "examples").permutation(len(data.pool))
    examples = [data.pool[i] for i in order[: cell.examples]]
    items = evaluate.draw_items(data, task, options.limit, seed)
    evaluate.check_labels(task, lm.tokenizer)
    tuned = tuning.tune(lm, task, examples, cell.config, cell.options, out=out, stop=stop)
    rows, cut = tuned.answer(task, items, stop=stop)
    scores = evaluate.item_scores(task, rows)
    texts = ({"score": score, "text": item.text} for score, item in zip(scores, items, strict=True))
    write_jsonl(
        out / "predictions.jsonl", [row | more for row, more in zip(rows, texts, strict=True)]
    )
    if tuned.prompt is None:
        tuned.view.save(out / "model")
    score, _ = evaluate.headline_score(task, [rows], seed)
    metric = task.metrics[0]
    return {
        "model": tables.model_names((options.model,))[0],
        "num_params": lm.config.num_params,
        "task": task.name,
        "metric": metric.name,
        "method": cell.method,
        "encoder": cell.encoder,
        "examples": len(examples),
        "shots": 0,
        "items": len(items),
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "baseline": max(metric(constant) for constant in evaluate.do_nothing(task, items)),
        "best_step": tuned.tuned.best_step,
        "note": "; ".join([*tuned.notes, *([f"{cut} items cut to fit the context"] * bool(cut))]),
    }
