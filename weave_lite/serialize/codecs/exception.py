"""Exceptions as ``{"type": class name, "message": text}``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.serialize.codecs.safe_text import key_text
from weave_lite.serialize.introspect import class_name, derives_from
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from weave_lite.serialize.registry import Sink

__all__ = ["EXCEPTION"]


def _encode(value: Any, sink: Sink) -> dict[str, Any]:
    del sink
    return {"type": class_name(type(value)), "message": key_text(value)}


EXCEPTION = Codec("exception", lambda cls: derives_from(cls, BaseException), _encode)
