"""Deletes what is older than the server may keep it: requests with their texts, and sessions."""

import datetime
import logging
import threading
from collections.abc import Callable

from clova_jax.studio.store import Store
from clova_jax.studio.store.database import now

LOG = logging.getLogger("clova_jax.studio")
BATCH = 500  # rows that one transaction deletes, so that writers wait for milliseconds
PAUSE = 0.05  # seconds between two of them
DAY = 24 * 60 * 60  # seconds


class Retention:
    """Deletes old rows on a thread of its own, at once and then daily.

    Args:
        store: where they are.
        days: that a request, and a session after its last turn, is kept.
    """

    def __init__(self, store: Store, days: int) -> None:
        self._store, self.days = store, days
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clova-retention", daemon=True)
        self._thread.start()

    def since(self) -> datetime.datetime:
        """Returns the time, in UTC, from which on requests and sessions are kept."""
        return now() - datetime.timedelta(days=self.days)

    def prune(self) -> None:
        """Deletes what is older, and says in the log how much that was."""
        since = self.since()
        requests = self._delete(self._store.delete_requests, since)
        sessions = self._delete(self._store.delete_sessions, since)
        if requests or sessions:
            LOG.info(
                "deleted %d requests and %d sessions older than %d days",
                requests,
                sessions,
                self.days,
            )

    def close(self) -> None:
        """Ends the thread after the batch that it is at."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.prune()
            except Exception:
                LOG.exception("what is older than %d days is not deleted today", self.days)
            self._stopping.wait(DAY)

    def _delete(
        self, delete: Callable[[datetime.datetime, int], int], since: datetime.datetime
    ) -> int:
        total = 0
        while not self._stopping.is_set():
            count = delete(since, BATCH)
            total += count
            if count < BATCH:
                break
            self._stopping.wait(PAUSE)
        return total
