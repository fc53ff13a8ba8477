"""Containers other than exact list, tuple and dict, read by the methods of their base class.

A subclass may override ``__iter__``, ``keys`` or ``__len__`` with anything; none of it is called.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

from weave_lite.serialize.codecs.safe_text import safe_text
from weave_lite.serialize.introspect import class_attribute, class_name, derives_from
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from weave_lite.serialize.registry import Sink

__all__ = ["DEQUE", "DICT", "LIST", "NAMED_TUPLE", "RANGE", "SET", "TUPLE"]

_MAX_RANGE = 10_000


def _field_names(cls: type) -> tuple[str, ...] | None:
    names = class_attribute(cls, "_fields")
    is_names = type(names) is tuple and all(type(name) is str for name in names)
    return names if is_names else None


def _encode_named_tuple(value: Any, sink: Sink) -> dict[str, Any]:
    del sink
    return dict(zip(_field_names(type(value)) or (), tuple.__iter__(value), strict=True))


def _encode_tuple(value: Any, sink: Sink) -> list[Any]:
    del sink
    return list(tuple.__iter__(value))


def _encode_list(value: Any, sink: Sink) -> list[Any]:
    del sink
    return list.copy(value)


def _encode_dict(value: Any, sink: Sink) -> dict[Any, Any]:
    del sink
    if derives_from(type(value), OrderedDict):  # its order is not the one of the dict below
        return dict(OrderedDict.items(value))
    return dict(dict.items(value))


def _encode_set(value: Any, sink: Sink) -> list[Any]:
    """Write a set sorted, so that it gives the same digest in every process."""
    del sink
    base = set if derives_from(type(value), set) else frozenset
    items = list(base.__iter__(value))
    try:
        if _have_one_order(items):
            return sorted(items)
    except Exception:  # the values do not compare; their texts do
        return _sorted_by_text(items)
    return _sorted_by_text(items)


def _have_one_order(items: list[Any]) -> bool:
    # Sets compare as subsets, and NaN with nothing: their "order" depends on where they started.
    return not any(
        type(item) is frozenset or (type(item) is float and item != item)  # noqa: PLR0124
        for item in items
    )


def _sorted_by_text(items: list[Any]) -> list[Any]:
    return sorted(items, key=lambda item: (class_name(type(item)), safe_text(item)))


def _encode_deque(value: Any, sink: Sink) -> list[Any]:
    del sink
    return list(deque.__iter__(value))


def _encode_range(value: range, sink: Sink) -> list[int] | str:
    """Write a range as a list; a long one as its text, which says as much."""
    del sink
    # Not len(value): that overflows.
    is_short = not value or (value[-1] - value[0]) // value.step < _MAX_RANGE
    return list(value) if is_short else repr(value)


def _is_named_tuple(cls: type) -> bool:
    return derives_from(cls, tuple) and _field_names(cls) is not None


NAMED_TUPLE = Codec("namedtuple", _is_named_tuple, _encode_named_tuple)
TUPLE = Codec("tuple", lambda cls: derives_from(cls, tuple), _encode_tuple)
LIST = Codec("list", lambda cls: derives_from(cls, list), _encode_list)
DICT = Codec("dict", lambda cls: derives_from(cls, dict), _encode_dict)
SET = Codec("set", lambda cls: derives_from(cls, set) or derives_from(cls, frozenset), _encode_set)
DEQUE = Codec("deque", lambda cls: derives_from(cls, deque), _encode_deque)
RANGE = Codec("range", lambda cls: cls is range, _encode_range)
