"""The whole pipeline, stage after stage, each resumable inside and its output the same every time.

    prepare   models and the index of evaluation sets, once
    clean     blocks of the input through the map steps, a part each, on the executor
    dedup     duplicates over all parts; better tiers keep theirs
    write     `documents/NAME.jsonl.zst`, `dropped/`, `matches.jsonl.zst`, `report.json`, `report.html`

What is finished is not computed twice: a part, a band of the search, a shard written. Files appear whole, so a run
that was killed goes on where it was, and ends with the same bytes.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import (
    as_line,
    read_json,
    read_jsonl,
    whole_file,
    write_json,
    write_jsonl,
    write_lines,
)
from clova_jax.common.progress import progress
from clova_jax.common.run_folder import run_folder
from clova_jax.common.stop import StopSignals
from clova_jax.common.workers import Workers
from clova_jax.corpus.clean.cleaner import Cleaning
from clova_jax.corpus.clean.evaluation_overlap import EvaluationIndex
from clova_jax.corpus.clean.toxicity import has_training_data, train_toxicity
from clova_jax.corpus.dedup.stage import Verdict, find_duplicates, write_matches
from clova_jax.corpus.documents import BadLines, base_of
from clova_jax.corpus.part import CleanTask, clean_part, is_whole, part_counts, part_lines
from clova_jax.corpus.places import changed_input, describe_inputs
from clova_jax.corpus.read.blocks import file_groups, group_blocks, input_files
from clova_jax.corpus.report import figures


@dataclass(frozen=True)
class Job:
    """One run of the pipeline.

    Args:
        data: a file, a folder or a glob (`readers.input_files`).
        out: where everything goes.
        cleaning: what the map steps do.
        similarity: from which documents are near duplicates; above 1: exact ones only.
        against: an existing corpus; what it has goes.
        evaluation: files of evaluation sets.
        safety: folder of labelled comments to train the toxicity model on, or None.
        executor: `local` or `spark`.
        workers: processes.
    """

    data: Path
    out: Path
    cleaning: Cleaning = Cleaning()
    similarity: float = 0.6
    against: Path | None = None
    evaluation: tuple[Path, ...] = ()
    safety: Path | None = None
    executor: str = "local"
    workers: int = 2


# (source numbers [n], sizes in bytes [n], source names) -> number of copies of each kept document, int32[n].
Selector = Callable[[np.ndarray, np.ndarray, list[str]], np.ndarray]


class Stopped(Exception):
    """The run was asked to stop, by the signal it names; the same command goes on."""


def run(
    job: Job, select: Selector | None = None, selection: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Runs the pipeline, or what is left of it; returns the report.

    Args:
        job: what to do.
        select: the mixer: int32[n] copies of each kept document, from its source's number
            (int64[n]), its bytes (int64[n]) and the names of sources.
        selection: the mixer's settings, as JSON values.

    Raises:
        ClovaError: nothing to read, `out` is what is read, holds a run with other settings or on other files,
            or another process works there.
        Stopped: on SIGINT or SIGTERM, at the next safe point.
    """
    with run_folder(job.out):
        return _run(job, select, selection)


def _run(job: Job, select: Selector | None, selection: dict[str, Any] | None) -> dict[str, Any]:
    out, work, errors = job.out, job.out / "work", BadLines()
    files = _input_files(job, errors)
    _same_settings(job, files, selection)
    if (out / "report.json").is_file():
        shutil.rmtree(work, ignore_errors=True)  # of a run killed at its very end
        return read_json(out / "report.json")
    with StopSignals() as stop, Workers(job.workers) as workers:
        cleaning = _prepare(job, work)
        parts = _clean(job, files, cleaning, work / "clean", errors, workers, stop)
        external = _external(job, cleaning, work / "against", workers, stop)
        verdict = _dedup(job, external, parts, work, stop)
        report = _write(job, cleaning, external, parts, verdict, errors, select, workers, stop)
    write_json(out / "report.json", report)
    shutil.rmtree(work)
    return report


def _input_files(job: Job, errors: BadLines) -> list[Path]:
    """What is read; never what was written, where `out` lies in the folder that is read."""
    out = job.out.resolve()
    if job.data.exists() and out in (job.data.resolve(), (job.data / "corpus").resolve()):
        raise ClovaError(f"--out {job.out}: is the folder that is read; choose another")
    files = input_files(job.data, errors, without=out)
    if not (out / "settings.json").is_file():
        strangers = input_files(job.data, BadLines())
        if len(strangers) > len(files):
            raise ClovaError(
                f"--out {job.out}: holds files of --data {job.data}; choose a folder of its own"
            )
    return files


def _same_settings(job: Job, files: list[Path], selection: dict[str, Any] | None) -> None:
    settings = asdict(job) | {"selection": selection}
    for name in ("out", "executor", "workers"):  # none of them changes the outcome
        settings.pop(name)
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
        raise ClovaError(
            f"{job.out}: holds a run on other files ({change}); choose another --out or remove it"
        )
    if changed:
        raise ClovaError(
            f"{job.out}: holds a run with other settings ({', '.join(changed)}); "
            "choose another --out or remove it"
        )


def _other_files(job: Job) -> list[Path]:
    """Whatever else is read: evaluation sets, models, the registry, labelled comments, the other corpus."""
    cleaning = job.cleaning
    models = (cleaning.quality_model, cleaning.core_model, cleaning.toxicity_model)
    named = [*job.evaluation, *(Path(name) for name in (*models, cleaning.sources) if name)]
    found = [path for path in named if path.is_file()]
    if job.safety is not None and job.safety.is_dir():
        found += sorted(path for path in job.safety.rglob("*") if path.is_file())
    if job.against is not None:
        found += input_files(job.against)
    return found


def _prepare(job: Job, work: Path) -> Cleaning:
    """Trains and indexes what the steps need, once."""
    cleaning = job.cleaning
    if job.evaluation and "evaluation" in cleaning.steps:
        path = work / "evaluation.npz"
        if not path.is_file():
            EvaluationIndex.of_files(job.evaluation).save(path)
        cleaning = replace(cleaning, evaluation_index=str(path))
    wanted = "toxicity" in cleaning.steps and cleaning.toxicity == "drop"
    if wanted and cleaning.toxicity_model is None and job.safety is not None:
        if not has_training_data(job.safety):
            raise ClovaError(
                f"{job.safety}: the training files of korean-hate-speech and UnSmile are not there"
            )
        path = job.out / "models" / "toxicity.safetensors"
        if not path.is_file():
            train_toxicity(job.safety).save(path)
        cleaning = replace(cleaning, toxicity_model=str(path))
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
    """The clean stage; returns the parts in reading order."""
    folder.mkdir(parents=True, exist_ok=True)
    base, groups = base_of(files), file_groups(files)
    if job.executor == "spark":
        from clova_jax.corpus.run.spark import clean_groups

        lists, count, messages = clean_groups(groups, base, cleaning, folder)
        for message in messages:
            errors(ClovaError(message))
        errors.count += count - len(messages)
        return _with_documents([part for parts in lists for part in parts], files, errors)
    parts: list[Path] = []
    total = sum(path.stat().st_size for path in files)
    with progress(total=total, desc="clean", unit="B", unit_scale=True) as bar:

        def tasks() -> Iterator[CleanTask]:
            for number, group in enumerate(groups):
                for task in group_tasks(number, group, base, cleaning, folder, errors):
                    parts.append(task.out)
                    if stop.requested:
                        return
                    if not is_whole(task.out):
                        yield task
                bar.update(sum(path.stat().st_size for path in group))

        for _ in workers.map(clean_part, tasks()):
            pass
    _check(stop)
    return _with_documents(parts, files, errors)


def _with_documents(parts: list[Path], files: list[Path], errors: BadLines) -> list[Path]:
    """The parts, if a document was read in any of them."""
    for part in parts:
        if part_counts(part)["sources"]:
            return parts
    bad = [message for part in parts for message in part_counts(part)["bad_line_messages"]]
    told = [*errors.first, *bad][:3]
    why = "; ".join(told) if told else "nothing is in them"
    raise ClovaError(
        f"{base_of(files)}: an empty corpus: its {len(files):,} files hold no document ({why})"
    )


def group_tasks(
    number: int,
    group: list[Path],
    base: Path,
    cleaning: Cleaning,
    folder: Path,
    on_error: Callable[[ClovaError], None],
) -> Iterator[CleanTask]:
    """The tasks of a group of files; their names tell the order of reading."""
    for count, block in enumerate(group_blocks(group, base, on_error)):
        yield CleanTask(block, cleaning, folder / f"{number:05d}-{count:05d}")


def _external(
    job: Job, cleaning: Cleaning, folder: Path, workers: Workers, stop: StopSignals
) -> list[Path]:
    """Signatures of the corpus to compare with; an earlier run's `documents/` where it is one."""
    if job.against is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    plain = Cleaning(steps=("normalize",), sources=cleaning.sources)
    files = input_files(job.against)
    base = base_of(files)
    parts: list[Path] = []

    def tasks() -> Iterator[CleanTask]:
        for number, group in enumerate(file_groups(files)):
            for task in group_tasks(number, group, base, plain, folder, _raise):
                parts.append(task.out)
                if not stop.requested and not is_whole(task.out):
                    yield replace(task, tier=0)

    for _ in workers.map(clean_part, tasks()):
        pass
    _check(stop)
    return parts


def _raise(error: ClovaError) -> None:
    raise error


def _check(stop: StopSignals) -> None:
    if stop.requested:
        raise Stopped(stop.requested)


def _dedup(
    job: Job, external: list[Path], parts: list[Path], work: Path, stop: StopSignals
) -> Verdict:
    path = work / "verdict.npz"
    if not path.is_file():
        finder = None
        if job.executor == "spark":
            from clova_jax.corpus.run.spark import find_pairs as finder
        every = [*external, *parts]
        find_duplicates(every, work / "dedup", job.similarity, finder).save(path)
    _check(stop)
    return Verdict.load(path)


@dataclass(frozen=True)
class WriteTask:
    """A part to write: how often each of its documents goes into the shard."""

    part: Path
    copies: np.ndarray
    out: Path


def write_part(task: WriteTask) -> str:
    """Writes the shard of a part; copies after the first get `#2`, `#3` … at their ids."""

    def lines() -> Iterable[str]:
        for line, copies in zip(part_lines(task.part), task.copies.tolist(), strict=True):
            if copies:
                yield line
            for copy in range(2, copies + 1):
                row = json.loads(line)
                yield as_line(row | {"id": f"{row['id']}#{copy}"})

    if task.copies.any():
        write_lines(task.out, lines())
    return task.out.name


def _write(
    job: Job,
    cleaning: Cleaning,
    external: list[Path],
    parts: list[Path],
    verdict: Verdict,
    errors: BadLines,
    select: Selector | None,
    workers: Workers,
    stop: StopSignals,
) -> dict[str, Any]:
    counts = [part_counts(part) for part in parts]
    sizes = [count["kept"] for count in counts]
    before = len(verdict.keep) - sum(sizes)  # documents of the corpus compared with
    copies = verdict.keep[before:].astype(np.int32)
    if select is not None:
        sources, weights, names = figures.kept_sizes(parts, copies)
        chosen = np.flatnonzero(copies)
        copies[chosen] = select(sources[chosen], weights[chosen], names)
    ends = np.cumsum(sizes)
    (job.out / "documents").mkdir(exist_ok=True)

    def tasks() -> Iterator[WriteTask]:
        for part, end, size in zip(parts, ends, sizes, strict=True):
            shard = job.out / "documents" / f"{part.name}.jsonl.zst"
            dropped = job.out / "dropped" / f"{part.name}.jsonl.zst"
            if not dropped.is_file():
                dropped.parent.mkdir(exist_ok=True)
                source = part.with_name(part.name + ".dropped.jsonl.zst")
                with source.open("rb") as whole, whole_file(dropped, "wb") as copy:
                    shutil.copyfileobj(whole, copy)
            if stop.requested:
                return
            if size and not shard.is_file():
                yield WriteTask(part, copies[end - size : end], shard)

    for _ in progress(workers.map(write_part, tasks()), desc="write", unit=" shards"):
        pass
    _check(stop)
    every = [*external, *parts]
    write_matches(every, verdict, job.out / "matches.jsonl.zst")
    report = figures.build(job, cleaning, external, parts, counts, verdict, copies, errors)
    figures.write_page(report, job.out / "report.html")
    return report
