"""Dialogues that a model writes from goal scripts of a domain it has not seen, and a tracker trained on them.

python -m experiments.goal_dialogues                                  # the embedded sample, one domain left out
python -m experiments.goal_dialogues --model DIR --wos DIR            # KLUE-WoS v1.1, each domain left out in turn

The paper's talk names goal scripts; NeuralWOZ (Kim, Chang and Lee 2021) is how: one model turns a script into a dialogue,
another labels its turns. Here one decoder does both, and marks stand for the values meanwhile. DIR of WoS has `wos-v1.1_train.json`, `wos-v1.1_dev.json` and `ontology.json`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clova_jax import tables
from clova_jax.common.options import option


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Scores trackers of a domain trained on nothing, on written and on real dialogues, by how many (k).

    Without --model and --wos the tiny model of the quickstart writes for its synthetic sample world. Rerun with
    the same --out, finished dialogues and states are not computed again and an unfinished training is resumed.
    """

    out: Path = tables.out_option("goal_dialogues")
    wos: Path | None = None
    """a folder with KLUE-WoS v1.1 (by default klue/wos-v1.1 of the data)"""
    domains: tuple[str, ...] | None = None
    """domains to leave out, one after the other (all; on the sample 기차)"""
    k: tuple[int, ...] | None = option(None, least=1)
    """goals to write for, and real dialogues to learn from (100 and 500; on the sample 20 and 60)"""
    writer: tuple[Literal["adapted", "prompt"], ...] | None = None
    """adapted: trained further on dialogues of the other domains; prompt: the model as it is (both; on the sample adapted)"""
    shots: int = option(2, least=1)
    """dialogues of other domains that the writer prompt is shown"""
    steps: int | None = option(None, least=1)
    """of the adaptation (2,000; on the sample 300)"""
    batch: int | None = option(None, least=1)
    """sequences a step of it (8; on the sample 4)"""
    length: int | None = option(None, least=1)
    """tokens a sequence of it (1,024; on the sample 320)"""
    learning_rate: float | None = option(None, above=0)
    """the peak of it (0.001; on the sample 0.004)"""

    def __post_init__(self) -> None:
        super().__post_init__()
        usual = SAMPLE if self.data is None and self.wos is None else REAL
        for name, value in usual.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    def inputs(self) -> tables.Inputs:
        """Returns models and data; adapted models are made here, or completed."""
        return tables.adapted_to_dialogues(self)


REAL: dict[str, Any] = {"k": (100, 500), "writer": ("adapted", "prompt")}
REAL |= {"steps": 2_000, "batch": 8, "length": 1_024, "learning_rate": 1e-3}
SAMPLE: dict[str, Any] = {"domains": ("기차",), "k": (20, 60), "writer": ("adapted",)}
SAMPLE |= {"steps": 300, "batch": 4, "length": 320, "learning_rate": 4e-3}


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields for each domain the rivals, then for each writer how it labels and what it writes."""
    options = run.options
    run.found["domains"] = tables.left_out.left_out(options, run.inputs)
    for left in run.found["domains"]:
        yield tables.dialogue_cells.Rival(left, "none")
        yield tables.dialogue_cells.Rival(left, "match")
        for k in options.k:
            yield tables.dialogue_cells.Rival(left, "real", k)
        for writer in options.writer:
            yield tables.dialogue_cells.Labels(left, writer)
            yield tables.dialogue_cells.Written(left, writer, options.k)


TABLE = tables.Table(
    "goal_dialogues",
    Options,
    cells,
    columns=(
        *("model", "task", "metric", "method", "k", "value", "low", "high", "baseline"),
        *("accepted", "tried"),
    ),
    notes=lambda run: tables.dialogue_notes.dialogue_notes(run, run.found["domains"]),
    figures={
        "goal_dialogues.png": lambda run, path: tables.dialogue_notes.draw_dialogues(run, path)
    },
    extras=lambda run: tables.dialogue_notes.write_scripts(run, run.found["domains"]),
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
