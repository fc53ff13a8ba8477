"""Calls: start, end, batch, update and delete, in every order of arrival."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from weave_lite.core.clock import replaced_clock
from weave_lite.core.errors import InvalidRequest, RequestTooLarge
from weave_lite.core.ids import replaced_ids
from weave_lite.trace_server import trace_server_interface as tsi

P = "acme/demo"
T0 = dt.datetime(2024, 3, 1, 10, 0, 1, tzinfo=dt.UTC)
T1 = T0 + dt.timedelta(milliseconds=1250)
REF_A = "weave:///acme/demo/object/a:DA"
REF_B = "weave:///acme/demo/object/b:DB"


def start(call_id="1", **fields):
    fields = {
        "project_id": P,
        "id": call_id,
        "trace_id": "t",
        "op_name": "predict",
        "started_at": T0,
        "attributes": {},
        "inputs": {},
        **fields,
    }
    return tsi.CallStartReq(start=fields)


def end(call_id="1", **fields):
    fields = {"project_id": P, "id": call_id, "ended_at": T1, "summary": {}, **fields}
    return tsi.CallEndReq(end=fields)


def batch(*reqs):
    items = [
        {"mode": "start" if isinstance(req, tsi.CallStartReq) else "end", "req": req}
        for req in reqs
    ]
    return tsi.CallCreateBatchReq(batch=items)


def read(server, call_id="1", project_id=P):
    return server.call_read(tsi.CallReadReq(project_id=project_id, id=call_id)).call


def ids(server, project_id=P, **filter_fields):
    req = tsi.CallsQueryReq(project_id=project_id, filter=filter_fields)
    return [call.id for call in server.calls_query(req).calls]


def update(server, name, call_id="1", project_id=P):
    server.call_update(tsi.CallUpdateReq(project_id=project_id, call_id=call_id, display_name=name))


def delete(server, *call_ids, project_id=P):
    req = tsi.CallsDeleteReq(project_id=project_id, call_ids=list(call_ids))
    return server.calls_delete(req).num_deleted


@pytest.mark.in_process("over HTTP the key says who writes")
def test_start_and_end_give_the_whole_call(server):
    """Every field that was sent comes back, and what is derived is added."""
    answer = server.call_start(
        start(
            display_name="First",
            parent_id="0",
            thread_id="th",
            turn_id="tu",
            attributes={"env": "prod"},
            inputs={"q": "x", "n": [1, 2.5, None, True], "ünï": "😀"},
            wb_user_id="u",
            wb_run_id="r",
        )
    )
    server.call_end(
        end(output={"a": [1]}, summary={"usage": {"m": {"requests": 1}}, "mine": 1}, exception="E")
    )
    assert answer == tsi.CallStartRes(id="1", trace_id="t")
    assert read(server) == tsi.CallSchema(
        id="1",
        project_id=P,
        op_name="predict",
        display_name="First",
        trace_id="t",
        parent_id="0",
        thread_id="th",
        turn_id="tu",
        started_at=T0,
        attributes={"env": "prod"},
        inputs={"q": "x", "n": [1, 2.5, None, True], "ünï": "😀"},
        ended_at=T1,
        exception="E",
        output={"a": [1]},
        summary={
            "usage": {"m": {"requests": 1}},
            "mine": 1,
            "weave": {"status": "error", "display_name": "First", "latency_ms": 1250},
        },
        wb_user_id="u",
        wb_run_id="r",
    )


def test_a_running_call(server):
    """Without an end there is no output, and the summary holds what is derived."""
    server.call_start(start(op_name="weave:///acme/demo/op/predict:AbC"))
    call = read(server)
    assert (call.ended_at, call.output, call.exception) == (None, None, None)
    assert call.summary == {"weave": {"status": "running", "trace_name": "predict"}}


def test_ids_are_made_when_absent(server):
    """An absent id or trace id is made and answered."""
    made = map(str, itertools.count(100))
    with replaced_ids(lambda: next(made)):
        answer = server.call_start(start(None, trace_id=None))
    assert answer == tsi.CallStartRes(id="100", trace_id="101")
    assert read(server, "100").trace_id == "101"


@pytest.mark.parametrize("output", [None, 0, "", "text", [], {}, [None], 2**70, -(2**63), 1.0])
def test_any_output(server, output):
    """Outputs of any JSON type come back as they were, integers of any size too."""
    server.call_start(start())
    server.call_end(end(output=output))
    call = read(server)
    assert (call.output, type(call.output)) == (output, type(output))


def test_numbers_that_are_not_json_become_null(server):
    """NaN and the infinities are null on write."""
    server.call_start(start(inputs={"a": float("nan"), "b": [float("inf")]}))
    assert read(server).inputs == {"a": None, "b": [None]}


def test_times_are_instants(server):
    """A zone is turned into UTC, no zone is UTC, and microseconds stay."""
    server.call_start(start(started_at="2024-03-01T12:00:00.000001+02:00"))
    server.call_end(end(ended_at="2024-03-01T10:00:00.000003"))
    call = read(server)
    assert call.started_at == dt.datetime(2024, 3, 1, 10, 0, 0, 1, tzinfo=dt.UTC)
    assert call.ended_at == dt.datetime(2024, 3, 1, 10, 0, 0, 3, tzinfo=dt.UTC)


@pytest.mark.parametrize("order", list(itertools.permutations(["start", "end", "update"])))
@pytest.mark.parametrize("is_batch", [False, True])
def test_parts_in_any_order(server, order, is_batch):
    """Start, end and update may come in any order; until the start there is no call."""
    started = False
    for part in order:
        if part == "update":
            update(server, "renamed")
        elif is_batch:
            server.call_start_batch(batch(start(display_name="s") if part == "start" else end()))
        elif part == "start":
            server.call_start(start(display_name="s"))
        else:
            server.call_end(end())
        started = started or part == "start"
        assert ids(server) == (["1"] if started else [])
    call = read(server)
    assert (call.display_name, call.ended_at) == ("renamed", T1)


def test_end_before_start_in_one_batch(server):
    """An end before its start in one batch is one whole call."""
    server.call_start_batch(batch(end("1", output=1), start("1"), start("2"), end("2", output=2)))
    assert [read(server, call_id).output for call_id in "12"] == [1, 2]


def test_second_start_wins(server):
    """The last start's fields count; end and new name stay."""
    server.call_start(start(inputs={"a": 1}, op_name="old", display_name="one", parent_id="p"))
    server.call_end(end(output=1))
    server.call_start(start(inputs={"a": 2}, op_name="new", attributes={"b": 1}))
    call = read(server)
    assert (call.inputs, call.op_name, call.attributes) == ({"a": 2}, "new", {"b": 1})
    assert (call.display_name, call.parent_id, call.output) == (None, None, 1)


def test_second_end_wins(server):
    """All four fields of the last end count together."""
    server.call_start(start())
    server.call_end(end(output=1, exception="E", summary={"a": 1}))
    server.call_end(end(output=None, ended_at=T0, summary={"b": 1}))
    call = read(server)
    assert (call.output, call.exception, call.ended_at) == (None, None, T0)
    assert call.summary == {
        "b": 1,
        "weave": {"status": "success", "trace_name": "predict", "latency_ms": 0},
    }


def test_last_part_of_a_batch_wins(server):
    """Within a batch the last start and the last end count."""
    server.call_start_batch(
        batch(start(inputs={"a": 1}), end(output=1), start(inputs={"a": 2}), end(output=2))
    )
    call = read(server)
    assert (call.inputs, call.output) == ({"a": 2}, 2)


def test_retried_batch_is_harmless(server):
    """The same batch twice leaves the same calls."""
    req = batch(start("1", inputs={"r": REF_A}), end("1", output=REF_B), start("2"))
    first = server.call_start_batch(req)
    before = server.calls_query(tsi.CallsQueryReq(project_id=P))
    assert server.call_start_batch(req) == first
    assert server.calls_query(tsi.CallsQueryReq(project_id=P)) == before
    assert first.res == [
        tsi.CallStartRes(id="1", trace_id="t"),
        tsi.CallEndRes(),
        tsi.CallStartRes(id="2", trace_id="t"),
    ]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (start("x" * 129), r"batch\[1\].*start\.id"),
        (start(op_name="x" * 129), r"batch\[1\].*op_name"),
        (end("a\nb"), r"batch\[1\].*end\.id"),
        (end(project_id="nope"), r"batch\[1\].*project_id"),
    ],
)
def test_bad_item_stops_the_batch(server, bad, words):
    """A bad item is named, and nothing of its batch is written."""
    with pytest.raises(InvalidRequest, match=words):
        server.call_start_batch(batch(start("1"), bad, start("2")))
    assert ids(server) == []


def test_unknown_mode_is_refused(server):
    """An item is a start or an end."""
    item = tsi.CallBatchStartMode(mode="complete", req=start())
    with pytest.raises(InvalidRequest, match=r"batch\[0\].*mode 'complete'"):
        server.call_start_batch(tsi.CallCreateBatchReq(batch=[item]))


def test_refs_follow_the_values(server):
    """Refs at any depth are found; those of a replaced value are not any more."""
    server.call_start(start("1", inputs={"a": [{"b": REF_A}], "c": REF_A}))
    server.call_end(end("1", output=REF_B))
    assert (ids(server, input_refs=[REF_A]), ids(server, output_refs=[REF_B])) == (["1"], ["1"])
    assert (ids(server, input_refs=[REF_B]), ids(server, output_refs=[REF_A])) == ([], [])
    server.call_start(start("1", inputs={"a": "wandb-artifact:///x"}))
    server.call_end(end("1", output={"deep": [[REF_A]]}))
    assert (ids(server, input_refs=[REF_A]), ids(server, output_refs=[REF_B])) == ([], [])
    assert ids(server, output_refs=[REF_A]) == ["1"]
    assert ids(server, input_refs=["wandb-artifact:///x"]) == ["1"]


def test_ref_filter_compares_whole_texts(server):
    """A ref below an object's ref is another ref."""
    server.call_start(start("1", inputs={"a": REF_A + "/attr/x"}))
    assert ids(server, input_refs=[REF_A]) == []


def test_projects_are_apart(server):
    """The same id in two projects is two calls; end, update and delete touch their own only."""
    for project_id in (P, "acme/other"):
        server.call_start(start(project_id=project_id, inputs={"p": project_id}))
    server.call_end(end(project_id="acme/other", output=1))
    update(server, "other", project_id="acme/other")
    call = read(server)
    assert (call.inputs, call.output, call.display_name) == ({"p": P}, None, None)
    assert delete(server, "1", project_id="acme/other") == 1
    assert (ids(server), ids(server, "acme/other")) == (["1"], [])


def test_update_sets_and_clears(server):
    """A text sets the name, an empty one clears it, and none is refused."""
    server.call_start(start(display_name="start"))
    update(server, "renamed")
    assert read(server).display_name == "renamed"
    update(server, "")
    call = read(server)
    assert (call.display_name, call.summary["weave"]["trace_name"]) == (None, "predict")
    with pytest.raises(InvalidRequest, match="display_name"):
        update(server, None)


def test_update_of_unknown_call(server):
    """Nothing fails and nothing is seen."""
    update(server, "ghost", call_id="nobody")
    assert (ids(server), read(server, "nobody")) == ([], None)


def test_delete_takes_all_descendants(server):
    """Descendants of all depths go with a call, calls beside it stay."""
    for call_id, parent_id in [("1", None), ("2", "1"), ("3", "2"), ("4", "3"), ("5", None)]:
        server.call_start(start(call_id, parent_id=parent_id))
    server.call_start(start("2", project_id="acme/other", parent_id="1"))
    assert delete(server, "2", "nobody") == 3
    assert (ids(server), ids(server, "acme/other")) == (["1", "5"], ["2"])
    assert read(server, "3") is None
    stats = server.calls_query_stats(tsi.CallsQueryStatsReq(project_id=P))
    assert stats.count == 2


def test_delete_below_a_deleted_call(server):
    """A call that came below one deleted before is found when its ancestor is deleted."""
    server.call_start_batch(batch(start("1"), start("2", parent_id="1")))
    assert delete(server, "2") == 1
    server.call_start(start("3", parent_id="2"))
    assert ids(server) == ["1", "3"]
    assert delete(server, "1") == 2
    assert ids(server) == []


def test_delete_ends_in_a_ring(server):
    """Calls that are each other's parents are deleted once."""
    server.call_start_batch(batch(start("1", parent_id="2"), start("2", parent_id="1")))
    assert delete(server, "1") == 2


def test_deleted_stays_deleted(server):
    """A later start, end or update does not bring a call back; its id is not counted again."""
    server.call_start(start())
    assert delete(server, "1") == 1
    server.call_start(start())
    server.call_end(end())
    update(server, "back")
    assert (ids(server), read(server), delete(server, "1")) == ([], None, 0)


def test_delete_before_start(server):
    """A call of which only the end has come can be deleted; it was never seen."""
    server.call_end(end())
    assert delete(server, "1") == 0
    server.call_start(start())
    assert ids(server) == []


def test_delete_in_an_unknown_project(server):
    """There is nothing to delete."""
    assert delete(server, "1") == 0


def test_delete_stamps_the_clock(server):
    """Deletion takes no other time than the clock's, and reading is not disturbed by it."""
    server.call_start(start())
    with replaced_clock(lambda: 5):
        assert delete(server, "1") == 1


def test_delete_has_a_limit(server):
    """More than 1000 ids are too many for one request; 1000 are not."""
    with pytest.raises(RequestTooLarge, match="call_ids has 1001"):
        delete(server, *map(str, range(1001)))
    assert delete(server, *map(str, range(1000))) == 0


def test_large_batch(server):
    """A batch of thousands of calls is one transaction."""
    reqs = [req for n in range(1500) for req in (start(f"{n:04}"), end(f"{n:04}", output=n))]
    assert len(server.call_start_batch(batch(*reqs)).res) == 3000
    assert ids(server) == [f"{n:04}" for n in range(1500)]


def test_large_value(server):
    """Values of several megabytes come back whole."""
    text = "x" * 5_000_000
    server.call_start_batch(batch(start(inputs={"a": text}), end(output=[text])))
    call = read(server)
    assert (call.inputs, call.output) == ({"a": text}, [text])


@pytest.mark.parametrize("text", ["a'b\"c", "x; DROP TABLE calls", "%_", "\\", "é😀", "a b", "$"])
def test_hostile_texts(server, text):
    """Texts that mean something to SQL are plain texts in every field."""
    server.call_start(
        start(
            text,
            trace_id=text,
            parent_id=text,
            op_name=text,
            display_name=text,
            inputs={text: text},
            attributes={text: text},
            wb_user_id=text,
            wb_run_id=text,
            project_id=f"{text}/{text}",
        )
    )
    server.call_end(end(text, project_id=f"{text}/{text}", exception=text, output=text))
    call = read(server, text, f"{text}/{text}")
    assert (call.op_name, call.inputs, call.attributes) == (text, {text: text}, {text: text})
    assert (call.display_name, call.exception, call.output) == (text, text, text)
    found = ids(
        server,
        f"{text}/{text}",
        op_names=[text],
        trace_ids=[text],
        parent_ids=[text],
        call_ids=[text],
        wb_run_ids=[text],
    )
    assert found == [text]


@pytest.mark.parametrize("text", ["a'b\"c", "x; DROP TABLE calls", "%_", "\\", "é😀", "a b", "$"])
@pytest.mark.in_process("over HTTP the key says who writes")
def test_hostile_users(server, text):
    """So does the name of whoever writes."""
    server.call_start(start(wb_user_id=text))
    assert read(server).wb_user_id == text
    assert ids(server, wb_user_ids=[text]) == ["1"]


def test_lone_surrogate_in_a_column_is_refused(server):
    """A text that UTF-8 cannot hold is refused where it is not JSON, and nothing is written."""
    with pytest.raises(InvalidRequest, match="surrogate"):
        server.call_start(start(display_name="a\ud800"))
    server.call_start(start("2", inputs={"a": "b\ud800"}))
    assert [call.inputs for call in server.calls_query(tsi.CallsQueryReq(project_id=P)).calls] == [
        {"a": "b\\ud800"}
    ]


@pytest.mark.parametrize("wrong", ["1\0x", "\ud800", ""])
def test_delete_refuses_what_is_no_id(server, wrong):
    """A text that no call can have as its id deletes nothing, and no call whose id it begins with."""
    server.call_start(start("1"))
    with pytest.raises(InvalidRequest, match="call_ids"):
        delete(server, "1", wrong)
    assert read(server).id == "1"
