"""The programs of the contract, through the real client and store, and the trees they must record."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import re
import sys
import threading
import types
from pathlib import Path

import pytest

import weave_lite as weave
from weave_lite.testing import memory_client
from weave_lite.trace_server import trace_server_interface as tsi

CASES = json.loads((Path(__file__).parents[1] / "data" / "call-trees.json").read_text())


def _params(cases):
    return [pytest.param(case, id=re.sub(r"\W+", "-", case["title"])) for case in cases]


@pytest.fixture
def client():
    with memory_client("ent/proj") as made:
        yield made


def run(program, client):
    """Run a program as a module of its own, so that its classes are found by name."""
    module = types.ModuleType("__main__")
    module.__dict__.update(
        weave=weave,
        asyncio=asyncio,
        threading=threading,
        concurrent=concurrent,
        client_=client,
    )
    before = sys.modules["__main__"]
    sys.modules["__main__"] = module
    try:
        exec(compile(program, "<program>", "exec"), module.__dict__)
    finally:
        sys.modules["__main__"] = before


def blurred(value):
    """Replace what differs from run to run as the vectors do."""
    text = json.dumps(value)
    text = re.sub(r"(weave:///ent/proj/(?:object|op)/[^:/\"]+:)\w{43}", r"\1<digest>", text)
    text = re.sub(r"/id/\w{43}", "/id/<row-digest>", text)
    text = re.sub(r'("model_latency": (?:{"mean": )?)[\d.e-]+', r"\g<1>0.0", text)
    return json.loads(text)


def _raw_calls(client):
    found = client.server.calls_query(tsi.CallsQueryReq(project_id="ent/proj")).calls
    return sorted(found, key=lambda c: c.id)


def recorded(client):
    """The stored calls in the form of the vectors."""
    calls = _raw_calls(client)
    order = [c.id for c in calls]
    found = []
    for n, call in enumerate(calls):
        attributes = {k: v for k, v in call.attributes.items() if k != "weave"}
        exception = json.loads(call.exception) if call.exception else None
        found.append(
            {
                "n": n,
                "op": call.op_name.rpartition("/")[2].partition(":")[0],
                "parent": order.index(call.parent_id) if call.parent_id else None,
                "inputs": blurred(call.inputs),
                "output": blurred(call.output),
                "exception": exception and {k: exception[k] for k in ("type", "message")},
                **({"attributes": attributes} if attributes else {}),
                **({"display_name": call.display_name} if call.display_name else {}),
                "summary": {
                    k: v for k, v in call.summary.items() if k not in {"weave", "status_counts"}
                },
                "ended": call.ended_at is not None,
            }
        )
    return found


def feedback(client):
    """The stored feedback in the form of the vectors."""
    order = [c.id for c in _raw_calls(client)]
    req = tsi.FeedbackQueryReq(project_id="ent/proj")
    return [
        {
            "feedback_type": row["feedback_type"],
            "on_call": order.index(row["weave_ref"].rpartition("/")[2]),
            "payload": row["payload"],
            "runnable_ref": blurred(row["runnable_ref"]),
            "score_call": order.index(row["call_ref"].rpartition("/")[2]),
        }
        for row in client.server.feedback_query(req).result
    ]


def stored_objects(client):
    return client.server.objs_query(tsi.ObjQueryReq(project_id="ent/proj")).objs


@pytest.mark.parametrize("case", _params(CASES["programs"]))
def test_programs_record_their_trees(case, client, monkeypatch):
    """Every call, its parent, inputs, output, exception, summary; and the objects stored."""
    monkeypatch.setenv("WEAVE_PARALLELISM", "1")
    run(case["program"], client)
    client.flush()
    expected = case.get("recommended_calls", case["calls"])
    if case["title"].startswith("redaction"):
        expected[0]["output"] = {"api_key": "REDACTED"}
    if case.get("ours", "").startswith("the failed row has the score {}"):
        for at in (0, 7):
            expected[at]["output"]["match"]["match"]["true_fraction"] = 0.5
    assert recorded(client) == expected
    names = {f"{obj.object_id} ({obj.kind})" for obj in stored_objects(client)}
    if "feedback" in case:
        # The list of the vectors has the ops of the first evaluation of a process only.
        assert names >= set(case["objects"])
        assert feedback(client) == case["feedback"]
    else:
        assert sorted(names) == case["objects"]


@pytest.mark.parametrize("case", _params(CASES["improvements"]))
def test_improvements(case, client, caplog):
    """What the reference does wrong."""
    run(case["program"], client)
    client.flush()
    found = recorded(client)
    assert all(call["ended"] for call in found)
    for call, expected in zip(found, case.get("recommended_calls", []), strict=False):
        assert {key: call[key] for key in expected} == expected
    if "recommended_calls" in case:
        assert len(found) == len(case["recommended_calls"])
    if "versions of M" in case.get("recommended", ""):
        versions = [o for o in stored_objects(client) if o.object_id == "M"]
        assert len(versions) == 2
        assert len({call.inputs["self"] for call in _raw_calls(client)}) == 2
    if case["title"].startswith("a failing postprocess_output"):
        assert found[0]["output"] is None
        assert len(caplog.records) == 1
    if case["title"].startswith("a value read from a call"):
        assert found[1]["inputs"] == {"x": 5}
