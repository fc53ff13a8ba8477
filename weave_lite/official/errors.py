"""Our errors as the official client expects them of its server."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from weave_lite.core.errors import (
    MissingLLMApiKeyError,
    NotSupportedError,
    ObjectDeletedError,
    WeaveLiteError,
)
from weave_lite.trace_server_bindings.routes import status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["told_as"]

_KINDS: Final = {
    400: "BadRequestError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "UnprocessableEntityError",
    500: "InternalServerError",
    503: "InternalServerError",
}


@contextmanager
def told_as(known: str) -> Iterator[None]:
    """Raise ours inside the block as the official class of the same meaning; ours is its cause.

    Args:
        known: Generation of the official package.
    """
    try:
        yield
    except NotSupportedError:
        raise
    except (WeaveLiteError, ValidationError) as error:
        found = _by_name(error) if known == "0.51" else _by_status(error)
        if found is None:
            raise
        raise found from error


def _by_name(error: Exception) -> Exception | None:
    """Give the class of the same name, else of the nearest kind; None where there is none."""
    kinds = import_module("weave.trace_server.errors")
    named = (getattr(kinds, each.__name__, None) for each in type(error).__mro__)
    kind: Any = next((each for each in named if each is not None), None)
    if kind is None:
        return None
    facts: list[Any] = [str(error)]
    if isinstance(error, ObjectDeletedError):
        facts.append(error.deleted_at)
    elif isinstance(error, MissingLLMApiKeyError):
        facts.append(error.api_key_name)
    found: Exception = kind(*facts)
    return found


def _by_status(error: Exception) -> Exception:
    """Give what the newer client makes of an answer with the status and body of the HTTP face."""
    sdk, httpx = import_module("weave.vendor.weave_server_sdk"), import_module("httpx")
    status = 422 if isinstance(error, ValidationError) else status_of(error)
    body: dict[str, Any] = {"reason": str(error)}
    if isinstance(error, ObjectDeletedError):
        body["deleted_at"] = error.deleted_at.isoformat()
    elif isinstance(error, MissingLLMApiKeyError):
        body["api_key"] = error.api_key_name
    request = httpx.Request("POST", "http://in-process/")
    response = httpx.Response(status, request=request, json=body)
    kind = getattr(sdk, _KINDS.get(status, "APIStatusError"))
    found: Exception = kind(str(error), response=response, body=body)
    return found
