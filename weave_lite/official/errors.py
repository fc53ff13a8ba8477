"""Our errors as the official client expects them of its server."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import NotFoundError, WeaveLiteError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["told_as"]


@contextmanager
def told_as(known: str) -> Iterator[None]:
    """Raise the official ``NotFoundError`` for ours inside the block; others pass as they are.

    Args:
        known: Generation of the official package.
    """
    try:
        yield
    except NotFoundError as error:
        raise _not_found(known, error) from error


def _not_found(known: str, error: WeaveLiteError) -> Exception:
    if known == "0.51":
        kind: Any = import_module("weave.trace_server.errors").NotFoundError
        found: Exception = kind(str(error))
        return found
    sdk = import_module("weave.vendor.weave_server_sdk")
    httpx = import_module("httpx")
    response = httpx.Response(404, request=httpx.Request("POST", "http://in-process/"))
    newer: Exception = sdk.NotFoundError(str(error), response=response, body={"reason": str(error)})
    return newer
