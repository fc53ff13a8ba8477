"""Requests to a trace server over HTTP: retries, authentication, answers turned into values or errors.

Knows no method of the trace server. Needs the extra ``remote``.
"""

from __future__ import annotations

import os
import random
import secrets
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from weave_lite.core.errors import RemoteServerError, UsageError
from weave_lite.core.version import VERSION
from weave_lite.trace_server_bindings.json_lines import parsed, split_lines
from weave_lite.trace_server_bindings.server_errors import error_of

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
_LOOPBACK: Final = ("all://localhost", "all://127.0.0.1", "all://[::1]")
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500


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
            wait=self._wait_of,
            retry=tenacity.retry_if_exception(_may_pass),
            reraise=True,
        )

    def _wait_of(self, state: tenacity.RetryCallState) -> float:
        """Wait longer each time, and at least as long as the server asks for."""
        grown = self.first_wait_s * (2.0 ** (state.attempt_number - 1) + random.random())  # noqa: S311 - no secret
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.retry_after_s if isinstance(error, RemoteServerError) else None
        wait_s: float = min(max(grown, asked or 0.0), self.max_wait_s)
        return wait_s


class HttpTransport:
    """A trace server's address, with a pool of connections to it. Safe to share by threads.

    Args:
        url: Base URL.
        policy: How often requests are tried again.
        transport: Stands in for the network, in tests.
        timeout_s: How long an answer may be waited for.
    """

    def __init__(
        self,
        url: str,
        policy: RetryPolicy,
        transport: httpx2.BaseTransport | None = None,
        *,
        timeout_s: float | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._policy = policy
        self._transport = transport
        self._timeout = httpx2.Timeout(
            timeout_s or _READ_S, connect=min(timeout_s or _READ_S, _CONNECT_S)
        )
        self._auth: httpx2.BasicAuth | None = None
        self._connect()
        _transports.add(self)

    def _connect(self) -> None:
        """Make a pool of connections; none is opened yet."""
        self._client = httpx2.Client(
            timeout=self._timeout,
            headers={"User-Agent": f"weave_lite/{VERSION}"},
            transport=self._transport,
            # What stays on this machine is no business of a proxy that the environment names.
            mounts=dict.fromkeys(_LOOPBACK),
        )
        # A program need not close it: newer Pythons would warn of sockets that are left open.
        self._closing = weakref.finalize(self, self._client.close)
        self._closing.atexit = False

    def reconnect_in_child(self) -> None:
        """Leave the connections to the parent process, whose requests are under way on them."""
        self._closing.detach()
        _of_parents.append(self._client)
        if not self._client.is_closed:
            self._connect()

    def set_auth(self, auth: tuple[str, str] | None) -> None:
        """Authenticate requests by user and key from now on; None stops it."""
        self._auth = None if auth is None else httpx2.BasicAuth(*auth)

    def get(self, path: str) -> Any:
        """Get a JSON document."""
        return parsed(self._send("GET", path).content)

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
        return parsed(
            self._send("POST", path, data=dict(fields), files={"file": (name, content)}).content
        )

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
            for line in split_lines(response.iter_bytes()):
                if line:
                    yield parsed(line)
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
        if self._client.is_closed:
            raise UsageError(f"the client of trace server {self.url} is closed; make another one")
        # One id for all attempts, by which a server can tell that it has answered already.
        headers = {"X-Weave-Retry-Id": secrets.token_hex(16), **parts.pop("headers", {})}
        try:
            for attempt in self._policy.attempts_of():
                with attempt:
                    request = self._client.build_request(
                        verb, self.url + path, headers=headers, **parts
                    )
                    response = self._client.send(request, stream=is_stream, auth=self._auth)
                    if not response.is_success:
                        response.read()
                        response.close()
                        raise error_of(
                            self.url,
                            path,
                            response.status_code,
                            response.content,
                            response.headers,
                        )
                    return response
        except httpx2.HTTPError as error:
            raise RemoteServerError(
                f"trace server {self.url} cannot be reached: {error or type(error).__name__}. Is it "
                "running, and is the address right?"
            ) from error
        raise AssertionError("unreachable: the loop returns or raises")


def _may_pass(error: BaseException) -> bool:
    """Tell whether a later attempt may work."""
    if isinstance(error, RemoteServerError):
        return error.status is None or error.status >= _SERVER_FAULT or error.status == _TOO_MANY
    return isinstance(error, httpx2.TransportError)


_transports: weakref.WeakSet[HttpTransport] = weakref.WeakSet()
# Kept, because to end a connection here would end it for the parent as well.
_of_parents: list[httpx2.Client] = []


def _leave_to_parent() -> None:
    for transport in list(_transports):
        transport.reconnect_in_child()


os.register_at_fork(after_in_child=_leave_to_parent)
