"""The provider that speaks OpenAI's wire, with the standard library's HTTP client alone."""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit

from weave_lite.core import jsontext
from weave_lite.core.version import VERSION
from weave_lite.trace_server.completions.answer import checked, error_text, failure
from weave_lite.trace_server.completions.parameters import timeout_s

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OpenAIEndpoint", "is_local"]

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
_CHUNK_BYTES: Final = 64 * 1024
_SHOWN_LENGTH: Final = 500
# What concerns the transport is not sent in the body.
_NOT_IN_BODY: Final = ("timeout", "extra_headers", "api_version")
_NOT_IN_HEADER: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_CREDENTIALS: Final = re.compile(r"//[^/]*@")
_LOCAL_NAMES: Final = (".localhost", ".local", ".internal", ".lan")


def is_local(base_url: str) -> bool:
    """Tell whether a URL is of this machine or a private network, whose servers need no key.

    Example:
        >>> is_local("http://localhost:11434/v1"), is_local("https://api.example.com/v1")
        (True, False)
    """
    try:
        host = urlsplit(base_url).hostname or ""
    except ValueError:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(_LOCAL_NAMES))
    return address.is_private or address.is_loopback


class OpenAIEndpoint:
    """Asks ``BASE_URL/chat/completions``; all failures are answers.

    Args:
        base_url: Where the wire begins; one without a path gets ``/v1``.
        model: The name that the endpoint knows the model by.
        api_key: Sent as the bearer token; None sends none.
        headers: Sent with every request.
    """

    def __init__(
        self, base_url: str, model: str, api_key: str | None, headers: Mapping[str, str]
    ) -> None:
        self._base_url = base_url
        self._model = model
        # Keys read from files often end with a line break.
        self._api_key = api_key.strip() if api_key else None
        self._headers = headers

    def __call__(self, params: dict[str, Any]) -> dict[str, Any]:
        """Ask the endpoint."""
        try:
            url, shown = _chat_url(self._base_url)
        except ValueError as error:
            shown = _CREDENTIALS.sub("//***@", self._base_url)
            return failure(f"base_url {shown!r:.140} is no URL of an endpoint: {error}")
        source = f"the endpoint {shown}"
        timeout = timeout_s(params)
        headers = self._request_headers(params)
        for name, value in headers.items():
            if _NOT_IN_HEADER.search(name + value):
                # HTTP's own error would repeat the value, which may be a key.
                return failure(
                    f"{source} cannot be asked: the header {name!r} has a line break or "
                    "a character beyond Latin-1"
                )
        try:
            status, body = _post(url, headers, self._body(params), timeout)
        except TimeoutError:
            return failure(f"{source} gave no answer within {timeout:g} s; raise inputs.timeout")
        except (OSError, http.client.HTTPException, ValueError) as error:
            return failure(self._hidden(f"{source} cannot be asked: {_reason(error)}"))
        return self._answer(status, body, source)

    def _request_headers(self, params: dict[str, Any]) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": f"weave-lite/{VERSION}",
        }
        if self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        extra = {**self._headers, **params.get("extra_headers", {})}
        # Names of headers have no case; those of the user win.
        taken = {str(name).lower() for name in extra}
        kept = {name: value for name, value in headers.items() if name.lower() not in taken}
        return {**kept, **{str(name): str(value) for name, value in extra.items()}}

    def _body(self, params: dict[str, Any]) -> bytes:
        body = {name: value for name, value in params.items() if name not in _NOT_IN_BODY}
        body["model"] = self._model
        return jsontext.compact(body).encode("utf-8", "backslashreplace")

    def _answer(self, status: int, body: bytes, source: str) -> dict[str, Any]:
        is_success = http.client.OK <= status < http.client.MULTIPLE_CHOICES
        try:
            value = _parsed(body)
        except (ValueError, RecursionError) as error:
            shown = body[:_SHOWN_LENGTH].decode("utf-8", "replace").strip()
            text = f"no JSON: {error}: {shown}" if is_success else f"HTTP {status}: {shown}"
            return failure(self._hidden(f"{source} answered {text}"))
        if is_success:
            answer = checked(value, source)
        else:
            told = value.get("error", value) if isinstance(value, dict) else value
            answer = failure(f"{source} answered HTTP {status}: {error_text(told)}")
        if "error" in answer and len(answer) == 1:
            return failure(self._hidden(answer["error"]))
        return answer

    def _hidden(self, text: str) -> str:
        """Take the key out of a text that gets stored: providers repeat the keys they refuse."""
        return text.replace(self._api_key, "***") if self._api_key else text


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: they would carry the key to another host."""

    def redirect_request(self, *args: Any) -> None:
        """Follow nothing, so that the redirect is told as an error."""
        del args


def _chat_url(base_url: str) -> tuple[str, str]:
    """Return the URL to ask, and the form of it that messages may show."""
    parts = urlsplit(base_url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it must begin with http:// or https:// and name a host")
    if "@" in parts.netloc:
        raise ValueError(
            "it must not hold a user name or password; send them as an Authorization header, in "
            "extra_headers of the Provider object or of inputs"
        )
    path = parts.path.rstrip("/") or "/v1"
    if not path.endswith("/chat/completions"):
        path += "/chat/completions"
    url = urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))
    return url, urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _post(url: str, headers: dict[str, str], body: bytes, timeout: float) -> tuple[int, bytes]:
    """Send a request and read the whole answer.

    Raises:
        TimeoutError: It took too long.
        OSError: The endpoint cannot be reached, or the connection broke.
        http.client.HTTPException: The endpoint does not speak HTTP.
        ValueError: A header cannot be sent, or the answer is too large.
    """
    deadline = time.monotonic() + timeout
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if is_local(url):
        handlers.append(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - the scheme is checked
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=timeout) as response:
            return response.status, _read(response, deadline)
    except HTTPError as error:
        with error:
            return error.code, _read(error, deadline)
    except URLError as error:
        if isinstance(error.reason, OSError):
            raise error.reason from error
        raise


def _read(response: Any, deadline: float) -> bytes:
    """Read to the end, also of an endpoint that sends one byte at a time."""
    chunks: list[bytes] = []
    size_bytes = 0
    while chunk := response.read1(_CHUNK_BYTES):
        size_bytes += len(chunk)
        if size_bytes > MAX_ANSWER_BYTES:
            raise ValueError(f"the answer has more than {MAX_ANSWER_BYTES:,} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError
        chunks.append(chunk)
    return b"".join(chunks)


def _parsed(body: bytes) -> Any:
    """Read JSON; what the fast reader refuses (a lone surrogate in a text) is read slowly.

    Raises:
        ValueError: The body is no JSON.
        RecursionError: It is nested deeper than Python can follow.
    """
    try:
        return jsontext.parse(body)
    except ValueError:
        return json.loads(body)


def _reason(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return reason or type(error).__name__
