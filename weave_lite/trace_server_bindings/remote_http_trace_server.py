"""RemoteHTTPTraceServer: the whole trace server over HTTP. Needs the extra ``remote``."""

from __future__ import annotations

import logging
import os
import threading
from functools import partial
from operator import add
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import BaseModel

from weave_lite.core.errors import InvalidRequest, UsageError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface import texts
from weave_lite.trace_server_bindings.answers import answer_of
from weave_lite.trace_server_bindings.call_batcher import CallBatcher
from weave_lite.trace_server_bindings.environment import (
    key_of,
    number_of_env,
    policy_of_env,
    url_of_env,
)
from weave_lite.trace_server_bindings.hosted_project import upserted_project
from weave_lite.trace_server_bindings.http_transport import HttpTransport
from weave_lite.trace_server_bindings.otlp_body import otlp_answer, otlp_body
from weave_lite.trace_server_bindings.parts import in_parts, renumbered
from weave_lite.trace_server_bindings.plain_methods import request_of
from weave_lite.trace_server_bindings.request_json import written
from weave_lite.trace_server_bindings.routes import by_method
from weave_lite.trace_server_bindings.table_methods import TableMethods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx2

    from weave_lite.trace_server.interface.wire import WireModel
    from weave_lite.trace_server_bindings.http_transport import RetryPolicy

__all__ = [
    "Batch",
    "EndBatchItem",
    "RemoteHTTPTraceServer",
    "ServerInfoRes",
    "StartBatchItem",
]

logger = logging.getLogger("weave_lite")
# What fits into one request, with room for what stands around it.
_BYTES_LIMIT = 31 * 1024 * 1024
_AUTH_USER = "api"


class ServerInfoRes(BaseModel):
    """What a trace server says about itself."""

    min_required_weave_python_version: str = "0.0.0"
    trace_server_version: str | None = None


class StartBatchItem(BaseModel):
    """The start of a call in a batch."""

    mode: Literal["start"] = "start"
    req: tsi.CallStartReq


class EndBatchItem(BaseModel):
    """The end of a call in a batch."""

    mode: Literal["end"] = "end"
    req: tsi.CallEndReq


class Batch(BaseModel):
    """Starts and ends in order."""

    batch: list[StartBatchItem | EndBatchItem]


class RemoteHTTPTraceServer(TableMethods):
    """A trace server behind HTTP, hosted or ``weave-lite serve``. Threads may share it.

    Every method takes its request model or a dict of it.

    Args:
        trace_server_url: Base URL.
        should_batch: Gather starts and ends of calls, and send them by a thread, at most once a
            second. They need ids then.
        remote_request_bytes_limit: Larger tables and batches go in parts.
        transport: Stands in for the network, in tests.
        retries: How often requests are tried again; by default as the environment says.
        timeout_s: How long an answer may be waited for; by default ``WEAVE_HTTP_TIMEOUT``, else 300 s.
        max_calls_queue_size: Most starts and ends that wait; by default as the environment says.

    Raises:
        UsageError: httpx2 or tenacity are not installed, or it is no HTTP URL.

    Example:
        >>> server = RemoteHTTPTraceServer("http://127.0.0.1:6345")
        >>> server.trace_server_url
        'http://127.0.0.1:6345'
    """

    def __init__(
        self,
        trace_server_url: str,
        should_batch: bool = False,
        remote_request_bytes_limit: int = _BYTES_LIMIT,
        *,
        transport: httpx2.BaseTransport | None = None,
        retries: RetryPolicy | None = None,
        timeout_s: float | None = None,
        max_calls_queue_size: int | None = None,
    ) -> None:
        address = urlsplit(trace_server_url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise UsageError(
                f"trace_server_url must be like http://127.0.0.1:6345, not {trace_server_url!r}"
            )
        self.trace_server_url = trace_server_url.rstrip("/")
        self.should_batch = should_batch
        self.remote_request_bytes_limit = remote_request_bytes_limit
        if timeout_s is None:
            timeout_s = number_of_env("WEAVE_HTTP_TIMEOUT", 0) or None
        self._http = HttpTransport(
            self.trace_server_url, retries or policy_of_env(), transport, timeout_s=timeout_s
        )
        self._max_calls_queue_size = max_calls_queue_size
        self._batcher: CallBatcher | None = None
        self._lock = threading.Lock()

    @classmethod
    def from_env(cls, should_batch: bool = False) -> Self:
        """Make a client of the server that the environment names.

        The address is ``WF_TRACE_SERVER_URL``, else ``WANDB_BASE_URL`` and ``/traces``; the key is
        ``WANDB_API_KEY``, else that of the netrc file for the host of ``WANDB_BASE_URL``.

        Raises:
            UsageError: No address is set.
        """
        server = cls(url_of_env(), should_batch)
        server._use_key_of(os.environ.get("WANDB_BASE_URL") or server.trace_server_url)
        return server

    @classmethod
    def at(cls, trace_server_url: str, should_batch: bool = False, **options: Any) -> Self:
        """Make a client of a server, with the key that the environment or the netrc file has for it.

        Args:
            trace_server_url: Base URL.
            should_batch: As for the class.
            options: As for the class.

        Raises:
            UsageError: It is no HTTP URL.
        """
        server = cls(trace_server_url, should_batch, **options)
        server._use_key_of(trace_server_url)
        return server

    def _use_key_of(self, url: str) -> None:
        key = key_of(url)
        self.set_auth((_AUTH_USER, key) if key else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def set_auth(self, auth: tuple[str, str] | None) -> None:
        """Authenticate by user and key from now on; the user is ``api``."""
        self._http.set_auth(auth)

    def close(self) -> None:
        """Send what waits, and close the connections."""
        if self._batcher is not None:
            self._batcher.close()
        self._http.close()

    def flush(self) -> None:
        """Wait until all gathered calls were sent."""
        if self._batcher is not None:
            self._batcher.flush()

    def server_info(self) -> ServerInfoRes:
        """Ask the server which it is."""
        return ServerInfoRes.model_validate(self._http.get("/server_info"))

    def ensure_project_exists(self, entity: str, project: str) -> tsi.EnsureProjectExistsRes:
        """Make sure of a project, where the environment names a hosted service; else it is as named."""
        base = os.environ.get("WANDB_BASE_URL", "").rstrip("/")
        name = upserted_project(base, entity, project) if base else project
        return tsi.EnsureProjectExistsRes(project_name=name)

    def call_start(self, req: tsi.CallStartReq | Mapping[str, Any]) -> tsi.CallStartRes:
        """Store the start of a call.

        Raises:
            InvalidRequest: It is gathered and has no ids (also a ValueError).
        """
        if not self.should_batch:
            return self._ask("call_start", req)  # type: ignore[no-any-return]
        start = request_of("CallStartReq", req)
        if not start.start.id or not start.start.trace_id:
            raise InvalidRequest("start.id and start.trace_id are needed when calls are gathered")
        self._gather("start", start)
        return tsi.CallStartRes(id=start.start.id, trace_id=start.start.trace_id)

    def call_end(self, req: tsi.CallEndReq | Mapping[str, Any]) -> tsi.CallEndRes:
        """Store the end of a call."""
        if not self.should_batch:
            return self._ask("call_end", req)  # type: ignore[no-any-return]
        self._gather("end", request_of("CallEndReq", req))
        return tsi.CallEndRes()

    def call_start_batch(
        self, req: tsi.CallCreateBatchReq | Mapping[str, Any]
    ) -> tsi.CallCreateBatchRes:
        """Store starts and ends in order; a batch over the limit goes in parts."""
        batch = request_of("CallCreateBatchReq", req)
        items = [written(item, f"batch[{at}]") for at, item in enumerate(batch.batch)]
        answers = self._send_batch(items)
        return answer_of("CallCreateBatchRes", {"res": answers})  # type: ignore[no-any-return]

    def _send_batch(self, items: Sequence[bytes]) -> list[Any]:
        answers: list[Any] = []
        sent = 0
        for part in in_parts(items, self.remote_request_bytes_limit):
            if len(part[0]) > self.remote_request_bytes_limit:
                logger.warning(
                    "a start or end of a call has %d bytes, the limit of a request is %d; a server may "
                    "refuse it: log less, or publish the large part",
                    len(part[0]),
                    self.remote_request_bytes_limit,
                )
            body = b'{"batch":[' + b",".join(part) + b"]}"
            try:
                answer = self._http.post_json("/call/upsert_batch", body)
            except InvalidRequest as error:
                raise renumbered(error, partial(add, sent)) from None
            answers += (answer.get("res") if isinstance(answer, dict) else None) or []
            sent += len(part)
        return answers

    def _gather(self, mode: str, req: WireModel) -> None:
        with self._lock:
            if self._batcher is None:
                self._batcher = CallBatcher(self._send_batch, max_size=self._max_calls_queue_size)
        self._batcher.put(b'{"mode":"%b","req":%b}' % (mode.encode(), written(req)))

    def calls_complete(
        self, req: tsi.CallsUpsertCompleteReq | Mapping[str, Any]
    ) -> tsi.CallsUpsertCompleteRes:
        """Store whole calls: as starts and ends, which servers of every age take."""
        batch = request_of("CallsUpsertCompleteReq", req)
        items: list[Any] = []
        for call in batch.batch:
            fields = dict(call)
            start = tsi.StartedCallSchemaForInsert.model_validate(fields)
            end = tsi.EndedCallSchemaForInsert.model_validate(fields)
            items.append(tsi.CallBatchStartMode(req=tsi.CallStartReq(start=start)))
            items.append(tsi.CallBatchEndMode(req=tsi.CallEndReq(end=end)))
        try:
            res = self.call_start_batch(tsi.CallCreateBatchReq(batch=items)).res
        except InvalidRequest as error:
            raise renumbered(error, lambda at: at // 2) from None
        return tsi.CallsUpsertCompleteRes(res=res)

    def file_create(self, req: tsi.FileCreateReq | Mapping[str, Any]) -> tsi.FileCreateRes:
        """Store a file."""
        file = request_of("FileCreateReq", req)
        fields = {"project_id": file.project_id}
        if file.expected_digest is not None:
            fields["expected_digest"] = file.expected_digest
        path = by_method("file_create").paths[0]
        answer = self._http.post_form(path, fields, file.name, file.content)
        return answer_of("FileCreateRes", answer)  # type: ignore[no-any-return]

    def file_content_read(
        self, req: tsi.FileContentReadReq | Mapping[str, Any]
    ) -> tsi.FileContentReadRes:
        """Read the bytes of a file."""
        wanted = request_of("FileContentReadReq", req)
        path = by_method("file_content_read").paths[0]
        content = self._http.post(path, written(wanted))
        return tsi.FileContentReadRes(content=content)

    def otel_export(self, req: tsi.OtelExportReq | Mapping[str, Any]) -> tsi.OtelExportRes:
        """Store OpenTelemetry spans: a protobuf message, its bytes, or OTLP JSON."""
        export = request_of("OtelExportReq", req)
        texts.check_project_id(export.project_id)
        headers = {"project_id": quote(export.project_id)}
        body, content_type = otlp_body(export.traces)
        answer = self._http.post(
            "/otel/v1/traces", body, content_type=content_type, headers=headers
        )
        return otlp_answer(answer, content_type)
