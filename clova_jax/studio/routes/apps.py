"""Has the paths of apps: versions, labels, access, forks, links, files in and out."""

import asyncio
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from clova_jax.studio.apps.content import AppContent, AppFile
from clova_jax.studio.apps.samples import samples
from clova_jax.studio.routes.common import ERRORS, Caller, State, shown_time
from clova_jax.studio.schemas import Body, Minute, Name, Plain
from clova_jax.studio.server import Studio
from clova_jax.studio.store import App, Key, Limits, Missing, Store, Version

router = APIRouter(responses=ERRORS)
Note = Annotated[Plain, Field(max_length=2_000)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class NewApp(Body):
    """An app to make, with its first version."""

    name: Name
    content: AppContent
    note: Note = ""


class NewVersion(Body):
    """A version to publish; `after` is the one that it was made from."""

    content: AppContent
    note: Note = ""
    after: Number


class LabelBody(Body):
    """Where a label goes, and where it was."""

    version: Number | None
    was: Number | None


class AccessBody(Body):
    """Who may use an app, and how much without the owner's key."""

    public: bool
    requests_per_minute: Minute | None = None
    tokens_per_minute: Minute | None = None
    shared: bool = False


class ForkBody(Body):
    """A copy to make."""

    name: Name
    version: Number | None = None


class SharedForkBody(Body):
    """A copy to make of a shared app."""

    name: Name


@router.get("/v1/apps")
async def apps(studio: State, key: Caller) -> dict[str, Any]:
    """Lists the key's apps."""
    found = await asyncio.to_thread(studio.store.list_apps, key.name)
    return {
        "data": [
            {
                "name": one.app.name,
                "title": one.title,
                "versions": one.versions,
                "labels": _labels(one.labels),
                "public": one.app.public,
                "updated": shown_time(one.updated),
            }
            for one in found
        ]
    }


@router.post("/v1/apps", status_code=201)
async def add_app(body: NewApp, studio: State, key: Caller) -> dict[str, Any]:
    """Makes an app with version 1."""
    return await _add(studio, key, body.name, body.content, body.note)


@router.post("/v1/apps/import", status_code=201)
async def import_app(body: AppFile, studio: State, key: Caller) -> dict[str, Any]:
    """Makes an app of a file that `export` gave."""
    return await _add(studio, key, body.name, body.content, body.note)


@router.get("/v1/apps/{app}")
async def one_app(app: str, studio: State, key: Caller) -> dict[str, Any]:
    """Describes an app: access, versions, labels and what was done with them."""
    return await asyncio.to_thread(_describe, studio.store, app, key.name)


@router.delete("/v1/apps/{app}")
async def delete_app(app: str, studio: State, key: Caller) -> dict[str, Any]:
    """Deletes an app with its versions, labels and sessions."""
    await asyncio.to_thread(studio.store.delete_app, app, key.name)
    return {"name": app, "deleted": True}


@router.post("/v1/apps/{app}/versions", status_code=201)
async def add_version(app: str, body: NewVersion, studio: State, key: Caller) -> dict[str, Any]:
    """Publishes a version that follows the newest."""
    content = _checked(studio, body.content)
    add = studio.store.add_version
    return {"number": await asyncio.to_thread(add, app, key.name, content, body.note, body.after)}


@router.get("/v1/apps/{app}/versions/{number}")
async def one_version(
    app: str, number: Annotated[int, Path(ge=1, le=2**31 - 1)], studio: State, key: Caller
) -> dict[str, Any]:
    """Returns a version with its content."""
    found = await asyncio.to_thread(_version, studio.store, app, key.name, number)
    return _about(found) | {"content": found.content}


@router.put("/v1/apps/{app}/labels/{label}")
async def set_label(
    app: str, label: Literal["test", "service"], body: LabelBody, studio: State, key: Caller
) -> dict[str, Any]:
    """Moves a label to a version, or takes it off; on an earlier version, that is the way back."""
    store = studio.store
    await asyncio.to_thread(store.set_label, app, key.name, label, body.version, body.was)
    return {"label": label, "version": body.version}


@router.put("/v1/apps/{app}/access")
async def set_access(app: str, body: AccessBody, studio: State, key: Caller) -> dict[str, Any]:
    """Says who may use an app, and how much without the owner's key."""
    limits = Limits(body.requests_per_minute, body.tokens_per_minute)
    change = studio.store.set_access
    await asyncio.to_thread(change, app, key.name, body.public, limits, body.shared)
    return _access(await asyncio.to_thread(studio.store.find_app, app, key.name))


@router.post("/v1/apps/{app}/fork", status_code=201)
async def fork(app: str, body: ForkBody, studio: State, key: Caller) -> dict[str, Any]:
    """Makes a new app of a version, the newest where none is named."""
    found = await asyncio.to_thread(_version, studio.store, app, key.name, body.version)
    return await _fork(studio, key, app, found, body.name)


@router.get("/v1/apps/{app}/export", response_model=None)
async def export(
    app: str,
    studio: State,
    key: Caller,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> JSONResponse:
    """Returns a version as a file, the newest where none is named."""
    found = await asyncio.to_thread(_version, studio.store, app, key.name, version)
    file = {"clova_studio_app": 1, "name": app, "note": found.note, "content": found.content}
    place = f"attachment; filename*=UTF-8''{quote(app)}.json"
    return JSONResponse(file, headers={"Content-Disposition": place})


@router.get("/v1/shared/{token}")
async def shared(token: str, studio: State) -> dict[str, Any]:
    """Returns the app of a link: the version in service, else the one in test, else the newest; no key is needed."""
    app, version = await asyncio.to_thread(_shared, studio.store, token)
    return {"name": app.name, "content": version.content}


@router.post("/v1/shared/{token}/fork", status_code=201)
async def fork_shared(
    token: str, body: SharedForkBody, studio: State, key: Caller
) -> dict[str, Any]:
    """Makes a new app of the key's from the app of a link."""
    app, version = await asyncio.to_thread(_shared, studio.store, token)
    return await _fork(studio, key, app.name, version, body.name)


@router.get("/v1/app_samples")
async def app_samples(_: Caller) -> dict[str, Any]:
    """Lists the apps that come with the Studio, as files to import."""
    return {"data": samples()}


async def _add(
    studio: Studio, key: Key, name: str, content: AppContent, note: str
) -> dict[str, Any]:
    values = _checked(studio, content)
    await asyncio.to_thread(studio.store.add_app, name, key.name, values, note)
    return {"name": name, "number": 1}


async def _fork(studio: Studio, key: Key, of: str, version: Version, name: str) -> dict[str, Any]:
    note = f"{of}, version {version.number}"
    await asyncio.to_thread(studio.store.add_app, name, key.name, version.content, note)
    return {"name": name, "number": 1}


def _checked(studio: Studio, content: AppContent) -> dict[str, Any]:
    """Returns a content as it is kept.

    Raises:
        ClovaError: filters that this server does not have.
    """
    studio.filters.check(dict(content.filters))
    return content.model_dump()


def _version(store: Store, app: str, owner: str, number: int | None) -> Version:
    found = store.find_app(app, owner)
    if number is None:
        return store.newest_version(found.id)
    version = store.find_version(found.id, number)
    if version is None:
        raise Missing(f"app {app[:100]!r}: has no version {number}")
    return version


def _shared(store: Store, token: str) -> tuple[App, Version]:
    app = store.find_shared(token)
    labelled = (store.labelled_version(app.id, label) for label in ("service", "test"))
    return app, next(filter(None, labelled), None) or store.newest_version(app.id)


def _describe(store: Store, name: str, owner: str) -> dict[str, Any]:
    app = store.find_app(name, owner)
    log = [
        {"label": one.label, "version": one.number, "by": one.by, "when": shown_time(one.when)}
        for one in store.label_log(app.id)
    ]
    return {
        "name": app.name,
        "owner": app.owner,
        **_access(app),
        "versions": [_about(version) for version in store.list_versions(app.id)],
        "labels": _labels(store.labels(app.id)),
        "log": log,
    }


def _access(app: App) -> dict[str, Any]:
    limits = app.limits
    return {
        "public": app.public,
        "limits": {"requests_per_minute": limits.requests, "tokens_per_minute": limits.tokens},
        "share": app.share,
    }


def _about(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "note": version.note,
        "author": version.author,
        "created": shown_time(version.created),
    }


def _labels(found: dict[str, int]) -> dict[str, int | None]:
    return {label: found.get(label) for label in ("test", "service")}
