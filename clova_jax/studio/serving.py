"""Starts a server: it listens at once, loads and compiles with progress, answers, and drains when it is stopped."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import uvicorn

from clova_jax.apps import Filters
from clova_jax.common.errors import ClovaError
from clova_jax.common.progress import progress
from clova_jax.inference import BLOCK, TIMES, Engine
from clova_jax.language_model import LanguageModel
from clova_jax.model import model_directory, read_chat_template, read_config
from clova_jax.studio.app import make_app
from clova_jax.studio.backends import LocalBackend, UpstreamBackend
from clova_jax.studio.errors import ApiError
from clova_jax.studio.server import LOG, Studio
from clova_jax.studio.settings import Settings
from clova_jax.studio.soft_prompts import CAPACITY
from clova_jax.studio.store import Store
from clova_jax.tokenizers import load_tokenizer

BACKLOG = 2048  # connections that may wait to be accepted
KEEP_ALIVE = 75  # seconds; longer than clients keep a connection, so that none uses one that is just being closed


@dataclass(frozen=True)
class Served:
    """Says what a server serves.

    Args:
        model: the model directory.
        mesh: devices for data, pipe and model; one device by default.
        slots: texts that are written together.
        waiting: requests that may wait for a slot.
        length: tokens of prompt and text together; the model's context by default.
        cache_bytes: of keys and values of recent prompts.
        upstream: the address of a server that writes instead of this process.
        upstream_model: what that server calls the model.
        upstream_key: the key for it.
    """

    model: Path
    mesh: tuple[int, int, int] | None = None
    slots: int = 8
    waiting: int = 256
    length: int | None = None
    cache_bytes: int = 1 << 28
    upstream: str | None = None
    upstream_model: str | None = None
    upstream_key: str | None = field(default=None, repr=False)


def serve(settings: Settings, served: Served, store: Store, filters: Filters, port: int) -> None:
    """Serves until it is stopped; the first Ctrl-C lets texts end that are being written, the second does not.

    Raises:
        ClovaError: an address that is taken or none of this machine's; a host that others reach, and no key; a model
            that cannot be loaded.
    """
    if not settings.on_loopback and not store.has_keys():
        raise ClovaError(
            f"--host {settings.host}: others could connect, and there is no key; make one first "
            "(clova studio --add-key NAME)"
        )
    with listen(settings.host, port) as listener:
        studio = Studio(settings, store, filters)
        asyncio.run(_Serving(studio, served, listener).run())


def listen(host: str, port: int) -> socket.socket:
    """Returns a socket that listens, and whose connections send at once what is written.

    Raises:
        ClovaError: the address cannot be listened on.
    """
    try:
        # The protocol is named, or asyncio would not switch Nagle's algorithm off and most answers would wait 40 ms.
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ClovaError(f"--host {host} --port {port}: {reason}") from None
    return listener


class _Server(uvicorn.Server):
    """Leaves signals to `_Serving`: uvicorn raises them again, in the middle of our own end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures nothing."""
        yield


class _Serving:
    """Runs the server and the loading of the model side by side."""

    def __init__(self, studio: Studio, served: Served, listener: socket.socket) -> None:
        self.studio, self.served, self.listener = studio, served, listener
        self.server = _Server(
            uvicorn.Config(
                make_app(studio),
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
                backlog=BACKLOG,
            )
        )
        self._stopping = threading.Event()

    async def run(self) -> None:
        """Serves until it is stopped, or the model cannot be loaded."""
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError, RuntimeError):  # not the main thread: a test
                asyncio.get_running_loop().add_signal_handler(number, self._stop)
        self.studio.start()
        loading = asyncio.ensure_future(self._load())
        serving = asyncio.ensure_future(self.server.serve(sockets=[self.listener]))
        try:
            await asyncio.wait({loading, serving}, return_when=asyncio.FIRST_COMPLETED)
            if loading.done() and loading.exception():
                self.server.should_exit = True
            await serving
        finally:
            self._stopping.set()
            await asyncio.gather(loading, return_exceptions=True)
            await self.studio.close()
        if error := loading.exception():
            raise error

    def _stop(self) -> None:
        """Drains at the first signal; the second ends what is being written."""
        if self.server.should_exit:
            self.server.force_exit = True
        else:
            running, waiting = self.studio.load
            LOG.info("stopping after %d texts; once more stops at once", running + waiting)
        self.server.should_exit = True
        self._stopping.set()

    async def _load(self) -> None:
        if self.served.upstream:
            await self._use_upstream(self.served.upstream)
        else:
            lm, engine = await asyncio.to_thread(load, self.served, self._stopping.is_set)
            await self.studio.use(LocalBackend(engine), lm, lm.chat)
        if not self._stopping.is_set():
            host, port = self.listener.getsockname()[:2]
            name = f"[{host}]" if ":" in host else host
            print(f"ready on http://{name}:{port}", flush=True)

    async def _use_upstream(self, url: str) -> None:
        folder, served = model_directory(self.served.model), self.served
        tokenizer = await asyncio.to_thread(load_tokenizer, folder / "tokenizer")
        length = min(read_config(folder).max_length, served.length or 1 << 31)
        name = served.upstream_model or self.studio.settings.model_name
        backend = UpstreamBackend(url, name, tokenizer, length, served.upstream_key)
        try:
            await backend.check()
        except ApiError as error:
            await backend.close()
            raise ClovaError(f"--upstream {url}: {error}") from None
        await self.studio.use(backend, chat=read_chat_template(folder))


def load(served: Served, stopping: Callable[[], bool]) -> tuple[LanguageModel, Engine]:
    """Loads the model, starts the engine and compiles the usual shapes, with progress.

    Raises:
        ClovaError: the model directory is none, or damaged.
    """
    from clova_jax.parallel import make_mesh

    lm = LanguageModel.load(served.model, make_mesh(served.mesh) if served.mesh else None)
    virtual = np.zeros((CAPACITY, lm.config.embed_dim), np.float32)
    engine = Engine(
        lm.with_virtual(virtual),
        slots=served.slots,
        size=served.length,
        waiting=served.waiting,
        cache_bytes=served.cache_bytes,
    )
    lengths = list(warm_lengths(engine.size))
    with progress(total=len(lengths), desc="compiling", unit="shape") as bar:
        for length in lengths:
            if stopping():
                break
            warm(engine, [0] * length)
            bar.update()
    return lm, engine


def warm(engine: Engine, ids: Sequence[int]) -> None:
    """Compiles what a prompt of that length needs, by answering one."""
    options = {"temperature": 1.0, "top_p": 0.9, "repetition_penalty": 1.1, "seed": 0}
    engine.submit(ids, max_new_tokens=1, **options).result()


def warm_lengths(size: int) -> Iterator[int]:
    """Yields lengths of prompts that meet every shape of a prefill (see `inference/prefix_cache.py`)."""
    before = 0
    while before < size:
        for time in TIMES:
            if before + time < size:
                yield before + time  # the last token is not prefilled
        before = 4 * before if before else BLOCK
    if size > 1:
        yield size - 1
