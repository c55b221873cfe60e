"""Table 5: rewriting a query so that it stands alone, with 0 and 3 examples, without and with p-tuning.

python -m experiments.query_modification                                   # the embedded sample
python -m experiments.query_modification --model DIR --data DIR --task sae4k   # utterance -> intent phrase, real

The paper's 1,326 dialogues are in-house. `sae4k` (warnikchow/sae4k: what a person says -> what they want, as a
phrase) is a real task of the same kind: text in, shorter text out, for a speaker.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from clova_jax import LanguageModel
from clova_jax.common.command import as_json, main, mesh_option, option, seed_option
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_lines
from clova_jax.common.plots import figure, legend
from clova_jax.common.report import Report, error_bars
from clova_jax.common.run_folder import holds_out
from clova_jax.common.stop import StopSignals
from clova_jax.evaluate import Item, Task, TaskData, evaluate, load_task
from clova_jax.evaluate.metrics import bleu
from clova_jax.tables.models import for_each_model, models_and_data
from clova_jax.tables.recipes import make_cell
from clova_jax.tables.tuned import tuned_row
from clova_jax.tuning.paper import TABLE_5

SAE4K_TEST = 1_326  # as many as the paper's test set has
COLUMNS = [
    *("model", "task", "metric", "shots", "method", "encoder", "examples", "value", "low", "high"),
    *("baseline", "seeds", "seconds"),
]


@dataclass(frozen=True)
class Options:
    """Scores query modification in BLEU: 0- and 3-shot, without and with p-tuning (Table 5).

    Without --model and --data the tiny model of the quickstart works on its synthetic sample world. Rerun with
    the same --out, finished rows are not computed again and an unfinished one goes on.
    """

    model: tuple[Path, ...] = option((), "model directories", metavar="DIR")
    data: Path | None = option(None, "a folder laid out like the official data", metavar="DIR")
    task: Literal["query_modification", "sae4k"] = option(
        "query_modification",
        "query_modification: the data folder's own dialogues; sae4k: commands to rewrite",
    )
    shots: tuple[int, ...] = option((0, 3), "examples in the prompt", least=0)
    encoder: str = option("lstm", "of p-tuning: lstm or mlp")
    examples: int | None = option(
        None, "pairs to learn from, a fifth of them to stop by (all)", least=1
    )
    seeds: int = option(2, "runs a row, and random sets of examples in the prompt", least=1)
    limit: int | None = option(None, "test queries (all)", least=1)
    steps: int = option(1500, "updates a run, at most", least=1)
    batch_size: int = option(16, "pairs an update", least=1)
    mesh: tuple[int, ...] = mesh_option()
    seed: int = seed_option("of everything")
    out: Path = option(Path("runs/query_modification"), "where everything goes", metavar="DIR")


@holds_out
def run(options: Options) -> int:
    """All models and numbers of shots; returns the exit status."""
    models, data = models_and_data(options.model, options.data)
    task = SAE4K if options.task == "sae4k" else load_task(options.task)
    loaded = task.load(data)
    rows: list[dict[str, Any]] = []

    def work(model: LanguageModel, name: str, stop: StopSignals) -> None:
        for shots in options.shots:
            row = evaluate(
                model,
                task,
                data,
                shots=shots,
                trials=options.seeds,
                limit=options.limit,
                seed=options.seed,
                skip_long=True,
                out=options.out,
                name=name,
                stop=stop,
            )
            about = {"method": "few_shot", "encoder": "", "examples": shots}
            rows.append(row | about | {"seeds": row["trials"]})
            cell = make_cell(
                "p_tuning",
                task,
                encoder=options.encoder,
                examples=options.examples,
                shots=shots,
                steps=options.steps,
                batch_size=options.batch_size,
            )
            rows.append(
                tuned_row(
                    model,
                    task,
                    loaded,
                    cell,
                    name=name,
                    seeds=options.seeds,
                    limit=options.limit,
                    seed=options.seed,
                    out=options.out,
                    stop=stop,
                )
            )

    if not for_each_model(models, options.mesh, work):
        return 130
    notes = [
        "value, low, high: BLEU with a 95% interval (bootstrap over items, and Student's t over seeds); "
        "baseline: the query unchanged",
        "with p-tuning: virtual tokens before the examples and after the query, loss on the rewritten query only",
    ]
    notes += [f"{row['method']} {row['shots']}-shot: {row['note']}" for row in rows if row["note"]]
    Report("query_modification", as_json(options), rows, TABLE_5, notes).write(options.out, COLUMNS)
    plot(rows, options.out / "query_modification.png")
    print(f"predictions: {options.out / 'predictions.jsonl'}")
    return 0


def load_sae4k(data_dir: Path) -> TaskData:
    """Utterances and intent phrases, those without either aside; every k-th one is for testing."""
    path = find_file(Path(data_dir) / "dialogue" / "sae4k", "sae4k_v1.txt")
    items = []
    for number, line in read_lines(path):
        fields = [field.strip() for field in line.split("\t")]
        if len(fields) != 3:
            raise ClovaError(f"{path}:{number}: {len(fields)} fields where there should be 3")
        utterance, phrase, _ = fields
        if utterance and phrase:
            text = f"발화: {utterance}\n의도:"
            place = f"{path}:{number}"
            items.append(Item(str(number), place, text, (phrase,), source=utterance))
    if len(items) <= SAE4K_TEST:
        raise ClovaError(f"{path}: {len(items)} rows; more than {SAE4K_TEST} are wanted")
    every = len(items) // SAE4K_TEST
    test = items[: every * SAE4K_TEST : every]
    aside = {item.source for item in test}
    pool = [item for item in items if item.source not in aside]
    note = f"sae4k has no test split of its own: every {every}th row, {SAE4K_TEST} of them"
    return TaskData(test, pool, (note,))


SAE4K = Task(
    name="sae4k",
    files=("dialogue/sae4k/sae4k_v1.txt",),
    load=load_sae4k,
    shots=3,
    trials=3,
    metrics=(bleu("ko-mecab"),),
    source="our wording",
    instruction="사람이 한 말에서 원하는 것을 짧은 구로 쓰세요.",
    max_new_tokens=48,
    copies=True,
)


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """BLEU with and without p-tuning, by model and number of examples in the prompt."""
    groups = list(dict.fromkeys((row["model"], row["shots"]) for row in rows))
    with figure(path, size=(2 + 1.6 * len(groups), 4)) as axes:
        where = np.arange(len(groups))
        for shift, method, label in (
            (-0.2, "few_shot", "frozen model"),
            (0.2, "p_tuning", "with p-tuning"),
        ):
            bars = {(row["model"], row["shots"]): row for row in rows if row["method"] == method}
            line = [bars[group] for group in groups]
            values = [row["value"] for row in line]
            axes.bar(where + shift, values, 0.4, yerr=error_bars(line), capsize=3, label=label)
        axes.axhline(rows[0]["baseline"], ls="--", color="0.4", lw=1, label="query unchanged")
        axes.set_xticks(where, [f"{model}\n{shots}-shot" for model, shots in groups])
        axes.set(ylabel="BLEU", title=rows[0]["task"])
        legend(axes, 1)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
