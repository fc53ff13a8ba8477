"""Dataclass instances as object records: the declared fields, raw, one level."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from weave_lite.serialize.codecs.object_record import build_record
from weave_lite.serialize.introspect import PerClass, class_attribute
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.serialize.registry import Sink

__all__ = ["DATACLASS"]


def _is_dataclass(cls: type) -> bool:
    return type(class_attribute(cls, "__dataclass_fields__")) is dict


def _field_names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


_names = PerClass(_field_names)


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    for name in _names.get(type(value)):
        try:
            # Not getattr: a field may stand in a slot, and `__getattr__` is the user's code.
            yield name, object.__getattribute__(value, name)
        except AttributeError:  # the field was never set, or deleted
            continue


def _encode(value: Any, sink: Sink) -> dict[str, Any]:
    del sink
    return build_record(value, _fields(value))


DATACLASS = Codec("dataclass", _is_dataclass, _encode)
