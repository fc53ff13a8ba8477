"""Requests as JSON: all of a request, or a refusal that names the field."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server_bindings.request_json import json_text, written

P = "acme/demo"
T0 = dt.datetime(2024, 3, 1, 10, tzinfo=dt.UTC)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def start(**fields):
    record = {
        "project_id": P,
        "id": "1",
        "trace_id": "t",
        "op_name": "op",
        "started_at": T0,
        "attributes": {},
        "inputs": {},
    }
    return tsi.CallStartReq.model_validate({"start": record | fields})


def obj(val):
    return tsi.ObjCreateReq(obj=tsi.ObjSchemaForInsert(project_id=P, object_id="o", val=val))


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=3))
def test_requests_come_back_as_they_were(inputs):
    """Integers of any size, texts of any kind."""
    req = start(inputs=inputs)
    assert tsi.CallStartReq.model_validate(json.loads(written(req))) == req


def test_queries_have_their_own_names():
    """The names with dollars, at every level."""
    query = {
        "$expr": {
            "$not": [
                {"$eq": [{"$getField": "id"}, {"$literal": {"a": {"$literal": [{"$literal": 1}]}}}]}
            ]
        }
    }
    req = tsi.CallsQueryReq.model_validate({"project_id": P, "query": query})
    assert json.loads(written(req)) == json.loads(req.model_dump_json(by_alias=True))


@pytest.mark.parametrize("odd", ["\ud800", 2**70, {1: None}, float("nan")])
def test_the_slow_way_writes_the_same(odd):
    """What the fast writer cannot do has no effect on the rest of the request."""
    plain, given_ = start(inputs={"x": 1}), start(inputs={"x": odd})
    found, expected = json.loads(written(given_)), json.loads(written(plain))
    stored = {"\ud800": "\\ud800"}.get(odd, odd) if isinstance(odd, str) else odd
    expected["start"]["inputs"]["x"] = {"1": None} if isinstance(odd, dict) else stored
    if isinstance(odd, float):
        expected["start"]["inputs"]["x"] = None
    expected["start"]["started_at"] = found["start"]["started_at"]
    assert found == expected
    assert dt.datetime.fromisoformat(found["start"]["started_at"]) == T0


@pytest.mark.parametrize(
    ("req", "words"),
    [
        (obj({"a": {1}}), r"obj\.val must be JSON: set"),
        (obj(object()), r"obj\.val must be JSON: object"),
        (obj(b"x"), r"obj\.val must be JSON: bytes"),
        (start(inputs={"a": [object()]}), r"start\.inputs must be JSON"),
        (start(display_name="a\ud800"), r"start\.display_name has a lone surrogate"),
        (
            tsi.CostCreateReq(
                project_id=P,
                costs={"m": {"prompt_token_cost": float("inf"), "completion_token_cost": 1}},
            ),
            r"costs\['m'\]\.prompt_token_cost must be a finite number, not inf",
        ),
        (
            tsi.CostCreateReq(
                project_id=P,
                costs={"\ud800": {"prompt_token_cost": 1, "completion_token_cost": 1}},
            ),
            "costs has a lone surrogate",
        ),
        (
            tsi.CallsDeleteReq(project_id=P, call_ids=["a", "\ud800"]),
            r"call_ids\[1\] has a lone surrogate",
        ),
    ],
)
def test_refusals_name_the_field(req, words):
    """What JSON cannot carry never leaves."""
    with pytest.raises(InvalidRequest, match=words):
        written(req)


def test_parts_are_named_as_of_the_whole():
    """An item of a batch by its place in it."""
    with pytest.raises(InvalidRequest, match=r"batch\[3\]\.start\.inputs must be JSON"):
        written(start(inputs={"a": {1}}), "batch[3]")
    with pytest.raises(InvalidRequest, match=r"table\.rows\[0\] must be JSON"):
        json_text({"a": {1}}, "table.rows[0]")
