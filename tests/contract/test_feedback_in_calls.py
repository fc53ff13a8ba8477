"""Feedback in queries of calls: in answers, in filters, in orders."""

from __future__ import annotations

import datetime as dt
import json
from itertools import count

import pytest

from weave_lite.core.clock import replaced_clock
from weave_lite.core.errors import InvalidFieldError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store import feedback_search

P = "acme/demo"
T0 = dt.datetime(2024, 3, 1, 10, 0, 0, tzinfo=dt.UTC)
SCORE = "feedback.[wandb.runnable.s].payload.output.score"
REF = "feedback.[wandb.runnable.s].runnable_ref"
LIKES = "feedback.[likes].payload.n"


def call_ref(call_id, project=P):
    return f"weave:///{project}/call/{call_id}"


def scored(call_id, score, version="A"):
    return {
        "weave_ref": call_ref(call_id),
        "feedback_type": "wandb.runnable.s",
        "payload": {"output": {"score": score}},
        "runnable_ref": f"weave:///{P}/object/s:{version}",
    }


def likes(call_id, n):
    return {"weave_ref": call_ref(call_id), "feedback_type": "likes", "payload": {"n": n}}


FEEDBACK = [
    scored("1", 0.9),
    scored("1", 0.2, "B"),
    scored("2", 0.5),
    scored("3", "n/a", "B"),
    likes("1", 1),
    likes("2", 0.5),
    likes("3", True),
    # Not about a call of the project, so in no call.
    {**likes("4", 7), "weave_ref": call_ref("4", "acme/other")},
    {**likes("4", 7), "weave_ref": call_ref("4") + "/attr/x"},
    {**likes("4", 7), "weave_ref": "4"},
    # Of another project, about a call of this one.
    {**likes("4", 7), "project_id": "acme/other"},
]


@pytest.fixture
def filled(server):
    """Calls ``1`` to ``4`` and feedback, one second apart."""
    for number in range(1, 5):
        start = {
            "project_id": P,
            "id": str(number),
            "trace_id": "t",
            "op_name": "op",
            "started_at": T0 + dt.timedelta(seconds=number),
            "attributes": {},
            "inputs": {"bar": number / 4},
        }
        server.call_start(tsi.CallStartReq.model_validate({"start": start}))
    micros = count(1_709_287_200_000_000, 1_000_000)
    with replaced_clock(lambda: next(micros)):
        for number, row in enumerate(FEEDBACK):
            fields = {"project_id": P, "id": f"f{number}", "wb_user_id": "u", **row}
            server.feedback_create(tsi.FeedbackCreateReq.model_validate(fields))
    return server


def ask(server, **fields):
    return tsi.CallsQueryReq.model_validate({"project_id": P, **fields})


def ids(server, **fields):
    return "".join(call.id for call in server.calls_query(ask(server, **fields)).calls)


def found(server, expr):
    """The ids that a condition finds, and those that its negation finds."""
    both = ids(server, query={"$expr": expr}), ids(server, query={"$expr": {"$not": [expr]}})
    stats = tsi.CallsQueryStatsReq.model_validate({"project_id": P, "query": {"$expr": expr}})
    assert server.calls_query_stats(stats).count == len(both[0])
    return both


def get(path):
    return {"$getField": path}


def lit(value):
    return {"$literal": value}


def convert(path, to):
    return {"$convert": {"input": get(path), "to": to}}


@pytest.mark.in_process("over HTTP the key says who writes")
def test_include_feedback(filled):
    """The feedback about each call, the oldest first, all keys present; elsewhere an empty list."""
    calls = filled.calls_query(ask(filled, include_feedback=True)).calls
    lists = {call.id: call.summary["weave"]["feedback"] for call in calls}
    assert lists["1"][1] == {
        "id": "f1",
        "feedback_type": "wandb.runnable.s",
        "weave_ref": call_ref("1"),
        "payload": {"output": {"score": 0.2}},
        "creator": None,
        "created_at": T0 + dt.timedelta(seconds=1),
        "wb_user_id": "u",
        "runnable_ref": f"weave:///{P}/object/s:B",
        "call_ref": None,
        "trigger_ref": None,
        "annotation_ref": None,
    }
    assert {call_id: [row["id"] for row in rows] for call_id, rows in lists.items()} == {
        "1": ["f0", "f1", "f4"],
        "2": ["f2", "f5"],
        "3": ["f3", "f6"],
        "4": [],
    }
    assert calls[3].summary["weave"] == {"status": "running", "trace_name": "op", "feedback": []}


def test_feedback_is_left_out_unless_asked_for(filled):
    """No list where none is wanted."""
    for call in filled.calls_query(ask(filled)).calls:
        assert "feedback" not in call.summary["weave"]


@pytest.mark.in_process("the narrow door is that of this process")
def test_all_ways_to_read_calls_agree(filled):
    """One by one and encoded; the dates are ISO text in JSON."""
    req = ask(filled, include_feedback=True, limit=2)
    models = filled.calls_query(req).calls
    encoded = [json.loads(call.summary_json) for call in filled.calls_query_encoded(req)]
    assert list(filled.calls_query_stream(req)) == models
    assert [call.model_dump(mode="json")["summary"] for call in models] == encoded
    assert encoded[0]["weave"]["feedback"][1]["created_at"] == "2024-03-01T10:00:01Z"


def test_a_stored_summary_keeps_its_other_keys(filled):
    """Feedback goes beside what a summary holds, over a stored key of that name; columns or not."""
    summary = {"n": 2**70, "weave": {"mine": 1, "feedback": "old"}, "text": '"weave":{}'}
    end = {"project_id": P, "id": "4", "ended_at": T0 + dt.timedelta(seconds=5), "summary": summary}
    filled.call_end(tsi.CallEndReq.model_validate({"end": end}))
    sort_by = [{"field": "id", "direction": "desc"}]
    req = ask(filled, include_feedback=True, sort_by=sort_by, limit=1)
    (call,) = filled.calls_query(req).calls
    assert call.summary["n"] == 2**70
    assert (call.summary["weave"]["mine"], call.summary["weave"]["feedback"]) == (1, [])
    (call,) = filled.calls_query(req.model_copy(update={"columns": ["id"]})).calls
    assert call.summary["weave"]["feedback"] == []


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        # What the official client asks for "scored by".
        ({"$eq": [get("feedback.[wandb.runnable.s].payload.output"), lit("")]}, ("4", "123")),
        ({"$eq": [get(REF), lit(f"weave:///{P}/object/s:B")]}, ("13", "24")),
        # True for any.
        ({"$gt": [get(SCORE), lit(0.8)]}, ("1", "2")),
        ({"$gt": [get(SCORE), lit(0.1)]}, ("12", "")),
        ({"$gte": [lit(0.2), get(SCORE)]}, ("1", "2")),
        ({"$eq": [get(SCORE), lit(None)]}, ("4", "123")),
        ({"$eq": [get("feedback.[likes].payload.nothing"), lit(None)]}, ("1234", "")),
        ({"$in": [get(SCORE), [lit(0.2), lit("n/a"), lit(7)]]}, ("13", "2")),
        ({"$in": [get(SCORE), [lit(""), lit(0.9)]]}, ("14", "23")),
        ({"$in": [get(SCORE), []]}, ("", "1234")),
        ({"$contains": {"input": get(SCORE), "substr": lit("/")}}, ("3", "124")),
        ({"$contains": {"input": lit("see n/a"), "substr": get(SCORE)}}, ("3", "12")),
        (
            {
                "$contains": {
                    "input": get("feedback.[likes].payload"),
                    "substr": lit('"N":'),
                    "case_insensitive": True,
                }
            },
            ("123", "4"),
        ),
        # Conversions are of each.
        ({"$eq": [convert(SCORE, "int"), lit(0)]}, ("12", "")),
        ({"$eq": [convert(SCORE, "string"), lit("0.5")]}, ("2", "134")),
        ({"$eq": [convert(SCORE, "exists"), lit(False)]}, ("4", "123")),
        (convert("feedback.[likes].payload.n", "bool"), ("123", "")),
        (get("feedback.[likes].payload.n"), ("123", "")),
        # With other fields, with each other: any with any.
        ({"$gt": [get(SCORE), get("inputs.bar")]}, ("1", "2")),
        ({"$eq": [get(SCORE), get(LIKES)]}, ("2", "13")),
        ({"$gt": [get(LIKES), get(SCORE)]}, ("13", "2")),
        ({"$gt": [get(SCORE), get(SCORE)]}, ("1", "23")),
        ({"$in": [get("inputs.bar"), [get(SCORE), lit(0.25), get(LIKES)]]}, ("12", "3")),
        ({"$eq": [{"$gt": [get(SCORE), lit(0.8)]}, lit(True)]}, ("1", "2")),
        # What is left of the comparison names no feedback.
        ({"$eq": [convert(SCORE, "exists"), get("summary.weave.latency_ms")]}, ("", "")),
        ({"$not": [{"$contains": {"input": get(SCORE), "substr": lit("")}}]}, ("", "1234")),
        # Types are matched exactly, whatever is in them.
        ({"$eq": [get("feedback.[LIKES].payload.n"), lit("")]}, ("1234", "")),
        ({"$eq": [get("feedback.[%].payload.n"), lit("")]}, ("1234", "")),
        ({"$eq": [get("feedback.[a'b\"c].payload.n"), lit("")]}, ("1234", "")),
    ],
)
def test_filters(filled, expr, expected, monkeypatch):
    """Three values: what is neither found nor found by the negation is unknown."""
    if "$getField" in expr or "$convert" in expr:
        expr = {"$and": [expr]}
    assert found(filled, expr) == expected
    # The same when there is too much feedback to begin with.
    monkeypatch.setattr(feedback_search, "_MAX_FEW", -1)
    assert found(filled, expr) == expected


def test_filters_with_others(filled):
    """Fields of feedback stand beside each other and beside the plain filter."""
    both = {"$and": [{"$gt": [get(SCORE), lit(0)]}, {"$eq": [get(LIKES), lit(1)]}]}
    assert ids(filled, query={"$expr": both}) == "1"
    either = {"$or": [{"$gt": [get(SCORE), lit(0.8)]}, {"$eq": [get(LIKES), lit("true")]}]}
    assert ids(filled, query={"$expr": either}) == "13"
    assert ids(filled, query={"$expr": either}, filter={"call_ids": ["3", "4"]}) == "3"


def test_many_fields_of_feedback_in_one_list(filled):
    """More entries than SQLite joins tables."""
    paths = [f"feedback.[t{n}].payload.x" for n in range(65)]
    expr = {"$in": [get("inputs.bar"), [*map(get, paths), get(SCORE)]]}
    assert found(filled, expr)[0] == "2"


@pytest.mark.parametrize(
    ("field", "asc", "desc"),
    [
        # Of call 1 the newest counts, which is the lower.
        (SCORE, "1234", "2134"),
        (LIKES, "2134", "1234"),
        (REF, "2134", "1324"),
        ("feedback.[nobody].payload.x", "1234", "1234"),
    ],
)
def test_orders(filled, field, asc, desc):
    """The newest feedback counts; calls that have none come last in both directions."""
    for direction, expected in (("asc", asc), ("desc", desc)):
        sort_by = [{"field": field, "direction": direction}]
        assert ids(filled, sort_by=sort_by) == expected
        pages = [ids(filled, sort_by=sort_by, limit=2, offset=offset) for offset in (0, 2)]
        assert "".join(pages) == expected


@pytest.mark.parametrize(
    "name",
    [
        "feedback",
        "feedback.likes.payload.n",
        "feedback.[likes]",
        "feedback.[likes].payloads",
        "feedback.[likes].creator",
        "feedback.[].payload.n",
        "feedback.[likes].runnable_ref.x",
    ],
)
def test_other_forms_are_refused(filled, name):
    """In filters and in orders."""
    with pytest.raises(InvalidFieldError, match="feedback"):
        ids(filled, query={"$expr": {"$eq": [get(name), lit(1)]}})
    with pytest.raises(InvalidFieldError, match="feedback"):
        ids(filled, sort_by=[{"field": name, "direction": "asc"}])


def test_purged_feedback_is_gone(filled):
    """From answers and from filters."""
    expr = {"$or": [{"$eq": [get("id"), lit(each)]} for each in ("f0", "f1")]}
    purge = {"project_id": P, "query": {"$expr": expr}}
    filled.feedback_purge(tsi.FeedbackPurgeReq.model_validate(purge))
    (call,) = filled.calls_query(ask(filled, include_feedback=True, limit=1)).calls
    assert [row["id"] for row in call.summary["weave"]["feedback"]] == ["f4"]
    assert ids(filled, query={"$expr": {"$gt": [get(SCORE), lit(0)]}}) == "2"
