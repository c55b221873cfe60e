"""Has the paths of collections: documents in, passages out."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from clova_jax.studio.apps.content import By
from clova_jax.studio.errors import ApiError
from clova_jax.studio.routes.common import ERRORS, Caller, State, shown_time
from clova_jax.studio.schemas import Body, Name, Plain

router = APIRouter(responses=ERRORS)
LONGEST_NAME = 200
_FILE = {"content": {"application/octet-stream": {"schema": {"type": "string"}}}}


class CollectionBody(Body):
    """A collection to make."""

    name: Name


class SearchBody(Body):
    """A query to a collection."""

    query: Annotated[Plain, Field(max_length=10_000)]
    passages: int = Field(5, ge=1, le=50)
    by: By = Field(["bigrams"])


@router.get("/v1/collections")
async def collections(studio: State, key: Caller) -> dict[str, Any]:
    """Lists the key's collections."""
    found = await asyncio.to_thread(studio.store.list_collections, key.name)
    return {
        "data": [
            {
                "name": one.name,
                "documents": one.documents,
                "passages": one.passages,
                "created": shown_time(one.created),
            }
            for one in found
        ]
    }


@router.post("/v1/collections", status_code=201)
async def add_collection(body: CollectionBody, studio: State, key: Caller) -> dict[str, Any]:
    """Makes an empty collection."""
    await asyncio.to_thread(studio.store.add_collection, body.name, key.name)
    return {"name": body.name, "documents": []}


@router.get("/v1/collections/{collection}")
async def one_collection(collection: str, studio: State, key: Caller) -> dict[str, Any]:
    """Lists the documents of a collection."""
    store = studio.store
    found = await asyncio.to_thread(store.find_collection, collection, key.name)
    documents = [
        {
            "name": one.name,
            "bytes": one.bytes,
            "passages": one.passages,
            "created": shown_time(one.created),
        }
        for one in await asyncio.to_thread(store.list_documents, found.id)
    ]
    return {"name": found.name, "documents": documents}


@router.delete("/v1/collections/{collection}")
async def delete_collection(collection: str, studio: State, key: Caller) -> dict[str, Any]:
    """Deletes a collection that no labelled version of an app uses."""
    await asyncio.to_thread(studio.library.delete, collection, key.name)
    return {"name": collection, "deleted": True}


@router.post(
    "/v1/collections/{collection}/documents",
    status_code=201,
    openapi_extra={"requestBody": _FILE | {"required": True}},
)
async def save_document(
    collection: str, name: Annotated[str, Query()], request: Request, studio: State, key: Caller
) -> dict[str, Any]:
    """Keeps the bytes of a file as a document, in the place of one of its name."""
    _check_name(name)
    data = await request.body()
    passages = await asyncio.to_thread(studio.library.save, collection, key.name, name, data)
    return {"name": name, "passages": passages}


@router.delete("/v1/collections/{collection}/documents/{name:path}")
async def delete_document(collection: str, name: str, studio: State, key: Caller) -> dict[str, Any]:
    """Deletes a document; the next query does not find it."""
    await asyncio.to_thread(studio.store.delete_document, collection, key.name, name)
    return {"name": name, "deleted": True}


@router.post("/v1/collections/{collection}/search")
async def search(collection: str, body: SearchBody, studio: State, key: Caller) -> dict[str, Any]:
    """Finds the passages that fit a query, best first."""
    hits = await asyncio.to_thread(
        studio.library.search, collection, key.name, body.query, body.passages, body.by
    )
    return {
        "data": [
            {
                "text": hit.passage.text,
                "document": hit.passage.document,
                "place": hit.passage.place,
                "score": hit.score,
            }
            for hit in hits
        ]
    }


def _check_name(name: str) -> None:
    """Checks a document's name, which may hold the folders of an upload.

    Raises:
        ApiError: 400, it is too long, or could not be asked for by its path again.
    """
    parts = name.split("/")
    if len(name) > LONGEST_NAME or not name.isprintable() or {"", ".", ".."} & set(parts):
        message = f"name: {name[:60]!r} is no name of a file; wants 1 to {LONGEST_NAME} printable characters"
        raise ApiError(400, message, param="name")
