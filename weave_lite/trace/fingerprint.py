"""Fingerprints: whether a value that was stored still has the content that was stored.

Cheaper than encoding: one C-level dump of an instance's fields. Equal fingerprints mean equal
records; others may, too, and then encoding tells. A value that has no fingerprint is encoded every
time. Knows no server.
"""

from __future__ import annotations

import datetime as dt
import marshal
from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from weave_lite.core.refs import Ref
from weave_lite.serialize.introspect import MISSING, class_attribute, derives_from, instance_fields

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Fingerprints"]

# Longer ones are kept as a digest.
_MAX_KEPT_BYTES = 4096
_MAX_DEPTH = 50
# Takes exact built-in types only and runs no code of a value. The format without back references,
# because those depend on reference counts.
_FORMAT = 2
_dumps = marshal.dumps
_ATOMS = frozenset({str, int, float, bool, type(None)})
_DATES = frozenset({dt.datetime, dt.date, dt.time})
_ALL = slice(None)
# How a subclass is read without running its code.
_COPIES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (dict, dict.copy),
    (list, list.copy),
    (tuple, lambda value: tuple.__getitem__(value, _ALL)),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
)


class Fingerprints:
    """Makes fingerprints.

    Args:
        uri_of: Saves a value that is stored on its own and gives its URI; None for other values.
    """

    __slots__ = ("_uri_of",)

    def __init__(self, uri_of: Callable[[Any], str | None]) -> None:
        self._uri_of = uri_of

    def of(self, content: dict[str, Any] | list[Any]) -> bytes | None:
        """Return the fingerprint of fields or rows; None if there is no cheap one."""
        try:
            printed = _dumps(content, _FORMAT)
        except ValueError:
            try:
                printed = _dumps(self._parts(content, 0), _FORMAT)
            except (TypeError, ValueError, RecursionError):
                return None
        if len(printed) <= _MAX_KEPT_BYTES:
            return printed
        return blake2b(printed, digest_size=16).digest()

    def _parts(self, container: Any, depth: int) -> list[Any]:
        """Print the items of a container on a snapshot of it.

        Raises:
            ValueError: Nothing cheap is known about one of them.
        """
        if depth > _MAX_DEPTH:
            raise ValueError
        if type(container) is dict:
            items = list(container.items())
            return ["{", *[part for key, item in items for part in self._pair(key, item, depth)]]
        return ["[", *[self._part(item, depth) for item in list(container)]]

    def _pair(self, key: Any, item: Any, depth: int) -> tuple[Any, Any]:
        if type(key) is not str:
            raise ValueError
        return key, self._part(item, depth)

    def _part(self, value: Any, depth: int) -> Any:
        cls = type(value)
        if cls in _ATOMS:
            return value
        if cls is dict or cls is list or cls is tuple:
            try:
                return _dumps(value, _FORMAT)
            except ValueError:
                return self._parts(value, depth + 1)
        if cls in _DATES:
            return [cls.__name__, value.isoformat()]
        if derives_from(cls, Ref):
            return value.uri()
        uri = self._uri_of(value)
        if uri is not None:
            return uri
        for plain, copy in _COPIES:
            if derives_from(cls, plain) and not derives_from(cls, OrderedDict):
                return [id(cls), self._part(copy(value), depth)]
        if _has_fields(cls):
            return [id(cls), self._parts(instance_fields(value), depth + 1)]
        return _dumps(value, _FORMAT)


def _has_fields(cls: type) -> bool:
    """Tell whether all that a record of the class holds stands in the instance's ``__dict__``."""
    if class_attribute(cls, "__pydantic_fields__") is not MISSING:
        return True
    is_dataclass = class_attribute(cls, "__dataclass_fields__") is not MISSING
    return is_dataclass and class_attribute(cls, "__slots__") is MISSING
