"""Carries the tokens that AutoPrompt found on one model to another, to see whether other models understand them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clova_jax.evaluate import Item, Records, do_nothing, draw_items, headline_score
from clova_jax.inference import SoftPrompt
from clova_jax.model import model_directory
from clova_jax.tables.cells import Tuned
from clova_jax.tables.table import Row, TableRun
from clova_jax.tables.tuned import label_of, seed_folder, settings_of
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
        """Returns the rows; what was answered before is read back.

        Raises:
            ClovaError: it was answered with other settings.
        """
        rows = []
        for name, folder in zip(run.inputs.names, run.inputs.models, strict=True):
            if name == run.model_name:
                break
            rows.append(self._row(run, name, folder))
        return rows

    def _row(self, run: TableRun, name: str, folder: Path) -> Row:
        """Returns the row of an earlier model's prompts, one of each seed."""
        found, task, seed = self.found, self.found.task, run.options.seed
        cell, model = found.method, run.model
        count = len(found.loaded.pool) if cell.examples is None else cell.examples
        items = draw_items(found.loaded, task, found.limit, seed)
        label = label_of(name, cell, count)
        settings = settings_of(model, task, found.loaded, cell, items, seed)
        records, trials = Records(run.out), []
        for trial in range(found.seeds):
            key = (f"{run.model_name} {CARRIED} from {label}", task.name, cell.shots, trial)
            kept = records.find(key, settings)
            if kept is None:
                made = seed_folder(run.out, label, task.name, cell.shots, trial) / "prompt"
                rows = self._answers(run, SoftPrompt.load(made), folder, items)
                named = dict(zip(("model", "task", "shots", "trial"), key, strict=True))
                records.add(key, settings, {}, [named | row for row in rows])
                kept = {}, rows
            trials.append(kept[1])
        score, per_seed = headline_score(task, trials, seed)
        return {
            "model": run.model_name,
            "num_params": model.config.num_params,
            "task": task.name,
            "metric": task.metrics[0].name,
            "method": CARRIED,
            "encoder": "",
            "carried from": name,
            "examples": count,
            "shots": cell.shots,
            "value": score.value,
            "low": score.low,
            "high": score.high,
            "baseline": max(task.metrics[0](constant) for constant in do_nothing(task, items)),
            "seeds": found.seeds,
            "items": len(items),
            "per_seed": [round(value, 4) for value in per_seed],
            "trained": 0,
            "note": "",
        }

    def _answers(
        self, run: TableRun, made: SoftPrompt, folder: Path, items: Sequence[Item]
    ) -> list[dict[str, Any]]:
        """Answers the items with a prompt of the model in a folder."""
        task, model = self.found.task, run.model
        tokenizer = load_tokenizer(model_directory(folder) / "tokenizer")
        prompt = carry(made, tokenizer, model)
        view, before, _ = prompt.attach(model)
        contexts, _ = make_contexts(
            *(task, items, model.tokenizer, prompt.template),
            *(model.first_virtual, model.config.max_length),
        )
        return predictions(view, task, before, items, contexts, lambda count: run.stop.check())
