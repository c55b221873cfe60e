"""Serialises documents into a token store: in parallel, resumable at any moment, with the same bytes every time.

One pass counts (and finds a bad line before hours are spent), which settles what is kept for
validation. A second one encodes blocks of lines on all workers and appends the results in order.
Every few seconds the shards are brought to the disk and the place reached is noted beside them.

Where other machines have encoded the documents (Hadoop streaming, Spark), their records are joined instead (`data/join.py`).
"""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.common.errors import ClovaError
from clova_jax.common.progress import progress
from clova_jax.common.stop import StopSignals
from clova_jax.common.workers import ordered_map
from clova_jax.corpus import (
    Block,
    base_of,
    changed_input,
    count_fits,
    describe_inputs,
    document_files,
    fit_sentences,
    in_forms,
    parse_block,
    read_blocks,
    shown_name,
)
from clova_jax.data.encoding import Encoded, encode_texts, unknown_tokens
from clova_jax.data.files import SHARD_TOKENS
from clova_jax.data.join import Records
from clova_jax.data.spark import map_on_spark
from clova_jax.data.split import Limits, SourceSizes, measure, row_of
from clova_jax.data.store import (
    FORMAT,
    LOST,
    MANIFEST,
    Tokenizer,
    TokenStore,
    describe,
    dtype_for,
    open_folder,
    seal,
)

PROGRESS = "progress.json"
_SMALL = 32 << 20  # bytes of text below which processes cost more than they save


def serialize(
    data_dir: str | Path,
    tokenizer: Tokenizer,
    out: str | Path,
    *,
    workers: int | None = None,
    validation: float = 0.01,
    forms: Mapping[str, float] | None = None,
    executor: str = "local",
    records: Path | None = None,
    shard_tokens: int = SHARD_TOKENS,
    show: bool = True,
) -> TokenStore:
    """Encodes a corpus folder into a token store; resumes where an earlier call was cut off.

    Args:
        data_dir: documents, as `read_documents` takes them. An empty text is left out and counted.
        tokenizer: closes each document with its `end_of_text`.
        out: folder, or object-store URL, of the store. SIGINT and SIGTERM leave it so that the next
            call resumes.
        workers: processes; by default one a CPU, or none besides this one for a small corpus. The
            store does not depend on it.
        validation: share of each source's text to keep out of training; small sources give more
            of theirs, large ones less (`data/split.py`). 0: none.
        forms: share of the documents to show as the pages of their sites do, by form (`corpus.parse_forms`).
        executor: `local`, or `spark`, which encodes a file of the corpus an executor.
        records: the folder of what the mappers wrote (`data.records.map_tokens`), which is joined; with `spark`, the
            empty folder where they write (default: one in `out`).
        shard_tokens: tokens from which on a shard is full.
        show: progress bars, and what each form fits.

    Raises:
        ClovaError: a bad line or corpus (`read_documents`; mappers count bad lines and go on), a form that fits no document, an `out` that holds something else or
            that another process is writing.
        KeyboardInterrupt: asked to stop, when everything encoded so far is on the disk.
    """
    if not 0 <= validation < 1:
        raise ClovaError(f"--validation: {validation} is not a share from 0 to below 1")
    if workers is not None and workers < 1:
        raise ClovaError(f"--workers: {workers} is not at least 1")
    if forms and (records is not None or executor != "local"):
        raise ClovaError(
            "--forms: mappers see one document at a time; give --forms to `clova corpus`"
        )
    files = document_files(data_dir)
    base = base_of(files)
    inputs = [
        described | {"file": shown_name(path.relative_to(base))}
        for path, described in zip(files, describe_inputs(files), strict=True)
    ]
    if workers is None:
        packed = sum(file["size"] for file in inputs if not file["file"].endswith(".jsonl"))
        text = sum(file["size"] for file in inputs) + 3 * packed  # Korean packs to a quarter or so
        workers = 1 if text < _SMALL else os.cpu_count() or 1
    header = {
        "format": FORMAT,
        "tokenizer": describe(tokenizer),
        "dtype": dtype_for(tokenizer.vocab_size).str,
        "validation": validation,
        "shard_tokens": shard_tokens,
        "inputs": inputs,
    } | ({"forms": dict(forms)} if forms else {})
    folder = open_folder(out)
    with folder.lock():
        if (manifest := folder.load(MANIFEST)) is not None:
            _same({"forms": None} | header, manifest, out)
            return TokenStore.open(out)
        state = folder.load(PROGRESS)
        if state is None:
            _refuse_strangers(out)
        else:
            _same({"forms": None} | header, state, out)
        if records is not None or executor == "spark":
            with _mapped(executor, files, tokenizer, records, out) as mapped:
                joined = Records(mapped, files, tokenizer)
                sources = joined.survey()
                text = sum(sizes.bytes for sizes in sources.values())
                state = _begin(header, sources, text, records or out)
                _Serialization(folder, files, header, state).join(joined, show)
        else:
            if state is None:
                state = _begin(header, *_survey(files, workers, forms, show), data_dir)
            _Serialization(folder, files, header, state).run(tokenizer, workers, show)
        return TokenStore.open(out)


@contextlib.contextmanager
def _mapped(
    executor: str, files: list[Path], tokenizer: Tokenizer, records: Path | None, out: str | Path
) -> Iterator[Path]:
    """Returns the folder of the records; Spark writes them first, unless told otherwise to a folder of its own in `out`."""
    if executor != "spark":
        yield records
        return
    if records is None and "://" in str(out):
        raise ClovaError(f"--records is required: a folder that all executors share; {out} is none")
    own = Path(out) / ".records"  # hidden: a killed run's is no stranger's file
    if records is None:
        shutil.rmtree(own, ignore_errors=True)
    map_on_spark(files, tokenizer, records or own)
    yield records or own
    shutil.rmtree(own, ignore_errors=True)


def _begin(
    header: dict[str, Any], sources: dict[str, SourceSizes], text: int, place: str | Path
) -> dict[str, Any]:
    """Returns the state of a store in which nothing has been written; `text`: bytes that will be read."""
    if not sources:
        raise ClovaError(f"{place}: an empty corpus: no document with a text in its files")
    share = header["validation"]
    return {
        **header,
        "text": text,
        "limits": {name: asdict(sources[name].limits(share)) for name in sorted(sources)},
        **dict.fromkeys(LOST, 0),
        "position": {"file": 0, "offset": 0, "line": 1, "text": 0},
        "streams": {},
    }


def _same(header: dict[str, Any], found: dict[str, Any], out: str | Path) -> None:
    for key, value in header.items():
        before = found.get(key)
        if key == "inputs" and before != value and isinstance(before, list):
            raise ClovaError(
                f"{out}: holds a store of other inputs ({changed_input(before, value)}); "
                "use another --out, or remove this one"
            )
        if found.get(key) != value:
            raise ClovaError(
                f"{out}: holds a store with {key} {_short(found.get(key), value)}, asked for is "
                f"{_short(value, found.get(key))}; use another --out, or remove this one"
            )


def _short(value: Any, other: Any) -> str:
    """Returns the part of a header's value that differs from another's."""
    if isinstance(value, dict) and isinstance(other, dict):
        value = {key: item for key, item in value.items() if other.get(key) != item}
    if isinstance(value, list) and isinstance(other, list):
        value = [item for item in value if item not in other] or "fewer files"
    return repr(value)[:200]


def _refuse_strangers(out: str | Path) -> None:
    if "://" in str(out):
        return
    if any(not path.name.startswith(".") for path in Path(out).iterdir()):
        raise ClovaError(f"{out}: holds something that is not a token store; use another --out")


def _survey(
    files: list[Path], workers: int, forms: Mapping[str, float] | None, show: bool
) -> tuple[dict[str, SourceSizes], int]:
    """Counts by source (names of streams and limits of validation follow from it) and bytes of all lines."""
    sources: dict[str, SourceSizes] = {}
    text, fits = 0, count_fits((), forms or ())
    with progress(desc="reading", unit="B", unit_scale=True, disable=not show) as bar:
        base = base_of(files)
        blocks = (block for path in files for block in read_blocks(path, base=base))
        for block, (found, in_block) in ordered_map(_Measure, (forms,), blocks, workers):
            fits.update(in_block)
            for source, sizes in found.items():
                sources.setdefault(source, SourceSizes()).add(sizes)
            text += len(block.data)
            bar.update(len(block.data))
    fits.check(files[0].parent)
    if show:
        for sentence in fit_sentences(fits.counts):
            print(sentence, file=sys.stderr)
    return sources, text


class _Measure:
    """Measures a block in a worker, in the first pass: sizes by source, and the forms that fit some document."""

    def __init__(self, forms: Mapping[str, float] | None) -> None:
        self.forms = forms or {}

    def __call__(self, block: Block) -> tuple[dict[str, SourceSizes], dict[str, Any]]:
        documents = list(parse_block(block))
        rows = map(row_of, in_forms(documents, self.forms))
        return measure(rows), count_fits(documents, self.forms).counts


class _Encode:
    """Encodes a block of lines in a worker, in the second pass: ids by split and source."""

    def __init__(
        self,
        tokenizer: Tokenizer | str,
        limits: dict[str, dict[str, int]],
        forms: Mapping[str, float] | None,
    ) -> None:
        if isinstance(tokenizer, str):  # its folder: we are in a process of our own
            from clova_jax.tokenizers import load_tokenizer

            tokenizer = load_tokenizer(tokenizer)
        self.tokenizer, self.forms = tokenizer, forms or {}
        self.limits = {source: Limits(**limit) for source, limit in limits.items()}

    def __call__(self, block: Block) -> tuple[dict[tuple[str, str], Encoded], Counter]:
        """Encodes a block: what goes to each stream, and counts of what does not."""
        texts: dict[tuple[str, str], list[str]] = {}
        lost = Counter()
        for document in in_forms(parse_block(block), self.forms):
            if not document.text:
                lost["empty_documents"] += 1
                continue
            held_out = self.limits[document.source].hold_out(row_of(document))
            split = "validation" if held_out else "train"
            texts.setdefault((split, document.source), []).append(document.text)
        encoded = {key: encode_texts(self.tokenizer, batch) for key, batch in texts.items()}
        for part in encoded.values():
            lost["unknown_tokens"] += unknown_tokens(self.tokenizer, part.ids)
        return encoded, lost


class _Serialization:
    """Runs the second pass, from wherever `state` stands."""

    def __init__(
        self, folder: Any, files: list[Path], header: dict[str, Any], state: dict[str, Any]
    ) -> None:
        self.folder, self.files, self.header, self.state = folder, files, header, state
        self.numbers = {source: number for number, source in enumerate(state["limits"])}

    def run(self, tokenizer: Tokenizer, workers: int, show: bool) -> None:
        state, position = self.state, self.state["position"]
        dtype = np.dtype(state["dtype"])
        writer = self.folder.writer(dtype, state["streams"], state["shard_tokens"])
        bar = progress(
            desc="encoding",
            total=state["text"],
            initial=position["text"],
            unit="B",
            unit_scale=True,
            disable=not show,
        )
        places = {path: number for number, path in enumerate(self.files)}
        try:
            self._commit(writer)
            with bar, StopSignals() as stop, _reachable(tokenizer, workers) as reachable:
                saved = time.monotonic()
                make = (reachable, state["limits"], state.get("forms"))
                for block, (encoded, lost) in ordered_map(_Encode, make, self._blocks(), workers):
                    self._append(writer, encoded, lost)
                    position["file"] = places[block.path]
                    position["offset"], position["line"] = block.offset, block.next_line
                    position["text"] += len(block.data)
                    bar.update(len(block.data))
                    if stop.requested or time.monotonic() - saved > writer.commit_seconds:
                        self._commit(writer)
                        saved = time.monotonic()
                    if stop.requested:
                        raise KeyboardInterrupt
                self._commit(writer)
            self._finish(writer, show)
        finally:
            writer.close()

    def join(self, records: Records, show: bool) -> None:
        """Writes what mappers have encoded; cut off, it begins again."""
        state = self.state
        self.folder.save(PROGRESS, state)
        writer = self.folder.writer(
            np.dtype(state["dtype"]), state["streams"], state["shard_tokens"]
        )
        limits = {source: Limits(**limit) for source, limit in state["limits"].items()}
        bar = progress(
            desc="joining", total=state["text"], unit="B", unit_scale=True, disable=not show
        )
        try:
            with bar:
                state["empty_documents"] = records.counts["empty_documents"]
                if records.counts["bad_lines"]:
                    state["bad_lines"] = records.counts["bad_lines"]
                for message in records.messages if show else ():
                    print(message, file=sys.stderr)
                for encoded, lost in records.encoded(limits):
                    self._append(writer, encoded, lost)
                    bar.update(sum(part.text_bytes for part in encoded.values()))
            state["streams"] = writer.commit()
            self._finish(writer, show)
        finally:
            writer.close()

    def _append(
        self, writer: Any, encoded: dict[tuple[str, str], Encoded], lost: Mapping[str, int]
    ) -> None:
        for (split, source), part in sorted(encoded.items()):
            stream = self._stream(split, source)
            writer.append(stream, part.ids, part.ends, part.text_bytes)
        for what, count in lost.items():
            self.state[what] += count

    def _blocks(self) -> Iterator[Block]:
        first, offset, line = (self.state["position"][key] for key in ("file", "offset", "line"))
        base = base_of(self.files)
        yield from read_blocks(self.files[first], offset, line, base=base)
        for path in self.files[first + 1 :]:
            yield from read_blocks(path, base=base)

    def _stream(self, split: str, source: str) -> str:
        safe = "".join(letter if letter.isalnum() else "_" for letter in source)[:60]
        return f"{split}/{self.numbers[source]:02d}-{safe}"

    def _commit(self, writer: Any) -> None:
        self.state["streams"] = writer.commit()
        self.folder.save(PROGRESS, self.state)

    def _finish(self, writer: Any, show: bool) -> None:
        size = sum(
            tokens * writer.dtype.itemsize + documents * 8
            for stream in self.state["streams"].values()
            for tokens, documents in stream["shards"]
        )
        bar = progress(desc="hashing", total=size, unit="B", unit_scale=True, disable=not show)
        with bar:
            streams = writer.finish(bar.update)
        keys = {
            self._stream(split, source): {"split": split, "source": source}
            for source in self.numbers
            for split in ("train", "validation")
        }
        lost = [key for key in (*LOST, "bad_lines") if key in self.state]
        manifest = {key: self.state[key] for key in (*self.header, *lost)}
        manifest["streams"] = {name: keys[name] | streams[name] for name in sorted(streams)}
        self.folder.save(MANIFEST, manifest | {"fingerprint": seal(manifest)})
        self.folder.remove(PROGRESS)


@contextlib.contextmanager
def _reachable(tokenizer: Tokenizer, workers: int) -> Iterator[Tokenizer | str]:
    """Returns the tokenizer, or a folder that holds it if other processes have to load it."""
    if workers == 1:
        yield tokenizer
        return
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(folder)
        yield folder
