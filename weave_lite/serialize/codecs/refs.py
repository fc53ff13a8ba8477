"""Refs are written as their URI; a value that could not be read, as the record it had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.refs import Ref
from weave_lite.serialize.introspect import derives_from
from weave_lite.serialize.opaque import OpaqueValue
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from weave_lite.serialize.registry import Sink

__all__ = ["OPAQUE", "REF"]


def _encode_ref(value: Ref, sink: Sink) -> str:
    del sink
    return value.uri()


def _encode_opaque(value: OpaqueValue, sink: Sink) -> dict[str, Any]:
    for path in value.files:  # the sink may lead to another store than the value came from
        sink.save_file(path, value.read(path))
    return value.record


REF = Codec("ref", lambda cls: derives_from(cls, Ref), _encode_ref)
OPAQUE = Codec("opaque", lambda cls: cls is OpaqueValue, _encode_opaque)
