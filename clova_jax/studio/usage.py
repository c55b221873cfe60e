"""Keeps a log of requests without holding them up, and sums it up: tokens, percentiles of times, how texts finished."""

import csv
import datetime
import io
import json
import logging
import queue
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from clova_jax.studio.store import Counted, RequestRecord, Store

LOG = logging.getLogger("clova_jax.studio")
WAITING, BATCH = 20_000, 500  # records that may wait for the writer, and that it writes at once
ERROR = 400  # a status from which on a request failed; `LEFT` is no failure
LEFT = 499
_TIMES = {"hour": "%Y-%m-%dT%H:00", "day": "%Y-%m-%d"}
FINISHES = ("end", "stop", "length", "content_filter", "error", "left")
KINDS = ("personal", "curse", "unsafe")


class RequestLog:
    """Writes records of requests on a thread of its own, in batches; what waits is written before it ends.

    Args:
        store: where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: queue.Queue[RequestRecord | threading.Event | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="clova-requests", daemon=True)
        self._thread.start()

    def add(self, record: RequestRecord) -> None:
        """Has a record written soon; where too many wait it is dropped, and the log says so."""
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            LOG.warning("request %s is not in the log of requests: %d wait", record.id, WAITING)

    def flush(self) -> None:
        """Waits until what was added before is written."""
        written = threading.Event()
        self._queue.put(written)
        written.wait()

    def close(self) -> None:
        """Writes what waits, and ends the thread."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        last = False
        while not last:
            items = [self._queue.get(), *self._waiting()]
            self._write([one for one in items if isinstance(one, RequestRecord)])
            for one in items:
                if isinstance(one, threading.Event):
                    one.set()
            last = None in items

    def _waiting(self) -> Iterator[RequestRecord | threading.Event | None]:
        for _ in range(BATCH - 1):
            try:
                yield self._queue.get_nowait()
            except queue.Empty:
                return

    def _write(self, records: Sequence[RequestRecord]) -> None:
        if not records:
            return
        try:
            self._store.add_requests(records)
        except Exception:
            if len(records) == 1:
                LOG.exception("request %s is not in the log of requests", records[0].id)
                return
            for record in records:  # one that the database refuses takes no other with it
                self._write([record])


def summarize(rows: Iterable[Counted], by: str | None, offset: int = 0) -> list[dict[str, Any]]:
    """Sums up requests by group, in the order of the groups.

    Args:
        rows: of `Store.requests`.
        by: "hour", "day", "app", "version" or "key"; None for all in one.
        offset: minutes by which local time is ahead of UTC, for hours and days.

    Returns:
        For each group, requests, errors, tokens, percentiles of seconds (None where nothing was timed), and counts
        by finish, by filter that found something harmful, and of ratings.
    """
    groups: dict[str, _Group] = defaultdict(_Group)
    shift = datetime.timedelta(minutes=offset)
    for row in rows:
        groups[_name(row, by, shift)].add(row)
    return [{"group": name, **groups[name].summary()} for name in sorted(groups)]


def _name(row: Counted, by: str | None, shift: datetime.timedelta) -> str:
    if by is None:
        return ""
    if by in _TIMES:
        return f"{row.when + shift:{_TIMES[by]}}"
    if by == "version":
        return "" if row.app is None else f"{row.app}@{row.version}"
    return getattr(row, by) or ""


class _Group:
    """Sums up the requests of one group."""

    def __init__(self) -> None:
        self.requests = self.errors = self.prompt_tokens = self.completion_tokens = 0
        self.up = self.down = 0
        self.finished: Counter[str] = Counter()
        self.filtered: Counter[str] = Counter()
        self.first: list[float] = []
        self.seconds: list[float] = []

    def add(self, row: Counted) -> None:
        """Counts one more request."""
        self.requests += 1
        self.prompt_tokens += row.prompt_tokens
        self.completion_tokens += row.completion_tokens
        self.up += row.up
        self.down += row.down
        self.finished[row.finish] += 1
        for kind in row.harmful:
            self.filtered[kind] += 1
        if row.first_seconds is not None:
            self.first.append(row.first_seconds)
        if row.status < ERROR:
            self.seconds.append(row.seconds)
        elif row.status != LEFT:
            self.errors += 1

    def summary(self) -> dict[str, Any]:
        """Returns the sums."""
        return {
            "requests": self.requests,
            "errors": self.errors,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            **_percentiles("first", self.first),
            **_percentiles("seconds", self.seconds),
            "finished": dict(self.finished),
            "filtered": dict(self.filtered),
            "up": self.up,
            "down": self.down,
        }


def _percentiles(name: str, values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return {f"{name}_p50": None, f"{name}_p99": None}
    half, most = np.quantile(values, (0.5, 0.99))
    return {f"{name}_p50": float(half), f"{name}_p99": float(most)}


def as_csv(summaries: Iterable[dict[str, Any]]) -> str:
    """Returns summaries as CSV, a column a figure, with the mark by which spreadsheets know UTF-8."""
    out = io.StringIO()
    writer = None
    for summary in summaries:
        row = {name: value for name, value in summary.items() if not isinstance(value, dict)}
        row |= {f"finished_{name}": summary["finished"].get(name, 0) for name in FINISHES}
        row |= {f"filtered_{kind}": summary["filtered"].get(kind, 0) for kind in KINDS}
        if writer is None:
            writer = csv.DictWriter(out, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
    return "\ufeff" + out.getvalue()


def preference_pairs(rows: Iterable[Any]) -> Iterator[dict[str, str]]:
    """Streams pairs of a preferred and a rejected text: same app, version, variables and prompt, one rated up and one down.

    Args:
        rows: of `Store.rated_texts`.
    """
    groups: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for row in rows:
        same = json.dumps([row.app, row.version, row.variables, row.prompt], sort_keys=True)
        side = groups[same][row.value < 0]
        if row.value and row.text not in side:
            side.append(row.text)
    for same, (chosen, rejected) in groups.items():
        prompt = json.loads(same)[-1]
        for one in chosen:
            for other in rejected:
                if one != other:
                    yield {"prompt": prompt, "chosen": one, "rejected": other}
