"""Text made to break SQL has no effect wherever a request takes text: it finds nothing, or is refused."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from weave_lite.core.errors import InvalidRequest, NotFoundError, UsageError
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

PROJECT = "acme/demo"
HOSTILE = [
    "' OR 1=1 --",
    '" OR ""="',
    "'; DROP TABLE calls; --",
    '"); DROP TABLE calls; --',
    "x' UNION SELECT pk, val FROM objects --",
    "%",
    "_%_",
    "*",
    "[a-z]*",
    "\\",
    "$",
    '$."a"',
    "a]b",
    'a"b',
    "a'b",
    "a`b",
    "?",
    ":1",
    "\u0000",
    "\n--\n",
    "/*",
    "calls.inputs",
    "rowid",
    "ünï\u202ecode",
]
REFUSALS = (InvalidRequest, NotFoundError, UsageError)


@pytest.fixture
def filled(server: SqliteTraceServer) -> SqliteTraceServer:
    """A server with one call and one object."""
    started = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)
    server.call_start(
        tsi.CallStartReq(
            start=tsi.StartedCallSchemaForInsert(
                project_id=PROJECT,
                id="call-1",
                trace_id="trace-1",
                op_name="op",
                started_at=started,
                attributes={"env": "prod"},
                inputs={"a": "value", "n": 1},
            )
        )
    )
    server.obj_create(
        tsi.ObjCreateReq(
            obj=tsi.ObjSchemaForInsert(project_id=PROJECT, object_id="thing", val={"a": 1})
        )
    )
    return server


def is_intact(server: SqliteTraceServer) -> bool:
    """Whether the one call and the one object are still there, unchanged, and nothing else."""
    calls = server.calls_query(tsi.CallsQueryReq(project_id=PROJECT)).calls
    objs = server.objs_query(tsi.ObjQueryReq(project_id=PROJECT)).objs
    return (
        [(call.id, call.inputs, call.display_name) for call in calls]
        == [("call-1", {"a": "value", "n": 1}, None)]
        and [(obj.object_id, obj.val) for obj in objs] == [("thing", {"a": 1})]
        and server.project_ids() == [PROJECT]
    )


def found(server: SqliteTraceServer, **parts: Any) -> list[str]:
    """The ids that a query finds; a refusal finds none."""
    try:
        req = tsi.CallsQueryReq.model_validate({"project_id": PROJECT, **parts})
        return [call.id for call in server.calls_query(req).calls]
    except REFUSALS:
        return []


@pytest.mark.parametrize("text", HOSTILE)
def test_in_every_filter(filled: SqliteTraceServer, text: str) -> None:
    """No list of a filter finds the call by it."""
    lists = (
        "op_names",
        "input_refs",
        "output_refs",
        "parent_ids",
        "trace_ids",
        "call_ids",
        "wb_user_ids",
        "wb_run_ids",
        "thread_ids",
        "turn_ids",
    )
    assert {name: found(filled, filter={name: [text]}) for name in lists} == {
        name: [] for name in lists
    }
    assert found(filled, filter={"op_names": [f"{text}:*"]}) == []
    assert is_intact(filled)


@pytest.mark.parametrize("text", HOSTILE)
def test_in_every_literal(filled: SqliteTraceServer, text: str) -> None:
    """As a literal it equals, and is contained in, nothing that is stored."""
    literal = {"$literal": text}
    for field in (
        "inputs.a",
        "op_name",
        "id",
        "display_name",
        "summary.weave.trace_name",
        "output",
    ):
        operand = {"$getField": field}
        assert found(filled, query={"$expr": {"$eq": [operand, literal]}}) == []
        assert found(filled, query={"$expr": {"$in": [operand, [literal, literal]]}}) == []
        contains = {"$contains": {"input": operand, "substr": literal}}
        assert found(filled, query={"$expr": contains}) == []
        contains["$contains"]["case_insensitive"] = True
        assert found(filled, query={"$expr": contains}) == []
    assert is_intact(filled)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "prefix", ["", "inputs.", "inputs.a.", "output.", "attributes.", "summary."]
)
def test_in_every_path(filled: SqliteTraceServer, text: str, prefix: str) -> None:
    """As a field name it is refused; as a path below a JSON column it finds nothing."""
    field = prefix + text
    equal = {"$eq": [{"$getField": field}, {"$literal": "value"}]}
    assert found(filled, query={"$expr": equal}) == []
    sort = [{"field": field, "direction": "desc"}]
    assert found(filled, sort_by=sort) in ([], ["call-1"])
    if not prefix:
        req = tsi.CallsQueryReq.model_validate({"project_id": PROJECT, "sort_by": sort})
        with pytest.raises(InvalidRequest):
            filled.calls_query(req)
    assert found(filled, columns=[field]) == ["call-1"]
    assert is_intact(filled)


@pytest.mark.parametrize("text", HOSTILE)
def test_as_a_project(filled: SqliteTraceServer, text: str) -> None:
    """As a project it is refused or another, empty project."""
    for project in (text, f"acme/{text}", f"{text}/demo"):
        try:
            req = tsi.CallsQueryReq(project_id=project)
            assert filled.calls_query(req).calls == []
        except REFUSALS:
            pass
    assert is_intact(filled)


@pytest.mark.parametrize("text", HOSTILE)
def test_as_a_name_or_version(filled: SqliteTraceServer, text: str) -> None:
    """As an object's name, version, digest or ref it is refused or not found."""
    with pytest.raises(REFUSALS):
        filled.obj_read(tsi.ObjReadReq(project_id=PROJECT, object_id=text, digest="latest"))
    with pytest.raises(REFUSALS):
        filled.obj_read(tsi.ObjReadReq(project_id=PROJECT, object_id="thing", digest=text))
    with pytest.raises(REFUSALS):
        filled.obj_delete(tsi.ObjDeleteReq(project_id=PROJECT, object_id="thing", digests=[text]))
    with pytest.raises(REFUSALS):
        filled.refs_read_batch(
            tsi.RefsReadBatchReq(refs=[f"weave:///acme/demo/object/{text}:latest"])
        )
    with pytest.raises(REFUSALS):
        filled.file_content_read(tsi.FileContentReadReq(project_id=PROJECT, digest=text))
    listed = tsi.ObjQueryReq.model_validate(
        {"project_id": PROJECT, "filter": {"object_ids": [text], "base_object_classes": [text]}}
    )
    assert filled.objs_query(listed).objs == []
    assert filled.table_query(tsi.TableQueryReq(project_id=PROJECT, digest=text)).rows == []
    assert is_intact(filled)


@pytest.mark.parametrize("text", HOSTILE)
def test_as_a_call_id(filled: SqliteTraceServer, text: str) -> None:
    """As the id of a call it reads, renames and deletes nothing."""
    try:
        assert filled.call_read(tsi.CallReadReq(project_id=PROJECT, id=text)).call is None
    except REFUSALS:
        pass
    for change in (
        lambda: filled.call_update(
            tsi.CallUpdateReq(project_id=PROJECT, call_id=text, display_name="x", wb_user_id="u")
        ),
        lambda: filled.calls_delete(
            tsi.CallsDeleteReq(project_id=PROJECT, call_ids=[text], wb_user_id="u")
        ),
    ):
        try:
            change()
        except REFUSALS:
            pass
    assert is_intact(filled)


@pytest.mark.parametrize("text", HOSTILE)
def test_is_stored_and_found_as_it_is(filled: SqliteTraceServer, text: str) -> None:
    """As a value and as a key it comes back unchanged, and a query finds it."""
    started = dt.datetime(2024, 3, 2, tzinfo=dt.UTC)
    filled.call_start(
        tsi.CallStartReq(
            start=tsi.StartedCallSchemaForInsert(
                project_id="acme/other",
                id="call-2",
                trace_id="trace-2",
                op_name="op",
                started_at=started,
                attributes={},
                inputs={"a": text, text: "value"},
            )
        )
    )
    read = filled.call_read(tsi.CallReadReq(project_id="acme/other", id="call-2")).call
    assert read is not None
    assert read.inputs == {"a": text, text: "value"}
    if "\0" in text:
        return  # SQLite's JSON functions end a text at NUL: it is read back whole, queries see its head
    equal = {"$eq": [{"$getField": "inputs.a"}, {"$literal": text}]}
    part = {"$contains": {"input": {"$getField": "inputs.a"}, "substr": {"$literal": text}}}
    for operation in (equal, part):
        req = tsi.CallsQueryReq.model_validate(
            {"project_id": "acme/other", "query": {"$expr": operation}}
        )
        assert [call.id for call in filled.calls_query(req).calls] == ["call-2"]
