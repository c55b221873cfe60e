"""Puts the API together."""

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clova_jax import __version__
from clova_jax.studio.errors import install_handlers
from clova_jax.studio.guard import Guard
from clova_jax.studio.routes import (
    apps,
    chat,
    completions,
    knowledge,
    page,
    phone,
    scoring,
    status,
    tokens,
    tuning,
    usage,
)
from clova_jax.studio.server import Studio


class Counted:
    """Counts the answers of an app by path and status.

    Args:
        app: what answers.
        studio: whose figures these are.
    """

    def __init__(self, app: ASGIApp, studio: Studio) -> None:
        self.app, self.studio = app, studio

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands on, and notes the status that is sent."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get("route")
                path = getattr(route, "path", "other")
                self.studio.count(path, message["status"])
            await send(message)

        await self.app(scope, receive, noting)


def make_app(studio: Studio) -> FastAPI:
    """Returns the app of a server."""
    app = FastAPI(
        title="HyperCLOVA Studio",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.studio = studio
    parts = (
        completions,
        chat,
        tokens,
        tuning,
        knowledge,
        apps,
        phone,
        scoring,
        usage,
        status,
        page,
    )
    for part in parts:
        app.include_router(part.router)
    install_handlers(app)
    app.add_middleware(Counted, studio=studio)
    if studio.settings.cors:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(studio.settings.cors),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
        )
    app.add_middleware(Guard, settings=studio.settings)
    return app
