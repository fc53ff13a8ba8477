"""What the error of a trace server means: its status and body as one of our errors."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import orjson

from weave_lite.core.errors import (
    AccessDeniedError,
    DigestMismatchError,
    InsertTooLarge,
    InvalidFieldError,
    InvalidQueryError,
    InvalidRefError,
    InvalidRequest,
    MissingLLMApiKeyError,
    NotFoundError,
    NotSupportedError,
    ObjectDeletedError,
    RemoteServerError,
    RequestTooLarge,
    WeaveLiteError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["error_of"]

_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_NOT_IMPLEMENTED: Final = 501
# Classes that a server of ours names, for what has one status with others.
_KINDS: Final[dict[str, type[InvalidRequest]]] = {
    kind.__name__: kind
    for kind in (InvalidFieldError, InvalidQueryError, InvalidRefError, InsertTooLarge)
}


def error_of(
    url: str, path: str, status: int, content: bytes, headers: Mapping[str, str]
) -> WeaveLiteError:
    """Turn an answer into the error that the server meant.

    Args:
        url: The server's address.
        path: What it was asked.
        status: The status of its answer.
        content: The answer.
        headers: Those of the answer.
    """
    try:
        body = orjson.loads(content)
    except ValueError:
        body = {}
    told = body if isinstance(body, dict) else {}
    reason = next(
        (told[key] for key in ("reason", "message", "error", "detail") if told.get(key)),
        _phrase(status),
    )
    reason = reason if isinstance(reason, str) else orjson.dumps(reason).decode()
    if status == 404:  # noqa: PLR2004 - the statuses are those of the table of routes
        deleted_at = _instant(told.get("deleted_at"))
        return (
            NotFoundError(reason) if deleted_at is None else ObjectDeletedError(reason, deleted_at)
        )
    if status in {401, 403}:
        return AccessDeniedError(
            f"trace server {url} refuses the key: {reason}; set WANDB_API_KEY, or call set_auth"
        )
    if told.get("kind") == "DigestMismatchError" and "actual" in told:
        return DigestMismatchError(str(told.get("expected")), str(told["actual"]))
    if told.get("kind") in _KINDS:
        return _KINDS[told["kind"]](reason)
    if status == 413:  # noqa: PLR2004
        return RequestTooLarge(reason)
    if status == _NOT_IMPLEMENTED:
        return NotSupportedError(f"trace server {url} does not support {path}: {reason}")
    if told.get("api_key"):
        return MissingLLMApiKeyError(reason, str(told["api_key"]))
    if 400 <= status < _SERVER_FAULT and status != _TOO_MANY:  # noqa: PLR2004
        return InvalidRequest(reason)
    return RemoteServerError(
        f"trace server {url} answered {path} with {status}: {reason}",
        status,
        _retry_after_s(headers.get("Retry-After", "")),
    )


def _instant(text: object) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no reason was given"


def _retry_after_s(text: str) -> float | None:
    """Read for how long a server wants to be left alone: seconds, or a date."""
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return max(0.0, (aware - dt.datetime.now(dt.UTC)).total_seconds())
