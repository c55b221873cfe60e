"""Posts alerts of a training to a webhook."""

import sys
import threading
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from typing import Any

from clova_jax.common.json_values import to_json

TIMEOUT = 10.0  # seconds that one request may take


class Alerts:
    """Posts JSON to a webhook in the background, in order; one that fails is reported once, and stops nothing.

    A body has `event` (spike, stalled, interrupted, failed), `text` (a sentence, as Slack shows it), `time` in UTC, what
    `about` says, and the figures of the event.

    Args:
        url: of the webhook, http or https; None: nothing is sent.
        about: values that every body has.
    """

    def __init__(self, url: str | None = None, about: dict[str, Any] | None = None) -> None:
        self.url, self.about = url, about or {}
        self._sending: list[threading.Thread] = []
        self._failed = False

    def send(self, event: str, text: str, **figures: Any) -> None:
        """Starts sending an alert."""
        if self.url is None:
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        body = to_json({"event": event, "text": text, "time": now, **self.about, **figures})
        self._sending = [one for one in self._sending if one.is_alive()]
        given = body.encode(), self._sending[-1:]
        self._sending.append(threading.Thread(target=self._post, args=given, daemon=True))
        self._sending[-1].start()

    def wait(self) -> None:
        """Waits for what is being sent, as long as one request may take."""
        end = time.monotonic() + TIMEOUT
        for thread in self._sending:
            thread.join(max(0.0, end - time.monotonic()))

    def _post(self, body: bytes, before: list[threading.Thread]) -> None:
        for one in before:
            one.join()
        headers = {"Content-Type": "application/json"}
        try:
            request = urllib.request.Request(self.url, body, headers, method="POST")
            with urllib.request.urlopen(request, timeout=TIMEOUT):
                pass
        except Exception as error:  # whatever a webhook does, training goes on
            if not self._failed:
                host = urllib.parse.urlsplit(self.url).hostname  # the rest may be a secret
                print(f"WARNING: the alerts' webhook at {host} failed: {error}", file=sys.stderr)
            self._failed = True
