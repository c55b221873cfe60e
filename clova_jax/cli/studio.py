"""Runs `clova studio`: serves a model over HTTP, and keeps the keys to it."""

import contextlib
import importlib.util
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clova_jax import apps, interop, studio
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import mesh_option, option

NEEDED = ("fastapi", "uvicorn", "httpx", "sqlalchemy", "alembic", "prometheus_client")


@dataclass(frozen=True)
class Options:
    """Serves a model over HTTP: OpenAI's completions, CLOVA Studio's, tuned prompts, input gradients, apps."""

    model: Path | None = option(None, metavar="DIR")
    """the model directory, or a name on the Hugging Face Hub: ORG/NAME[@REVISION]"""
    host: str = "127.0.0.1"
    """the address to listen on; others than this machine's need a key"""
    port: int = option(8000, least=0, most=65535)
    """the port to listen on"""
    name: str | None = None
    """what the model is called in the API; its folder's name by default"""
    slots: int = option(8, least=1)
    """texts that are written together"""
    waiting: int = option(256, least=1)
    """requests that may wait for a slot; more get status 503"""
    length: int | None = option(None, least=2)
    """tokens of prompt and text together; the model's context by default"""
    prefix_cache: int = option(256, least=0)
    """MiB of keys and values of recent prompts"""
    mesh: tuple[int, ...] | None = mesh_option(None)
    database: str = option("sqlite:///runs/studio/studio.db", metavar="URL")
    """where keys, prompts, documents and apps are kept: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"""
    cors: tuple[str, ...] = option((), metavar="ORIGIN")
    """origins whose pages may call the API, such as https://example.com"""
    allow_host: tuple[str, ...] = option((), metavar="NAME")
    """names under which clients reach this server, where it is behind a proxy"""
    toxicity: Path | None = None
    """the classifier of the filter `unsafe` (clova corpus-model --kind toxicity)"""
    log_texts: bool = False
    """let the logs hold prompts and answers"""
    keep_days: int = option(90, least=1, most=36_500)
    """days after which requests, with their texts, and sessions are deleted"""
    upstream: str | None = option(None, metavar="URL")
    """a server that writes instead: vLLM with the export of the model"""
    upstream_model: str | None = None
    """what the upstream calls the model"""
    upstream_key: str | None = None
    """the key for the upstream"""
    add_key: str | None = option(None, metavar="NAME")
    """make a key of this name, show it once, and end"""
    revoke_key: str | None = option(None, metavar="NAME")
    """make the key of this name useless, and end"""
    list_keys: bool = False
    """list the keys, and end"""
    list_reports: bool = False
    """list the reports of misuse, and end"""
    requests_per_minute: int | None = option(None, least=1)
    """limit of the key to add"""
    tokens_per_minute: int | None = option(None, least=1)
    """limit of the key to add"""
    filters: tuple[str, ...] = option((), metavar="KIND=ACTION")
    """what filters do, for the key to add or for all: personal, curse, unsafe = flag, mask, block (curse=mask)"""


def run(options: Options) -> None:
    """Serves, or manages keys."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ClovaError(
            f"the Studio needs {', '.join(missing)}; install its extra: pip install 'clova_jax[studio]'"
        )
    store = studio.Store(options.database)
    try:
        if options.list_reports:
            _reports(store)
        elif options.add_key or options.revoke_key or options.list_keys:
            _keys(options, store)
        else:
            _serve(options, store)
    finally:
        store.close()


def _keys(options: Options, store: "studio.Store") -> None:
    if options.revoke_key:
        store.revoke_key(options.revoke_key)
    if options.add_key:
        policy = apps.check_policy(_policy(options))
        limits = studio.Limits(options.requests_per_minute, options.tokens_per_minute)
        print(store.add_key(options.add_key, limits, policy))
    if options.list_keys:
        for key in store.list_keys():
            state = "revoked" if key.revoked else "in use"
            policy = ",".join(f"{kind}={action}" for kind, action in key.filters.items())
            print(
                f"{key.name}\t{state}\t{key.limits.requests or '-'} requests\t{key.limits.tokens or '-'} "
                f"tokens a minute\t{policy}"
            )


def _reports(store: "studio.Store") -> None:
    for one in store.list_misuse():
        text = " ".join(one.text.split())
        print(
            f"{one.when:%Y-%m-%d %H:%M}\t{one.app or '-'}\t{one.request or '-'}\t{one.by or '-'}\t{text}"
        )


def _policy(options: Options) -> dict[str, str]:
    return dict(_pair(word) for word in options.filters)


def _pair(word: str) -> tuple[str, str]:
    kind, equals, action = word.partition("=")
    if not equals:
        raise ClovaError(f"--filters {word}: wants KIND=ACTION, such as curse=mask")
    return kind, action


def _serve(options: Options, store: "studio.Store") -> None:
    if options.model is None:
        raise ClovaError("--model is required: the model directory (try --help)")
    _refuse_unused(options)
    settings = studio.Settings(
        model_name=options.name or _name(options.model),
        host=options.host,
        host_names=options.allow_host,
        cors=options.cors,
        log_texts=options.log_texts,
        keep_days=options.keep_days,
        filters=_policy(options),
    )
    served = studio.Served(
        interop.model_folder(options.model),
        options.mesh,  # type: ignore[arg-type]
        options.slots,
        options.waiting,
        options.length,
        options.prefix_cache << 20,
        options.upstream,
        options.upstream_model,
        options.upstream_key,
    )
    filters = apps.Filters.load(options.toxicity)
    filters.check(settings.filters)
    for key in store.list_keys():
        if not key.revoked:
            filters.check(key.filters)
    for prompt in store.list_prompts():
        filters.check(prompt.filters)
    with _log_to_stderr():
        studio.serve(settings, served, store, filters, options.port)


@contextlib.contextmanager
def _log_to_stderr() -> Iterator[None]:
    """Writes the log to stderr, and nowhere else, until the block ends."""
    root, own = logging.getLogger(), logging.getLogger("clova_jax.studio")
    # A library that was imported before may have set up the log in its own way.
    before, level = root.handlers[:], own.level
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    root.handlers[:] = [handler]
    own.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.handlers[:] = before
        own.setLevel(level)
        handler.close()


def _refuse_unused(options: Options) -> None:
    """Refuses options that would change nothing.

    Raises:
        ClovaError: one is given without what it belongs to.
    """
    groups = {
        "add_key": ("requests_per_minute", "tokens_per_minute"),
        "upstream": ("upstream_model", "upstream_key"),
    }
    for owner, names in groups.items():
        for name in names:
            if getattr(options, name) is not None and getattr(options, owner) is None:
                words = [f"--{word.replace('_', '-')}" for word in (name, owner)]
                raise ClovaError(f"{words[0]}: belongs to {words[1]}, which is not given")


def _name(model: Path) -> str:
    """Returns the folder's name; that of the run where the folder is called `model`."""
    path = model.resolve()
    return path.parent.name if path.name == "model" else path.name
