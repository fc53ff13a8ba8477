"""Fetching a URL, when a user says so; nothing else of the SDK reads one."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from weave_lite.core.errors import InvalidFieldError, NotFoundError

if TYPE_CHECKING:
    from email.message import Message

__all__ = ["Fetched", "fetch"]

_DEFAULT_TYPES = frozenset({"application/octet-stream", "binary/octet-stream"})


class Fetched(NamedTuple):
    """What a server gave.

    Args:
        data: The bytes.
        mimetype: Their type as the server says; None when it says nothing.
        filename: Their name as the server says, else from the path of the URL; None without one.
    """

    data: bytes
    mimetype: str | None
    filename: str | None


def fetch(url: Any, headers: dict[str, Any] | None, timeout: float | None) -> Fetched:
    """Read a URL of HTTP.

    Raises:
        InvalidFieldError: It is no such URL.
        NotFoundError: The server gave no content, or none in time.
    """
    if not isinstance(url, str) or not url.lower().startswith(("http://", "https://")):
        raise InvalidFieldError(f"url must begin with http:// or https://, not {url!r:.80}")
    named = {str(name): str(value) for name, value in (headers or {}).items()}
    try:
        with urllib.request.urlopen(  # noqa: S310 - the scheme is checked
            urllib.request.Request(url, headers=named),  # noqa: S310
            timeout=timeout,
        ) as answer:
            data, head = answer.read(), answer.headers
    except (OSError, ValueError) as error:
        raise NotFoundError(f"url {url!r:.200} could not be read: {error}") from error
    mimetype = head.get_content_type() if head.get("Content-Type") else None
    return Fetched(data, None if mimetype in _DEFAULT_TYPES else mimetype, _name(url, head))


def _name(url: str, head: Message) -> str | None:
    said = head.get_filename() or unquote(urlsplit(url).path)
    return PurePosixPath(said.replace("\\", "/").replace("\0", "")).name or None
