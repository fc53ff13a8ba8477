"""Feedback: found by query, in order, page by page, with the fields that were asked for."""

from __future__ import annotations

import datetime as dt
from itertools import count

import pytest

from weave_lite.core.clock import replaced_clock
from weave_lite.core.errors import InvalidFieldError, InvalidQueryError, InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi

P = "acme/demo"
T0 = dt.datetime(2024, 3, 1, 10, 0, 0, tzinfo=dt.UTC)
CALL_1, CALL_2 = f"weave:///{P}/call/1", f"weave:///{P}/call/2"
OBJECT = f"weave:///{P}/object/s:A"


@pytest.fixture
def filled(server):
    """Five feedbacks, one second apart, and one of another project."""
    notes = {"feedback_type": "wandb.note.1"}
    batch = [
        {**notes, "id": "e", "weave_ref": CALL_1, "payload": {"note": "good"}, "creator": "Ada"},
        {**notes, "id": "d", "weave_ref": CALL_2, "payload": {"note": "BAD", "n": 10}},
        {
            "feedback_type": "wandb.reaction.1",
            "id": "c",
            "weave_ref": CALL_1,
            "payload": {"emoji": "👍", "n": 9},
        },
        {
            "feedback_type": "wandb.runnable.s",
            "id": "b",
            "weave_ref": CALL_1,
            "payload": {"output": {"score": 0.5, "a.b": [1, {"k": None}, True], "wide": 2**70}},
            "runnable_ref": OBJECT,
        },
        {"feedback_type": "mine", "id": "a", "weave_ref": "no ref", "payload": {"n": "11"}},
        {"feedback_type": "mine", "id": "z", "weave_ref": CALL_1, "payload": {}},
    ]
    for row in batch:
        row |= {"project_id": "acme/other" if row["id"] == "z" else P, "wb_user_id": "u"}
    micros = count(1_709_287_200_000_000, 1_000_000)
    with replaced_clock(lambda: next(micros)):
        server.feedback_create_batch(tsi.FeedbackCreateBatchReq.model_validate({"batch": batch}))
    return server


def ask(server, **fields):
    req = {"project_id": P, **fields}
    return server.feedback_query(tsi.FeedbackQueryReq.model_validate(req))


def ids(server, **fields):
    return "".join(row["id"] for row in ask(server, fields=["id"], **fields).result)


def compare(name, path, literal):
    return {"$expr": {name: [{"$getField": path}, {"$literal": literal}]}}


def by(field, direction="asc"):
    return [{"field": field, "direction": direction}]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (compare("$eq", "weave_ref", CALL_1), "ecb"),
        (compare("$eq", "id", "d"), "d"),
        (compare("$eq", "payload.emoji", "👍"), "c"),
        (compare("$eq", "project_id", P), "edcba"),
        (compare("$eq", "creator", None), "dcba"),
        (compare("$eq", "creator", ""), "dcba"),
        (compare("$eq", "runnable_ref", OBJECT), "b"),
        (compare("$gt", "created_at", "2024-03-01T10:00:02"), "ba"),
        (compare("$gte", "created_at", 1_709_287_202), "cba"),
        (compare("$gt", "payload.n", 9.5), "da"),
        (compare("$eq", "payload.output.score", 0.5), "b"),
        (compare("$eq", "payload.output.a.b.0", 1), "b"),
        ({"$expr": {"$not": [compare("$eq", "wb_user_id", "v")["$expr"]]}}, "edcba"),
        (
            {
                "$expr": {
                    "$contains": {
                        "input": {"$getField": "payload.note"},
                        "substr": {"$literal": "bad"},
                        "case_insensitive": True,
                    }
                }
            },
            "d",
        ),
        (
            {
                "$expr": {
                    "$eq": [
                        {"$convert": {"input": {"$getField": "payload.n"}, "to": "int"}},
                        {"$literal": 11},
                    ]
                }
            },
            "a",
        ),
        ({"$expr": {"$in": [{"$getField": "feedback_type"}, [{"$literal": "mine"}]]}}, "a"),
    ],
)
def test_queries(filled, query, expected):
    """All of the query language, over columns and payload; the oldest first."""
    assert ids(filled, query=query) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "edcba"),
        ({"sort_by": []}, "edcba"),
        ({"sort_by": by("created_at", "desc")}, "abcde"),
        ({"sort_by": by("id")}, "abcde"),
        ({"sort_by": by("weave_ref")}, "abced"),
        ({"sort_by": by("payload.n")}, "cdabe"),
        ({"sort_by": by("payload.n", "desc")}, "adcbe"),
        ({"limit": 2}, "ed"),
        ({"limit": 0}, ""),
        ({"offset": 3}, "ba"),
        ({"offset": 9}, ""),
        ({"limit": 2, "offset": 1, "sort_by": by("id")}, "bc"),
        ({"limit": 2**70}, "edcba"),
    ],
)
def test_order_and_pages(filled, fields, expected):
    """By creation, unless asked otherwise; the total is that before the page is cut."""
    assert ids(filled, **fields) == expected
    assert ask(filled, **fields).total_count == 5


def test_total_count_is_of_the_query(filled):
    """Rows that the query does not find are not counted."""
    assert ask(filled, query=compare("$eq", "weave_ref", CALL_1), limit=1).total_count == 3
    assert ask(filled, project_id="acme/nowhere", limit=1).total_count == 0


def test_fields(filled):
    """A row has exactly the fields asked for; paths read as queries read them."""
    paths = ["output.score", "output.a.b.0", "output.a.b.1.k", "output.a.b.2", "output.wide", "no"]
    fields = ["id", "created_at", "project_id", *(f"payload.{path}" for path in paths)]
    (row,) = ask(filled, fields=fields, query=compare("$eq", "id", "b")).result
    assert row == {
        "id": "b",
        "created_at": T0 + dt.timedelta(seconds=3),
        "project_id": P,
        "payload.output.score": 0.5,
        "payload.output.a.b.0": 1,
        "payload.output.a.b.1.k": None,
        "payload.output.a.b.2": True,
        "payload.output.wide": 2**70,
        "payload.no": None,
    }
    assert ask(filled, fields=["payload"], limit=1).result == [{"payload": {"note": "good"}}]
    assert len(ask(filled, fields=[]).result[0]) == 12


def test_answers_as_json(filled):
    """Dates are ISO text with a zone."""
    (row,) = ask(filled, fields=["created_at"], limit=1).model_dump(mode="json")["result"]
    assert row == {"created_at": "2024-03-01T10:00:00Z"}


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"limit": -1}, InvalidRequest, "limit"),
        ({"offset": -1}, InvalidRequest, "offset"),
        ({"project_id": "nope"}, InvalidRequest, "project_id"),
        ({"fields": ["id", "nope"]}, InvalidFieldError, "nope"),
        ({"fields": ["call_id"]}, InvalidFieldError, "call_id"),
        ({"sort_by": by("pk")}, InvalidFieldError, "pk"),
        ({"query": compare("$eq", "feedback.[t].runnable_ref", "")}, InvalidFieldError, "no field"),
        ({"query": compare("$eq", "inputs.a", 1)}, InvalidFieldError, r"inputs\.a"),
        ({"query": {"$expr": {"$and": []}}}, InvalidQueryError, r"\$and"),
    ],
)
@pytest.mark.parametrize("project", [P, "acme/nowhere"])
def test_bad_requests_are_refused(filled, fields, kind, words, project):
    """What is wrong is named, project or no project."""
    with pytest.raises(kind, match=words):
        ask(filled, **{"project_id": project, **fields})
