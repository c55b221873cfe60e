"""Carries the tokens that AutoPrompt found on one model to another, to see whether other models understand them."""

from dataclasses import dataclass
from pathlib import Path

from clova_jax.common.files import read_json, write_json
from clova_jax.evaluate import Prediction, do_nothing, draw_items, interval
from clova_jax.inference import SoftPrompt
from clova_jax.model import model_directory
from clova_jax.tables.cells import Tuned
from clova_jax.tables.table import Row, TableRun
from clova_jax.tables.tuned import label_of, seed_folder
from clova_jax.tokenizers import load_tokenizer
from clova_jax.tuning import carry, make_contexts, predictions

CARRIED = "carried"


@dataclass(frozen=True)
class Carried:
    """Tests the prompts of the models before this one on this one, which is not tuned: a row each, none for the first.

    Args:
        found: the cell of AutoPrompt, which has been computed for those models.
    """

    found: Tuned

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; finished ones are read back."""
        earlier = zip(run.inputs.names, run.inputs.models, strict=True)
        rows = []
        for name, folder in earlier:
            if name == run.model_name:
                break
            path = run.out / "carried" / "_".join(f"{name} to {run.model_name}.json".split())
            if not path.is_file():
                write_json(path, self._row(run, name, folder))
            rows.append(read_json(path))
        return rows

    def _row(self, run: TableRun, name: str, folder: Path) -> Row:
        """Answers the test items with the prompt of each seed of an earlier model."""
        found, task, seed = self.found, self.found.task, run.options.seed
        cell, model = found.method, run.model
        count = len(found.loaded.pool) if cell.examples is None else cell.examples
        items = draw_items(found.loaded, task, found.limit, seed)
        tokenizer = load_tokenizer(model_directory(folder) / "tokenizer")
        label, metric, statistics = label_of(name, cell, count), task.metrics[0], []
        for trial in range(found.seeds):
            made = SoftPrompt.load(seed_folder(run.out, label, cell.shots, trial) / "prompt")
            prompt = carry(made, tokenizer, model)
            view, before, _ = prompt.attach(model)
            contexts, _ = make_contexts(
                *(task, items, model.tokenizer, prompt.template),
                *(model.first_virtual, model.config.max_length),
            )
            rows = predictions(view, task, before, items, contexts, lambda count: run.stop.check())
            answers = [Prediction(row["prediction"], tuple(row["answers"])) for row in rows]
            statistics.append(metric.statistics(answers))
        score = interval(statistics, metric.finish, seed=seed)
        return {
            "model": run.model_name,
            "num_params": model.config.num_params,
            "task": task.name,
            "metric": metric.name,
            "method": CARRIED,
            "encoder": "",
            "carried from": name,
            "examples": count,
            "shots": cell.shots,
            "value": score.value,
            "low": score.low,
            "high": score.high,
            "baseline": max(metric(constant) for constant in do_nothing(task, items)),
            "seeds": found.seeds,
            "items": len(items),
            "per_seed": [round(metric.finish(s.sum(axis=0)), 4) for s in statistics],
            "trained": 0,
            "note": "",
        }
