"""Decides who may ask: keys, and what a key may ask for in a minute."""

import collections
import time
from collections.abc import Callable

import anyio.to_thread

from clova_jax.studio.errors import ApiError
from clova_jax.studio.settings import Settings
from clova_jax.studio.store import Key, Limits, Store

WINDOW = 60.0  # seconds
REMEMBERED = 5.0  # seconds for which a key is not looked up again


class Access:
    """Checks keys and their limits.

    Args:
        store: where the keys are.
        settings: on loopback no key is needed as long as there is none.
        clock: seconds, for tests.
    """

    def __init__(
        self, store: Store, settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.store, self.settings, self._clock = store, settings, clock
        self._known: dict[str, tuple[float, Key | None]] = {}
        self._used: dict[str, Usage] = {}

    async def check(self, authorization: str) -> Key:
        """Returns the key of an Authorization header; a key without a name where none is needed.

        Raises:
            ApiError: 401 without a key that is known.
        """
        scheme, _, given = authorization.partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else ""
        now = self._clock()
        if given not in self._known or self._known[given][0] < now - REMEMBERED:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[given] = now, await anyio.to_thread.run_sync(self._find, given)
        found = self._known[given][1]
        if found is None:
            message = (
                "give a key: Authorization: Bearer sk-…" if not given else "the key is not known"
            )
            raise ApiError(401, message, code="invalid_api_key")
        return found

    def _find(self, given: str) -> Key | None:
        found = self.store.find_key(given) if given else None
        if found is None and self.settings.on_loopback and not self.store.has_keys():
            return Key("")
        return found

    def charge(self, key: Key, tokens: int) -> "Usage":
        """Counts a request, and as many tokens as it may take.

        Raises:
            ApiError: 429 where the key's limit does not allow it.
        """
        usage = self._used.setdefault(key.name, Usage())
        usage.add(key.limits, tokens, self._clock())
        return usage


class Usage:
    """Counts what one key has asked for in the last minute."""

    def __init__(self) -> None:
        self._requests: collections.deque[list[float]] = collections.deque()  # (when, tokens)

    def add(self, limits: Limits, tokens: int, now: float) -> None:
        """Counts one more request.

        Raises:
            ApiError: 429 where it is one too many.
        """
        while self._requests and self._requests[0][0] <= now - WINDOW:
            self._requests.popleft()
        if limits.requests is not None and len(self._requests) >= limits.requests:
            raise self._refused(f"{limits.requests} requests a minute", now)
        if limits.tokens is not None:
            if tokens > limits.tokens:
                raise ApiError(
                    429,
                    f"the request may take {tokens} tokens, the key has {limits.tokens} a minute",
                    code="rate_limit_exceeded",
                )
            if sum(used for _, used in self._requests) + tokens > limits.tokens:
                raise self._refused(f"{limits.tokens} tokens a minute", now)
        self._requests.append([now, tokens])

    def settle(self, charged: int, used: int) -> None:
        """Gives back what a request was charged for and did not take."""
        for entry in reversed(self._requests):
            if entry[1] >= charged:
                entry[1] -= max(charged - used, 0)
                return

    def _refused(self, what: str, now: float) -> ApiError:
        wait = max(1, round(self._requests[0][0] + WINDOW - now)) if self._requests else 1
        message = f"the key has {what}; try again in {wait} s"
        return ApiError(429, message, code="rate_limit_exceeded", retry_after=wait)
