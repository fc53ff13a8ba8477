"""Object records: what pydantic models, dataclasses and our own objects have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.serialize.introspect import (
    PerClass,
    base_names,
    class_attribute,
    class_name,
    mro_of,
    namespace_of,
)
from weave_lite.serialize.registry import is_op

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["build_record", "class_ops", "recorded_classes"]


def build_record(value: Any, fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Build the record of an instance, one level: ``_type``, fields, ops, class name and bases."""
    cls = type(value)
    name = class_name(cls)
    record: dict[str, Any] = {"_type": name}
    record.update(fields)
    record.update(class_ops(cls))
    record["_class_name"] = name
    record["_bases"] = base_names(cls)
    return record


def class_ops(cls: type) -> list[tuple[str, Any]]:
    """Return the ops that a class defines or inherits, by name in alphabetical order."""
    counts = tuple(len(namespace_of(ancestor)) for ancestor in mro_of(cls))
    seen, names = _op_names.get(cls)
    if seen != counts:  # a method was added after the class was made
        _op_names.forget(cls)
        names = _op_names.get(cls)[1]
    ops = []
    for name in names:
        op = _op_of(class_attribute(cls, name))
        if op is not None:
            ops.append((name, op))
    return ops


def recorded_classes() -> list[type]:
    """Return the classes of which records were built in this process, oldest first."""
    return _op_names.classes()


def _find_op_names(cls: type) -> tuple[tuple[int, ...], tuple[str, ...]]:
    mro = mro_of(cls)
    names = {
        name
        for ancestor in mro
        for name, attribute in list(namespace_of(ancestor).items())
        if _op_of(attribute) is not None
    }
    return tuple(len(namespace_of(ancestor)) for ancestor in mro), tuple(sorted(names))


def _op_of(attribute: Any) -> Any:
    """Return the op that a class attribute is, or wraps as a class or static method."""
    if type(attribute) is classmethod or type(attribute) is staticmethod:
        attribute = attribute.__func__
    return attribute if is_op(attribute) else None


_op_names = PerClass(_find_op_names)
