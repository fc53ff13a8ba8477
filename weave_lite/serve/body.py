"""Reading bodies: never more of them than the limit, unpacked or not, and not for ever."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from weave_lite.core.errors import InvalidRequest, RequestTooLarge
from weave_lite.trace_server_bindings.routes import MAX_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request

__all__ = ["MAX_FILE_BYTES", "FileForm", "read_body", "read_file_form", "read_json"]

MAX_FILE_BYTES: Final = 512 * 1024 * 1024
# What a form has besides its file.
_FORM_BYTES: Final = 1024 * 1024
# Whoever sends nothing for so long has gone.
_STALLED_S: Final = 30.0
_WHOLE_S: Final = 300.0
_GZIP: Final = 16 + zlib.MAX_WBITS
_MAX_DEPTH: Final = 500
# Larger ones are parsed beside the loop that serves all connections.
_LARGE_BYTES: Final = 64 * 1024
# As values they take up to thirty times as much.
_HEAVY_BYTES: Final = 1024 * 1024
# Nineteen digits may be more than 64 bits hold; the fast reader makes floats of such integers.
# Every digit as 0, and all else as a dot: a search for bytes is 13 times as fast as a pattern.
_DIGITS: Final = bytes(ord("0" if 48 <= each < 58 else ".") for each in range(256))  # noqa: PLR2004
_WIDE: Final = b"0" * 19
# Nothing but brackets, all of one kind.
_BRACKETS: Final = bytes.maketrans(b"{}", b"[]")
_OTHERS: Final = bytes(each for each in range(256) if each not in b"[]{}")


async def read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """Read a body, unpacked when it is gzip.

    Raises:
        RequestTooLarge: It is larger than the limit, packed or unpacked.
        InvalidRequest: It is packed in another way, is no gzip, or is cut off.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"gzip", "x-gzip", "identity", ""}:
        raise InvalidRequest(f"content-encoding {coding[:40]!r} is not known; use gzip or none")
    unpack = zlib.decompressobj(_GZIP) if "gzip" in coding else None
    pieces: list[bytes] = []
    size = 0
    async for came in _pieces(request, limit):
        # One byte more than may come: enough to see that it is too much.
        piece = came if unpack is None else _unpacked(unpack, came, limit - size + 1)
        size += len(piece)
        if size > limit or (unpack is not None and unpack.unconsumed_tail):
            raise _too_large(limit)
        pieces.append(piece)
    if unpack is not None and not unpack.eof:
        raise InvalidRequest("the gzip body is cut off; send it again")
    return b"".join(pieces)


async def _pieces(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """Give a body as it comes: at most ``limit`` bytes, and each piece in time."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    size = 0
    stream = request.stream()
    until = time.monotonic() + _WHOLE_S
    while True:
        left_s = until - time.monotonic()
        try:
            async with asyncio.timeout(min(_STALLED_S, left_s)):
                piece = await anext(stream, b"")
        except TimeoutError:
            left_s = 0
        except ClientDisconnect:
            raise InvalidRequest("the body is cut off; send it again") from None
        if left_s <= 0:
            # 4xx would tell clients to drop what they have; this one they send again.
            raise HTTPException(503, "the body did not come in time; send it again")
        if not piece:
            return
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        yield piece


def _unpacked(unpack: Any, piece: bytes, most: int) -> bytes:
    try:
        unpacked: bytes = unpack.decompress(piece, most)
    except zlib.error:
        raise InvalidRequest("the body is not gzip, as its content-encoding says") from None
    if unpack.unused_data:
        raise InvalidRequest("bytes follow after the gzip body; send one gzip member alone")
    return unpacked


async def read_json(request: Request) -> Any:
    """Read a JSON body. Few heavy ones are held as values at once, each until it is answered.

    Raises:
        InvalidRequest: It is no JSON, or nested too deep.
        RequestTooLarge: It is larger than the limit.
    """
    body = await read_body(request)
    if len(body) > _HEAVY_BYTES:
        # Only now that it is here: nobody waits for those who send slowly.
        await request.state.held.enter_async_context(request.app.state.heavy)
    if len(body) > _LARGE_BYTES:
        return await run_in_threadpool(_parsed, body)
    return _parsed(body)


def _parsed(body: bytes) -> Any:
    try:
        value = _read(body)
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not JSON in UTF-8") from None
    if _may_be_deep(body) and _is_deep(value):
        raise InvalidRequest(f"the body is nested more than {_MAX_DEPTH} levels deep")
    return value


def _read(body: bytes) -> Any:
    if _WIDE not in body.translate(_DIGITS):
        try:
            return orjson.loads(body)
        except ValueError:
            # Python's own writer makes NaN and halves of surrogate pairs.
            pass
    return json.loads(body.decode())


def _may_be_deep(body: bytes) -> bool:
    """Tell whether brackets are nested deeper than the limit, or are in texts; a thousand times as
    fast as to look into each value.
    """
    left = body.translate(_BRACKETS, _OTHERS)
    for _ in range(_MAX_DEPTH):
        if not left:
            return False
        size = len(left)
        left = left.replace(b"[]", b"")
        if len(left) == size:
            return True
    return bool(left)


def _is_deep(value: Any) -> bool:
    """Tell whether a value is nested deeper than the limit; level by level, without recursion."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(_MAX_DEPTH):
        if not level:
            return False
        level = [
            each
            for outer in level
            for each in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(each, dict | list)
        ]
    return bool(level)


class FileForm(NamedTuple):
    """A file that was sent. ``source`` is open until the request is answered."""

    project_id: str
    name: str
    source: BinaryIO
    expected_digest: str | None


async def read_file_form(request: Request) -> FileForm:
    """Read a form with the parts ``project_id``, ``file`` and maybe ``expected_digest``.

    A large file waits on the disk, not in memory.

    Raises:
        InvalidRequest: A part is missing, or it is no such form.
        RequestTooLarge: The file is larger than the limit.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise InvalidRequest("content-type must be multipart/form-data, with a part file")
    pieces = _pieces(request, MAX_FILE_BYTES + _FORM_BYTES)
    try:
        form = await MultiPartParser(request.headers, pieces, max_files=1, max_fields=10).parse()
    except MultiPartException as error:
        raise InvalidRequest(
            f"the body is no multipart form with a file: {error.message}"
        ) from None
    request.state.held.push_async_callback(form.close)
    file, project_id = form.get("file"), form.get("project_id")
    if not isinstance(file, UploadFile) or not isinstance(project_id, str):
        raise InvalidRequest("the form needs the text part project_id and the part file")
    if (file.size or 0) > MAX_FILE_BYTES:
        raise _too_large(MAX_FILE_BYTES)
    digest = form.get("expected_digest")
    return FileForm(
        project_id,
        file.filename or "<unnamed_file>",
        file.file,
        digest if isinstance(digest, str) else None,
    )


def _too_large(limit: int) -> RequestTooLarge:
    return RequestTooLarge(
        f"the body is larger than {limit // (1024 * 1024)} MiB; send it in parts"
    )
