"""The endpoints: each reads a request, asks the trace server in a worker thread, and answers."""

from __future__ import annotations

import hashlib
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from weave_lite.core.errors import InvalidRequest
from weave_lite.core.version import VERSION
from weave_lite.serve import graphql
from weave_lite.serve.answers import (
    call_line,
    calls_document,
    document,
    error_answer,
    line_stream,
    model_line,
    octets,
)
from weave_lite.serve.body import read_body, read_file_form, read_json
from weave_lite.serve.retries import ids_of_retry, name_parts
from weave_lite.serve.users import signed
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server_bindings.otlp_body import JSON, PROTOBUF

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from weave_lite.serve.retries import GivenAnswers
    from weave_lite.trace_server.interface.file_pieces import FilePieces
    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
    from weave_lite.trace_server_bindings.routes import Route

    Endpoint = Callable[[Request], Awaitable[Response]]

__all__ = ["Endpoints", "guarded"]

_RETRY_HEADER = "x-weave-retry-id"
# What would happen twice; reads are asked again, and the rest is the same when done again.
_ONCE = frozenset(
    {
        "actions_execute_batch",
        "completions_create",
        "cost_create",
        "feedback_create",
        "feedback_create_batch",
        "feedback_replace",
    }
)
# Where the ids are made by the store.
_MAKES_IDS = frozenset({"cost_create", "feedback_replace"})


def guarded(endpoint: Endpoint) -> Endpoint:
    """Answer whatever an endpoint raises, and let go of what it held."""

    async def answered(request: Request) -> Response:
        async with AsyncExitStack() as held:
            request.state.held = held
            try:
                return await endpoint(request)
            except Exception as error:
                return error_answer(error)

    answered.__name__ = getattr(endpoint, "__name__", "endpoint")
    return answered


class Endpoints:
    """The endpoints of a trace server.

    Args:
        server: Who is asked.
        given: The answers that were given.
    """

    def __init__(self, server: SqliteTraceServer, given: GivenAnswers) -> None:
        self._server = server
        self._given = given

    def of(self, route: Route) -> Endpoint:
        """Make the endpoint of a route."""
        return guarded({"stream": self._stream, "upload": self._upload, "download": self._download}.get(
            route.kind, self._json
        )(route))  # fmt: skip

    def _json(self, route: Route) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            read = await read_json(request)
            retry_id = request.headers.get(_RETRY_HEADER) if route.method in _ONCE else None
            if retry_id:
                # 0.54.0 sends one id with different requests as well: the body tells them apart.
                body = hashlib.sha256(repr(read).encode("utf-8", "replace")).hexdigest()
                retry_id = f"{retry_id[:64]}-{body[:32]}"
            known = self._given.find(request.url.path, retry_id)
            if known is not None:
                return Response(known.body, known.status_code, media_type=known.media_type)
            # What was stored before the answer got lost is not stored twice.
            if retry_id and route.method in {"feedback_create", "feedback_create_batch"}:
                name_parts(read, retry_id)
            options = {}
            if retry_id and route.method in _MAKES_IDS:
                options["make_id"] = ids_of_retry(retry_id).__next__
            answer = await self._ask(route.method, route.request, read, request, **options)
            self._given.keep(request.url.path, retry_id, answer)
            return answer

        return endpoint

    async def _ask(
        self, method: str, model: str, read: Any, request: Request, **options: Any
    ) -> Response:
        def ask() -> Response:
            req = getattr(tsi, model).model_validate(signed(read, _user_of(request)))
            if method == "calls_query":
                return calls_document(self._server.calls_query_encoded(req))
            return document(getattr(self._server, method)(req, **options))

        return await run_in_threadpool(ask)

    def _stream(self, route: Route) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            read = await read_json(request)

            def start() -> Any:
                req = getattr(tsi, route.request).model_validate(read)
                if route.method == "calls_query_stream":
                    return map_closing(call_line, self._server.calls_query_encoded(req))
                return map_closing(model_line, getattr(self._server, route.method)(req))

            return await line_stream(await run_in_threadpool(start))

        return endpoint

    def _upload(self, route: Route) -> Endpoint:
        del route  # there is one

        async def endpoint(request: Request) -> Response:
            form = await read_file_form(request)
            return document(await run_in_threadpool(self._server.file_create_from, *form))

        return endpoint

    def _download(self, route: Route) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            read = await read_json(request)

            def ask() -> FilePieces:
                req = getattr(tsi, route.request).model_validate(read)
                return self._server.file_content_pieces(req)

            return await octets(await run_in_threadpool(ask))

        return endpoint

    # --- what is no method of the interface ---

    async def server_info(self, request: Request) -> Response:
        """Say which server this is."""
        del request
        return document(
            {"min_required_weave_python_version": "0.0.1", "trace_server_version": VERSION}
        )

    async def health(self, request: Request) -> Response:
        """Say that the store can be read."""
        del request
        await run_in_threadpool(self._server.project_ids)
        return document({"status": "ok"})

    async def graphql(self, request: Request) -> Response:
        """Answer the questions that official clients ask when they start."""
        return document(graphql.answer(await read_json(request)))

    async def projects_info(self, request: Request) -> Response:
        """Give the internal id of each project: it is the project's own name."""
        read = await read_json(request)
        ids = read.get("project_ids") if isinstance(read, dict) else None
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            raise InvalidRequest("project_ids must be a list of projects, each entity/project")
        return document(
            [{"external_project_id": each, "internal_project_id": each} for each in ids]
        )

    async def complete(self, request: Request) -> Response:
        """Store whole calls."""
        read = await read_json(request)
        return await self._ask("calls_complete", "CallsUpsertCompleteReq", read, request)

    async def start(self, request: Request) -> Response:
        """Store the start of a call, as newer clients send it."""
        return await self._ask("call_start", "CallStartReq", await read_json(request), request)

    async def end(self, request: Request) -> Response:
        """Store the end of a call, as newer clients send it."""
        return await self._ask("call_end", "CallEndReq", await read_json(request), request)

    async def completion_stream(self, request: Request) -> Response:
        """Ask a model; the whole answer is one line."""
        read = await read_json(request)

        def ask() -> Any:
            req = tsi.CompletionsCreateReq.model_validate(signed(read, _user_of(request)))
            return iter([model_line(self._server.completions_create(req))])

        return await line_stream(await run_in_threadpool(ask))

    async def otel(self, request: Request) -> Response:
        """Store OpenTelemetry spans, as protobuf or JSON."""
        content_type = request.headers.get("content-type", PROTOBUF).partition(";")[0].strip()
        body = await read_body(request)
        named = request.headers.get("project_id") or request.headers.get("project-id") or ""
        project_id = unquote(named)  # as headers hold ASCII only

        def export() -> Response:
            traces: Any = body.decode() if content_type == JSON else body
            req = tsi.OtelExportReq(
                project_id=project_id, traces=traces, wb_user_id=_user_of(request)
            )
            return otel_answer(self._server.otel_export(req), content_type)

        return await run_in_threadpool(export)


def _user_of(request: Request) -> str | None:
    user: str | None = request.scope.get("weave_lite.user")
    return user


def map_closing(function: Callable[[Any], bytes], values: Any) -> Any:
    """Apply a function to what a generator gives, and close that when this is closed."""
    try:
        for value in values:
            yield function(value)
    finally:
        values.close()


def otel_answer(res: tsi.OtelExportRes, content_type: str) -> Response:
    """Answer an export in the form in which it came."""
    partial = res.partial_success
    if content_type == JSON:
        told = {}
        if partial is not None:
            told["partialSuccess"] = {
                "rejectedSpans": partial.rejected_spans,
                "errorMessage": partial.error_message,
            }
        return document(told)
    from opentelemetry.proto.collector.trace.v1 import (  # noqa: PLC0415 - extra `otel`
        trace_service_pb2,
    )

    message = trace_service_pb2.ExportTraceServiceResponse()
    if partial is not None:
        message.partial_success.rejected_spans = partial.rejected_spans
        message.partial_success.error_message = partial.error_message
    return Response(message.SerializeToString(), media_type=PROTOBUF)
