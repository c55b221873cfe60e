"""Prepares documents with media: texts with markers, the files under their hashes, and a manifest of both.

    out/documents/NAME.jsonl.zst   documents; `meta["media"]` lists the media of each in order (`media.medium`)
    out/media/ab/abcd….jpg         the files, by SHA-256
    out/manifest.jsonl             a line a medium: `document`, `number` and all that is known of it
    out/report.json                counts, and what could not be kept

Nothing is decoded. Personal data in texts, alt texts, captions and transcripts are masked by the step of cleaning. The
cleaned folder is an input like another: `clova corpus --data out` cleans the texts, and the markers stay.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import on_disk, read_json, read_jsonl, write_json, write_jsonl
from clova_jax.common.hashes import hash_file
from clova_jax.common.progress import progress
from clova_jax.common.run_folder import begin_run, run_folder
from clova_jax.common.workers import Workers
from clova_jax.corpus.clean.privacy.step import Privacy, PrivacySettings
from clova_jax.corpus.clean.step import Context
from clova_jax.corpus.documents import BadLines, Block, Document, base_of, numbered_documents
from clova_jax.corpus.media.files import FOLDER, Keeper
from clova_jax.corpus.media.medium import Medium, media_of, placed, read_medium
from clova_jax.corpus.media.pages import page_media
from clova_jax.corpus.part import as_json
from clova_jax.corpus.places import describe_inputs, plain_suffix
from clova_jax.corpus.read.blocks import file_groups, group_blocks, input_files
from clova_jax.corpus.read.html import html_title, html_tree

MANIFEST = "manifest.jsonl"


@dataclass(frozen=True)
class Task:
    """Names a block to prepare, and the part of the output that it becomes.

    Args:
        block: some lines of the input.
        name: of the part.
        base: the names of files are relative to it.
        root: files of media lie below it.
        out: the prepared folder.
        core: keep the core region of pages alone.
    """

    block: Block
    name: str
    base: Path
    root: Path
    out: Path
    core: bool


def prepare_media(
    data: Path, out: Path, core: bool = True, workers: int | None = None
) -> dict[str, Any]:
    """Prepares all documents of a place, or those that are left; returns the report.

    Args:
        data: a file, a folder or a glob, as `clova corpus` takes it: pages of HTML, and JSON Lines whose documents
            list their media in `meta["media"]`.
        out: where everything is written.
        core: keep the core region of pages alone.
        workers: processes (default: one a CPU).

    Raises:
        ClovaError: nothing to read; `out` holds another run.
    """
    errors = BadLines()
    files = input_files(data, errors, without=out.resolve())
    base, work = base_of(files), out / "work"
    again = base.name == "documents" and (base.parent / MANIFEST).is_file()
    root = base.parent if again else data if data.is_dir() else base
    with run_folder(out), Workers(workers or os.cpu_count() or 1) as many:
        begin_run(out, {"media": {"core": core}, "files": describe_inputs(files)})
        if (out / "report.json").is_file():
            return read_json(out / "report.json")
        work.mkdir(exist_ok=True)
        write_json(
            out / "settings.json", {"core": core}
        )  # a folder with documents/, like cleaned ones
        names: list[str] = []

        def tasks() -> Iterator[Task]:
            for number, group in enumerate(file_groups(files)):
                for count, block in enumerate(group_blocks(group, base, errors)):
                    names.append(f"{number:05d}-{count:05d}")
                    if not (work / f"{names[-1]}.json").is_file():
                        yield Task(block, names[-1], base, root, out, core)

        for _ in progress(many.map(prepare_part, tasks()), desc="media", unit=" blocks"):
            pass
        parts = [read_json(work / f"{name}.json") for name in names]
        rows = (row for part in parts for row in part["media"])
        write_jsonl(out / MANIFEST, rows)
        report = _report(parts, errors)
        write_json(out / "report.json", report)
        shutil.rmtree(work)
    return report


def _report(parts: list[Mapping[str, Any]], errors: BadLines) -> dict[str, Any]:
    counts = sum((Counter(part["counts"]) for part in parts), Counter())
    messages = [*errors.first, *(message for part in parts for message in part["messages"])]
    bad = errors.count + sum(part["bad"] for part in parts)
    return {
        "counts": dict(sorted(counts.items())),
        "bad": {"count": bad, "messages": messages[:100]},
    }


def prepare_part(task: Task) -> str:
    """Prepares a block on a worker; its counts, written last, say that the part is whole."""
    bad, counts = BadLines(), Counter()
    keeper = Keeper(task.root, task.out)
    privacy = Privacy(PrivacySettings(), Context({}, True))
    documents: list[Document] = []
    rows: list[dict[str, Any]] = []
    for line, document in numbered_documents(task.block, bad):
        try:
            folder = _folder(task, document)
            document, media = _read(document, keeper, folder, task.core)
            media = list(_kept(media, keeper, folder, document.id, bad))
            text, media = placed(document.text, media)
        except ClovaError as error:
            bad(ClovaError(f"{task.block.path}:{line}: {error}"))
            continue
        meta = document.meta | ({"media": [medium.as_json() for medium in media]} if media else {})
        document = privacy.one(Document(text, document.id, document.source, meta))
        documents.append(document)
        counts["documents"] += 1
        counts["with media"] += bool(media)
        for number, medium in enumerate(media_of(document), 1):
            counts[medium.type] += 1
            counts[f"{medium.type} bytes"] += medium.size
            for name in ("alt", "caption", "transcript"):
                counts[f"{medium.type} with {name}"] += bool(getattr(medium, name))
            rows.append({"document": document.id, "number": number} | medium.as_json())
    counts.update({f"masked {name}": count for name, count in privacy.changes.items()})
    if documents:
        write_jsonl(task.out / "documents" / f"{task.name}.jsonl.zst", map(as_json, documents))
    found = {"counts": counts, "media": rows, "bad": bad.count, "messages": bad.first}
    write_json(task.out / "work" / f"{task.name}.json", found)
    return task.name


def _folder(task: Task, document: Document) -> Path:
    """Returns the folder that the paths of a document start from: its page's, or that of its JSON Lines."""
    if plain_suffix(task.block.path.name) in (".html", ".htm"):
        return on_disk(task.base / document.id).parent
    return task.block.path.parent


def _read(
    document: Document, keeper: Keeper, folder: Path, core: bool
) -> tuple[Document, list[Medium]]:
    """Returns a document without markers (or as it was prepared), and its media as it names them."""
    meta = dict(document.meta)
    if meta.get("format") != "html":
        found = meta.pop("media", None) or []
        if not isinstance(found, list):
            raise ClovaError(f"meta.media is {found!r:.40}; expected a list")
        media = [read_medium(value, f"medium {number}") for number, value in enumerate(found, 1)]
        return replace(document, meta=meta), media
    tree = html_tree(document.text)
    text, media = page_media(
        tree, lambda path: keeper.has(path, folder), core and not meta.get("whole")
    )
    meta["format"] = "text"
    if title := html_title(tree):
        meta.setdefault("title", title)
    if not text.strip() and not media:
        raise ClovaError(f"{document.id}: nothing of the page is its core region")
    return Document(text, document.id, document.source, meta), media


def _kept(
    media: list[Medium], keeper: Keeper, folder: Path, name: str, bad: BadLines
) -> Iterator[Medium]:
    """Yields the media whose files can be kept; the others are named."""
    for medium in media:
        try:
            yield keeper.keep(medium, folder)
        except ClovaError as error:
            bad(ClovaError(f"{name}: {error}"))


def check_media(out: Path) -> int:
    """Hashes every file of a prepared folder; returns the number of media.

    Raises:
        ClovaError: a file is missing, or is not the one that was kept; no such folder.
    """
    count = 0
    seen: set[str] = set()
    for number, row in progress(read_jsonl(out / MANIFEST), desc="checking media", unit=" media"):
        place = f"{out / MANIFEST}:{number}"
        known = {key: value for key, value in row.items() if key not in ("document", "number")}
        medium = read_medium(known, place)
        path = out / medium.path
        count += 1
        if medium.path in seen:
            continue
        seen.add(medium.path)
        if not medium.path.startswith(f"{FOLDER}/") or not path.is_file():
            raise ClovaError(f"{place}: {medium.path} of {row.get('document')}: missing")
        if hash_file(path) != medium.sha256:
            raise ClovaError(
                f"{place}: {medium.path} of {row.get('document')}: its SHA-256 is not the manifest's; damaged"
            )
    return count
