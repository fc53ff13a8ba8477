"""The same random requests to the official SDK's own SQLite server and to ours.

Equal wherever the contract does not say that ours differs; so the requests keep to what both mean
the same by: ASCII texts, fields that every call has, starts before their ends, two operands to
``$and``. Needs ``WEAVE_LITE_REFERENCE_PYTHON``, as the benchmarks do; run with ``-m interop``.
"""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import json

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from reference_pair import Both, fits, with_own_rows

pytestmark = pytest.mark.interop
EPOCH = dt.datetime(2024, 3, 1, 10, 0, 0, tzinfo=dt.UTC)
NUMBERS = itertools.count()
NO_ROWS = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    both = Both(tmp_path_factory.mktemp("differential"))
    yield both
    both.close()


def instant(text):
    """A time as an instant: the reference answers the texts that it was given."""
    if text is None:
        return None
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


CALL_FIELDS = (
    *("id", "project_id", "op_name", "display_name", "trace_id", "parent_id", "attributes"),
    *("inputs", "exception", "output"),
)


def same_call(call):
    weave = (call["summary"] or {}).get("weave") or {}
    return {
        **{name: call[name] for name in CALL_FIELDS},
        "started_at": instant(call["started_at"]),
        "ended_at": instant(call["ended_at"]),
        "usage": (call["summary"] or {}).get("usage"),
        **{name: weave.get(name) for name in ("status", "latency_ms", "trace_name")},
    }


def same_calls(result):
    return [same_call(call) for call in result["calls"]]


def same_call_set(result):
    return sorted(same_calls(result), key=lambda call: call["id"])


texts = st.text("abcxyz _-", min_size=1, max_size=6).filter(str.strip)
names = st.sampled_from(["alpha", "beta", "gamma"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
trees = st.lists(
    st.fixed_dictionaries(
        {
            "op_name": names,
            "parent": st.none() | st.integers(0, 7),
            "text": texts,
            "word": names,
            "extra": values,
            "output": values,
            "exception": st.none() | texts,
            "is_ended": st.booleans(),
        }
    ),
    min_size=1,
    max_size=8,
)


def fill(both, project, tree):
    """Store a forest of calls; ids and starts rise with the index."""
    for index, call in enumerate(tree):
        parent = call["parent"]
        has_parent = parent is not None and parent < index
        start = {
            "project_id": project,
            "id": f"c{index}",
            "trace_id": f"t{index % 3}",
            "parent_id": f"c{parent}" if has_parent else None,
            "op_name": call["op_name"],
            "started_at": (EPOCH + dt.timedelta(seconds=index)).isoformat(),
            "attributes": {"stage": call["word"]},
            "inputs": {"text": call["text"], "word": call["word"], "extra": call["extra"]},
        }
        both.ask("call_start", "CallStartReq", {"start": start})
        if call["is_ended"]:
            end = {
                "project_id": project,
                "id": f"c{index}",
                "ended_at": (EPOCH + dt.timedelta(seconds=index, milliseconds=1500)).isoformat(),
                "exception": call["exception"],
                "output": call["output"],
                "summary": {"usage": {"m": {"requests": index}}},
            }
            both.ask("call_end", "CallEndReq", {"end": end})


# Fields that every call has, as texts.
fields = st.sampled_from(["inputs.text", "inputs.word", "attributes.stage", "op_name", "id"])
literals = (texts | names).map(lambda text: {"$literal": text})
comparisons = st.one_of(
    st.tuples(fields, literals).map(lambda pair: {"$eq": [{"$getField": pair[0]}, pair[1]]}),
    st.tuples(fields, st.lists(literals, min_size=1, max_size=3)).map(
        lambda pair: {"$in": [{"$getField": pair[0]}, pair[1]]}
    ),
    st.tuples(fields, literals).map(
        lambda pair: {"$contains": {"input": {"$getField": pair[0]}, "substr": pair[1]}}
    ),
)
operations = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: {"$and": list(pair)}),
        st.tuples(inner, inner).map(lambda pair: {"$or": list(pair)}),
        inner.map(lambda one: {"$not": [one]}),
    ),
    max_leaves=4,
)
ids = st.lists(st.integers(0, 8).map(lambda n: f"c{n}"), min_size=1, max_size=3, unique=True)
filters = st.fixed_dictionaries(
    {},
    optional={
        "op_names": st.lists(names, min_size=1, max_size=2, unique=True),
        "trace_ids": st.lists(
            st.sampled_from(["t0", "t1", "t2"]), min_size=1, max_size=2, unique=True
        ),
        "parent_ids": ids,
        "call_ids": ids,
        "trace_roots_only": st.booleans(),
    },
)
orders = st.lists(
    st.fixed_dictionaries(
        {
            "field": st.sampled_from(["started_at", "id"]),
            "direction": st.sampled_from(["asc", "desc"]),
        }
    ),
    min_size=1,
    max_size=1,
)
queries = st.fixed_dictionaries(
    {"sort_by": orders},
    optional={
        "filter": filters,
        "query": operations.map(lambda operation: {"$expr": operation}),
        "limit": st.integers(1, 9),
    },
)

often = settings(
    max_examples=60,
    deadline=None,
    # The reference stays locked after an error of its own, so looking for a smaller one would hang.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@often
@given(tree=trees, asked=st.lists(queries, min_size=1, max_size=6), deleted=ids | st.none())
def test_calls(both, tree, asked, deleted):
    """Calls are stored, found, ordered, cut, counted, renamed and deleted alike."""
    project = f"acme/p{next(NUMBERS)}"
    fill(both, project, tree)
    user = {"project_id": project, "wb_user_id": "u"}
    both.ask("call_update", "CallUpdateReq", {**user, "call_id": "c0", "display_name": "shown"})
    if deleted is not None:
        req = {**user, "call_ids": deleted}
        both.ask("calls_delete", "CallsDeleteReq", req, same=lambda result: None)
    both.ask("calls_query", "CallsQueryReq", {"project_id": project}, same=same_call_set)
    for req in asked:
        both.ask("calls_query", "CallsQueryReq", {"project_id": project, **req}, same=same_calls)
        counted = {key: req[key] for key in ("filter", "query") if key in req}
        both.ask(
            "calls_query_stats",
            "CallsQueryStatsReq",
            {"project_id": project, **counted},
            same=lambda result: result["count"],
        )
    for call_id in ("c0", "c5"):
        req = {"project_id": project, "id": call_id}
        both.ask(
            "call_read",
            "CallReadReq",
            req,
            same=lambda result: result["call"] and same_call(result["call"]),
        )


OBJECT_FIELDS = ("object_id", "digest", "version_index", "is_latest", "kind", "val")


def same_object(obj):
    return {name: obj[name] for name in (*OBJECT_FIELDS, "base_object_class")}


@often
@given(st.lists(st.tuples(names, values), min_size=1, max_size=6, unique_by=repr))
def test_objects(both, published):
    """Versions get the same digests and indexes, and are read alike by digest and as latest."""
    project = f"acme/o{next(NUMBERS)}"
    seen = set()
    for name, val in published:
        # What the reference does to content that comes again is not ours.
        if (name, json.dumps(val)) in seen:
            continue
        seen.add((name, json.dumps(val)))
        obj = {"project_id": project, "object_id": name, "val": val}
        made = both.ask(
            "obj_create", "ObjCreateReq", {"obj": obj}, same=lambda result: result["digest"]
        )
        for version in (made["result"]["digest"], "latest", "v0"):
            both.ask(
                "obj_read",
                "ObjReadReq",
                {"project_id": project, "object_id": name, "digest": version},
                same=lambda result: same_object(result["obj"]),
            )
    for wanted in ({}, {"latest_only": True}, {"object_ids": ["alpha"]}, {"is_op": False}):
        both.ask(
            "objs_query",
            "ObjQueryReq",
            {"project_id": project, "filter": wanted},
            same=lambda result: sorted(
                (same_object(obj) for obj in result["objs"]), key=lambda obj: repr(obj)
            ),
        )


rows = st.lists(st.dictionaries(names, values, min_size=1, max_size=3), max_size=6)
updates = st.lists(
    st.one_of(
        st.dictionaries(names, values, max_size=2).map(lambda row: {"append": {"row": row}}),
        st.integers(0, 3).map(lambda index: {"pop": {"index": index}}),
        st.tuples(st.integers(0, 3), st.dictionaries(names, values, max_size=2)).map(
            lambda pair: {"insert": {"index": pair[0], "row": pair[1]}}
        ),
    ),
    min_size=1,
    max_size=4,
)


@often
@given(rows, updates)
def test_tables(both, stored, changes):
    """Tables and their changed copies get the same digests, and their rows are read alike."""
    number = next(NUMBERS)
    project = f"acme/r{number}"
    stored, changes = with_own_rows(number, stored, changes)
    table = {"project_id": project, "rows": stored}
    digest = both.ask("table_create", "TableCreateReq", {"table": table})["result"]["digest"]
    digests = [digest]
    if stored and fits(changes, len(stored)):
        req = {"project_id": project, "base_digest": digest, "updates": changes}
        digests.append(both.ask("table_update", "TableUpdateReq", req)["result"]["digest"])
    for each in digests:
        req = {"project_id": project, "digest": each}
        both.ask(
            "table_query",
            "TableQueryReq",
            req,
            same=lambda result: [(row["digest"], row["val"]) for row in result["rows"]],
        )
        # The reference takes a table without rows for one that does not exist.
        if each != NO_ROWS:
            both.ask("table_query_stats", "TableQueryStatsReq", req)


@often
@given(st.binary(max_size=200))
def test_files(both, content):
    """Files get the same digest and come back as they were."""
    project = f"acme/f{next(NUMBERS)}"
    text = base64.b64encode(content).decode()
    req = {"project_id": project, "name": "n", "content": text}
    digest = both.ask("file_create", "FileCreateReq", req)["result"]["digest"]
    both.ask("file_content_read", "FileContentReadReq", {"project_id": project, "digest": digest})


@often
@given(st.dictionaries(names, values, min_size=1), names)
def test_refs(both, val, key):
    """Refs to objects and to parts of them read alike."""
    project = f"acme/q{next(NUMBERS)}"
    obj = {"project_id": project, "object_id": "o", "val": val}
    digest = both.ask(
        "obj_create", "ObjCreateReq", {"obj": obj}, same=lambda result: result["digest"]
    )["result"]["digest"]
    ref = f"weave:///{project}/object/o:{digest}"
    refs = [ref, ref] + ([f"{ref}/key/{key}"] if key in val else [])
    both.ask("refs_read_batch", "RefsReadBatchReq", {"refs": refs})


notes = st.lists(
    st.tuples(
        st.sampled_from(["wandb.note.1", "custom", "wandb.runnable.score"]),
        st.integers(0, 2),
        texts,
    ),
    min_size=1,
    max_size=5,
)


def feedback_req(project, kind, call, text):
    req = {
        "project_id": project,
        "weave_ref": f"weave:///{project}/call/c{call}",
        "feedback_type": kind,
        "payload": {"wandb.note.1": {"note": text}, "custom": {"any": text}}.get(
            kind, {"output": text}
        ),
        "wb_user_id": "u",
        "creator": "someone",
    }
    if kind == "wandb.runnable.score":
        req["runnable_ref"] = f"weave:///{project}/object/score:{'a' * 43}"
    return req


def same_feedback(result):
    kept = ("weave_ref", "feedback_type", "creator", "runnable_ref", "payload", "wb_user_id")
    return sorted(json.dumps({name: row[name] for name in kept}) for row in result["result"])


@often
@given(notes)
def test_feedback(both, given_notes):
    """Feedback is checked, stored, found by ref and type, and counted alike."""
    project = f"acme/n{next(NUMBERS)}"
    for kind, call, text in given_notes:
        req = feedback_req(project, kind, call, text)
        both.ask("feedback_create", "FeedbackCreateReq", req, same=lambda result: result["payload"])
    for condition in (
        None,
        {"$eq": [{"$getField": "feedback_type"}, {"$literal": "custom"}]},
        {"$eq": [{"$getField": "weave_ref"}, {"$literal": f"weave:///{project}/call/c1"}]},
    ):
        req = {"project_id": project}
        if condition is not None:
            req["query"] = {"$expr": condition}
        both.ask("feedback_query", "FeedbackQueryReq", req, same=same_feedback)


BAD_FEEDBACK = {
    "an empty note": {"feedback_type": "wandb.note.1", "payload": {"note": ""}},
    "no note": {"feedback_type": "wandb.note.1", "payload": {}},
    "a reaction without emoji": {"feedback_type": "wandb.reaction.1", "payload": {"emoji": "abc"}},
    "no annotation ref": {"feedback_type": "wandb.annotation.a", "payload": {"value": 1}},
    "no runnable ref": {"feedback_type": "wandb.runnable.a", "payload": {"output": 1}},
    "a type cut short": {"feedback_type": "wandb.runnable", "payload": {"output": 1}},
    "a ref on a note": {
        "feedback_type": "wandb.note.1",
        "payload": {"note": "n"},
        "runnable_ref": "weave:///acme/x/op/a:b",
    },
}


@pytest.mark.parametrize("bad", BAD_FEEDBACK.values(), ids=BAD_FEEDBACK)
def test_bad_feedback(both, bad):
    """What the official server refuses, ours refuses."""
    project = f"acme/n{next(NUMBERS)}"
    req = {
        "project_id": project,
        "weave_ref": f"weave:///{project}/call/c1",
        "wb_user_id": "u",
        **bad,
    }
    found = both.ask("feedback_create", "FeedbackCreateReq", req)
    assert "error" in found
