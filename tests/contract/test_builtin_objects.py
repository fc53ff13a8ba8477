"""Objects of built-in classes: sent plain, stored expanded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weave_lite.core.errors import DigestMismatchError, InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi

PROJECT = "acme/demo"
VECTORS = json.loads((Path(__file__).parent.parent / "data" / "digests.json").read_text())
BUILTIN = [case for case in VECTORS if case["kind"] == "builtin_object"]


def create(server, val, class_name, name="o", **fields):
    obj = tsi.ObjSchemaForInsert(
        project_id=PROJECT, object_id=name, val=val, builtin_object_class=class_name, **fields
    )
    return server.obj_create(tsi.ObjCreateReq(obj=obj)).digest


def read(server, digest, name="o"):
    return server.obj_read(tsi.ObjReadReq(project_id=PROJECT, object_id=name, digest=digest)).obj


def count(server):
    return len(server.objs_query(tsi.ObjQueryReq(project_id=PROJECT)).objs)


@pytest.mark.parametrize(
    "case", BUILTIN, ids=lambda c: f"{c['builtin_object_class']}-{c['input']['name']}"
)
def test_vectors(server, case):
    """The plain value gets the known stored form, digest and class."""
    class_name = case["builtin_object_class"]
    assert create(server, case["input"], class_name) == case["digest"]
    stored = read(server, case["digest"])
    assert json.dumps(stored.val) == json.dumps(case["stored"])
    assert (stored.base_object_class, stored.leaf_object_class) == (class_name, class_name)


@pytest.mark.parametrize("case", BUILTIN[:3], ids=lambda c: c["builtin_object_class"])
def test_expected_digest(server, case):
    """A newer client names the digest of the stored form; another is refused."""
    args = case["input"], case["builtin_object_class"]
    expected = case["digest_sorted_keys"]
    assert create(server, *args, expected_digest=expected) == expected
    assert read(server, expected).val == case["stored"]
    with pytest.raises(DigestMismatchError) as caught:
        create(server, *args, name="other", expected_digest="nope")
    assert caught.value.actual == case["digest"]


def test_the_old_name_of_the_field(server):
    """``set_base_object_class`` means the same."""
    case = BUILTIN[0]
    obj = tsi.ObjSchemaForInsert(
        project_id=PROJECT,
        object_id="o",
        val=case["input"],
        set_base_object_class=case["builtin_object_class"],
    )
    assert server.obj_create(tsi.ObjCreateReq(obj=obj)).digest == case["digest"]


def test_found_by_class(server):
    """Expanded objects are found by their class."""
    create(server, {"name": "n"}, "AnnotationSpec", name="spec")
    create(server, {"columns": []}, "Leaderboard", name="board")
    boards = tsi.ObjectVersionFilter(base_object_classes=["Leaderboard"])
    found = server.objs_query(tsi.ObjQueryReq(project_id=PROJECT, filter=boards)).objs
    assert [obj.object_id for obj in found] == ["board"]


@pytest.mark.parametrize(
    ("val", "class_name", "text"),
    [
        ({"columns": [{}]}, "Leaderboard", "evaluation_object_ref is missing"),
        ({"field_schema": {"type": "word"}}, "AnnotationSpec", "no JSON Schema"),
        ({}, "Nothing", "AnnotationSpec, Leaderboard"),
        ("text", "Leaderboard", "not str"),
        (None, "Leaderboard", "not NoneType"),
    ],
)
def test_refused_values_are_not_stored(server, val, class_name, text):
    """A value that its class refuses leaves nothing behind."""
    with pytest.raises(InvalidRequest, match=text):
        create(server, val, class_name)
    assert count(server) == 0
