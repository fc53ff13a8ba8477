"""JSON Schema of annotations: which schemas can be used, and what satisfies them."""

from __future__ import annotations

import pytest

from weave_lite.trace_server.interface.builtin_object_classes.annotation_spec import (
    schema_error,
    value_error,
)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": ["string", "null"]},
        {"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "string"}}},
        {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 0, "maximum": 1},
        {"$ref": "http://elsewhere.example/schema"},
        {"pattern": r"^(?=a)\d+$"},
    ],
)
def test_schemas_that_can_be_used(schema):
    """Schemas of any draft are taken; other documents are not looked at."""
    assert schema_error(schema) is None


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        ({"type": "word"}, '"word" is not valid'),
        ({"type": "object", "properties": {"a": {"minimum": "x"}}}, '"x" is not of type "number"'),
        ({"pattern": "("}, '"(" is not a "regex"'),
        ({"$ref": "#/nowhere"}, "does not exist"),
    ],
)
def test_schemas_that_cannot_be_used(schema, part):
    """What is no JSON Schema is told in a sentence."""
    assert part in schema_error(schema)


@pytest.mark.parametrize(
    ("schema", "value"),
    [({}, object), ({"type": "integer", "minimum": 0, "maximum": 5}, 5), ({"enum": ["a"]}, "a")],
)
def test_values_that_satisfy(schema, value):
    """A value that satisfies the schema has no error."""
    assert value_error(schema, 3 if value is object else value) is None


@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        ({"type": "integer", "maximum": 5}, 7, "7 is greater than the maximum of 5"),
        ({"type": "string"}, None, 'null is not of type "string"'),
        ({"enum": ["a"]}, "b", '"b" is not one of "a"'),
    ],
)
def test_values_that_do_not_satisfy(schema, value, text):
    """The first thing that is wrong is told."""
    assert value_error(schema, value) == text


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "word"}, 1),
        ({"$ref": "http://elsewhere.example/schema"}, 1),
        ({"type": "string"}, "\ud800"),
    ],
)
def test_what_cannot_be_checked_is_not_taken(schema, value):
    """A broken schema, one that needs another document and a value that is no JSON are refused."""
    assert value_error(schema, value).startswith("it cannot be checked against the field_schema: ")
