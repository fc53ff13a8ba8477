"""AnnotationSpec: what a person may say about a call, as a JSON Schema or a Python type."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, create_model, field_validator, model_validator
from pydantic.fields import FieldInfo

from weave_lite.core.errors import UsageError
from weave_lite.flow.base_object import BaseObject, RefText
from weave_lite.trace_server.interface.builtin_object_classes.annotation_spec import (
    schema_error,
    value_error,
)

__all__ = ["AnnotationSpec", "SchemaError"]

_PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean"}
_PAIR = 2


class SchemaError(UsageError):
    """``field_schema`` is no JSON Schema. Raised as it is, not inside a ValidationError."""


class _FieldFormError(UsageError, TypeError):
    """The pair of type and field is something else."""


class _PairLengthError(UsageError, ValueError):
    """A tuple is no pair."""


class AnnotationSpec(BaseObject):
    """A question to people about calls.

    Args:
        name: What it is called.
        description: What is asked.
        field_schema: What an answer looks like: a JSON Schema; ``str``, ``int``, ``float`` or
            ``bool``; one of these with a pydantic ``Field``; or a pydantic model class.
        unique_among_creators: Whether all people share one answer.
        op_scope: Refs of the ops whose calls it is about; None for all.

    Example:
        >>> from pydantic import Field
        >>> stars = AnnotationSpec(name="Stars", field_schema=(int, Field(ge=0, le=5)))
        >>> stars.field_schema
        {'maximum': 5, 'minimum': 0, 'type': 'integer'}
        >>> stars.value_is_valid(3), stars.value_is_valid(9)
        (True, False)
    """

    field_schema: dict[str, Any] = Field(default_factory=dict)
    unique_among_creators: bool = False
    op_scope: list[RefText] | None = None

    @model_validator(mode="before")
    @classmethod
    def preprocess_field_schema(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Turn a type, a pair of type and ``Field``, or a model class into a JSON Schema.

        Raises:
            TypeError: The pair has no primitive type, or no ``Field``.
            ValueError: It is a tuple of another length.
        """
        if not isinstance(data, dict) or "field_schema" not in data:
            return data
        return {**data, "field_schema": _schema_of(data["field_schema"])}

    @field_validator("field_schema")
    @classmethod
    def validate_field_schema(cls, schema: dict[str, Any]) -> dict[str, Any]:
        """Refuse what is no JSON Schema.

        Raises:
            SchemaError: It is none.
        """
        error = schema_error(schema)
        if error is not None:
            raise SchemaError(f"field_schema is no JSON Schema: {error}")
        return schema

    def value_is_valid(self, payload: Any) -> bool:
        """Tell whether a value is an answer. True is no integer, 1.0 is one."""
        return value_error(self.field_schema, payload) is None


def _schema_of(given: Any) -> Any:
    if isinstance(given, tuple):
        return _schema_of_pair(given)
    if isinstance(given, type):
        if given in _PRIMITIVES:
            return {"type": _PRIMITIVES[given]}
        if issubclass(given, BaseModel):
            return given.model_json_schema()
    return given


def _schema_of_pair(given: tuple[Any, ...]) -> dict[str, Any]:
    if len(given) != _PAIR:
        raise _PairLengthError(
            f"a field_schema that is a tuple must be a pair such as (int, Field(ge=0)), not of "
            f"length {len(given)}"
        )
    kind, field = given
    if not isinstance(field, FieldInfo):
        raise _FieldFormError(
            f"the second part of field_schema must be a pydantic Field, not {type(field).__name__}"
        )
    if not isinstance(kind, type) or kind not in _PRIMITIVES:
        raise _FieldFormError(
            "the first part of field_schema must be str, int, float or bool, not "
            f"{getattr(kind, '__name__', kind)!s}"
        )
    holder: type[BaseModel] = create_model("Answer", answer=(kind, field))
    schema: dict[str, Any] = holder.model_json_schema()["properties"]["answer"]
    if field.title is None:
        schema.pop("title", None)
    return schema
