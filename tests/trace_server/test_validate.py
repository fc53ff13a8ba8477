"""The limits of requests: which field is named, and what is let through."""

from __future__ import annotations

import datetime as dt
import decimal

import pytest

from weave_lite.core.errors import InvalidRequest, RequestTooLarge
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server import validate
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart

T0 = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)
REF = "weave:///acme/demo/object/a:D"


def start(**fields):
    fields = {
        "project_id": "acme/demo",
        "id": "1",
        "trace_id": "t",
        "op_name": "op",
        "started_at": T0,
        "attributes": {},
        "inputs": {},
        **fields,
    }
    return tsi.CallStartReq(start=fields)


def end(**fields):
    fields = {"project_id": "acme/demo", "id": "1", "ended_at": T0, "summary": {}, **fields}
    return tsi.CallEndReq(end=fields)


def deep(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


def test_start_is_written():
    """A start leaves as JSON text, with the refs of its inputs."""
    req = start(inputs={"a": [REF, REF], "b": "é"}, attributes={"x": 1}, thread_id="th")
    assert validate.call_start(req) == EncodedStart(
        "acme/demo",
        "1",
        "t",
        None,
        "op",
        None,
        1709251200_000000,
        '{"x":1}',
        f'{{"a":["{REF}","{REF}"],"b":"é"}}',
        (REF,),
        thread_id="th",
    )


def test_end_is_written():
    """An end leaves as JSON text; a scalar output that is a ref counts."""
    req = end(output=REF, summary={"usage": {"m": {"requests": "2"}}, "mine": 1}, exception="E")
    assert validate.call_end(req) == EncodedEnd(
        "acme/demo",
        "1",
        1709251200_000000,
        "E",
        f'"{REF}"',
        '{"usage":{"m":{"requests":2}},"mine":1}',
        (REF,),
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"project_id": "demo"}, r"start\.project_id 'demo' must be 'entity/project'"),
        ({"project_id": "a/b/c"}, r"start\.project_id"),
        ({"project_id": "/b"}, r"start\.project_id"),
        ({"project_id": ""}, r"start\.project_id"),
        ({"id": ""}, r"start\.id '' must be 1 to 128"),
        ({"id": "x" * 129}, r"start\.id"),
        ({"id": "a\x00b"}, r"start\.id"),
        ({"id": "a\ud800"}, r"start\.id"),
        ({"trace_id": "a\nb"}, r"start\.trace_id"),
        ({"parent_id": ""}, r"start\.parent_id"),
        ({"op_name": "x" * 129}, r"start\.op_name has 129"),
        ({"op_name": "weave-trace-internal:///x/op/y:z"}, r"start\.op_name has a ref"),
        ({"display_name": "x" * 1025}, r"start\.display_name has 1025"),
        ({"inputs": {"a": decimal.Decimal(1)}}, r"start\.inputs must be JSON: Decimal"),
        ({"attributes": {"a": object()}}, r"start\.attributes must be JSON: object"),
        ({"inputs": {"a": deep(5000)}}, r"start\.inputs must be JSON"),
        ({"inputs": {"a": "weave-trace-internal:///x"}}, r"start\.inputs has a ref"),
        ({"inputs": {"a": [{"b": "weave-trace-internal:x"}]}}, r"start\.inputs has a ref"),
        ({"inputs": {"a": 2**70, "b": "weave-trace-internal:x"}}, r"start\.inputs has a ref"),
    ],
)
def test_refused_starts(fields, words):
    """The field and the remedy are named."""
    with pytest.raises(InvalidRequest, match=words):
        validate.call_start(start(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "x" * 128},
        {"id": "16 characters id"},
        {"id": "ünï 😀\u00a0"},
        {"op_name": "weave:///acme/demo/op/" + "x" * 200 + ":D"},
        {"op_name": "x" * 128},
        {"display_name": "x" * 1024},
        {"inputs": {"text": 'say "weave-trace-internal:" aloud', "b": "see weave-trace-internal:"}},
        {"inputs": {"a": deep(100)}},
        {"project_id": "a b/c d"},
    ],
)
def test_accepted_starts(fields):
    """What only looks odd is let through as it is."""
    part = validate.call_start(start(**fields))
    assert {key: getattr(part, key) for key in fields if key != "inputs"} == {
        key: value for key, value in fields.items() if key != "inputs"
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"project_id": "demo"}, r"end\.project_id"),
        ({"id": ""}, r"end\.id"),
        ({"output": {1, 2}}, r"end\.output must be JSON: set"),
        ({"output": "weave-trace-internal:///x"}, r"end\.output has a ref"),
        ({"summary": {"mine": object()}}, r"end\.summary must be JSON"),
    ],
)
def test_refused_ends(fields, words):
    """The field and the remedy are named."""
    with pytest.raises(InvalidRequest, match=words):
        validate.call_end(end(**fields))


def test_batch_names_the_item():
    """The message begins with the place in the batch."""
    req = tsi.CallCreateBatchReq(
        batch=[
            {"mode": "start", "req": start()},
            {"mode": "end", "req": end(id="")},
        ]
    )
    with pytest.raises(InvalidRequest, match=r"^batch\[1\]: end\.id"):
        validate.call_batch(req)


@pytest.mark.parametrize("mode", ["end", "START", ""])
def test_batch_checks_the_mode(mode):
    """A mode must fit what it stands beside."""
    item = tsi.CallBatchStartMode(mode=mode, req=start())
    with pytest.raises(InvalidRequest, match=r"^batch\[0\]: mode"):
        validate.call_batch(tsi.CallCreateBatchReq(batch=[item]))


P = {"project_id": "acme/demo"}


@pytest.mark.parametrize(
    ("check", "req", "words"),
    [
        (
            validate.call_update,
            tsi.CallUpdateReq(**P, call_id="1"),
            r"\[display_name\] is required",
        ),
        (
            validate.call_update,
            tsi.CallUpdateReq(**P, call_id="1", display_name="x" * 1025),
            "display_name has 1025",
        ),
        (validate.call_update, tsi.CallUpdateReq(**P, call_id="", display_name="x"), "call_id"),
        (
            validate.call_update,
            tsi.CallUpdateReq(project_id="x", call_id="1", display_name="x"),
            "project_id",
        ),
        (validate.calls_delete, tsi.CallsDeleteReq(project_id="x", call_ids=[]), "project_id"),
        (validate.call_read, tsi.CallReadReq(project_id="x", id="1"), "project_id"),
        (validate.calls_query, tsi.CallsQueryReq(**P, limit=-1), "limit must be 0 or more, not -1"),
        (validate.calls_query, tsi.CallsQueryReq(**P, offset=-1), "offset must be 0 or more"),
        (
            validate.calls_query_stats,
            tsi.CallsQueryStatsReq(**P, limit=0),
            "limit must be 1 or more, not 0",
        ),
        (
            validate.obj_create,
            tsi.ObjCreateReq(obj={**P, "object_id": "a b", "val": 1}),
            r"obj\.object_id 'a b'",
        ),
        (
            validate.obj_create,
            tsi.ObjCreateReq(obj={"project_id": "x", "object_id": "a", "val": 1}),
            r"obj\.project_id",
        ),
        (
            validate.op_create,
            tsi.OpCreateReq(op_obj={**P, "object_id": "", "val": 1}),
            r"op_obj\.object_id",
        ),
        (validate.objs_query, tsi.ObjQueryReq(**P, limit=-1), "limit"),
        (validate.objs_query, tsi.ObjQueryReq(**P, offset=-1), "offset"),
        (validate.table_query, tsi.TableQueryReq(**P, digest="d", limit=-1), "limit"),
        (
            validate.refs_read_batch,
            tsi.RefsReadBatchReq(refs=["weave-trace-internal:///x"]),
            "refs has a ref",
        ),
    ],
)
def test_refused_requests(check, req, words):
    """Each limit names its field."""
    with pytest.raises(InvalidRequest, match=words):
        check(req)


FILTER_LISTS = [name for name in tsi.CallsFilter.model_fields if name != "trace_roots_only"]


@pytest.mark.parametrize("name", FILTER_LISTS)
def test_filter_lists_have_a_limit(name):
    """1000 entries are accepted in every list, 1001 in none; internal refs in none."""
    request = {**P, "filter": {name: ["x"] * 1000}}
    validate.calls_query(tsi.CallsQueryReq.model_validate(request))
    validate.calls_query_stats(tsi.CallsQueryStatsReq.model_validate(request))
    request["filter"][name].append("x")
    with pytest.raises(InvalidRequest, match=rf"filter\.{name} has 1001 entries"):
        validate.calls_query(tsi.CallsQueryReq.model_validate(request))
    with pytest.raises(InvalidRequest, match=rf"filter\.{name} has 1001 entries"):
        validate.calls_query_stats(tsi.CallsQueryStatsReq.model_validate(request))


@pytest.mark.parametrize(
    ("check", "req", "field"),
    [
        (validate.calls_delete, tsi.CallsDeleteReq(**P, call_ids=["x"] * 1001), "call_ids"),
        (
            validate.obj_delete,
            tsi.ObjDeleteReq(**P, object_id="a", digests=["x"] * 101),
            "digests",
        ),
        (validate.refs_read_batch, tsi.RefsReadBatchReq(refs=[REF] * 1001), "refs"),
    ],
)
def test_too_large_requests(check, req, field):
    """What is split into several requests is accepted."""
    with pytest.raises(RequestTooLarge, match=f"^{field} has"):
        check(req)


@pytest.mark.parametrize(
    "field", ["op_name", "display_name", "wb_user_id", "wb_run_id", "thread_id", "turn_id"]
)
def test_surrogates_in_a_start_are_named(field):
    """A text that UTF-8 cannot hold is refused by its field's name."""
    with pytest.raises(InvalidRequest, match=rf"start\.{field} has a lone surrogate"):
        validate.call_start(start(**{field: "a\ud800"}))


@pytest.mark.parametrize(
    ("check", "req", "field"),
    [
        (validate.call_end, end(exception="\ud800"), "end.exception"),
        (
            validate.call_update,
            tsi.CallUpdateReq(project_id="a/b", call_id="1", display_name="\ud800"),
            "display_name",
        ),
        (validate.call_read, tsi.CallReadReq(project_id="a/b", id="\ud800"), "id"),
        (
            validate.calls_query,
            tsi.CallsQueryReq(project_id="a/b", filter={"trace_ids": ["t", "\ud800"]}),
            "filter.trace_ids",
        ),
    ],
)
def test_surrogates_elsewhere_are_named(check, req, field):
    """So is one in any other text of a request."""
    with pytest.raises(InvalidRequest, match=rf"^{field} has a lone surrogate"):
        check(req)


@pytest.mark.parametrize(
    ("req", "field"),
    [
        (tsi.ObjReadReq(**P, object_id="\ud800", digest="d"), "object_id"),
        (tsi.ObjReadReq(**P, object_id="o", digest="\ud800"), "digest"),
        (tsi.OpReadReq(**P, name="\ud800", digest="d"), "name"),
        (tsi.TableUpdateReq(**P, base_digest="\ud800", updates=[]), "base_digest"),
        (tsi.TableQueryStatsReq(**P, digest="\ud800"), "digest"),
        (tsi.FileCreateReq(**P, name="\ud800", content=b""), "name"),
        (tsi.FileContentReadReq(**P, digest="\ud800"), "digest"),
    ],
)
def test_surrogates_in_names_and_digests_are_named(req, field):
    """So is one in what names an object, a table or a file."""
    with pytest.raises(InvalidRequest, match=rf"^{field} has a lone surrogate"):
        validate.plain(req, *(name for name in type(req).model_fields if name == field))
    with pytest.raises(InvalidRequest, match="project_id 'x' must be"):
        validate.plain(req.model_copy(update={"project_id": "x"}))


@pytest.mark.parametrize(
    ("check", "req", "field"),
    [
        (validate.call_start, start(project_id="a/\ud800"), "start.project_id"),
        (validate.call_end, end(project_id="a/\ud800"), "end.project_id"),
        (validate.calls_query, tsi.CallsQueryReq(project_id="\ud800/b"), "project_id"),
        (
            validate.obj_create,
            tsi.ObjCreateReq(obj={**P, "object_id": "o", "val": 1, "wb_user_id": "\ud800"}),
            "obj.wb_user_id",
        ),
        (validate.obj_delete, tsi.ObjDeleteReq(**P, object_id="\ud800"), "object_id"),
        (
            validate.obj_delete,
            tsi.ObjDeleteReq(**P, object_id="o", digests=["d", "\ud800"]),
            "digests",
        ),
        (validate.table_query, tsi.TableQueryReq(**P, digest="\ud800"), "digest"),
        (validate.refs_read_batch, tsi.RefsReadBatchReq(refs=[REF, REF + "\ud800"]), "refs"),
    ],
)
def test_surrogates_in_projects_and_objects_are_named(check, req, field):
    """So is one in a project id, and in lists of names."""
    with pytest.raises(InvalidRequest, match=rf"^{field} has a lone surrogate"):
        check(req)


@pytest.mark.parametrize(
    ("check", "req", "field"),
    [
        (
            validate.call_start,
            start(display_name="weave-trace-internal:///p/call/1"),
            "start.display_name",
        ),
        (
            validate.call_update,
            tsi.CallUpdateReq(**P, call_id="1", display_name="weave-trace-internal:///p/call/1"),
            "display_name",
        ),
    ],
)
def test_internal_refs_as_names_are_refused(check, req, field):
    """The hosted service's own form of a ref is refused wherever a request has it."""
    with pytest.raises(InvalidRequest, match=rf"^{field} has a ref in the hosted"):
        check(req)
