"""Has the paths by which a server is watched."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from clova_jax.studio.routes.common import ERRORS, Caller, State

router = APIRouter(responses={503: ERRORS[503]})


@router.get("/health")
async def health() -> dict[str, str]:
    """Says that the server lives, whether or not the model is loaded."""
    return {"status": "ok"}


@router.get("/ready", response_model=None)
async def ready(studio: State) -> Any:
    """Says whether requests can be answered."""
    _ = studio.backend
    return JSONResponse({"status": "ready"})


@router.get("/metrics", response_class=PlainTextResponse, responses={401: ERRORS[401]})
async def metrics(studio: State, _: Caller) -> Response:
    """Returns figures for Prometheus."""
    return Response(studio.metrics.text(studio.load), media_type=CONTENT_TYPE_LATEST)
