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


class Retention:
    """Knows what may be kept, and deletes the rest.

    Args:
        store: where it is.
        days: that a request, and a session after its last turn, is kept.
    """

    def __init__(self, store: Store, days: int) -> None:
        self._store, self.days = store, days

    def since(self, time: datetime.datetime) -> datetime.datetime:
        """Returns from when on requests and sessions are kept at a time; both are in UTC."""
        return time - datetime.timedelta(days=self.days)

    def prune(self, stopping: threading.Event) -> None:
        """Deletes what is older, in batches until it should stop, and says in the log how much that was."""
        since = self.since(now())
        requests = _delete(self._store.delete_requests, since, stopping)
        sessions = _delete(self._store.delete_sessions, since, stopping)
        if requests or sessions:
            message = "deleted %d requests and %d sessions older than %d days"
            LOG.info(message, requests, sessions, self.days)


def _delete(
    delete: Callable[[datetime.datetime, int], int],
    since: datetime.datetime,
    stopping: threading.Event,
) -> int:
    total = 0
    while not stopping.is_set():
        count = delete(since, BATCH)
        total += count
        if count < BATCH:
            break
        stopping.wait(PAUSE)
    return total
