"""What a content is made of: bytes, base64, or the path of a file; checked."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, NoReturn

from weave_lite.core.errors import InvalidFieldError

__all__ = ["as_bytes", "from_base64", "is_file", "to_base64", "type_name"]


def as_bytes(data: Any) -> bytes:
    """Return bytes as they are, and a buffer as bytes.

    Raises:
        InvalidFieldError: It is neither.
    """
    if isinstance(data, bytes):
        return data
    if isinstance(data, bytearray | memoryview):
        return bytes(data)
    raise InvalidFieldError(
        f"data must be bytes, not {type_name(data)}; use Content.from_text for text"
    )


def from_base64(text: Any) -> bytes:
    """Read base64.

    Raises:
        InvalidFieldError: It is not base64.
    """
    if not isinstance(text, str | bytes):
        return _no_base64(f"it is {type_name(text)}")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        return _no_base64(str(error))


def _no_base64(reason: str) -> NoReturn:
    raise InvalidFieldError(f"b64_data must be base64: {reason}")


def to_base64(data: bytes) -> str:
    """Write base64."""
    return base64.b64encode(data).decode()


def is_file(text: str) -> bool:
    """Tell whether a text is the path of a file that is there."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a path, or with a NUL in it
        return False


def type_name(value: Any) -> str:
    """Name the type of a value, with its module unless it is built in."""
    cls = type(value)
    is_builtin = cls.__module__ == "builtins"
    return cls.__qualname__ if is_builtin else f"{cls.__module__}.{cls.__qualname__}"
