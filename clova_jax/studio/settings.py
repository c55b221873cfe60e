"""Defines what a Studio is told at its start."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from clova_jax.retrieve import LARGEST

BODY_BYTES = 8 << 20
_DOCUMENTS = re.compile(r"/v1/collections/[^/]+/documents")
LONGEST_REQUESTS = 128  # continuations that one request may ask for


@dataclass(frozen=True)
class Settings:
    """Holds the rules of one server.

    Args:
        model_name: what the model is called in the API.
        host: the address it listens on.
        host_names: names that the Host header may hold, beside addresses and `localhost`.
        cors: origins whose pages may call the API from a browser.
        log_texts: whether logs may hold prompts and answers.
        keep_days: after which requests, and sessions without a new turn, are deleted.
        body_bytes: of a request, at most.
        document_bytes: of a document that is uploaded, at most.
        filters: what the filters do for all keys, kind to action; a key or a prompt may be stricter.
    """

    model_name: str = "clova"
    host: str = "127.0.0.1"
    host_names: tuple[str, ...] = ()
    cors: tuple[str, ...] = ()
    log_texts: bool = False
    keep_days: int = 90
    body_bytes: int = BODY_BYTES
    document_bytes: int = LARGEST
    filters: Mapping[str, str] = field(default_factory=dict)

    @property
    def on_loopback(self) -> bool:
        """Returns True if only this machine can connect."""
        return is_loopback(self.host)

    def most_bytes(self, path: str) -> int:
        """Returns how many bytes the body of a request to a path may have."""
        return self.document_bytes if _DOCUMENTS.fullmatch(path) else self.body_bytes

    def takes_host(self, header: str) -> bool:
        """Returns True if a Host header may stand in a request; a page of a foreign name that resolves to here may not."""
        name = _without_port(header).lower().rstrip(".")
        if name in ("localhost", self.host.lower(), *(host.lower() for host in self.host_names)):
            return True
        return _address(name) is not None

    def takes_origin(self, origin: str, host: str) -> bool:
        """Returns True if a page of an origin may change something here: this server's own pages, and those of `cors`.

        Args:
            origin: of the page.
            host: the Host header, under which the page asks.
        """
        own = [f"{scheme}://{host.lower()}" for scheme in ("http", "https")]  # a proxy may have TLS
        return origin.lower() in own or origin in self.cors or "*" in self.cors


def is_loopback(host: str) -> bool:
    """Returns True for `localhost` and the addresses of this machine alone."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _without_port(header: str) -> str:
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    return header.partition(":")[0]
