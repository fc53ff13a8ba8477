"""Stored fields to an instance of the user's class: by validation, or by the constructor."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from weave_lite.core.refs import OpRef
from weave_lite.serialize.introspect import MISSING, class_attribute
from weave_lite.serialize.registry import is_op
from weave_lite.trace.values.stored_op import StoredOp

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["constructor_fields", "rebuilt"]


def constructor_fields(cls: type, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored fields that the class's constructor takes.

    The ops of the class are its own methods, whatever was stored; ``ref`` is set apart.
    """
    declared = _declared_names(cls)
    return {
        name: value
        for name, value in fields.items()
        if name != "ref" and (name in declared or not _is_any_op(value))
    }


def rebuilt(cls: type, fields: Mapping[str, Any]) -> Any:
    """Make an instance of a pydantic model or dataclass of its stored fields.

    Raises:
        TypeError: The class is neither.
        Exception: Whatever the class itself raises when the fields do not fit.
    """
    given = constructor_fields(cls, fields)
    if class_attribute(cls, "__pydantic_fields__") is not MISSING:
        is_root = class_attribute(cls, "__pydantic_root_model__") is True
        return cls.model_validate(given["root"] if is_root else given)  # type: ignore[attr-defined]
    if class_attribute(cls, "__fields__") is not MISSING:  # a model of pydantic.v1
        return cls.parse_obj(given)  # type: ignore[attr-defined]
    if not dataclasses.is_dataclass(cls):
        raise TypeError(f"{cls.__name__} is neither a pydantic model nor a dataclass")
    late = [field.name for field in dataclasses.fields(cls) if not field.init]
    instance = cls(**{name: value for name, value in given.items() if name not in late})
    for name in late:
        if name in given:
            object.__setattr__(instance, name, given[name])
    return instance


def _declared_names(cls: type) -> set[str]:
    declared = class_attribute(cls, "__pydantic_fields__")
    if declared is MISSING:
        declared = class_attribute(cls, "__fields__")
    if declared is MISSING:
        declared = class_attribute(cls, "__dataclass_fields__")
        return set() if declared is MISSING else set(declared)
    return {name for field_name, field in declared.items() for name in (field_name, field.alias)}


def _is_any_op(value: Any) -> bool:
    return isinstance(value, OpRef | StoredOp) or is_op(value)
