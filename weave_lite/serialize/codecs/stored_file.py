"""Bytes as a content-addressed file, with a plain JSON record in their place.

The record has no ``_type``, so the official SDK reads it back as a dict; ours reads the content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.serialize.introspect import derives_from
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.serialize.registry import Sink, Source

__all__ = ["BYTES", "FILE_KEY", "find_file_reader", "register_file_reader", "save_as_file"]

FILE_KEY = "_weave_lite"

_readers: dict[str, Callable[[bytes], Any]] = {}


def save_as_file(
    kind: str, content: bytes, sink: Sink, *, mimetype: str, **facts: Any
) -> dict[str, Any]:
    """Save a content as a file and build the record that stands for it.

    Args:
        kind: What the content was (``bytes``).
        content: The bytes.
        sink: Where they go.
        mimetype: Their media type.
        facts: More about them, as JSON.
    """
    return {
        FILE_KEY: kind,
        "digest": sink.save_file(kind, content),
        "size_bytes": len(content),
        "mimetype": mimetype,
        **facts,
    }


def register_file_reader(kind: str, read: Callable[[bytes], Any]) -> None:
    """Let the records of a kind be read back."""
    _readers[kind] = read


def find_file_reader(record: dict[str, Any]) -> Callable[[Source], Any] | None:
    """Return what reads the content of a record; None when it is some other dict."""
    kind, digest = record.get(FILE_KEY), record.get("digest")
    if type(kind) is not str or type(digest) is not str or "size_bytes" not in record:
        return None
    read = _readers.get(kind)
    return None if read is None else lambda source: read(source.read_file(digest))


def _encode(value: Any, sink: Sink) -> dict[str, Any]:
    from weave_lite.serialize.media.mimetype import UNKNOWN, sniffed  # noqa: PLC0415 - only when there are bytes

    content = value if type(value) is bytes else memoryview(value).tobytes()
    return save_as_file("bytes", content, sink, mimetype=sniffed(content) or UNKNOWN)


def _matches(cls: type) -> bool:
    return derives_from(cls, bytes) or derives_from(cls, bytearray)


BYTES = Codec("bytes", _matches, _encode)
register_file_reader("bytes", bytes)
