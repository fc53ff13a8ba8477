"""AnnotationSpec: what a person may say about a call; and JSON Schema, which it is said in."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from weave_lite.trace_server.interface.builtin_object_classes.base import BuiltinObject

__all__ = ["AnnotationSpec", "FieldSchema", "schema_error", "value_error"]


def schema_error(field_schema: dict[str, Any]) -> str | None:
    """Tell what is wrong with a JSON Schema; None when it can be used.

    Nothing is fetched: a reference to another document is not looked at.

    Example:
        >>> schema_error({"type": "string"}) is None
        True
        >>> schema_error({"pattern": "("})
        '"(" is not a "regex"'
    """
    import jsonschema_rs  # noqa: PLC0415 - only annotations and judges need it

    try:
        jsonschema_rs.meta.validate(field_schema)
        # The schema of schemas says nothing of patterns; they are read when a checker is made.
        jsonschema_rs.validator_for(field_schema, retriever=_anything)
    except jsonschema_rs.ReferencingError:
        return None
    except (jsonschema_rs.ValidationError, ValueError) as error:
        return _message(error)
    return None


def value_error(field_schema: dict[str, Any], value: Any) -> str | None:
    """Tell why a value does not satisfy a JSON Schema; None when it does.

    A schema that cannot be used (it is no JSON Schema, or names another document, which is not
    fetched) is satisfied by nothing.

    Example:
        >>> value_error({"type": "integer", "maximum": 5}, 7)
        '7 is greater than the maximum of 5'
    """
    import jsonschema_rs  # noqa: PLC0415 - only annotations and judges need it

    try:
        validator = jsonschema_rs.validator_for(field_schema, retriever=_no_retrieval)
        error = next(iter(validator.iter_errors(value)), None)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as broken:
        return f"it cannot be checked against the field_schema: {_message(broken)}"
    return None if error is None else _message(error)


def _message(error: Exception) -> str:
    """Take the sentence without the excerpts of schema and value that follow it."""
    return str(getattr(error, "message", None) or error)


def _anything(uri: str) -> Any:
    del uri
    return True


def _no_retrieval(uri: str) -> Any:
    raise ValueError(f"the schema names another document ({uri}), which is not fetched")


def _check_schema(field_schema: dict[str, Any]) -> dict[str, Any]:
    error = schema_error(field_schema)
    if error is not None:
        raise ValueError(f"it is no JSON Schema: {error}")
    return field_schema


FieldSchema = Annotated[dict[str, Any], AfterValidator(_check_schema)]
"""A map that is a valid JSON Schema."""


class AnnotationSpec(BuiltinObject):
    """A question about calls; ``field_schema`` is the JSON Schema of its answers."""

    field_schema: FieldSchema = Field(default_factory=dict)
    unique_among_creators: bool = False
    op_scope: list[str] | None = None
