"""Reading bodies: never more of them than the limit, unpacked or not, and not for ever."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from weave_lite.core import jsontext
from weave_lite.core.errors import InvalidRequest, RequestTooLarge
from weave_lite.trace_server_bindings.routes import MAX_BODY_BYTES

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["MAX_FILE_BYTES", "read_body", "read_file_form", "read_json"]

MAX_FILE_BYTES: Final = 512 * 1024 * 1024
# Whoever sends nothing for so long has gone.
_STALLED_S: Final = 30.0
_WHOLE_S: Final = 300.0
_GZIP: Final = 16 + zlib.MAX_WBITS
_MAX_DEPTH: Final = 500


async def read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """Read a body, unpacked when it is gzip.

    Raises:
        RequestTooLarge: It is larger than the limit, packed or unpacked.
        InvalidRequest: It is packed in another way, is no gzip, or stalls.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"gzip", "x-gzip", "identity", ""}:
        raise InvalidRequest(f"content-encoding {coding[:40]!r} is not known; use gzip or none")
    unpack = zlib.decompressobj(_GZIP) if "gzip" in coding else None
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    pieces: list[bytes] = []
    size = 0
    stream = request.stream()
    try:
        async with asyncio.timeout(_WHOLE_S):
            while True:
                async with asyncio.timeout(_STALLED_S):
                    piece = await anext(stream, None)
                if piece is None:
                    break
                if unpack is not None:
                    # One byte more than may come: enough to see that it is too much.
                    piece = unpack.decompress(piece, limit - size + 1)
                size += len(piece)
                if size > limit or (unpack is not None and unpack.unconsumed_tail):
                    raise _too_large(limit)
                pieces.append(piece)
    except TimeoutError:
        raise InvalidRequest("the body did not come in time; send it again") from None
    except zlib.error:
        raise InvalidRequest("the body is not gzip, as its content-encoding says") from None
    if unpack is not None and not unpack.eof:
        raise InvalidRequest("the gzip body is cut off; send it again")
    return b"".join(pieces)


async def read_json(request: Request) -> Any:
    """Read a JSON body.

    Raises:
        InvalidRequest: It is no JSON, or nested too deep.
        RequestTooLarge: It is larger than the limit.
    """
    body = await read_body(request)
    try:
        value = jsontext.parse(body.decode())
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not JSON in UTF-8") from None
    if body.count(b"[") + body.count(b"{") > _MAX_DEPTH and _is_deep(value):
        raise InvalidRequest(f"the body is nested more than {_MAX_DEPTH} levels deep")
    return value


def _is_deep(value: Any) -> bool:
    """Tell whether a value is nested deeper than the limit; level by level, without recursion."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = (
            [
                each
                for outer in level
                for each in (outer.values() if isinstance(outer, dict) else outer)
                if isinstance(each, dict | list)
            ]
            if level and isinstance(level[0], dict | list)
            else []
        )
        if not level:
            return False
    return True


async def read_file_form(request: Request) -> dict[str, Any]:
    """Read a form with the parts ``project_id``, ``file`` and maybe ``expected_digest``.

    Raises:
        InvalidRequest: A part is missing, or it is no such form.
        RequestTooLarge: The file is larger than the limit.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MAX_FILE_BYTES + MAX_BODY_BYTES:
        raise _too_large(MAX_FILE_BYTES)
    try:
        async with asyncio.timeout(_WHOLE_S):
            form = await request.form(max_files=1, max_fields=10)
    except TimeoutError:
        raise InvalidRequest("the file did not come in time; send it again") from None
    except (MultiPartException, KeyError, ValueError) as error:
        raise InvalidRequest(f"the body is no multipart form with a file: {error}") from None
    except Exception as error:
        # Starlette turns faults of the form into answers of its own when it runs an app.
        if type(error).__name__ != "HTTPException":
            raise
        raise InvalidRequest("the body is no multipart form with a file") from None
    try:
        file, project_id = form.get("file"), form.get("project_id")
        if not isinstance(file, UploadFile) or not isinstance(project_id, str):
            raise InvalidRequest("the form needs the text part project_id and the part file")
        if (file.size or 0) > MAX_FILE_BYTES:
            raise _too_large(MAX_FILE_BYTES)
        digest = form.get("expected_digest")
        return {
            "project_id": project_id,
            "name": file.filename or "<unnamed_file>",
            "content": await file.read(),
            "expected_digest": digest if isinstance(digest, str) else None,
        }
    finally:
        await form.close()


def _too_large(limit: int) -> RequestTooLarge:
    return RequestTooLarge(
        f"the body is larger than {limit // (1024 * 1024)} MiB; send it in parts"
    )
