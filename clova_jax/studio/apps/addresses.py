"""Finds the version of an app that a request means, and says who may use it."""

import re
from typing import NoReturn

from clova_jax.studio.errors import ApiError
from clova_jax.studio.store import App, Key, Missing, Store, Version

PREFIX = "app:"
SERVICE, TEST = "service", "test"
_ADDRESS = re.compile(r"app:([^@:]+)(?:@(test|service|[1-9][0-9]{0,8}))?")


def version_of(store: Store, model: str, caller: str) -> tuple[App, Version]:
    """Returns what a request's `model` means: `app:NAME`, `app:NAME@test` or `app:NAME@3`.

    The owner may use every version; others only the one in service of an app that is public.

    Args:
        store: where apps are.
        model: as the request has it.
        caller: the name of the key that asks.

    Raises:
        ApiError: 404, there is none of this name, or it is not deployed.
    """
    match = _ADDRESS.fullmatch(model)
    if match is None:
        _refuse(f"model {model[:100]!r}: wants app:NAME, app:NAME@test or app:NAME@NUMBER")
    name, place = match[1], match[2] or SERVICE
    try:
        app = store.find_app(name)
    except Missing:
        _refuse(f"app {name[:100]!r}: there is none of this name for this key")
    if caller != app.owner and not (app.public and place == SERVICE):
        _refuse(f"app {name[:100]!r}: there is none of this name for this key")
    if place.isdigit():
        found = store.find_version(app.id, int(place))
        if found is None:
            _refuse(f"app {name!r}: has no version {place}")
        return app, found
    found = store.labelled_version(app.id, place)
    if found is None:
        _refuse(f"app {name!r}: is not deployed; put the label {place!r} on a version")
    return app, found


def public_version(store: Store, name: str) -> tuple[App, Version]:
    """Returns the version in service of an app that answers without a key.

    Raises:
        ApiError: 404, there is none that does.
    """
    try:
        app = store.find_app(name)
    except Missing:
        app = None
    found = store.labelled_version(app.id, SERVICE) if app and app.public else None
    if app is None or found is None:
        _refuse(f"app {name[:100]!r}: there is none of this name that answers without a key")
    return app, found


def guest_of(app: App) -> Key:
    """Returns who asks without a key: all of an app's guests share its limits."""
    return Key(PREFIX + app.name, app.limits)


def _refuse(message: str) -> NoReturn:
    raise ApiError(404, message, param="model", code="model_not_found")
