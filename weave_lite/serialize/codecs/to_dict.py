"""Objects whose class has a ``to_dict`` method that gives a dict (data frames among them)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.serialize.codecs.safe_text import safe_text
from weave_lite.serialize.introspect import MISSING, class_attribute, derives_from
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from weave_lite.serialize.registry import Sink

__all__ = ["TO_DICT"]


def _matches(cls: type) -> bool:
    # Asked of the class only: mocks and proxies have any attribute one asks an instance for.
    return class_attribute(cls, "to_dict") is not MISSING


def _encode(value: Any, sink: Sink) -> Any:
    del sink
    try:
        plain = value.to_dict()
    except Exception:
        return safe_text(value)
    return plain if derives_from(type(plain), dict) else safe_text(value)


TO_DICT = Codec("to_dict", _matches, _encode)
