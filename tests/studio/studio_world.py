"""A small model with random weights, and servers of it that run in threads."""

import asyncio
import contextlib
import os
import random
import socket
import threading
import time
from dataclasses import dataclass

import httpx
import jax
import numpy as np
import uvicorn

from clova_jax import LanguageModel, ModelConfig, train_tokenizer
from clova_jax.apps import Filters
from clova_jax.inference import Engine
from clova_jax.model import init_params
from clova_jax.studio.app import make_app
from clova_jax.studio.backends import LocalBackend
from clova_jax.studio.server import Studio
from clova_jax.studio.settings import Settings
from clova_jax.studio.store import Store

TEXTS = [
    "옛날 옛적에 호랑이가 살았다. 서울은 넓고 사람이 많다.",
    "the quick brown fox",
    "🙂 가나다 끝\n",
] * 5


def make_model(max_length=160):
    """Weights far from their start, so that distributions are not flat; half of Hangul is bytes."""
    tokenizer = train_tokenizer(TEXTS, kind="byte", vocab_size=300)
    config = ModelConfig(2, 32, 2, vocab_size=tokenizer.vocab_size, max_length=max_length)
    leaves, structure = jax.tree.flatten(jax.jit(init_params, static_argnums=0)(config, 0))
    rng = np.random.default_rng(0)
    params = jax.tree.unflatten(
        structure, [x + 0.3 * rng.standard_normal(x.shape, np.float32) for x in leaves]
    )
    return LanguageModel(config, params, tokenizer)


class LateAnswers:
    """Holds requests back, as a busy server would; pages and their scripts are not.

    Args:
        app: the application.
        wait: seconds for a path with its query.
    """

    def __init__(self, app, wait):
        self.app, self.wait = app, wait

    async def __call__(self, scope, receive, send):
        if (
            scope["type"] == "http"
            and scope["path"] != "/"
            and not scope["path"].startswith("/static")
        ):
            await asyncio.sleep(self.wait(f"{scope['path']}?{scope['query_string'].decode()}"))
        await self.app(scope, receive, send)


def usual_wait(path):
    """Returns no wait; with `LATE_ANSWERS=0.3-0.8` one between those seconds, which finds tests that do not wait."""
    least, _, most = os.environ.get("LATE_ANSWERS", "0-0").partition("-")
    return random.uniform(float(least), float(most))


@dataclass
class Running:
    """A server, its state, and where it is."""

    url: str
    studio: Studio
    engine: Engine | None

    def post(self, path, body, **options):
        """Posts JSON."""
        return httpx.post(self.url + path, json=body, timeout=60, **options)

    def get(self, path, **options):
        """Gets a path."""
        return httpx.get(self.url + path, timeout=60, **options)


@contextlib.contextmanager
def running(
    store_url,
    lm=None,
    backend=None,
    settings=None,
    filters=None,
    wait=usual_wait,
    chat=None,
    **options,
):
    """Runs a server on a free port of loopback in a thread; without a model and a backend it is not ready.

    `chat` is the template of a backend's model.
    """
    engine = (
        Engine(lm.with_virtual(np.zeros((256, lm.config.embed_dim), np.float32)), **options)
        if lm
        else None
    )
    studio = Studio(settings or Settings("tiny"), Store(store_url), filters or Filters())
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        LateAnswers(make_app(studio), wait), log_level="warning", lifespan="off", backlog=2048
    )
    server = uvicorn.Server(config)

    async def main():
        studio.start()
        if engine is not None:
            await studio.use(LocalBackend(engine), lm, lm.chat)
        elif backend is not None:
            await studio.use(backend(), chat=chat)
        await server.serve(sockets=[listener])
        await studio.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield Running(f"http://127.0.0.1:{listener.getsockname()[1]}", studio, engine)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
