"""What all models share: lax types, unknown fields, dates, trusted values, first use by threads."""

from __future__ import annotations

import datetime as dt
import json
import pickle
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.query import Query  # noqa: TC001 - pydantic reads it
from weave_lite.trace_server.interface.wire import UtcDatetime, WireModel

MOMENT = TypeAdapter(UtcDatetime)
MARCH = dt.datetime(2024, 3, 1, 10, 0, 0, 500_000, tzinfo=dt.UTC)
QUERY = {"$expr": {"$eq": [{"$getField": "id"}, "1"]}}

# The least that each model takes as JSON; shared by the tests of all models.
CALL = {
    "project_id": "a/b",
    "id": "1",
    "op_name": "f",
    "trace_id": "2",
    "started_at": "2024-03-01T10:00:00.5Z",
    "attributes": {},
    "inputs": {"x": [1]},
}
START = {"start": {key: CALL[key] for key in CALL if key not in {"id", "trace_id"}}}
END = {"end": {"project_id": "a/b", "id": "1", "ended_at": 0, "summary": {}}}
OBJECT = {
    "project_id": "a/b",
    "object_id": "o",
    "created_at": 0,
    "digest": "d",
    "version_index": 0,
    "is_latest": 1,
    "kind": "object",
    "base_object_class": None,
    "val": {},
}
NEW_OBJECT = {"project_id": "a/b", "object_id": "o", "val": 1}
FEEDBACK = {
    "project_id": "a/b",
    "weave_ref": "weave:///a/b/call/1",
    "feedback_type": "note",
    "payload": {"note": "n"},
}
STORED = {"id": "1", "created_at": 0, "wb_user_id": "u", "payload": {}}
PROJECT = {"project_id": "a/b"}
COMPLETE = {**START["start"], **END["end"], "trace_id": "2"}
VERSION = {**PROJECT, "digest": "d"}
EXAMPLES = {
    "ActionsExecuteBatchReq": {**PROJECT, "action_ref": "r", "call_ids": ["1"]},
    "CallBatchEndMode": {"req": END},
    "CallBatchStartMode": {"req": START},
    "CallCreateBatchReq": {"batch": [{"mode": "start", "req": START}, {"mode": "end", "req": END}]},
    "CallCreateBatchRes": {"res": [{"id": "1", "trace_id": "2"}, {}]},
    "CallEndReq": END,
    "CallReadReq": {**PROJECT, "id": "1"},
    "CallReadRes": {"call": CALL},
    "CallSchema": CALL,
    "CallStartReq": START,
    "CallStartRes": {"id": "1", "trace_id": "2"},
    "CallUpdateReq": {**PROJECT, "call_id": "1"},
    "CallsDeleteReq": {**PROJECT, "call_ids": ["1"]},
    "CallsQueryReq": {**PROJECT, "query": QUERY, "sort_by": [{"field": "id", "direction": "asc"}]},
    "CallsQueryRes": {"calls": [CALL]},
    "CallsQueryStatsReq": PROJECT,
    "CallsQueryStatsRes": {"count": 1},
    "CallsUpsertCompleteReq": {"batch": [COMPLETE]},
    "CallsUpsertCompleteRes": {"res": [{"id": "1", "trace_id": "2"}, {}]},
    "CompletedCallSchemaForInsert": COMPLETE,
    "CompletionsCreateReq": {**PROJECT, "inputs": {"model": "m"}},
    "CompletionsCreateRequestInputs": {"model": "m", "stop": ["a"], "timeout": 2.5},
    "CompletionsCreateRes": {"response": {}},
    "CostCreateInput": {"prompt_token_cost": 1, "completion_token_cost": 2},
    "CostCreateReq": {
        **PROJECT,
        "costs": {"m": {"prompt_token_cost": 1, "completion_token_cost": 2}},
    },
    "CostCreateRes": {"ids": [["1", "m"]]},
    "CostPurgeReq": {**PROJECT, "query": QUERY},
    "CostQueryReq": PROJECT,
    "CostQueryRes": {"results": [{"id": "1"}]},
    "EndedCallSchemaForInsert": END["end"],
    "EnsureProjectExistsRes": {"project_name": "b"},
    "ExportTracePartialSuccess": {"rejected_spans": 0, "error_message": ""},
    "Feedback": {**FEEDBACK, "id": "1", "created_at": 0},
    "FeedbackCreateBatchReq": {"batch": [FEEDBACK]},
    "FeedbackCreateBatchRes": {"res": [STORED]},
    "FeedbackCreateReq": FEEDBACK,
    "FeedbackCreateRes": STORED,
    "FeedbackPayloadNoteReq": {"note": "n"},
    "FeedbackPayloadReactionReq": {"emoji": "e"},
    "FeedbackPurgeReq": {**PROJECT, "query": QUERY},
    "FeedbackQueryReq": PROJECT,
    "FeedbackQueryRes": {"result": [{"id": "1"}]},
    "FeedbackReplaceReq": {**FEEDBACK, "feedback_id": "1"},
    "FeedbackReplaceRes": STORED,
    "FileContentReadReq": VERSION,
    "FileContentReadRes": {"content": "c"},
    "FileCreateReq": {**PROJECT, "name": "n", "content": "c"},
    "FileCreateRes": {"digest": "d"},
    "FilesStatsReq": PROJECT,
    "FilesStatsRes": {"total_size_bytes": 1},
    "ObjCreateReq": {"obj": NEW_OBJECT},
    "ObjCreateRes": {"digest": "d"},
    "ObjDeleteReq": {**PROJECT, "object_id": "o"},
    "ObjDeleteRes": {"num_deleted": 1},
    "ObjQueryReq": PROJECT,
    "ObjQueryRes": {"objs": [OBJECT]},
    "ObjReadReq": {**VERSION, "object_id": "o"},
    "ObjReadRes": {"obj": OBJECT},
    "ObjSchema": OBJECT,
    "ObjSchemaForInsert": NEW_OBJECT,
    "OpCreateReq": {"op_obj": NEW_OBJECT},
    "OpCreateRes": {"digest": "d"},
    "OpQueryReq": PROJECT,
    "OpQueryRes": {"op_objs": [OBJECT]},
    "OpReadReq": {**VERSION, "name": "o"},
    "OpReadRes": {"op_obj": OBJECT},
    "OtelExportReq": {**PROJECT, "traces": {}},
    "Query": QUERY,
    "RefsReadBatchReq": {"refs": ["r"]},
    "RefsReadBatchRes": {"vals": [1, None]},
    "SortBy": {"field": "id", "direction": "desc"},
    "StartedCallSchemaForInsert": START["start"],
    "TableAppendSpec": {"append": {"row": {}}},
    "TableAppendSpecPayload": {"row": {}},
    "TableCreateFromDigestsReq": {**PROJECT, "row_digests": []},
    "TableCreateFromDigestsRes": {"digest": "d"},
    "TableCreateReq": {"table": {**PROJECT, "rows": [{"a": 1}]}},
    "TableCreateRes": {"digest": "d"},
    "TableInsertSpec": {"insert": {"index": 0, "row": {}}},
    "TableInsertSpecPayload": {"index": 0, "row": {}},
    "TablePopSpec": {"pop": {"index": 0}},
    "TablePopSpecPayload": {"index": 0},
    "TableQueryReq": VERSION,
    "TableQueryRes": {"rows": [{"digest": "d", "val": {}}]},
    "TableQueryStatsBatchReq": PROJECT,
    "TableQueryStatsBatchRes": {"tables": [{"count": 1, "digest": "d"}]},
    "TableQueryStatsReq": VERSION,
    "TableQueryStatsRes": {"count": 1},
    "TableRowSchema": {"digest": "d", "val": {}},
    "TableSchemaForInsert": {**PROJECT, "rows": []},
    "TableStatsRow": {"count": 1, "digest": "d"},
    "TableUpdateReq": {
        **PROJECT,
        "base_digest": "d",
        "updates": [{"append": {"row": {}}}, {"pop": {"index": 0}}],
    },
    "TableUpdateRes": {"digest": "d"},
}
MODEL_NAMES = [
    name
    for name in tsi.__all__
    if isinstance(getattr(tsi, name), type) and issubclass(getattr(tsi, name), WireModel)
]


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_model_reads_its_example_and_ignores_unknown_fields(name):
    """A field of a newer client is dropped: no failure, no trace of it."""
    model, example = getattr(tsi, name), EXAMPLES.get(name, {})
    read = model.model_validate(example)
    assert model.model_validate({**example, "field_of_2030": 1, "_type": name}) == read
    assert read.model_extra is None
    assert not hasattr(read, "field_of_2030")


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_model_survives_json_and_pickle(name):
    """What is sent is read back as the same value."""
    model, example = getattr(tsi, name), EXAMPLES.get(name, {})
    read = model.model_validate(example)
    assert model.model_validate_json(read.model_dump_json(by_alias=True)) == read
    assert model.model_validate(read.model_dump(by_alias=True)) == read
    assert pickle.loads(pickle.dumps(read)) == read


@pytest.mark.parametrize("name", [name for name in MODEL_NAMES if EXAMPLES.get(name)])
def test_model_refuses_nothing_at_all_by_field(name):
    """Where something is required, the error names the field that is missing."""
    model = getattr(tsi, name)
    required = {
        field.alias or key for key, field in model.model_fields.items() if field.is_required()
    }
    if not required:
        pytest.skip("nothing is required")
    with pytest.raises(ValidationError) as caught:
        model.model_validate({})
    assert {error["loc"] for error in caught.value.errors()} == {(each,) for each in required}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("2024-03-01T10:00:00.5Z", MARCH),
        ("2024-03-01T10:00:00.500000", MARCH),
        ("2024-03-01 10:00:00.5", MARCH),
        ("2024-03-01T12:00:00.5+02:00", MARCH),
        ("2024-03-01", dt.datetime(2024, 3, 1, tzinfo=dt.UTC)),
        (1709287200.5, MARCH),
        ("1709287200.5", MARCH),
        (1709287200500, MARCH),
        ("1709287200500", MARCH),
        (0, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
        (-1.5, dt.datetime(1969, 12, 31, 23, 59, 58, 500_000, tzinfo=dt.UTC)),
        (MARCH.replace(tzinfo=None), MARCH),
        (MARCH.astimezone(dt.timezone(dt.timedelta(hours=-5))), MARCH),
        ("2024-03-01T10:00:00.123456789Z", MARCH.replace(microsecond=123_456)),
    ],
)
def test_dates_are_read_as_instants(sent, read):
    """Text, numbers and datetimes of any zone give one aware date in UTC."""
    moment = MOMENT.validate_python(sent)
    assert moment == read
    assert moment.tzinfo is dt.UTC


@pytest.mark.parametrize(
    "sent",
    ["yesterday", "", None, [], "2024-13-01", "0001-01-01T00:00:00+05:00", float("nan")],
)
def test_texts_that_are_no_dates(sent):
    """They are validation errors, never another failure."""
    with pytest.raises(ValidationError):
        MOMENT.validate_python(sent)


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_dates_are_written_with_z(moment):
    """JSON has the zone and all microseconds."""
    written = json.loads(tsi.CallSchema(**{**CALL, "started_at": moment}).model_dump_json())
    assert written["started_at"].endswith("Z")
    assert MOMENT.validate_python(written["started_at"]) == moment


def test_types_are_lax():
    """Numbers may be texts, and whole numbers may be floats."""
    req = tsi.CallsQueryReq(project_id="a/b", limit="7", offset=3.0, include_costs="true")
    assert (req.limit, req.offset, req.include_costs) == (7, 3, True)
    price = tsi.CostCreateInput(prompt_token_cost="1e-6", completion_token_cost=2)
    assert (price.prompt_token_cost, price.completion_token_cost) == (1e-6, 2.0)
    with pytest.raises(ValidationError, match=r"limit\n"):
        tsi.CallsQueryReq(project_id="a/b", limit=1.5)


@pytest.mark.parametrize("direction", ["ASC", "up", "", None])
def test_direction_is_asc_or_desc(direction):
    """Only the lower-case words are read."""
    with pytest.raises(ValidationError, match="'asc' or 'desc'"):
        tsi.SortBy(field="id", direction=direction)


def test_trusted_values_are_taken_as_they_are():
    """The fast way gives an equal model without a check or a copy."""
    model = tsi.CallSchema.model_validate(CALL)
    values = {name: getattr(model, name) for name in tsi.CallSchema.model_fields}
    trusted = tsi.CallSchema.from_trusted(values)
    assert trusted == model.model_copy(update=values)
    assert trusted.inputs is values["inputs"]
    assert trusted.model_dump_json() == model.model_dump_json()
    assert pickle.loads(pickle.dumps(trusted)) == trusted
    assert tsi.CallSchema.from_trusted({**values, "id": 5}).id == 5


def test_threads_may_use_a_model_first_at_once():
    """A model is built at its first use, once, whoever comes first."""
    failures: list[Exception] = []
    for _ in range(20):

        class Fresh(WireModel):
            when: UtcDatetime
            call: tsi.CallSchema | None = None
            query: Query | None = None

        def use(model=Fresh):
            try:
                model.model_validate({"when": 0, "query": QUERY})
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


def test_a_model_may_be_used_while_another_thread_builds_it():
    """It waits for its own validator and serializer, and takes none of its base; pydantic 2.11 lets it."""
    begun = threading.Event()

    class Slow(WireModel):
        n: int

        @classmethod
        def __get_pydantic_core_schema__(cls, source, handler):
            begun.set()
            time.sleep(0.1)
            return super().__get_pydantic_core_schema__(source, handler)

    class Base(WireModel):
        a: int

    class Whole(Base):
        part: Slow

    Base.model_validate({"a": 1})
    found = []
    values = {"a": 1, "part": {"n": 2}}
    uses = [
        lambda: found.append(Whole.model_validate(values).model_dump()),
        lambda: found.append(Whole.model_validate(values).model_dump()),
        lambda: found.append(Whole.from_trusted({"a": 1, "part": Slow(n=2)}).model_dump()),
    ]
    threads = [threading.Thread(target=use) for use in uses]
    threads[0].start()
    begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [values] * 3


@pytest.mark.parametrize(
    ("model", "values", "place"),
    [
        (tsi.TableSchemaForInsert, {"project_id": "a/b", "rows": [1] * 9}, ("rows", 0)),
        (tsi.CallsFilter, {"call_ids": ["1", *[2] * 9]}, ("call_ids", 1)),
        (tsi.CallCreateBatchReq, {"batch": [{}] * 9}, ("batch", 0, "start", "req")),
    ],
)
def test_a_list_stops_at_its_first_fault(model, values, place):
    """A list of ten million bad items would be as many errors, of half a kilobyte each."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    assert [each["loc"] for each in caught.value.errors()] == [place]
