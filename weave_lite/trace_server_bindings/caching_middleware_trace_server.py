"""A cache in front of a trace server, for the answers that never change: those to real digests.

Must not know what server it stands before: what it does not keep, it hands on.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from weave_lite.core.refs import ObjectRef, parse_server_uri
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.model_json import model_json
from weave_lite.trace_server_bindings.plain_methods import request_of
from weave_lite.trace_server_bindings.response_cache import CacheCounts, ResponseCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Self

    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = ["CachingMiddlewareTraceServer"]

_SIZE_LIMIT: Final = 1_000_000_000
# Other versions may move: a name may get new ones, and be given to another.
_VERSION: Final = re.compile(r"[A-Za-z0-9]{43}|[0-9a-f]{64}")
# A longer part of a table is read as it comes, not gathered first.
_MOST_ROWS: Final = 1_000


class CachingMiddlewareTraceServer:
    """A trace server that asks another one only for what it has not on disk.

    Kept are objects, tables, their counts, refs and files, by their digests. All other methods are
    those of the server behind it.

    Args:
        next_trace_server: The server behind it.
        cache_dir: Where to keep the answers; None is a folder that goes with the process.
        size_limit: Most bytes to keep.

    Example:
        >>> from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
        >>> CachingMiddlewareTraceServer(SqliteTraceServer(":memory:")).counts().hits
        0
    """

    def __init__(
        self,
        next_trace_server: TraceServerInterface,
        cache_dir: str | os.PathLike[str] | None = None,
        size_limit: int = _SIZE_LIMIT,
    ) -> None:
        self._next_trace_server = next_trace_server
        self._cache = ResponseCache(cache_dir, size_limit)
        # One folder may serve several servers.
        self._place = str(getattr(next_trace_server, "trace_server_url", ""))

    @classmethod
    def from_env(cls, next_trace_server: TraceServerInterface) -> Self:
        """Make one as ``WEAVE_SERVER_CACHE_DIR`` and ``WEAVE_SERVER_CACHE_SIZE_LIMIT`` say."""
        limit = os.environ.get("WEAVE_SERVER_CACHE_SIZE_LIMIT") or _SIZE_LIMIT
        folder = os.environ.get("WEAVE_SERVER_CACHE_DIR") or None
        return cls(next_trace_server, folder, int(limit))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_next_trace_server":
            raise AttributeError(name)
        return getattr(self._next_trace_server, name)

    def counts(self) -> CacheCounts:
        """Return how often the cache had an answer, had none, failed, or was not asked."""
        return self._cache.counts()

    def close(self) -> None:
        """Close the cache, and the server behind it."""
        self._cache.close()
        close = getattr(self._next_trace_server, "close", None)
        if close is not None:
            close()

    def obj_read(self, req: tsi.ObjReadReq | Mapping[str, Any]) -> tsi.ObjReadRes:
        """Read an object version."""
        wanted = request_of("ObjReadReq", req)
        scope = _scope(wanted.project_id, wanted.object_id)
        return self._kept("obj_read", wanted, scope, wanted.digest)  # type: ignore[no-any-return]

    def obj_delete(self, req: tsi.ObjDeleteReq | Mapping[str, Any]) -> tsi.ObjDeleteRes:
        """Delete object versions, and forget what was read of them."""
        wanted = request_of("ObjDeleteReq", req)
        try:
            return self._next_trace_server.obj_delete(wanted)
        finally:
            self._cache.drop(_scope(wanted.project_id, wanted.object_id))
            # What other objects lead to may have been this one.
            self._cache.drop(_scope(wanted.project_id, ""))

    def table_query(self, req: tsi.TableQueryReq | Mapping[str, Any]) -> tsi.TableQueryRes:
        """Read rows of a table."""
        wanted = request_of("TableQueryReq", req)
        return self._kept("table_query", wanted, "", wanted.digest)  # type: ignore[no-any-return]

    def table_query_stream(
        self, req: tsi.TableQueryReq | Mapping[str, Any]
    ) -> Iterator[tsi.TableRowSchema]:
        """Read rows of a table; a long part of it goes through as it comes."""
        wanted = request_of("TableQueryReq", req)
        if wanted.limit is None or wanted.limit > _MOST_ROWS:
            self._cache.skip()
            return self._next_trace_server.table_query_stream(wanted)
        ask = self._next_trace_server.table_query_stream
        res = self._kept(
            "table_query",
            wanted,
            "",
            wanted.digest,
            ask=lambda: tsi.TableQueryRes(rows=list(ask(wanted))),
        )
        return iter(res.rows)

    def table_query_stats(
        self, req: tsi.TableQueryStatsReq | Mapping[str, Any]
    ) -> tsi.TableQueryStatsRes:
        """Count the rows of a table."""
        wanted = request_of("TableQueryStatsReq", req)
        return self._kept("table_query_stats", wanted, "", wanted.digest)  # type: ignore[no-any-return]

    def table_query_stats_batch(
        self, req: tsi.TableQueryStatsBatchReq | Mapping[str, Any]
    ) -> tsi.TableQueryStatsBatchRes:
        """Count the rows of several tables."""
        wanted = request_of("TableQueryStatsBatchReq", req)
        # Tables that are not there are left out of the answer, and may come later.
        return self._kept(  # type: ignore[no-any-return]
            "table_query_stats_batch",
            wanted,
            "",
            *(wanted.digests or [""]),
            is_final=lambda res: len(res.tables) == len(set(wanted.digests)),
        )

    def refs_read_batch(
        self, req: tsi.RefsReadBatchReq | Mapping[str, Any]
    ) -> tsi.RefsReadBatchRes:
        """Read what refs point to; only for those that are not here the server is asked."""
        wanted = request_of("RefsReadBatchReq", req)
        scopes = [_scope_of_ref(uri) for uri in wanted.refs]
        found = [
            None if scope is None else self._found("refs_read_batch", uri)
            for uri, scope in zip(wanted.refs, scopes, strict=True)
        ]
        vals: list[Any] = [None if answer is None else orjson.loads(answer) for answer in found]
        missing = [index for index, answer in enumerate(found) if answer is None]
        if missing or not found:
            asked = tsi.RefsReadBatchReq(refs=[wanted.refs[index] for index in missing])
            answers = self._next_trace_server.refs_read_batch(asked).vals
            for index, value in zip(missing, answers, strict=True):
                vals[index] = value
                self._keep_ref(wanted.refs[index], scopes[index], value)
        return tsi.RefsReadBatchRes(vals=vals)

    def _keep_ref(self, uri: str, scope: str | None, value: Any) -> None:
        if scope is None:
            self._cache.skip()
        # A ref to nothing reads as null, until there is something.
        elif value is not None:
            self._keep("refs_read_batch", uri, scope, lambda: orjson.dumps(value))

    def file_content_read(
        self, req: tsi.FileContentReadReq | Mapping[str, Any]
    ) -> tsi.FileContentReadRes:
        """Read the bytes of a file."""
        wanted = request_of("FileContentReadReq", req)
        request = model_json(wanted)
        content = self._found("file_content_read", request)
        if content is None:
            content = self._next_trace_server.file_content_read(wanted).content
            self._keep("file_content_read", request, "", lambda: content)
        return tsi.FileContentReadRes(content=content)

    def _kept(
        self,
        method: str,
        req: Any,
        scope: str,
        *digests: str,
        ask: Callable[[], Any] | None = None,
        is_final: Callable[[Any], bool] = lambda _: True,
    ) -> Any:
        """Answer a request from the cache, else from the server."""
        if ask is None:
            ask = lambda: getattr(self._next_trace_server, method)(req)  # noqa: E731
        if not all(map(_VERSION.fullmatch, digests)):
            self._cache.skip()
            return ask()
        request = model_json(req)
        answer = self._found(method, request)
        if answer is not None:
            try:
                return _RESPONSES[method].model_validate(orjson.loads(answer))
            except ValueError as error:
                self._cache.fail(error)
        res = ask()
        if is_final(res):
            self._keep(
                method,
                request,
                scope,
                lambda: orjson.dumps(res.model_dump(mode="json", by_alias=True)),
            )
        return res

    def _found(self, method: str, request: str) -> bytes | None:
        return self._cache.get(self._key(method, request))

    def _keep(self, method: str, request: str, scope: str, answer: Callable[[], bytes]) -> None:
        try:
            encoded = answer()
        except (TypeError, ValueError) as error:  # what JSON cannot say the same way
            self._cache.fail(error)
            return
        self._cache.put(self._key(method, request), scope, encoded)

    def _key(self, method: str, request: str) -> str:
        return f"{self._place}\n{method}\n{request}"


_RESPONSES: Final[dict[str, Any]] = {
    "obj_read": tsi.ObjReadRes,
    "table_query": tsi.TableQueryRes,
    "table_query_stats": tsi.TableQueryStatsRes,
    "table_query_stats_batch": tsi.TableQueryStatsBatchRes,
}


def _scope(project_id: str, object_id: str) -> str:
    return f"{project_id}\n{object_id}"


def _scope_of_ref(uri: str) -> str | None:
    """Name what a ref's value goes with; None when it may change."""
    try:
        ref = parse_server_uri(uri)
    except ValueError:
        return None
    if not isinstance(ref, ObjectRef) or not _VERSION.fullmatch(ref.digest):
        return None
    return _scope(ref.project_id, "" if ref.extra else ref.name)
