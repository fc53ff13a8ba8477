"""The whole trace server over HTTP: every documented method, and what only a client does."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from weave_lite.trace_server import remote_http_trace_server as oldest_home
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server_bindings import remote_http_trace_server as home
from weave_lite.trace_server_bindings.remote_http_trace_server import RemoteHTTPTraceServer
from weave_lite.trace_server_bindings.routes import ROUTES

P = "acme/demo"
T0 = "2024-03-01T10:00:00Z"
REF = f"weave:///{P}/call/c"
START = {
    "project_id": P,
    "id": "c",
    "trace_id": "t",
    "op_name": "op",
    "started_at": T0,
    "attributes": {},
    "inputs": {"a": 1},
}
END = {"project_id": P, "id": "c", "ended_at": T0, "output": 2, "summary": {}}
ID = {"$expr": {"$eq": [{"$getField": "id"}, {"$literal": "x"}]}}
OTHER = START | {"id": "b"}
# One request for each method, in an order in which all of them work.
REQUESTS = {
    "call_start": {"start": START},
    "call_end": {"end": END},
    "call_start_batch": {
        "batch": [
            {"mode": "start", "req": {"start": OTHER}},
            {"mode": "end", "req": {"end": END | {"id": "b"}}},
        ]
    },
    "calls_complete": {"batch": [START | END | {"id": "d", "op_name": "op"}]},
    "call_read": {"project_id": P, "id": "c"},
    "call_update": {"project_id": P, "call_id": "c", "display_name": "n"},
    "calls_query": {"project_id": P},
    "calls_query_stream": {"project_id": P, "columns": ["inputs"]},
    "calls_query_stats": {"project_id": P},
    "calls_delete": {"project_id": P, "call_ids": ["b"]},
    "op_create": {"op_obj": {"project_id": P, "object_id": "f", "val": {"_type": "Op"}}},
    "op_read": {"project_id": P, "name": "f", "digest": "latest"},
    "ops_query": {"project_id": P},
    "obj_create": {"obj": {"project_id": P, "object_id": "o", "val": {"k": [1]}}},
    "obj_read": {"project_id": P, "object_id": "o", "digest": "latest"},
    "objs_query": {"project_id": P},
    "table_create": {"table": {"project_id": P, "rows": [{"r": 1}, {"r": 2}]}},
    "table_update": {"project_id": P, "base_digest": "<table>", "updates": [{"pop": {"index": 0}}]},
    "table_create_from_digests": {"project_id": P, "row_digests": ["<row>"]},
    "table_query": {"project_id": P, "digest": "<table>"},
    "table_query_stream": {"project_id": P, "digest": "<table>"},
    "table_query_stats": {"project_id": P, "digest": "<table>"},
    "table_query_stats_batch": {"project_id": P, "digests": ["<table>"]},
    "refs_read_batch": {"refs": ["<object>"]},
    "file_create": {"project_id": P, "name": "x.bin", "content": b"\x00\xff"},
    "file_content_read": {"project_id": P, "digest": "<file>"},
    "files_stats": {"project_id": P},
    "feedback_create": {
        "project_id": P,
        "id": "x",
        "weave_ref": REF,
        "feedback_type": "t",
        "payload": {},
    },
    "feedback_create_batch": {
        "batch": [
            {"project_id": P, "id": "y", "weave_ref": REF, "feedback_type": "t", "payload": {}}
        ]
    },
    "feedback_query": {"project_id": P},
    "feedback_replace": {
        "feedback_id": "x",
        "project_id": P,
        "weave_ref": REF,
        "feedback_type": "t",
        "payload": {"n": 1},
    },
    "feedback_purge": {"project_id": P, "query": ID},
    "cost_create": {
        "project_id": P,
        "costs": {"m": {"prompt_token_cost": 1, "completion_token_cost": 2, "effective_date": T0}},
    },
    "cost_query": {"project_id": P},
    "cost_purge": {"project_id": P, "query": ID},
    "completions_create": {
        "project_id": P,
        "inputs": {"model": "no/such"},
        "track_llm_call": False,
    },
    "actions_execute_batch": {"project_id": P, "action_ref": "<action>", "call_ids": ["c"]},
    "otel_export": {"project_id": P, "traces": {"resourceSpans": []}},
    "obj_delete": {"project_id": P, "object_id": "o"},
}
# What differs between two stores.
MADE = {"id", "ids", "created_at", "feedback_id"}


def documented_methods():
    """The public methods of the class in every age of the documentation."""
    text = (Path(__file__).parent.parent / "data" / "documented_names.json").read_text()

    def found(part):
        if isinstance(part, dict):
            for key, value in part.items():
                if key == "RemoteHTTPTraceServer":
                    yield value["methods"]
                yield from found(value)
        elif isinstance(part, list):
            for value in part:
                yield from found(value)

    methods = {}
    for age in found(json.loads(text)):
        methods |= age
    return methods


def asked(server, as_model):
    """Ask for everything; gives the answers by method."""
    action = {"action_type": "contains_words", "target_words": ["a"]}
    val = {"name": "w", "config": action}
    spec = {"project_id": P, "object_id": "w", "val": val, "builtin_object_class": "ActionSpec"}
    made = server.obj_create(tsi.ObjCreateReq.model_validate({"obj": spec}))
    known = {"<action>": f"weave:///{P}/object/w:{made.digest}"}
    models = {route.method: route.request for route in ROUTES}
    models |= {"calls_complete": "CallsUpsertCompleteReq", "otel_export": "OtelExportReq"}
    answers = {}
    for method, request in REQUESTS.items():
        text = json.dumps(request, default=lambda each: each.decode("latin-1"))
        for name, value in known.items():
            text = text.replace(name, value)
        filled = json.loads(text)
        if method == "file_create":
            filled["content"] = request["content"]
        req = getattr(tsi, models[method]).model_validate(filled) if as_model else filled
        try:
            answer = getattr(server, method)(req)
        except Exception as error:
            answer = (type(error), str(error))
        answers[method] = list(answer) if method.endswith("stream") else answer
        if method == "table_create":
            known |= {"<table>": answer.digest, "<row>": answer.row_digests[1]}
        elif method == "obj_create":
            known["<object>"] = f"weave:///{P}/object/o:{answer.digest}"
        elif method == "file_create":
            known["<file>"] = answer.digest
    return answers


def plain(answer):
    """An answer without what each store makes anew."""
    if hasattr(answer, "model_dump"):
        answer = answer.model_dump()
    if isinstance(answer, dict):
        return {key: plain(value) for key, value in answer.items() if key not in MADE}
    return list(map(plain, answer)) if isinstance(answer, list | tuple) else answer


@pytest.mark.parametrize("as_model", [True, False], ids=["models", "dicts"])
def test_every_method_answers_as_in_this_process(remote, as_model):
    """With its request as a model or as a dict: the same answers and errors as without HTTP."""
    with SqliteTraceServer(":memory:") as here:
        expected = asked(here, as_model=True)
    found = asked(remote, as_model)
    assert {name: plain(each) for name, each in found.items()} == {
        name: plain(each) for name, each in expected.items()
    }


def test_every_documented_method_is_there():
    """With its parameters, by name and by place; and each is tried above."""
    documented = documented_methods()
    others = {"__init__", "ensure_project_exists", "from_env", "server_info", "set_auth"}
    assert set(documented) - set(REQUESTS) == others
    for method, parameters in documented.items():
        signature = inspect.signature(getattr(RemoteHTTPTraceServer, method))
        known = [name for name in signature.parameters if name != "self"]
        assert known[: len(parameters)] == sorted(parameters, key=known.index), method
    server = RemoteHTTPTraceServer("http://127.0.0.1:1/", True, 1000)
    assert (server.trace_server_url, server.should_batch) == ("http://127.0.0.1:1", True)
    assert server.remote_request_bytes_limit == 1000
    server.close()


def test_the_whole_interface_is_there():
    """So that the SDK works over it."""
    methods = {name for name in dir(tsi.TraceServerInterface) if not name.startswith("_")}
    assert {
        name for name in methods if not callable(getattr(RemoteHTTPTraceServer, name, None))
    } == set()


def test_the_oldest_home_has_the_same_names():
    """The documentation of each age names another module."""
    for name in (
        "Batch",
        "EndBatchItem",
        "RemoteHTTPTraceServer",
        "ServerInfoRes",
        "StartBatchItem",
    ):
        assert getattr(oldest_home, name) is getattr(home, name)
    batch = home.Batch.model_validate(
        {
            "batch": [
                {"mode": "start", "req": {"start": START}},
                {"mode": "end", "req": {"end": END}},
            ]
        }
    )
    assert [type(each) for each in batch.batch] == [home.StartBatchItem, home.EndBatchItem]


@pytest.mark.parametrize("project_id", ["\u00e9/\u65e5\u672c", "a/ b ", "a/100%25"])
def test_spans_of_any_project(remote, project_id):
    """Its name goes in a header, which holds ASCII only."""
    pytest.importorskip("opentelemetry.proto")
    import otlp

    remote.otel_export({"project_id": project_id, "traces": otlp.request(otlp.span(1))})
    assert len(remote.calls_query({"project_id": project_id}).calls) == 1
