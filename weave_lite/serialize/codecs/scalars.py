"""Enums as their value, and subclasses of text and numbers as the plain value they hold."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from weave_lite.serialize.introspect import derives_from
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from weave_lite.serialize.registry import Sink

__all__ = ["ENUM", "FLOAT", "INT", "SCALAR_ENUM", "STR"]


def _encode_enum(value: Any, sink: Sink) -> Any:
    del sink
    return object.__getattribute__(value, "_value_")


def _encode_str(value: Any, sink: Sink) -> str:
    del sink
    return str.__str__(value)


def _encode_int(value: Any, sink: Sink) -> int:
    del sink
    return int.__int__(value)


def _encode_float(value: Any, sink: Sink) -> float:
    del sink
    return float.__float__(value)


def _is_scalar(cls: type) -> bool:
    return any(derives_from(cls, scalar) for scalar in (str, int, float))


# Before the plain scalars, because the value of a member may differ from the text or number it is.
SCALAR_ENUM = Codec(
    "scalar_enum", lambda cls: derives_from(cls, Enum) and _is_scalar(cls), _encode_enum
)
ENUM = Codec("enum", lambda cls: derives_from(cls, Enum), _encode_enum)
STR = Codec("str", lambda cls: derives_from(cls, str), _encode_str)
INT = Codec("int", lambda cls: derives_from(cls, int), _encode_int)
FLOAT = Codec("float", lambda cls: derives_from(cls, float), _encode_float)
