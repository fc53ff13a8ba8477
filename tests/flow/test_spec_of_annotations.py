"""Tests of AnnotationSpec: forms of field_schema, answers, and the records of the vectors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, ValidationError

from weave_lite.flow.annotation_spec import AnnotationSpec, SchemaError
from weave_lite.trace_server import trace_server_interface as tsi

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "digests.json").read_text())


class Answer(BaseModel):
    """A model that answers may have."""

    a: int
    b: str = "x"


@pytest.mark.parametrize(
    ("given", "schema"),
    [
        ({}, {}),
        ({"type": "string"}, {"type": "string"}),
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        ((int, Field(ge=0, le=5)), {"maximum": 5, "minimum": 0, "type": "integer"}),
        ((float, Field(title="T")), {"title": "T", "type": "number"}),
        (Answer, Answer.model_json_schema()),
    ],
)
def test_forms_of_a_schema(given, schema):
    """As weave 0.51.45 stores them."""
    assert AnnotationSpec(name="n", field_schema=given).field_schema == schema


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ((int,), ValidationError, "not of length 1"),
        ((int, 3), TypeError, "must be a pydantic Field, not int"),
        ((list, Field()), TypeError, "must be str, int, float or bool, not list"),
        ((Answer, Field()), TypeError, "not Answer"),
        (list, ValidationError, "valid dictionary"),
        (None, ValidationError, "valid dictionary"),
        ({"type": "nope"}, SchemaError, "field_schema is no JSON Schema: .*nope"),
    ],
)
def test_forms_that_are_refused(given, error, message):
    """The errors that weave raises, except that SchemaError is ours."""
    with pytest.raises(error, match=message):
        AnnotationSpec(name="n", field_schema=given)


def test_answers():
    """True is no integer, 1.0 is one."""
    spec = AnnotationSpec(field_schema=int)

    assert [spec.value_is_valid(v) for v in (1, 1.0, True, "1", None)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert AnnotationSpec().value_is_valid("anything")


@pytest.mark.parametrize(
    "row", [row for row in VECTORS if row.get("builtin_object_class") == "AnnotationSpec"]
)
def test_the_record_is_that_of_the_vectors(client, row):
    """Stored without a ref, with the digest of the vectors, and read back as the class."""
    spec = AnnotationSpec(**row["input"])

    ref = client.publisher.publish(spec)
    request = tsi.ObjReadReq(project_id=client.project_id, object_id=ref.name, digest=ref.digest)
    found = client.server.obj_read(request).obj

    assert (ref.digest, found.base_object_class) == (row["digest"], "AnnotationSpec")
    assert found.val == row["stored"]
    assert (type(client.get(ref)), client.get(ref)) == (AnnotationSpec, spec)


def test_a_spec_inside_another_value_is_stored_inline(client):
    """And refs in it are texts again."""
    spec = AnnotationSpec(name="n", op_scope=["weave:///e/p/op/f:*"])

    found = client.get(client.publisher.publish({"spec": spec}, "holder"))

    assert found == {"spec": spec}
