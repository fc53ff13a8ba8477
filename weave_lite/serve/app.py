"""The application: every endpoint, under ``/`` and under ``/traces``, behind the guard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from weave_lite.serve.answers import document, error_answer, refusal
from weave_lite.serve.endpoints import Endpoints, guarded
from weave_lite.serve.openapi import description
from weave_lite.serve.retries import GivenAnswers
from weave_lite.serve.security import Guard
from weave_lite.trace_server_bindings.routes import ROUTES

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

__all__ = ["make_app"]

# More of them would only wait for each other, each with its hundreds of megabytes.
_HEAVY_AT_ONCE: Final = 4


def make_app(server: SqliteTraceServer, *, token: str | None = None) -> Starlette:
    """Make the application of a trace server.

    Args:
        server: Who answers.
        token: What clients must send as the key of basic authentication or as a bearer token;
            None lets everybody of this machine in.
    """
    endpoints = Endpoints(server, GivenAnswers())
    routes = [
        Route(path, endpoints.of(route), methods=["POST"], name=f"{route.method}:{path}")
        for route in ROUTES
        for path in route.paths
    ]
    for path, endpoint in (
        ("/v2/{entity}/{project}/calls/complete", endpoints.complete),
        ("/v2/{entity}/{project}/call/start", endpoints.start),
        ("/v2/{entity}/{project}/call/end", endpoints.end),
        ("/service/projects_info", endpoints.projects_info),
        ("/completions/create_stream", endpoints.completion_stream),
        ("/otel/v1/traces", endpoints.otel),
        ("/graphql", endpoints.graphql),
    ):
        routes.append(Route(path, guarded(endpoint), methods=["POST"]))
    for path, endpoint in (
        ("/server_info", endpoints.server_info),
        ("/health", endpoints.health),
        ("/openapi.json", _openapi),
    ):
        routes.append(Route(path, guarded(endpoint), methods=["GET"]))
    app = Starlette(
        # Where clients look depends on which address they were given.
        routes=[*routes, Mount("/traces", routes=routes)],
        middleware=[Middleware(Guard, token=token)],
        exception_handlers={404: _not_found, 405: _not_allowed, 500: _failed},
    )
    app.state.heavy = asyncio.Semaphore(_HEAVY_AT_ONCE)
    return app


async def _openapi(request: Request) -> Response:
    del request
    return document(description())


async def _not_found(request: Request, error: Exception) -> Response:
    del request, error
    return document({"detail": "Not Found", "reason": "there is no such path"}, 404)


async def _not_allowed(request: Request, error: Exception) -> Response:
    headers = getattr(error, "headers", None)
    return refusal(405, f"{request.method} is not for this path", headers)


async def _failed(request: Request, error: Exception) -> Response:
    del request
    return error_answer(error)
