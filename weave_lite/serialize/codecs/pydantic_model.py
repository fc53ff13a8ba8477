"""Pydantic models (v2, and v1 models of ``pydantic.v1``) as object records, classes as schema.

Never imports pydantic: whoever has a model has loaded it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.serialize.codecs.object_record import build_record
from weave_lite.serialize.codecs.safe_text import safe_text
from weave_lite.serialize.introspect import (
    MISSING,
    PerClass,
    class_attribute,
    derives_from,
    instance_fields,
    is_loaded_class,
)
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.serialize.registry import Sink

__all__ = ["PYDANTIC_CLASS", "PYDANTIC_MODEL", "is_model_class", "model_fields"]


def is_model_class(cls: type) -> bool:
    """Tell whether a class is a pydantic model, of either version."""
    return _is_model_class.get(cls)


def model_fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Give the stored name and value of each field, in order; excluded ones are left out."""
    cls = type(value)
    declared = class_attribute(cls, "__pydantic_fields__")
    if declared is MISSING:
        declared = class_attribute(cls, "__fields__")
    known, names = _stored_names.get(cls)
    if known is not declared:  # the model was rebuilt
        _stored_names.forget(cls)
        names = _stored_names.get(cls)[1]
    fields = instance_fields(value)
    for name, stored in names:
        if name in fields:  # `model_construct` may leave some out
            yield stored, fields[name]


def _find_stored_names(cls: type) -> tuple[Any, tuple[tuple[str, str], ...]]:
    declared = class_attribute(cls, "__pydantic_fields__")
    if declared is not MISSING:
        names = [
            (name, field.alias or name) for name, field in declared.items() if not field.exclude
        ]
    else:
        declared = class_attribute(cls, "__fields__")
        names = [
            (name, field.alias or name)
            for name, field in declared.items()
            if not getattr(field.field_info, "exclude", None)
        ]
    return declared, tuple(names)


def _find_is_model_class(cls: type) -> bool:
    return is_loaded_class(cls, "pydantic.main", "BaseModel") or is_loaded_class(
        cls, "pydantic.v1.main", "BaseModel"
    )


_stored_names = PerClass(_find_stored_names)
_is_model_class = PerClass(_find_is_model_class)


def _encode_model(value: Any, sink: Sink) -> dict[str, Any]:
    del sink
    if class_attribute(type(value), "_weave_is_plain") is True:
        return dict(model_fields(value))
    return build_record(value, model_fields(value))


def _encode_class(value: Any, sink: Sink) -> Any:
    """Write a class: the JSON schema of a model, the text of any other."""
    del sink
    if is_model_class(value):
        is_v2 = class_attribute(value, "__pydantic_fields__") is not MISSING
        return value.model_json_schema() if is_v2 else value.schema()
    return safe_text(value)


PYDANTIC_MODEL = Codec("pydantic_model", is_model_class, _encode_model)
PYDANTIC_CLASS = Codec("class", lambda cls: derives_from(cls, type), _encode_class)
