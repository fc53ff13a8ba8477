"""Who may ask: hosts, origins and tokens, checked before a request is read.

A page in a browser can send requests to this machine. So a request must name this machine as its
host, and must not come from another site; with a token, it must know that.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from weave_lite.core.errors import UsageError
from weave_lite.serve.answers import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Guard", "check_binding", "is_loopback"]

# What clients ask before they have a key.
_OPEN_PATHS: Final = frozenset({"/server_info", "/health", "/traces/server_info", "/traces/health"})
_OWN_SITE: Final = frozenset({b"same-origin", b"none"})
_BASIC: Final = b"basic "
_BEARER: Final = b"bearer "
# Basic authentication names a user; this one stands for nobody in particular.
_ANYBODY: Final = "api"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine only.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback("example.org")
        (True, False, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_binding(host: str, token: str | None) -> None:
    """Refuse to listen to other machines without a token.

    Raises:
        UsageError: The host is not this machine only, and there is no token; or it is empty.
    """
    if token is not None and not token.strip():
        raise UsageError("the token must not be empty; leave it out, or make one up")
    if token is None and not is_loopback(host):
        raise UsageError(
            f"--host {host} lets other machines in; set --token (or WEAVE_LITE_TOKEN), or listen on "
            "127.0.0.1"
        )


class Guard:
    """An ASGI middleware that lets only those in who may ask.

    Args:
        app: What they ask.
        token: What they must know; None lets everybody of this machine in.
    """

    def __init__(self, app: ASGIApp, token: str | None = None) -> None:
        self._app = app
        self._token = None if token is None else _digest(token.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        fault = self._fault_of(headers)
        if fault is not None:
            await refusal(403, fault)(scope, receive, send)
            return
        user, key = _credentials(headers)
        if scope["path"] not in _OPEN_PATHS and not self._is_known(key):
            challenge = {"WWW-Authenticate": 'Basic realm="weave-lite"'}
            await refusal(401, "the token is missing or wrong", challenge)(scope, receive, send)
            return
        scope["weave_lite.user"] = user
        await self._app(scope, receive, send)

    def _is_known(self, key: bytes | None) -> bool:
        """Tell whether a key is the token, in a time that does not tell how much of it is right."""
        if self._token is None:
            return True
        # Digests are of one length, so that not even that of the token shows.
        return key is not None and hmac.compare_digest(_digest(key), self._token)

    def _fault_of(self, headers: Sequence[tuple[bytes, bytes]]) -> str | None:
        """Say what is wrong with the place that a request comes from; None when nothing is."""
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1:
            return "the request must name one Host"
        host = hosts[0].decode("latin-1")
        name = _host_name(host)
        if name is None:
            return "the Host is not a host name"
        # With a token, other names of this machine are good as well: a page cannot know the token.
        if self._token is None and not is_loopback(name):
            return "the Host is not this machine; use 127.0.0.1, or start the server with a token"
        for header, value in headers:
            if header == b"origin" and not _is_own_origin(value, host):
                return "the request comes from another site"
            if header == b"sec-fetch-site" and value.strip().lower() not in _OWN_SITE:
                return "the request comes from another site"
        return None


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _host_name(host: str) -> str | None:
    """Read the name out of ``name:port``; None when it is none."""
    if not host or host != host.strip() or any(each in host for each in "/\\@?#, "):
        return None
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises when it is no number
    except ValueError:
        return None
    return parts.hostname or None


def _is_own_origin(origin: bytes, host: str) -> bool:
    try:
        parts = urlsplit(origin.decode("latin-1").strip())
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()


def _credentials(headers: Sequence[tuple[bytes, bytes]]) -> tuple[str | None, bytes | None]:
    """Read user and key; several sets of them are none."""
    found = [value.strip() for name, value in headers if name == b"authorization"]
    if len(found) != 1:
        return None, None
    (given,) = found
    if given[: len(_BEARER)].lower() == _BEARER:
        return None, given[len(_BEARER) :].strip()
    if given[: len(_BASIC)].lower() != _BASIC:
        return None, None
    try:
        text = base64.b64decode(given[len(_BASIC) :].strip(), validate=True)
    except (binascii.Error, ValueError):
        return None, None
    user, _, key = text.partition(b":")
    name = user.decode("utf-8", "replace")
    is_named = name not in {"", _ANYBODY} and len(name) <= 128 and name.isprintable()  # noqa: PLR2004
    return (name if is_named else None), key
