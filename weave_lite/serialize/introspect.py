"""Looking at foreign classes and instances without running their code.

Metaclasses, ``__getattr__`` and ``__class__`` of a traced value can do anything, so classes are
read through the descriptors of ``type`` and instances through those of ``object``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "MISSING",
    "PerClass",
    "base_names",
    "class_attribute",
    "class_name",
    "derives_from",
    "instance_fields",
    "is_loaded_class",
    "mro_of",
    "namespace_of",
]

T = TypeVar("T")

MISSING: Any = object()
_MAX_CLASSES = 4096

_read_mro = cast("Callable[[type], tuple[type, ...]]", type.__dict__["__mro__"].__get__)
_read_name = cast("Callable[[type], str]", type.__dict__["__name__"].__get__)
_read_namespace = cast("Callable[[type], Mapping[str, Any]]", type.__dict__["__dict__"].__get__)


def mro_of(cls: type) -> tuple[type, ...]:
    """Return the method resolution order of a class."""
    return _read_mro(cls)


def class_name(cls: type) -> str:
    """Return the name of a class."""
    return _read_name(cls)


def namespace_of(cls: type) -> Mapping[str, Any]:
    """Return what a class itself defines."""
    return _read_namespace(cls)


def base_names(cls: type) -> list[str]:
    """Return the names that ``_bases`` of a record has: the other classes of the MRO, no object.

    A base that is a matter of ours alone has ``_is_no_stored_base`` in its namespace.
    """
    return [
        _read_name(base)
        for base in _read_mro(cls)[1:]
        if base is not object and "_is_no_stored_base" not in _read_namespace(base)
    ]


def derives_from(cls: type, base: type) -> bool:
    """Tell whether a class is, or inherits from, another; virtual subclasses do not count."""
    # Not `in`: that would ask a metaclass for equality.
    return any(ancestor is base for ancestor in _read_mro(cls))


def class_attribute(cls: type, name: str) -> Any:
    """Return a raw class attribute, found along the MRO; ``MISSING`` when there is none."""
    for ancestor in _read_mro(cls):
        namespace = _read_namespace(ancestor)
        if name in namespace:
            return namespace[name]
    return MISSING


def instance_fields(value: Any) -> Mapping[str, Any]:
    """Return the ``__dict__`` of an instance, empty when it has none."""
    try:
        fields = object.__getattribute__(value, "__dict__")
    except Exception:  # a class may define __dict__ as a property
        return {}
    return fields if type(fields) is dict else {}


def is_loaded_class(cls: type, module: str, name: str) -> bool:
    """Tell whether a class is, or inherits from, a class of a module, without importing that."""
    loaded = sys.modules.get(module)
    if loaded is None:
        return False
    wanted = instance_fields(loaded).get(name)
    return wanted is not None and any(ancestor is wanted for ancestor in _read_mro(cls))


class PerClass(Generic[T]):
    """What was found out about a class, once.

    Args:
        make: Finds it out.
    """

    __slots__ = ("_entries", "_make")

    def __init__(self, make: Callable[[type], T]) -> None:
        self._make = make
        # By id, since a metaclass may refuse to hash; the class is held, so its id stays its own.
        self._entries: dict[int, tuple[type, T]] = {}

    def get(self, cls: type) -> T:
        """Return what is known of a class."""
        entry = self._entries.get(id(cls))
        if entry is not None:
            return entry[1]
        if len(self._entries) >= _MAX_CLASSES:  # classes made in a loop must not pile up
            self._entries.clear()
        made = self._make(cls)
        self._entries[id(cls)] = (cls, made)
        return made

    def forget(self, cls: type) -> None:
        """Forget one class."""
        self._entries.pop(id(cls), None)

    def classes(self) -> list[type]:
        """Return the classes about which something is known, oldest first."""
        return [cls for cls, _ in list(self._entries.values())]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
