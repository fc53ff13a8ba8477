"""Lists of object versions: filter, sort and page."""

from __future__ import annotations

import itertools

import pytest

from weave_lite.core.clock import replaced_clock
from weave_lite.trace_server import trace_server_interface as tsi

PROJECT = "acme/demo"
OP = {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}, "files": {"obj.py": "d"}}


@pytest.fixture
def seconds():
    """A clock that steps by one second at each reading: 1, 2, 3 ..."""
    ticks = itertools.count(1)
    with replaced_clock(lambda: next(ticks) * 1_000_000):
        yield


def create(server, val, name="o", project=PROJECT, **fields):
    obj = tsi.ObjSchemaForInsert(project_id=project, object_id=name, val=val, **fields)
    return server.obj_create(tsi.ObjCreateReq(obj=obj)).digest


def read(server, version, name="o", project=PROJECT, **fields):
    req = tsi.ObjReadReq(project_id=project, object_id=name, digest=version, **fields)
    return server.obj_read(req).obj


def delete(server, digests=None, name="o", project=PROJECT):
    req = tsi.ObjDeleteReq(project_id=project, object_id=name, digests=digests)
    return server.obj_delete(req).num_deleted


def query(server, project=PROJECT, **fields):
    return server.objs_query(tsi.ObjQueryReq(project_id=project, **fields)).objs


def listed(server, **fields):
    """Names and indexes of what a query lists."""
    return [(obj.object_id, obj.version_index) for obj in query(server, **fields)]


@pytest.fixture
def some(server, seconds):
    """Five versions of four objects, of several classes."""
    create(server, {"_class_name": "A", "_bases": ["Model", "Object", "BaseModel"]}, "m")
    create(server, {"_class_name": "B", "_bases": ["Model", "Object", "BaseModel"]}, "m")
    create(server, {"_class_name": "Dataset", "_bases": ["Object", "BaseModel"]}, "d")
    create(server, "plain", "p")
    create(server, OP, "f")
    return server


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, ["m0", "m1", "d0", "p0", "f0"]),
        ({"is_op": True}, ["f0"]),
        ({"is_op": False}, ["m0", "m1", "d0", "p0"]),
        ({"object_ids": ["m", "f", "x"]}, ["m0", "m1", "f0"]),
        ({"object_ids": []}, ["m0", "m1", "d0", "p0", "f0"]),
        ({"latest_only": True}, ["m1", "d0", "p0", "f0"]),
        ({"latest_only": False, "is_op": None}, ["m0", "m1", "d0", "p0", "f0"]),
        ({"base_object_classes": ["Model"]}, ["m0", "m1"]),
        ({"base_object_classes": ["Model", "Dataset"], "latest_only": True}, ["m1", "d0"]),
        ({"exclude_base_object_classes": ["Model"]}, ["d0", "p0", "f0"]),
        ({"leaf_object_classes": ["A", "Dataset"]}, ["m0", "d0"]),
        ({"leaf_object_classes": ["B"], "object_ids": ["m"], "is_op": False}, ["m1"]),
        ({"object_ids": ["m' OR 1=1 --", '"']}, []),
        ({"object_ids": ["m\0", "m\0x"]}, []),
    ],
)
def test_query_filter(some, wanted, expected):
    """All conditions hold; an empty list is no condition."""
    found = listed(some, filter=tsi.ObjectVersionFilter(**wanted))
    assert [f"{name}{index}" for name, index in found] == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"limit": 2}, ["m0", "m1"]),
        ({"offset": 3}, ["p0", "f0"]),
        ({"limit": 2, "offset": 1}, ["m1", "d0"]),
        ({"limit": 0}, []),
        ({"offset": 2**63}, []),
        ({"limit": 2**70, "offset": 3}, ["p0", "f0"]),
        ({"offset": 9}, []),
        ({"sort_by": [{"field": "created_at", "direction": "desc"}], "limit": 2}, ["f0", "p0"]),
        (
            {"sort_by": [{"field": "object_id", "direction": "desc"}]},
            ["p0", "m0", "m1", "f0", "d0"],
        ),
        (
            {
                "sort_by": [
                    {"field": "object_id", "direction": "asc"},
                    {"field": "created_at", "direction": "desc"},
                ]
            },
            ["d0", "f0", "m1", "m0", "p0"],
        ),
        ({"sort_by": [{"field": "x'; --", "direction": "asc"}], "limit": 1}, ["m0"]),
    ],
)
def test_query_page(some, page, expected):
    """Limit and offset work alone; two fields can be sorted by, others are ignored."""
    assert [f"{name}{index}" for name, index in listed(some, **page)] == expected


def test_query_default_order_at_one_instant(server):
    """Versions made in one instant come in the order of their indexes."""
    with replaced_clock(lambda: 5):
        for number in (3, 1, 2):
            create(server, number)
    assert [obj.val for obj in query(server)] == [3, 1, 2]
    backwards = query(server, sort_by=[tsi.SortBy(field="created_at", direction="desc")])
    assert [obj.val for obj in backwards] == [2, 1, 3]


def test_query_fields(server):
    """Size counts bytes of the stored text, metadata leaves out values, deleted ones are absent."""
    digest = create(server, {"a": "é"})
    create(server, "gone", "g")
    delete(server, name="g")
    (sized,) = query(server, include_storage_size=True)
    assert sized.size_bytes == len('{"a":"é"}'.encode())
    (metadata,) = query(server, metadata_only=True, include_storage_size=True)
    assert (metadata.val, metadata.size_bytes) == ({}, sized.size_bytes)
    (plain,) = query(server)
    assert plain == read(server, digest)


def test_query_many_names(server):
    """More names than SQLite has parameters are no problem."""
    create(server, 1, "needle")
    names = [f"n{number}" for number in range(70_000)] + ["needle"]
    assert listed(server, filter={"object_ids": names}) == [("needle", 0)]
