"""What a content is made of: bytes, base64, a data URL, or the path of a file; checked."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn
from urllib.parse import unquote_to_bytes

from weave_lite.core.errors import InvalidFieldError

__all__ = [
    "DataUrl",
    "as_bytes",
    "as_text",
    "from_base64",
    "is_data_url",
    "is_file",
    "parse_data_url",
    "to_base64",
    "type_name",
]

_DATA_URL: Final = re.compile(
    r'data:(?P<type>[\w.+-]+/[\w.+-]+)?(?P<options>(?:;[\w.-]+=(?:"[^"]*"|[^;,"]*))*)'
    r"(?P<base64>;base64)?,",
    re.IGNORECASE,
)
_CHARSET: Final = re.compile(r';charset="?([^;"]+)', re.IGNORECASE)


class DataUrl(NamedTuple):
    """What a ``data:`` URL says.

    Args:
        data: The bytes.
        mimetype: Their type, if it is said.
        charset: How they become text, if it is said.
        is_base64: Whether they stood there as base64.
    """

    data: bytes
    mimetype: str | None
    charset: str | None
    is_base64: bool


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


def as_text(data: bytes, encoding: str) -> str:
    """Decode bytes.

    Raises:
        InvalidFieldError: There is no such encoding.
        UnicodeDecodeError: They are not text of this encoding.
    """
    try:
        # A data URL that names no charset says ASCII and mostly means UTF-8, which has it in it.
        return data.decode("utf-8" if encoding == "us-ascii" else encoding)
    except LookupError:
        raise InvalidFieldError(
            f"encoding {encoding!r} is not known to Python; decode the bytes in data yourself"
        ) from None


def from_base64(text: Any) -> bytes:
    """Read base64; white space between is nothing.

    Raises:
        InvalidFieldError: It is not base64.
    """
    if not isinstance(text, str | bytes):
        return _no_base64(f"it is {type_name(text)}")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        # Rarely there, as in what `base64.encodebytes` writes; so it is looked for late.
        parts: list[Any] = text.split()
        if len(parts) > 1:
            return from_base64(type(text)().join(parts))
        return _no_base64(str(error))


def _no_base64(reason: str) -> NoReturn:
    raise InvalidFieldError(f"b64_data must be base64: {reason}")


def to_base64(data: bytes) -> str:
    """Write base64."""
    return base64.b64encode(data).decode()


def is_data_url(text: str) -> bool:
    """Tell whether a text begins as a ``data:`` URL does.

    Example:
        >>> is_data_url("data:,hi"), is_data_url("data: first, second")
        (True, False)
    """
    return _DATA_URL.match(text) is not None


def parse_data_url(url: Any) -> DataUrl:
    """Read a ``data:`` URL.

    Raises:
        InvalidFieldError: It is none.
    """
    head = _DATA_URL.match(url) if isinstance(url, str) else None
    if head is None:
        raise InvalidFieldError("url must look like data:[TYPE][;charset=X][;base64],DATA")
    data = unquote_to_bytes(url[head.end() :])
    is_base64 = head["base64"] is not None
    charset = _CHARSET.search(head["options"])
    return DataUrl(
        from_base64(data) if is_base64 else data,
        head["type"] and head["type"].lower(),
        charset and charset[1],
        is_base64,
    )


def is_file(path: str | Path) -> bool:
    """Tell whether there is a file at a path; a text need not be one."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # too long for a path, or with a NUL in it
        return False


def type_name(value: Any) -> str:
    """Name the type of a value, with its module unless it is built in."""
    cls = type(value)
    # The public module: which private one has `PosixPath`, say, depends on the version of Python.
    module = cls.__module__.partition("._")[0]
    return cls.__qualname__ if module == "builtins" else f"{module}.{cls.__qualname__}"
