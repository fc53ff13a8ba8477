"""Requests to a trace server over HTTP: retries, authentication, answers turned into values or errors.

Knows no method of the trace server. Needs the extra ``remote``.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import orjson

from weave_lite.core.errors import (
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
    UsageError,
)
from weave_lite.core.ids import new_id
from weave_lite.core.version import VERSION

try:
    import httpx2
    import tenacity
except ImportError as error:
    raise UsageError(
        "a trace server behind HTTP needs httpx2 and tenacity: pip install 'weave-lite[remote]'"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["HttpTransport", "RetryPolicy"]

_CONNECT_S: Final = 10.0
_READ_S: Final = 300.0
_FIRST_WAIT_S: Final = 1.0
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_NOT_IMPLEMENTED: Final = 501
# Nineteen digits may be more than 64 bits hold.
_WIDE: Final = re.compile(rb"[0-9]{19}")
# Classes that a server of ours names, for what has one status with others.
_KINDS: Final[dict[str, type[InvalidRequest]]] = {
    kind.__name__: kind
    for kind in (InvalidFieldError, InvalidQueryError, InvalidRefError, InsertTooLarge)
}


class RetryPolicy:
    """How often and how long a request is tried again.

    Args:
        attempts: How often it is sent at most.
        max_wait_s: The longest pause; pauses grow from 1 s, with jitter.
        first_wait_s: The shortest.
    """

    def __init__(
        self, attempts: int = 3, max_wait_s: float = 300.0, first_wait_s: float = _FIRST_WAIT_S
    ) -> None:
        self.attempts = max(1, attempts)
        self.max_wait_s = max_wait_s
        self.first_wait_s = first_wait_s

    def attempts_of(self) -> tenacity.Retrying:
        """Make the loop of one request."""
        return tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=tenacity.wait_exponential(multiplier=self.first_wait_s, max=self.max_wait_s)
            + tenacity.wait_random(0, self.first_wait_s),
            retry=tenacity.retry_if_exception(_may_pass),
            reraise=True,
        )


class HttpTransport:
    """A trace server's address, with a pool of connections to it. Safe to share by threads.

    Args:
        url: Base URL.
        policy: How often requests are tried again.
        transport: Stands in for the network, in tests.
    """

    def __init__(
        self, url: str, policy: RetryPolicy, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._policy = policy
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(_READ_S, connect=_CONNECT_S),
            headers={"User-Agent": f"weave_lite/{VERSION}"},
            transport=transport,
        )
        # A program need not close it: newer Pythons would warn of sockets that are left open.
        weakref.finalize(self, self._client.close).atexit = False

    def set_auth(self, auth: tuple[str, str] | None) -> None:
        """Authenticate requests by user and key from now on; None stops it."""
        self._client.auth = None if auth is None else httpx2.BasicAuth(*auth)  # type: ignore[assignment]

    def get(self, path: str) -> Any:
        """Get a JSON document."""
        return _json(self._send("GET", path))

    def post(
        self,
        path: str,
        body: bytes,
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Post bytes and return those of the answer."""
        return self._send(
            "POST", path, content=body, headers={"Content-Type": content_type, **(headers or {})}
        ).content

    def post_json(self, path: str, body: bytes) -> Any:
        """Post a JSON document and return that of the answer."""
        return parsed(self.post(path, body))

    def post_form(self, path: str, fields: Mapping[str, str], name: str, content: bytes) -> Any:
        """Post a form with a file and return the JSON document of the answer."""
        return _json(self._send("POST", path, data=dict(fields), files={"file": (name, content)}))

    @contextmanager
    def lines(self, path: str, body: bytes) -> Iterator[Iterator[Any]]:
        """Post a JSON document and read the answer line by line, each a JSON document.

        Tried again only until the first bytes came: lines that were read cannot be taken back.
        """
        response = self._send(
            "POST",
            path,
            content=body,
            headers={"Content-Type": "application/json", "Accept": "application/jsonl"},
            is_stream=True,
        )
        try:
            yield self._parsed_lines(response)
        finally:
            response.close()

    def _parsed_lines(self, response: httpx2.Response) -> Iterator[Any]:
        try:
            for line in response.iter_lines():
                if line:
                    yield parsed(line.encode())
        except httpx2.HTTPError as error:
            raise RemoteServerError(
                f"trace server {self.url} broke off its answer: {error}; ask again"
            ) from error

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _send(
        self, verb: str, path: str, *, is_stream: bool = False, **parts: Any
    ) -> httpx2.Response:
        # One id for all attempts, by which a server can tell that it has answered already.
        headers = {"X-Weave-Retry-Id": new_id(), **parts.pop("headers", {})}
        try:
            for attempt in self._policy.attempts_of():
                with attempt:
                    request = self._client.build_request(
                        verb, self.url + path, headers=headers, **parts
                    )
                    response = self._client.send(request, stream=is_stream)
                    if not response.is_success:
                        response.read()
                        response.close()
                        raise _error_of(self.url, path, response)
                    return response
        except httpx2.HTTPError as error:
            raise RemoteServerError(
                f"trace server {self.url} cannot be reached: {error or type(error).__name__}. Is it "
                "running, and is the address right?"
            ) from error
        raise AssertionError("unreachable: the loop returns or raises")


def parsed(body: bytes) -> Any:
    """Read a JSON document.

    Raises:
        RemoteServerError: It is none.
    """
    try:
        # The fast reader makes floats of integers beyond 64 bits.
        return json.loads(body) if _WIDE.search(body) else orjson.loads(body)
    except ValueError as error:
        raise RemoteServerError(
            "the answer is not JSON; is there a trace server at the address?"
        ) from error


def _json(response: httpx2.Response) -> Any:
    return parsed(response.content)


def _may_pass(error: BaseException) -> bool:
    """Tell whether a later attempt may work."""
    if isinstance(error, RemoteServerError):
        return error.status is None or error.status >= _SERVER_FAULT or error.status == _TOO_MANY
    return isinstance(error, httpx2.TransportError)


def _error_of(url: str, path: str, response: httpx2.Response) -> Exception:
    """Turn an answer into the error that the server meant."""
    status = response.status_code
    try:
        body = orjson.loads(response.content)
    except ValueError:
        body = {}
    told = body if isinstance(body, dict) else {}
    reason = next(
        (told[key] for key in ("reason", "message", "error", "detail") if told.get(key)),
        response.reason_phrase,
    )
    reason = reason if isinstance(reason, str) else orjson.dumps(reason).decode()
    if status == 404:  # noqa: PLR2004 - the statuses are those of the table of routes
        if told.get("deleted_at"):
            return ObjectDeletedError(reason, dt.datetime.fromisoformat(str(told["deleted_at"])))
        return NotFoundError(reason)
    if status in {401, 403}:
        return InvalidRequest(
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
    return RemoteServerError(f"trace server {url} answered {path} with {status}: {reason}", status)
