"""Refs in calls, replaced by what they point to."""

from __future__ import annotations

import datetime as dt

import pytest

from weave_lite.trace_server import trace_server_interface as tsi

P = "acme/demo"
T0 = dt.datetime(2024, 3, 1, 10, 0, 0, tzinfo=dt.UTC)


def publish(server, name, val, project=P):
    obj = tsi.ObjSchemaForInsert(project_id=project, object_id=name, val=val)
    digest = server.obj_create(tsi.ObjCreateReq(obj=obj)).digest
    return f"weave:///{project}/object/{name}:{digest}"


def put(server, call_id, inputs, output=None):
    start = {
        "project_id": P,
        "id": call_id,
        "trace_id": "t",
        "op_name": "op",
        "started_at": T0 + dt.timedelta(seconds=ord(call_id[0])),
        "attributes": {},
        "inputs": inputs,
    }
    end = {"project_id": P, "id": call_id, "ended_at": T0, "output": output, "summary": {}}
    server.call_start(tsi.CallStartReq.model_validate({"start": start}))
    server.call_end(tsi.CallEndReq.model_validate({"end": end}))


def query(server, **fields):
    req = tsi.CallsQueryReq.model_validate({"project_id": P, **fields})
    return server.calls_query(req).calls


def inputs(server, *paths):
    (call,) = query(server, expand_columns=list(paths))
    return call.inputs


def ids(server, **fields):
    return [call.id for call in query(server, **fields)]


def equals(field, value):
    return {"$expr": {"$eq": [{"$getField": field}, {"$literal": value}]}}


def test_object_gets_its_ref(server):
    """A dict comes with the ref that it replaces."""
    ref = publish(server, "o", {"k": 1})
    put(server, "a", {"m": ref})
    assert inputs(server, "inputs.m") == {"m": {"k": 1, "_ref": ref}}


@pytest.mark.parametrize("val", ["text", 5, [1, 2], True])
def test_other_values_come_bare(server, val):
    """A value that is no dict replaces the ref as it is."""
    put(server, "a", {"m": publish(server, "o", val)})
    assert inputs(server, "inputs.m") == {"m": val}


def test_ref_of_a_dict_that_has_one_stays(server):
    """A key ``_ref`` of the object itself is not overwritten."""
    put(server, "a", {"m": publish(server, "o", {"_ref": "own"})})
    assert inputs(server, "inputs.m") == {"m": {"_ref": "own"}}


def test_refs_in_refs_need_both_paths(server):
    """A path below an expanded one works when both are asked for, in any order."""
    inner = publish(server, "inner", {"p": "deep"})
    outer = publish(server, "outer", {"prompt": inner})
    put(server, "a", {"m": outer})
    half = {"m": {"prompt": inner, "_ref": outer}}
    whole = {"m": {"prompt": {"p": "deep", "_ref": inner}, "_ref": outer}}
    assert inputs(server, "inputs.m") == half
    assert inputs(server, "inputs.m.prompt") == {"m": outer}
    assert inputs(server, "inputs.m.prompt", "inputs.m") == whole


def test_output_alone_may_be_a_ref(server):
    """The whole output is replaced, and paths in it."""
    ref = publish(server, "o", {"k": [1]})
    put(server, "a", {}, ref)
    put(server, "b", {}, {"x": ref})
    calls = query(server, expand_columns=["output", "output.x"])
    value = {"k": [1], "_ref": ref}
    assert [call.output for call in calls] == [value, {"x": value}]


def test_refs_that_cannot_be_read_stay(server):
    """Missing and deleted objects, calls and tables, bad refs: all stay what they are."""
    deleted = publish(server, "gone", {"k": 1})
    server.obj_delete(tsi.ObjDeleteReq(project_id=P, object_id="gone"))
    values = {
        "deleted": deleted,
        "missing": f"weave:///{P}/object/none:abc",
        "elsewhere": "weave:///no/body/object/none:abc",
        "call": f"weave:///{P}/call/1",
        "table": f"weave:///{P}/table/{'a' * 64}",
        "bad": "weave:///acme",
        "plain": "hello",
        "number": 5,
        "list": [deleted],
    }
    put(server, "a", values)
    paths = [f"inputs.{name}" for name in values]
    assert inputs(server, *paths, "inputs.no.such", "inputs.list.0", "nonsense") == values


def test_keys_with_dots(server):
    """A key that holds a dot is reached, as in queries."""
    ref = publish(server, "o", "v")
    put(server, "a", {"x.y": ref, "x": {"z": ref}})
    assert inputs(server, "inputs.x.y", "inputs.x.z") == {"x.y": ref, "x": {"z": "v"}}
    put(server, "a", {"x.y": ref})
    assert inputs(server, "inputs.x.y") == {"x.y": "v"}


def test_answers_share_nothing(server):
    """Two calls with one object do not share its dict."""
    ref = publish(server, "o", {"k": 1})
    put(server, "a", {"m": ref})
    put(server, "b", {"m": ref})
    first, second = query(server, expand_columns=["inputs.m"])
    first.inputs["m"]["k"] = 2
    assert second.inputs["m"]["k"] == 1


@pytest.fixture
def filled(server):
    """Calls with models of several temperatures, one without."""
    for call_id, temperature in (("a", 0.5), ("b", 0.1), ("c", 0.9)):
        model = publish(server, "model", {"temperature": temperature, "name": f"m{call_id}"})
        put(server, call_id, {"model": model})
    put(server, "d", {"model": "none"})
    return server


def test_filter_below_an_expanded_path(filled):
    """A condition looks into the object; without the path it finds nothing."""
    condition = equals("inputs.model.temperature", 0.1)
    assert ids(filled, query=condition, expand_columns=["inputs.model"]) == ["b"]
    assert ids(filled, query=condition) == []


def test_sort_below_an_expanded_path(filled):
    """An order looks into the object; calls without the value come last."""
    for direction, expected in (("asc", "bacd"), ("desc", "cabd")):
        sort_by = [{"field": "inputs.model.temperature", "direction": direction}]
        found = ids(filled, sort_by=sort_by, expand_columns=["inputs.model"])
        assert found == list(expected)


def test_filter_on_the_path_itself_sees_the_ref(filled):
    """The field that is expanded still equals its ref, so that saved filters go on working."""
    (call,) = query(filled, filter={"call_ids": ["a"]})
    ref = call.inputs["model"]
    condition = equals("inputs.model", ref)
    assert ids(filled, query=condition, expand_columns=["inputs.model"]) == ["a"]


def test_raw_refs_on_request(filled):
    """With return_expanded_column_values false a query looks into objects, its answer does not."""
    (call,) = query(
        filled,
        query=equals("inputs.model.name", "mc"),
        expand_columns=["inputs.model"],
        return_expanded_column_values=False,
    )
    assert call.id == "c"
    assert call.inputs["model"].startswith("weave:///acme/demo/object/model:")


def test_deep_filter_needs_each_path(server):
    """A condition two objects deep works when both are expanded."""
    inner = publish(server, "inner", {"p": "deep"})
    put(server, "a", {"m": publish(server, "outer", {"prompt": inner})})
    condition = equals("inputs.m.prompt.p", "deep")
    assert ids(server, query=condition, expand_columns=["inputs.m"]) == []
    paths = ["inputs.m.prompt", "inputs.m"]
    assert ids(server, query=condition, expand_columns=paths) == ["a"]


def test_stream_that_is_left_early(filled):
    """An expanded stream may be closed, and the next query works."""
    req = tsi.CallsQueryReq(
        project_id=P,
        expand_columns=["inputs.model"],
        sort_by=[tsi.SortBy(field="inputs.model.name", direction="desc")],
    )
    stream = filled.calls_query_stream(req)
    assert next(stream).id == "c"
    stream.close()
    assert ids(filled) == ["a", "b", "c", "d"]


def test_hostile_paths_find_nothing(filled):
    """Quotes and brackets in a path are characters of keys."""
    paths = ["inputs.\"'; DROP TABLE calls; --", "inputs.$[0]", "inputs..", "inputs."]
    assert len(query(filled, expand_columns=paths)) == 4
