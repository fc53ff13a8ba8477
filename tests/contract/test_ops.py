"""The old forms for ops: op_create, op_read and ops_query."""

from __future__ import annotations

import pytest

from weave_lite.core.errors import InvalidRequest, NotFoundError, ObjectDeletedError
from weave_lite.trace_server import trace_server_interface as tsi

PROJECT = "acme/demo"


def op_value(source):
    return {
        "_type": "CustomWeaveType",
        "weave_type": {"type": "Op"},
        "files": {"obj.py": source},
    }


def create(server, name, val):
    op = tsi.ObjSchemaForInsert(project_id=PROJECT, object_id=name, val=val)
    return server.op_create(tsi.OpCreateReq(op_obj=op)).digest


def read(server, name, version):
    return server.op_read(tsi.OpReadReq(project_id=PROJECT, name=name, digest=version)).op_obj


def query(server, **wanted):
    req = tsi.OpQueryReq(project_id=PROJECT, filter=tsi.OpVersionFilter(**wanted))
    return [(op.object_id, op.version_index) for op in server.ops_query(req).op_objs]


def test_op_round_trip(server):
    """An op is stored as an object of kind op, and read by both doors alike."""
    digest = create(server, "f", op_value("1"))
    op = read(server, "f", digest)
    assert (op.kind, op.val, op.version_index) == ("op", op_value("1"), 0)
    same = server.obj_read(tsi.ObjReadReq(project_id=PROJECT, object_id="f", digest="latest"))
    assert same.obj == op


def test_op_read_sees_no_objects(server):
    """An object of the name is not found, and does not stand in the way of the op."""
    create(server, "f", op_value("1"))
    obj = tsi.ObjSchemaForInsert(project_id=PROJECT, object_id="f", val="plain")
    plain = server.obj_create(tsi.ObjCreateReq(obj=obj)).digest
    assert read(server, "f", "latest").val == op_value("1")
    with pytest.raises(NotFoundError, match="op 'f'"):
        read(server, "f", plain)


def test_op_read_deleted(server):
    """A deleted op raises as an object does."""
    create(server, "f", op_value("1"))
    server.obj_delete(tsi.ObjDeleteReq(project_id=PROJECT, object_id="f"))
    with pytest.raises(ObjectDeletedError):
        read(server, "f", "latest")


def test_ops_query(server):
    """Only ops are listed, by name and latest."""
    create(server, "f", op_value("1"))
    create(server, "f", op_value("2"))
    create(server, "g", op_value("1"))
    create(server, "x", "no op")
    assert query(server) == [("f", 0), ("f", 1), ("g", 0)]
    assert query(server, latest_only=True) == [("f", 1), ("g", 0)]
    assert query(server, op_names=["f"], latest_only=True) == [("f", 1)]
    assert server.ops_query(tsi.OpQueryReq(project_id="acme/other")).op_objs == []


def test_op_name_is_checked(server):
    """A name that is none is refused, naming the field."""
    with pytest.raises(InvalidRequest, match=r"op_obj\.object_id"):
        create(server, "a b", op_value("1"))
