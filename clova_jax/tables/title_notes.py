"""Says what the rows of the titles show, draws them, and writes the titles side by side."""

from pathlib import Path

from clova_jax.apps import titles
from clova_jax.common.files import write_jsonl
from clova_jax.tables.figures import draw_bars, panels
from clova_jax.tables.table import TableRun
from clova_jax.tables.title_cells import TitleStudy

DRAWN = ("bleu", "tags_used", "copied")


def title_notes(run: TableRun, study: TitleStudy) -> list[str]:
    """Returns how to read the rows, what the data are, and how large the models are."""
    options, events = run.options, study.events
    notes = [
        "value, low, high: per cent (BLEU: 0 to 100) with a 95% interval over events (bootstrap) and, from two on, over "
        "seeds (Student's t); baseline: BLEU of the tags alone, and the other measures of people's own titles",
        f"BLEU is sacrebleu's, {study.measures.bleu.about()}: one reference, Korean cut into morphemes by MeCab-ko "
        f"({titles.TOKENIZE})",
        "tags_used: tags that stand in the title, spaces aside; copied: titles that are one of the training's, "
        "copied_prompt: one of those in the prompt, by letters and digits",
        "nearest: the title of the training event of the most similar tags (BM25); tags: the tags themselves; human: the "
        "event's own title",
        "pairs.csv asks which title is better, A, B or tie, and annotation.csv whether a title is usable; copies of them, "
        "filled in by people, are read by --judged and --annotated, and which method wrote what is in *_key.csv",
        ", ".join(f"{name}: {count:,}" for name, count in events.counts.items()),
    ]
    if not events.products:
        notes.append(
            "petitions stand for events: tags are nouns of the body by tf-idf (document frequencies of training petitions), "
            f"the test is {titles.TEST}; a model that has read the petitions as documents has seen the test's titles"
        )
    if study.prompt.theme is not None:
        notes.append(
            f"theme {study.prompt.theme!r}: theme_met is how many titles have it; events of the prompt and of training "
            "have a word of their own titles as theme"
        )
    for name in run.inputs.names:
        if row := run.found.get(f"{name} tuned"):
            notes.append(
                f"{name} tuned: {options.tuned}, {row['trained']:,} parameters trained on {row['examples']:,} events, best "
                f"steps {', '.join(map(str, row['best_steps']))} of {options.steps}"
                + (f"; {row['note']}" if row["note"] else "")
            )
        if mark := run.found.get(f"{name} encoder_decoder"):
            notes.append(
                f"{name} encoder_decoder: {mark['num_params']:,} parameters (the model: {run.found[name]:,}), best step "
                f"{mark['best_step']} of {options.steps}; trained here on the same events from scratch, where mT5 was "
                "pre-trained"
            )
    return notes


def draw_titles(run: TableRun, path: Path) -> None:
    """Draws BLEU, tags used and titles copied by method."""
    rows = [row for row in run.rows if row["metric"] in DRAWN]
    with panels(path, len(DRAWN), size=(4.5, 4)) as axes:
        for each, metric in zip(axes, DRAWN, strict=True):
            some = [row for row in rows if row["metric"] == metric]
            names = [f"{row['model']}\n{row['method']}".strip() for row in some]
            draw_bars(each, names, {metric: some})
            each.set(ylabel="BLEU" if metric == "bleu" else f"{metric}, %")
            each.tick_params(axis="x", labelsize=6, rotation=45)


def write_titles(run: TableRun, study: TitleStudy) -> None:
    """Writes `titles.jsonl`: each test event with the title of each method, of the first seed."""
    found = run.found["titles"]
    write_jsonl(
        run.out / "titles.jsonl",
        (
            {
                "id": event.id,
                "date": event.date,
                "tags": list(event.tags),
                "title": event.title,
                "titles": {
                    f"{model} {method}".strip(): texts[number]
                    for (model, method), texts in found.items()
                },
            }
            for number, event in enumerate(study.test)
        ),
    )
