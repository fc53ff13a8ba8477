"""Tests of filters: to queries and back, and what the queries find in a store."""

from __future__ import annotations

import datetime as dt
import json
import re
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core.errors import QueryTranslationException
from weave_lite.flow.saved_view.filters import (
    Filter,
    filters_to_query,
    query_to_filters,
    with_filter,
)
from weave_lite.testing import memory_client
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.query import Query

START = dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)
ANY_NUMBER = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.text() | ANY_NUMBER | st.booleans() | st.sampled_from(["", "True", "False", "a,b"])
DATES = ANY_NUMBER.filter(lambda x: abs(x) < 1e9) | st.datetimes(timezones=st.just(dt.UTC))
OPERATORS = {
    "contains": SCALARS,
    "does not contain": SCALARS,
    "equals": SCALARS,
    "does not equal": SCALARS,
    "in": st.lists(SCALARS, min_size=1, max_size=4),
    **dict.fromkeys(("=", "≠", "!=", "<", "≤", "<=", ">", "≥", ">="), ANY_NUMBER),
    "is": st.booleans(),
    "after": DATES,
    "before": DATES,
    "is empty": st.none(),
    "is not empty": st.none(),
}
FIELDS = st.sampled_from(
    [
        "inputs.x",
        "output.items[0].score",
        r"attributes.a\.b",
        "Status",
        "summary.weave.latency_ms",
        "started_at",
        "exception",
        "feedback.[wandb.runnable.accuracy].payload.output",
    ]
)


@st.composite
def filters(draw, fields=FIELDS, operators=OPERATORS):
    operator = draw(st.sampled_from(sorted(operators)))
    return Filter.of(draw(fields), operator, draw(operators[operator]))


def wire(query: Query | None) -> Any:
    return query and json.loads(query.model_dump_json(by_alias=True))["$expr"]


@given(st.lists(filters(), max_size=6))
def test_filters_come_back_from_their_query(given_filters):
    """Also when the query went through JSON, as a stored one does; kinds of values are kept."""
    query = filters_to_query(given_filters)
    stored = query and Query.model_validate(json.loads(query.model_dump_json(by_alias=True)))

    found = query_to_filters(stored)

    assert (found or []) == given_filters
    assert repr(found or []) == repr(given_filters)


FIELD = {"$getField": "inputs.x"}
NUMBER = {"$convert": {"input": FIELD, "to": "double"}}


@pytest.mark.parametrize(
    ("operator", "value", "clause"),
    [
        (
            "contains",
            "v",
            {"$contains": {"input": FIELD, "substr": {"$literal": "v"}, "case_insensitive": False}},
        ),
        ("equals", "v", {"$eq": [FIELD, {"$literal": "v"}]}),
        ("equals", True, {"$eq": [FIELD, {"$literal": True}]}),
        ("does not equal", "v", {"$not": [{"$eq": [FIELD, {"$literal": "v"}]}]}),
        ("in", "v, w", {"$or": [{"$eq": [FIELD, {"$literal": each}]} for each in "vw"]}),
        ("=", 1, {"$eq": [NUMBER, {"$literal": 1.0}]}),
        ("≠", 1, {"$not": [{"$eq": [NUMBER, {"$literal": 1.0}]}]}),
        ("<", 1, {"$not": [{"$gte": [NUMBER, {"$literal": 1.0}]}]}),
        ("≤", 1, {"$not": [{"$gt": [NUMBER, {"$literal": 1.0}]}]}),
        (">", 1, {"$gt": [NUMBER, {"$literal": 1.0}]}),
        ("≥", 1, {"$gte": [NUMBER, {"$literal": 1.0}]}),
        ("is", True, {"$eq": [FIELD, {"$literal": "True"}]}),
        ("is", False, {"$eq": [FIELD, {"$literal": "False"}]}),
        ("after", START, {"$gt": [FIELD, {"$literal": START.timestamp()}]}),
        ("before", START, {"$not": [{"$gt": [FIELD, {"$literal": START.timestamp()}]}]}),
        ("is empty", None, {"$eq": [FIELD, {"$literal": ""}]}),
        ("is not empty", None, {"$not": [{"$eq": [FIELD, {"$literal": ""}]}]}),
    ],
)
def test_the_wire_form_of_each_operator(operator, value, clause):
    """It is the one of the official client; several are one ``$and``."""
    one = Filter.of("inputs.x", operator, value)

    assert wire(filters_to_query([one])) == {"$and": [clause]}
    assert wire(filters_to_query([one, one])) == {"$and": [clause, clause]}
    assert filters_to_query([]) is None


def test_paths_are_written_as_the_server_reads_them():
    """Positions and keys with dots become dots; ``Status`` is an alias; latency is a number already."""
    fields = ["output[0].b", r"inputs.a\.b", "Status", "summary.weave.latency_ms"]

    clauses = wire(filters_to_query([Filter.of(field, ">", 1) for field in fields]))["$and"]

    assert [clause["$gt"][0] for clause in clauses] == [
        {"$convert": {"input": {"$getField": "output.0.b"}, "to": "double"}},
        {"$convert": {"input": {"$getField": "inputs.a.b"}, "to": "double"}},
        {"$convert": {"input": {"$getField": "summary.weave.status"}, "to": "double"}},
        {"$getField": "summary.weave.latency_ms"},
    ]


@pytest.mark.parametrize("field", ["foo", "", "status", "Inputs.x", "feedback.x", "thread_id.a"])
def test_fields_that_are_refused(field):
    """The error lists the known columns."""
    with pytest.raises(ValueError, match="is not known; begin a path with one of id, "):
        Filter.of(field, "equals", "x")


def test_newer_and_bare_forms_are_read():
    """``$lt`` and ``$lte`` of newer clients, and a query without ``$and``."""
    for operator, name in {"$lt": "<", "$lte": "<=", "$gt": ">", "$gte": ">="}.items():
        query = Query.model_validate({"$expr": {operator: [NUMBER, {"$literal": 3}]}})
        assert query_to_filters(query) == [Filter("inputs.x", name, 3.0)]


@pytest.mark.parametrize(
    "clause",
    [
        {"$and": [{"$eq": [FIELD, "a"]}]},
        {"$or": [{"$eq": [FIELD, "a"]}, {"$eq": [{"$getField": "inputs.y"}, "b"]}]},
        {"$or": [{"$gt": [FIELD, 1]}]},
        {"$eq": [FIELD, FIELD]},
        {"$eq": [{"$literal": "1"}, {"$literal": "1"}]},
        {"$eq": [FIELD, None]},
        {"$gt": [FIELD, "a"]},
        {"$in": [FIELD, ["a"]]},
        {"$not": [{"$not": [{"$eq": [FIELD, "a"]}]}]},
        {"$not": [{"$or": [{"$eq": [FIELD, "a"]}]}]},
        {"$eq": [{"$convert": {"input": FIELD, "to": "int"}}, 1]},
        {"$contains": {"input": FIELD, "substr": "a", "case_insensitive": True}},
        {"$contains": {"input": FIELD, "substr": 5}},
    ],
)
def test_queries_that_are_no_filters(clause):
    """They are named, with what to do; adding a filter keeps them as they are."""
    query = Query.model_validate({"$expr": {"$and": [{"$eq": [FIELD, "a"]}, clause]}})

    with pytest.raises(QueryTranslationException, match=r"remove_filters\(\)"):
        query_to_filters(query)
    more = with_filter(query, Filter.of("inputs.z", "is empty"))

    assert wire(more)["$and"][:2] == wire(query)["$and"]
    assert len(wire(more)["$and"]) == 3


def test_filters_that_come_to_the_same_query_are_the_same():
    """Each has one form."""
    latency = "summary.weave.latency_ms"

    assert Filter.of("id", "equals", "") == Filter.of("id", "is empty")
    assert Filter.of("id", "does not equal", "") == Filter.of("id", "is not empty")
    assert Filter.of("id", "equals", "True") == Filter.of("id", "is", "true")
    assert Filter.of(latency, "after", 5) == Filter.of(latency, ">", 5)
    assert Filter.of(latency, "before", 5) == Filter.of(latency, "≤", 5)
    assert Filter.of(latency, "equals", 5) == Filter.of(latency, "=", 5)


def test_a_filter_is_added_once():
    """What differs in the kind of value only is another filter."""
    query = None
    for value in ("1", 1, True, "1", 1, True):
        query = with_filter(query, Filter.of("inputs.x", "equals", value))

    assert [each.value for each in query_to_filters(query)] == ["1", 1, True]


# --- what the queries find, against filters evaluated one by one ---

VALUES = [
    None, "", "a", "A", "True", "true", "FALSE", "null", "10", " 10 ", "1e1", "007", "nan", "5.5",
    "it's", 'say "x"', "back\\slash", "100%", "under_score", "日本", "line\nend", "[1]", '{"a":1}',
    0, 1, -1, 10, 2.0, 0.5, 1e-07, 2**53, True, False, [], [1], {}, {"a": 1}, ["a", None],
]  # fmt: skip
ROWS = [{}, *({"x": value} for value in VALUES)]
PROBES = st.sampled_from(
    ["a", "A", "", "True", "true", "10", "1", "%", "_", "日", "\n", '"', "\\", "[1]", "nan", "5.5"]
) | st.sampled_from([0, 1, 10, 2, 0.5, -1, True, False])
PROBED = {
    **OPERATORS,
    **dict.fromkeys(("contains", "does not contain", "equals", "does not equal"), PROBES),
    "in": st.lists(PROBES, min_size=1, max_size=3),
    **dict.fromkeys(("=", "≠", "<", "≤", ">", "≥"), st.sampled_from([0, 1, 10, 2.0, 0.5, -3])),
}
del PROBED["after"], PROBED["before"]
INSTANTS = st.sampled_from(["after", "before"])


def number_of(text: str) -> int | float | None:
    is_number = re.fullmatch(
        r"[ \t\n\r]*-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?[ \t\n\r]*", text, re.A
    )
    return json.loads(text) if is_number else None


def equal(value: Any, other: Any) -> bool | None:
    """Whether a stored value equals another; None where that cannot be told."""
    if value is None and not isinstance(other, str):
        return None
    value = "" if value is None else value
    if isinstance(value, list | dict):
        return json.dumps(value, separators=(",", ":")) == other
    kinds = (type(value), type(other))
    if bool in kinds:
        if str in kinds:
            return str(value).lower() == str(other).lower()
        return kinds == (bool, bool) and value is other
    if kinds == (str, str):
        return value == other
    left, right = (number_of(side) if isinstance(side, str) else side for side in (value, other))
    return None not in (left, right) and left == right


def as_double(value: Any) -> float | None:
    if value is None or isinstance(value, list | dict):
        return None
    number = number_of(value) if isinstance(value, str) else value
    return None if number is None else float(number)


def as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def holds(one: Filter, row: dict[str, Any]) -> bool | None:
    """Whether a filter on ``inputs.x`` or ``started_at`` holds; None where that cannot be told."""
    if one.operator in {"after", "before"}:
        is_after = row["at"] > round(Fraction(one.value) * 10**6)
        return is_after if one.operator == "after" else not is_after
    value = row.get("x")
    match one.operator:
        case "contains":
            return one.value in as_text(value)
        case "does not contain":
            return one.value not in as_text(value)
        case "equals":
            return equal(value, one.value)
        case "does not equal":
            found = equal(value, one.value)
            return None if found is None else not found
        case "in":
            return any(equal(value, entry) for entry in one.value)
        case "is":
            return equal(value, str(one.value))
        case "is empty":
            return equal(value, "")
        case "is not empty":
            return not equal(value, "")
    number = as_double(value)
    if number is None:
        return None
    return {
        "=": number == one.value,
        "!=": number != one.value,
        "<": number < one.value,
        "<=": number <= one.value,
        ">": number > one.value,
        ">=": number >= one.value,
    }[one.operator]


@pytest.fixture(scope="module")
def store():
    """A store with a call for each value: at second n, row n."""
    with memory_client() as client:
        for at, inputs in enumerate(ROWS):
            moment = START + dt.timedelta(seconds=at)
            call = {
                "project_id": client.project_id,
                "id": str(at),
                "trace_id": "t",
                "inputs": inputs,
            }
            call |= {"op_name": "op", "started_at": moment, "attributes": {}}
            client.server.call_start(tsi.CallStartReq(start=call))
        yield client


@given(
    st.lists(
        filters(st.just("inputs.x"), PROBED)
        | st.builds(
            lambda operator, at: Filter.of("started_at", operator, START.timestamp() + at),
            INSTANTS,
            st.sampled_from([-1, 0, 0.5, 5, 20, 20.000001, 1000]),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_a_query_finds_what_its_filters_say(store, given_filters):
    """In a store of hostile values, for all operators, alone and together."""
    found = {int(call.id) for call in store.get_calls(query=filters_to_query(given_filters))}

    rows = [{**row, "at": round(START.timestamp() + at) * 10**6} for at, row in enumerate(ROWS)]
    expected = {at for at, row in enumerate(rows) if all(holds(one, row) for one in given_filters)}
    assert found == expected


@pytest.mark.parametrize("operator", sorted(PROBED))
def test_each_operator_finds_some_and_not_all(store, operator):
    """So that the test above compares something."""
    value = {"in": ["a", "10"], "is": True, "is empty": None, "is not empty": None}.get(operator, 1)
    one = Filter.of("inputs.x", operator, value)

    found = [int(call.id) for call in store.get_calls(query=filters_to_query([one]))]

    assert sorted(found) == [at for at, row in enumerate(ROWS) if holds(one, row)]
    assert 0 < len(found) < len(ROWS)
