"""What a stored JSON value says about itself: op or object, and which classes it is of. Pure."""

from __future__ import annotations

from typing import Any

__all__ = ["KINDS", "classes_of", "kind_of"]

KINDS = ("object", "op")

_ROOTS = {"Object", "BaseObject"}
_MIN_BASES = 2


def kind_of(val: Any) -> str:
    """Tell whether a value is an ``op`` or an ``object``.

    Example:
        >>> kind_of({"_type": "CustomWeaveType", "weave_type": {"type": "Op"}})
        'op'
        >>> kind_of({"a": 1})
        'object'
    """
    if not isinstance(val, dict) or "_type" not in val:
        return "object"
    if "weave_type" not in val:
        return "op" if val["_type"] == "Op" else "object"
    weave_type = val["weave_type"]
    is_op = isinstance(weave_type, dict) and weave_type.get("type") == "Op"
    return "op" if is_op else "object"


def classes_of(val: Any) -> tuple[str | None, str | None]:
    """Return the base class and the leaf class of a value; None and None when it names none.

    The leaf is the value's own class, the base the one that stands right below ``Object``.

    Example:
        >>> classes_of({"_class_name": "Mine", "_bases": ["Mine2", "Model", "Object", "BaseModel"]})
        ('Model', 'Mine')
    """
    if not isinstance(val, dict):
        return None, None
    bases = val.get("_bases")
    leaf = val.get("_class_name")
    if not isinstance(bases, list) or len(bases) < _MIN_BASES or not isinstance(leaf, str):
        return None, None
    if bases[-1] != "BaseModel" or not isinstance(bases[-2], str) or bases[-2] not in _ROOTS:
        return None, None
    base = bases[-3] if len(bases) > _MIN_BASES else leaf
    return (base, leaf) if isinstance(base, str) else (None, None)
