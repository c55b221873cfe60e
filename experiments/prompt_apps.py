"""The demo list of the talk as prompts with checks: how many answers pass, beside rules, and whether they are fit for service.

python -m experiments.prompt_apps                            # the embedded sample
python -m experiments.prompt_apps --model DIR --data DIR     # KLUE-NER, YNAT, koen and UnSmile beside the checks

The apps are those of `clova_jax/apps/prompts/`, which the Studio offers as well. What a model cannot do stays in the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clova_jax import tables
from clova_jax.apps import prompted
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import option


@dataclass(frozen=True)
class Options(tables.ModelOptions):
    """Asks apps their checks, and labelled data where there are any, and counts the answers that pass.

    Without --model and --data the tiny model of the quickstart answers, on its synthetic sample world. Rerun with
    the same --out, finished answers are not computed again.
    """

    out: Path = tables.out_option("prompt_apps")
    apps: tuple[str, ...] | None = option(None, metavar="APP")
    """files of `clova_jax/apps/prompts/` (all that have checks)"""
    file: tuple[Path, ...] = ()
    """more apps, as the Studio exports them, with checks"""
    samples: int = option(2, least=1)
    """answers to a check, of apps that draw"""
    limit: int | None = option(100, least=1)
    """labelled items of an app"""


def cells(run: tables.TableRun) -> Iterator[tables.Cell]:
    """Yields a cell for each app, and one for its labelled data where they exist."""
    options = run.options
    apps = [*_chosen(options.apps), *map(prompted.read_app, options.file)]
    run.found["apps"] = apps
    chained = any("chain" in check.wants for app in apps for check in app.checks)
    corpus = run.data / "corpus"
    words = prompted.seen_words(corpus) if chained and corpus.is_dir() else None
    labels = tables.prompt_labels.labelled(run.data)
    for app in apps:
        inputs = [check.asked.text for check in app.checks]
        checker = prompted.Checker([*app.answers, *inputs], words)
        yield tables.prompt_apps.Checks(app, checker, options.samples)
        if app.file in labels:
            yield tables.prompt_apps.OnLabels(app, labels[app.file])


def _chosen(names: tuple[str, ...] | None) -> list[prompted.PromptApp]:
    """Returns the apps of some names, all where None.

    Raises:
        ClovaError: there is no such app.
    """
    apps = {app.file: app for app in prompted.read_apps()}
    for name in names or ():
        if name not in apps:
            raise ClovaError(f"--apps: no app {name!r}; there are {', '.join(apps)}")
    return [apps[name] for name in names or apps]


TABLE = tables.Table(
    "prompt_apps",
    Options,
    cells,
    columns=("app", "kind", "system", "model", "metric", "value", "low", "high", "items"),
    notes=lambda run: tables.prompt_apps.notes(run, run.found["apps"]),
    figures={"prompt_apps.png": lambda run, path: tables.prompt_apps.draw(run, path)},
)

if __name__ == "__main__":
    raise SystemExit(TABLE.main())
