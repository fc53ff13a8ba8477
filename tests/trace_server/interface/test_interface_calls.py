"""Rules of single models: summaries, batches, threads and turns, old names, limits."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from weave_lite.trace_server import trace_server_interface as tsi

START = {
    "start": {
        "project_id": "a/b",
        "op_name": "f",
        "started_at": 0,
        "attributes": {},
        "inputs": {},
    }
}
CALL = {**START["start"], "id": "1", "trace_id": "2"}
END = {"end": {"project_id": "a/b", "id": "1", "ended_at": 0, "summary": {}}}
PRICE = {
    "prompt_tokens_total_cost": 0.5,
    "completion_tokens_total_cost": None,
    "prompt_token_cost": 1e-6,
    "completion_token_cost": None,
    "prompt_token_cost_unit": "USD",
    "completion_token_cost_unit": None,
    "effective_date": None,
    "provider_id": None,
    "pricing_level": None,
    "pricing_level_id": None,
    "created_at": None,
    "created_by": None,
}


def end_with(summary):
    """Read an end of this summary."""
    return tsi.EndedCallSchemaForInsert(**{**END["end"], "summary": summary})


def test_summary_of_an_end_keeps_unknown_keys_at_every_level():
    """Keys of newer clients and of users stay, in memory and on the wire."""
    summary = {
        "usage": {"gpt": {"prompt_tokens": 1, "cache_read_input_tokens": 2, "x": {"y": [None]}}},
        "status_counts": {"success": 8, "error": 0},
        "mine": [1, {"deep": True}],
    }
    end = end_with(summary)
    assert end.summary == summary
    assert end.model_dump()["summary"] == summary
    assert json.loads(end.model_dump_json())["summary"] == summary


def test_token_counts_are_integers():
    """A count may be a text or null; half a token is refused by its path."""
    usage = end_with({"usage": {"m": {"prompt_tokens": "7", "requests": None}}}).summary["usage"]
    assert usage == {"m": {"prompt_tokens": 7, "requests": None}}
    with pytest.raises(ValidationError, match=r"summary\.usage\.m\.total_tokens"):
        end_with({"usage": {"m": {"total_tokens": 1.5}}})


def test_summary_of_a_call_keeps_unknown_keys():
    """What the server derives may grow."""
    weave = {
        "status": "error",
        "trace_name": "f",
        "latency_ms": None,
        "display_name": "mine",
        "costs": {"m": {**PRICE, "prompt_tokens": 1, "note": "n"}},
        "feedback": [{"id": "1", "payload": {"a": 1}, "created_at": "2024-03-01", "extra": 1}],
    }
    call = tsi.CallSchema(**CALL, summary={"weave": weave, "mine": 1})
    assert call.summary["mine"] == 1
    assert call.summary["weave"]["display_name"] == "mine"
    assert call.summary["weave"]["status"] is tsi.TraceStatus.ERROR
    assert call.summary["weave"]["costs"] == weave["costs"]
    written = json.loads(call.model_dump_json())["summary"]
    assert written["weave"]["status"] == "error"
    assert written["weave"]["feedback"] == [
        {"id": "1", "payload": {"a": 1}, "created_at": "2024-03-01T00:00:00Z", "extra": 1}
    ]


def test_a_price_has_all_its_keys():
    """A missing key of the price is an error, because clients refuse such a call."""
    price = TypeAdapter(tsi.LLMCostSchema)
    assert price.validate_python(PRICE) == PRICE
    with pytest.raises(ValidationError, match="pricing_level_id"):
        price.validate_python({key: PRICE[key] for key in PRICE if key != "pricing_level_id"})


def test_statuses_are_texts():
    """A status is equal to its text and prints as it."""
    assert [str(status) for status in tsi.TraceStatus] == ["success", "error", "running"]
    with pytest.raises(ValidationError, match=r"summary\.weave\.status"):
        tsi.CallSchema(**CALL, summary={"weave": {"status": "odd"}})


def test_a_batch_item_goes_by_its_mode():
    """Starts and ends keep their order; the model tells them apart."""
    req = tsi.CallCreateBatchReq.model_validate(
        {
            "batch": [
                {"mode": "end", "req": END},
                {"mode": "start", "req": START},
                {"req": END},
                {"req": START},
                tsi.CallBatchEndMode(req=tsi.CallEndReq(**END)),
                tsi.CallBatchStartMode(req=tsi.CallStartReq(**START)),
                {"req": tsi.CallEndReq(**END)},
            ]
        }
    )
    kinds = ["end", "start", "end", "start", "end", "start", "end"]
    assert [item.mode for item in req.batch] == kinds
    assert [type(item) for item in req.batch] == [
        {"end": tsi.CallBatchEndMode, "start": tsi.CallBatchStartMode}[kind] for kind in kinds
    ]


def test_an_unknown_mode_reaches_the_server():
    """The server refuses it and names the item; the model only carries it."""
    req = tsi.CallCreateBatchReq.model_validate({"batch": [{"mode": "odd", "req": END}]})
    assert (type(req.batch[0]), req.batch[0].mode) == (tsi.CallBatchEndMode, "odd")


@pytest.mark.parametrize(
    ("item", "place"),
    [
        ({"mode": "end", "req": START}, r"batch\.0\.end\.req\.end"),
        ({"mode": "start", "req": END}, r"batch\.0\.start\.req\.start"),
        ({"mode": "start"}, r"batch\.0\.start\.req"),
        (5, r"batch\.0"),
    ],
)
def test_a_bad_batch_item_is_named(item, place):
    """The error says which item and which field."""
    with pytest.raises(ValidationError, match=place):
        tsi.CallCreateBatchReq.model_validate({"batch": [item]})


def test_answers_of_a_batch_are_told_apart():
    """A start answers ids, an end nothing."""
    res = tsi.CallCreateBatchRes.model_validate({"res": [{}, {"id": "1", "trace_id": "2"}]})
    assert [type(each) for each in res.res] == [tsi.CallEndRes, tsi.CallStartRes]


def test_threads_and_turns_travel():
    """What newer clients send is kept, can be filtered, and is answered."""
    both = {"thread_id": "t", "turn_id": "u"}
    start = tsi.StartedCallSchemaForInsert(**START["start"], **both)
    call = tsi.CallSchema(**CALL, **both)
    calls_filter = tsi.CallsFilter(thread_ids=["t"], turn_ids=["u"])
    assert (start.thread_id, start.turn_id) == (call.thread_id, call.turn_id) == ("t", "u")
    assert (calls_filter.thread_ids, calls_filter.turn_ids) == (["t"], ["u"])
    assert both.items() <= call.model_dump().items()


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({}, None),
        ({"set_base_object_class": "Old"}, "Old"),
        ({"builtin_object_class": "New"}, "New"),
        ({"builtin_object_class": "New", "set_base_object_class": "Old"}, "New"),
    ],
)
def test_old_name_of_the_object_class(sent, read):
    """The old name is used when the new one is absent, and never written."""
    obj = tsi.ObjSchemaForInsert(project_id="a/b", object_id="o", val=1, **sent)
    assert obj.builtin_object_class == read
    assert "set_base_object_class" not in obj.model_dump()
    assert obj.model_dump()["builtin_object_class"] == read


def test_table_updates_are_told_apart():
    """Each update has the model of its key."""
    sent = [{"append": {"row": {}}}, {"pop": {"index": 0}}, {"insert": {"index": 1, "row": {}}}]
    req = tsi.TableUpdateReq(project_id="a/b", base_digest="d", updates=sent)
    assert [type(update) for update in req.updates] == [
        tsi.TableAppendSpec,
        tsi.TablePopSpec,
        tsi.TableInsertSpec,
    ]
    assert [update.model_dump() for update in req.updates] == sent


@pytest.mark.parametrize("rows", [[1], ["a"], [None], [[1]], {"a": 1}, None])
def test_rows_are_objects(rows):
    """Anything else is a validation error."""
    with pytest.raises(ValidationError, match="rows"):
        tsi.TableSchemaForInsert(project_id="a/b", rows=rows)


@pytest.mark.parametrize(
    ("note", "is_good"), [("", False), ("n" * 1024, True), ("n" * 1025, False)]
)
def test_length_of_a_note(note, is_good):
    """A note has 1 to 1024 characters."""
    if is_good:
        assert tsi.FeedbackPayloadNoteReq(note=note).note == note
        return
    with pytest.raises(ValidationError, match="note"):
        tsi.FeedbackPayloadNoteReq(note=note)


def test_lists_of_defaults_are_not_shared():
    """Two answers never hold the same list."""
    one, two = tsi.TableCreateRes(digest="d"), tsi.TableCreateRes(digest="d")
    one.row_digests.append("r")
    assert two.row_digests == []


def test_content_of_a_file_is_bytes():
    """Bytes stay what they are, text becomes UTF-8."""
    req = tsi.FileCreateReq(project_id="a/b", name="n", content=b"\xff\x00")
    assert req.content == b"\xff\x00"
    assert tsi.FileCreateReq(project_id="a/b", name="n", content="é").content == "é".encode()
