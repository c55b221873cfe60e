"""Runs the pipeline, stage after stage, each resumable and with the same output every time.

    prepare   models and the index of evaluation sets, once
    clean     blocks of the input through the steps, a part each, on the executor
    dedup     duplicates over all parts; of two, the one of the better tier is kept
    show      with forms: what was kept becomes pages, several documents a page
    write     `documents/NAME.jsonl.zst`, `dropped/`, `matches.jsonl.zst`, `report.json`, `report.html`

What is finished is not computed again: a part, a band of the search, a written shard. Files are written atomically, so a
run that was killed resumes where it was, and ends with the same bytes.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, read_jsonl, write_json, write_jsonl
from clova_jax.common.progress import progress
from clova_jax.common.run_folder import run_folder
from clova_jax.common.stop import StopSignals
from clova_jax.common.workers import Workers
from clova_jax.corpus.clean.steps import STEPS
from clova_jax.corpus.dedup.stage import Verdict, find_duplicates
from clova_jax.corpus.documents import BadLines, base_of
from clova_jax.corpus.forms import count_fits, parse_forms
from clova_jax.corpus.forms.fits import Counts
from clova_jax.corpus.part import is_whole, part_counts
from clova_jax.corpus.places import changed_input, describe_inputs
from clova_jax.corpus.read.blocks import file_groups, input_files
from clova_jax.corpus.report.figures import Cleaned
from clova_jax.corpus.run.clean_part import CleanTask, clean_part, group_tasks
from clova_jax.corpus.run.show import ShowTask, show_part
from clova_jax.corpus.run.spark import clean_groups, find_pairs, import_pyspark
from clova_jax.corpus.run.write import write_results
from clova_jax.corpus.settings import Cleaning, Job, Selector


def clean_corpus(
    job: Job, select: Selector | None = None, selection: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Runs the pipeline, or what is left of it; returns the report.

    Args:
        job: what to do.
        select: decides how often each kept document is written; by default, once.
        selection: the settings of `select`, as JSON values.

    Raises:
        ClovaError: nothing to read, `out` is what is read, holds a run with other settings or on other files,
            or another process works there.
        Stopped: on SIGINT or SIGTERM, at the next safe point.
    """
    with run_folder(job.out):
        return _run(job, select, selection)


def _run(job: Job, select: Selector | None, selection: dict[str, Any] | None) -> dict[str, Any]:
    out, work, errors = job.out, job.out / "work", BadLines()
    if job.executor == "spark":
        import_pyspark()  # before the models are trained
    files, forms = _input_files(job, errors), parse_forms(job.forms)
    if forms and "prefix" in job.cleaning.steps:
        raise ClovaError("--forms: a page says what is known of it, as --prefix does; give one")
    _same_settings(job, files, selection)
    if (out / "report.json").is_file():
        shutil.rmtree(work, ignore_errors=True)  # of a run killed at its very end
        return read_json(out / "report.json")
    with StopSignals() as stop, Workers(job.workers or os.cpu_count() or 1) as workers:
        cleaning = _prepare(job, work)
        parts = _clean(job, files, cleaning, work / "clean", errors, workers, stop)
        external = _external(job, cleaning, work / "against", workers, stop)
        verdict = _dedup(job, external, parts, work, stop)
        pages, fits = _show(job, forms, parts, verdict, work / "pages", workers, stop)
        cleaned = Cleaned(job, cleaning, external, parts, verdict, errors, pages, fits)
        report = write_results(cleaned, select, workers, stop)
    write_json(out / "report.json", report)
    shutil.rmtree(work)
    return report


def _input_files(job: Job, errors: BadLines) -> list[Path]:
    """Lists what is read; never what was written, where `out` lies in the folder that is read."""
    out = job.out.resolve()
    if job.data.exists() and out in (job.data.resolve(), (job.data / "corpus").resolve()):
        raise ClovaError(f"--out {job.out}: is the folder that is read; choose another")
    files = input_files(job.data, errors, without=out)
    if not (out / "settings.json").is_file():
        with_results = input_files(job.data, BadLines())
        if len(with_results) > len(files):
            raise ClovaError(
                f"--out {job.out}: holds files of --data {job.data}; choose a folder of its own"
            )
    return files


def _same_settings(job: Job, files: list[Path], selection: dict[str, Any] | None) -> None:
    settings = asdict(job) | {"selection": selection}
    for name in ("out", "executor", "workers"):  # none of them changes the outcome
        settings.pop(name)
    if not job.forms:
        del settings["forms"]  # a run of before there were any has none
    inputs = describe_inputs([*files, *_other_files(job)])
    settings["files"] = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()
    settings = json.loads(json.dumps(settings, default=str))
    path, listing = job.out / "settings.json", job.out / "inputs.jsonl.zst"
    if not path.is_file():
        write_jsonl(listing, inputs)
        write_json(path, settings)
        return
    before = read_json(path)
    changed = sorted(key for key in settings if before.get(key) != settings[key])
    if changed == ["files"] and listing.is_file():
        change = changed_input([row for _, row in read_jsonl(listing)], inputs)
        if not change:  # the same files in another order
            return
        raise ClovaError(
            f"{job.out}: holds a run on other files ({change}); choose another --out or remove it"
        )
    if changed:
        raise ClovaError(
            f"{job.out}: holds a run with other settings ({', '.join(changed)}); "
            "choose another --out or remove it"
        )


def _other_files(job: Job) -> list[Path]:
    """Lists what else is read: evaluation sets, files of the settings, labelled comments, the other corpus."""
    values = (getattr(job.cleaning, field.name) for field in fields(job.cleaning))
    named = [*job.evaluation, *(value for value in values if isinstance(value, Path))]
    found = [path for path in named if path.is_file()]
    if job.safety is not None and job.safety.is_dir():
        found += sorted(path for path in job.safety.rglob("*") if path.is_file())
    if job.against is not None:
        found += input_files(job.against)
    return found


def _prepare(job: Job, work: Path) -> Cleaning:
    """Makes, once, the files that the steps need."""
    cleaning = job.cleaning
    for step in STEPS:
        if step.name in cleaning.steps:
            cleaning = replace(cleaning, **step.prepare(cleaning, job, work))
    return cleaning


def _clean(
    job: Job,
    files: list[Path],
    cleaning: Cleaning,
    folder: Path,
    errors: BadLines,
    workers: Workers,
    stop: StopSignals,
) -> list[Path]:
    """Runs the clean stage; returns the parts in reading order."""
    if job.executor == "spark":
        folder.mkdir(parents=True, exist_ok=True)
        base, groups = base_of(files), file_groups(files)
        lists, count, messages = clean_groups(groups, base, cleaning, folder)
        for message in messages:
            errors(ClovaError(message))
        errors.count += count - len(messages)
        return _with_documents([part for parts in lists for part in parts], files, errors)
    parts = _parts(files, cleaning, folder, errors, workers, stop, "clean")
    return _with_documents(parts, files, errors)


def _parts(
    files: list[Path],
    cleaning: Cleaning,
    folder: Path,
    on_error: Callable[[ClovaError], None],
    workers: Workers,
    stop: StopSignals,
    name: str,
    tier: int | None = None,
) -> list[Path]:
    """Cleans files, a part a block, but for the parts that are there; returns all in reading order."""
    folder.mkdir(parents=True, exist_ok=True)
    base = base_of(files)
    parts: list[Path] = []
    total = sum(path.stat().st_size for path in files)
    with progress(total=total, desc=name, unit="B", unit_scale=True) as bar:

        def tasks() -> Iterator[CleanTask]:
            for number, group in enumerate(file_groups(files)):
                for task in group_tasks(number, group, base, cleaning, folder, on_error):
                    parts.append(task.out)
                    if stop.requested:
                        return
                    if not is_whole(task.out):
                        yield replace(task, tier=tier)
                bar.update(sum(path.stat().st_size for path in group))

        for _ in workers.map(clean_part, tasks()):
            pass
    stop.check()
    return parts


def _with_documents(parts: list[Path], files: list[Path], errors: BadLines) -> list[Path]:
    """Returns the parts, if a document was read in any of them."""
    for part in parts:
        if part_counts(part)["sources"]:
            return parts
    bad = [message for part in parts for message in part_counts(part)["bad_line_messages"]]
    messages = [*errors.first, *bad][:3]
    why = "; ".join(messages) if messages else "nothing is in them"
    raise ClovaError(
        f"{base_of(files)}: an empty corpus: its {len(files):,} files hold no document ({why})"
    )


def _external(
    job: Job, cleaning: Cleaning, folder: Path, workers: Workers, stop: StopSignals
) -> list[Path]:
    """Computes the signatures of the corpus to compare with, or of an earlier run's `documents/`."""
    if job.against is None:
        return []
    plain = Cleaning(steps=("normalize",), sources=cleaning.sources)
    files = input_files(job.against)
    return _parts(files, plain, folder, _raise, workers, stop, "read --against", tier=0)


def _show(
    job: Job,
    forms: dict[str, float],
    parts: list[Path],
    verdict: Verdict,
    folder: Path,
    workers: Workers,
    stop: StopSignals,
) -> tuple[list[Path], Counts]:
    """Writes the kept documents of each part as pages; returns the parts of pages and what fitted, none without forms.

    Raises:
        ClovaError: a form fits no document that was kept.
    """
    if not forms:
        return [], {}
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [part_counts(part)["kept"] for part in parts]
    keep = np.split(verdict.keep[len(verdict.keep) - sum(sizes) :], np.cumsum(sizes)[:-1])
    pages = [folder / part.name for part in parts]

    def tasks() -> Iterator[ShowTask]:
        for part, kept, out in zip(parts, keep, pages, strict=True):
            if stop.requested:
                return
            if not is_whole(out):
                yield ShowTask(part, kept, forms, job.cleaning.sources, out)

    for _ in progress(workers.map(show_part, tasks()), desc="show", unit=" parts"):
        pass
    stop.check()
    fits = count_fits((), forms)
    for part in pages:
        fits.update(part_counts(part)["fits"])
    fits.check(job.data)
    return pages, fits.counts


def _raise(error: ClovaError) -> None:
    raise error


def _dedup(
    job: Job, external: list[Path], parts: list[Path], work: Path, stop: StopSignals
) -> Verdict:
    path = work / "verdict.npz"
    if not path.is_file():
        finder = find_pairs if job.executor == "spark" else None
        every = [*external, *parts]
        find_duplicates(every, work / "dedup", job.similarity, finder).save(path)
    stop.check()
    return Verdict.load(path)
