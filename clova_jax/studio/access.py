"""Decides who may ask: keys, and what a key may ask for in a minute."""

import collections
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

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
        self._known: dict[bytes, tuple[float, Key | None]] = {}
        self._used: dict[str, Usage] = {}

    async def check(self, authorization: str) -> Key:
        """Returns the key of an Authorization header; a key without a name where none is needed.

        Raises:
            ApiError: 401 without a key that is known.
        """
        scheme, _, given = authorization.partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else ""
        now = self._clock()
        # By hash: strangers decide how long what they give is, and how much of it would be kept.
        name = hashlib.sha256(given.encode("utf-8", "surrogatepass")).digest()
        if name not in self._known or self._known[name][0] < now - REMEMBERED:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[name] = now, await anyio.to_thread.run_sync(self._find, given)
        found = self._known[name][1]
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

    def charge(self, key: Key, tokens: int) -> "Charge":
        """Counts a request, and as many tokens as it may take; whoever charges settles what was taken.

        Raises:
            ApiError: 429 where the key's limit does not allow it.
        """
        usage = self._used.setdefault(key.name, Usage())
        return usage.add(key.limits, tokens, self._clock())


@dataclass(eq=False)
class Charge:
    """Holds what one request is counted with.

    Args:
        when: it was charged, by the clock.
        tokens: that it may take, later those that it took.
    """

    when: float
    tokens: int

    def settle(self, used: int) -> None:
        """Gives back what the request did not take."""
        self.tokens = min(self.tokens, used)


class Usage:
    """Counts what one key has asked for in the last minute."""

    def __init__(self) -> None:
        self._charges: collections.deque[Charge] = collections.deque()

    def add(self, limits: Limits, tokens: int, now: float) -> Charge:
        """Counts one more request.

        Raises:
            ApiError: 429 where it is one too many.
        """
        while self._charges and self._charges[0].when <= now - WINDOW:
            self._charges.popleft()
        if limits.requests is not None and len(self._charges) >= limits.requests:
            raise self._refused(f"{limits.requests} requests a minute", now)
        if limits.tokens is not None:
            if tokens > limits.tokens:
                raise ApiError(
                    429,
                    f"the request may take {tokens} tokens, the limit is {limits.tokens} a minute",
                    code="rate_limit_exceeded",
                )
            if sum(charge.tokens for charge in self._charges) + tokens > limits.tokens:
                raise self._refused(f"{limits.tokens} tokens a minute", now)
        self._charges.append(Charge(now, tokens))
        return self._charges[-1]

    def _refused(self, what: str, now: float) -> ApiError:
        wait = max(1, round(self._charges[0].when + WINDOW - now)) if self._charges else 1
        message = f"the limit is {what}; try again in {wait} s"
        return ApiError(429, message, code="rate_limit_exceeded", retry_after=wait)
