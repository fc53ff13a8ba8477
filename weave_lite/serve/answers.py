"""Answers: JSON, lines of JSON while they come, and errors without stack, path or payload."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import anyio
import orjson
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from weave_lite.core import jsontext
from weave_lite.core.clock import from_micros
from weave_lite.core.errors import (
    DigestMismatchError,
    MissingLLMApiKeyError,
    ObjectDeletedError,
    StoreBusyError,
    StoreError,
    WeaveLiteError,
)
from weave_lite.trace_server.interface.model_json import date_text, model_json
from weave_lite.trace_server_bindings.routes import JSON_LINES, status_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from weave_lite.trace_server.interface.encoded import EncodedCall
    from weave_lite.trace_server.interface.file_pieces import FilePieces

__all__ = [
    "call_line",
    "calls_document",
    "document",
    "error_answer",
    "line_stream",
    "model_line",
    "octets",
    "refusal",
]

logger = logging.getLogger("weave_lite")
_JSON: Final = "application/json"
# A first piece leaves at once, so that the first line is there soon; later ones are larger.
_FIRST_BYTES: Final = 1
_PIECE_BYTES: Final = 64 * 1024


def document(value: Any, status: int = 200) -> Response:
    """Answer with a JSON document: a model, or plain values."""
    body = model_json(value).encode() if isinstance(value, BaseModel) else _plain_json(value)
    return Response(body, status, media_type=_JSON)


def _plain_json(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        return jsontext.compact(value).encode()


def refusal(status: int, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer that a request is refused."""
    return Response(
        _plain_json({"reason": reason}), status, headers=dict(headers or {}), media_type=_JSON
    )


def error_answer(error: Exception) -> Response:
    """Answer with an error. What only the owner of the store may know goes to the log."""
    if isinstance(error, ValidationError):
        detail = error.errors(include_url=False, include_context=False, include_input=False)
        told = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in detail[:5]]
        body = {"reason": "; ".join(told)[:2000], "detail": detail[:100]}
        return document(body, 422)
    if isinstance(error, HTTPException):
        return refusal(error.status_code, error.detail, {"Retry-After": "1"})
    status = status_of(error)
    if isinstance(error, StoreBusyError):
        return refusal(status, "the store is busy; try again", {"Retry-After": "1"})
    if isinstance(error, StoreError) or not isinstance(error, WeaveLiteError | ValueError):
        logger.error("a request failed", exc_info=error)
        return refusal(500, "the server failed; its log says why")
    body = {"reason": str(error)[:2000], "kind": type(error).__name__}
    if isinstance(error, DigestMismatchError):
        body |= {"expected": error.expected, "actual": error.actual}
    if isinstance(error, ObjectDeletedError):
        body["deleted_at"] = error.deleted_at.isoformat()
    if isinstance(error, MissingLLMApiKeyError):
        body["api_key"] = error.api_key_name
    return document(body, status)


def model_line(model: BaseModel) -> bytes:
    """Write a model as a line of JSON."""
    return model_json(model).encode() + b"\n"


def calls_document(calls: Iterable[EncodedCall]) -> Response:
    """Answer with calls in one piece, of the texts as they are stored."""
    body = b'{"calls":[' + b",".join(call_line(call)[:-1] for call in calls) + b"]}"
    return Response(body, media_type=_JSON)


def call_line(call: EncodedCall) -> bytes:
    """Write a call as a line of JSON, of the texts as they are stored."""
    small = {
        "id": call.id,
        "project_id": call.project_id,
        "op_name": call.op_name,
        "display_name": call.display_name,
        "trace_id": call.trace_id,
        "parent_id": call.parent_id,
        "thread_id": call.thread_id,
        "turn_id": call.turn_id,
        "started_at": _instant(call.started_at),
        "ended_at": None if call.ended_at is None else _instant(call.ended_at),
        "exception": call.exception,
        "wb_user_id": call.wb_user_id,
        "wb_run_id": call.wb_run_id,
        "deleted_at": None,
        "storage_size_bytes": call.storage_size_bytes,
        "total_storage_size_bytes": call.total_storage_size_bytes,
    }
    return b"".join(
        (
            orjson.dumps(small)[:-1],
            b',"attributes":',
            (call.attributes_json or "{}").encode(),
            b',"inputs":',
            (call.inputs_json or "{}").encode(),
            b',"output":',
            (call.output_json or "null").encode(),
            b',"summary":',
            call.summary_json.encode(),
            b"}\n",
        )
    )


def _instant(micros: int) -> str:
    return date_text(from_micros(micros))


async def line_stream(lines: Iterator[bytes]) -> StreamingResponse:
    """Answer with lines while they come. The iterator runs in worker threads, and is closed.

    What fails before the first line is raised: only then there can be an error's own status.
    """
    return await _streamed(lines, _FIRST_BYTES, JSON_LINES)


async def octets(found: FilePieces) -> StreamingResponse:
    """Answer with the bytes of a file while they are read, in the way of :func:`line_stream`."""
    length = {"Content-Length": str(found.size_bytes)}
    return await _streamed(found.pieces, _PIECE_BYTES, "application/octet-stream", length)


async def _streamed(
    pieces: Iterator[bytes],
    first_bytes: int,
    media_type: str,
    headers: Mapping[str, str] | None = None,
) -> StreamingResponse:
    first = await run_in_threadpool(_gathered, pieces, first_bytes)
    return StreamingResponse(_pieces(first, pieces), headers=headers, media_type=media_type)


async def _pieces(first: bytes, lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    piece = first
    try:
        while piece:
            yield piece
            piece = await run_in_threadpool(_gathered, lines, _PIECE_BYTES)
    except WeaveLiteError as error:
        # The status is sent already; a broken-off answer is what tells.
        logger.warning("a stream was broken off: %s", error)
        raise
    finally:
        close = getattr(lines, "close", None)
        if close is not None:
            # Also when whoever asked has gone: that cancels this task, not the reading.
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(close)


def _gathered(lines: Iterator[bytes], wanted: int) -> bytes:
    """Take lines until they are enough for a piece."""
    taken: list[bytes] = []
    size = 0
    for line in lines:
        taken.append(line)
        size += len(line)
        if size >= wanted:
            break
    return b"".join(taken)
