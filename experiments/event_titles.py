"""Table 8: event titles from tags and a day, by a model, by an encoder-decoder, and by no model; sheets for people to judge.

python -m experiments.event_titles                                  # the embedded sample
python -m experiments.event_titles --model DIR --data DIR           # petitions, in place of a shop's events
python -m experiments.event_titles … --judged A.csv B.csv           # filled copies of pairs.csv, one a judge

The paper's events are in-house. No model judges: which title is better is for people to say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clova_jax import paper, tables
from clova_jax.apps import titles
from clova_jax.common.options import option

REAL: dict[str, Any] = {"shots": 5, "steps": 1_000}
SAMPLE: dict[str, Any] = {"shots": 2, "steps": 300}


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Writes titles from tags and a day, measures them, and makes sheets on which people compare them.

    Without --model and --data the tiny model of the quickstart writes for the events of its synthetic sample world.
    Rerun with the same --out, finished titles are not written again and an unfinished training is resumed.
    """

    out: Path = tables.out_option("event_titles")
    methods: tuple[
        Literal["few_shot", "tuned", "encoder_decoder", "nearest", "tags", "human"], ...
    ] = ("few_shot", "tuned", "encoder_decoder", "nearest", "tags", "human")
    """few_shot: the model as it is; tuned: trained on events; encoder_decoder: of equal size, trained on them from scratch (the
    paper's mT5); nearest: the title of the most similar event; tags: joined; human: people's own"""
    tuned: Literal["fine_tuning", "p_tuning", "prompt_tuning", "lora"] = "fine_tuning"
    """what tuned trains: all of the model (fine_tuning), vectors in the prompt (p_tuning, prompt_tuning) or low-rank updates
    (lora)"""
    shots: int | None = option(None, least=0)
    """events in the prompt of few_shot (5; on the sample 2)"""
    steps: int | None = option(None, least=1)
    """updates of a training, at most (1,000; on the sample 300)"""
    batch_size: int = option(16, least=1)
    """events an update"""
    seeds: int = option(1, least=1)
    """runs of each model, each with its own examples, start and order"""
    theme: str | None = None
    """a word that the titles should have"""
    sheet: int = option(50, least=1)
    """events in each of the sheets that people fill in"""
    judged: tuple[Path, ...] = ()
    """filled copies of pairs.csv, one a judge: A, B or tie in the column choice"""
    annotated: Path | None = None
    """a filled copy of annotation.csv: yes or no in usable, and in check by a second person"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (SAMPLE if self.data is None else REAL).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        if self.theme is not None:
            titles.TitlePrompt(True, self.theme)  # refuses one that is no word


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields a cell for each method, then that of the sheets."""
    study = tables.title_cells.TitleStudy.read(run)
    run.found["study"] = study
    for method in run.options.methods:
        yield tables.title_cells.TitleCell(study, method)
    yield tables.title_people.People(study)


TABLE = tables.Table(
    "event_titles",
    Options,
    cells,
    paper=paper.TABLE_8,
    notes=lambda run: tables.title_notes.title_notes(run, run.found["study"]),
    figures={"event_titles.png": lambda run, path: tables.title_notes.draw_titles(run, path)},
    extras=lambda run: tables.title_notes.write_titles(run, run.found["study"]),
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
