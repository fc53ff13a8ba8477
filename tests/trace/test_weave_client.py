"""Tests of WeaveClient: finding calls, calls by hand, deleting, the queue, and a server of any kind."""

from __future__ import annotations

import datetime as dt
import sys

import pydantic
import pytest
from plain_server import PlainServer

from weave_lite import CallsFilter
from weave_lite.api import finish, init
from weave_lite.core.errors import (
    InvalidFieldError,
    InvalidNameError,
    InvalidQueryError,
    InvalidRequest,
    NotFoundError,
    RequestTooLarge,
)
from weave_lite.core.refs import parse_uri
from weave_lite.flow.dataset import Dataset
from weave_lite.flow.obj import Object
from weave_lite.testing import memory_client
from weave_lite.trace.call import Call
from weave_lite.trace.client_context import set_client
from weave_lite.trace.flush_status import flush_with_progress, progress_bar
from weave_lite.trace.op import op
from weave_lite.trace.weave_client import CallsIter, PaginatedIterator, WeaveClient
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.query import Query, SortBy
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

NEWEST = [{"field": "started_at", "direction": "desc"}]


@pytest.fixture
def client():
    """The active client of an empty store in memory."""
    with memory_client("ent/proj", capture_client_info=False) as client:
        yield client


@pytest.fixture(params=["encoded", "typed"])
def any_client(request):
    """The active client of a server of each kind, with a queue."""
    with SqliteTraceServer(":memory:") as server:
        client = WeaveClient(
            "ent", "proj", server if request.param == "encoded" else PlainServer(server)
        )
        set_client(client)
        yield client
        set_client(None)
        client.recorder.close()


class Part(Object):
    x: int = 1


@op
def step(n: int, **more) -> dict:
    return {"n": n, **more}


@op
def outer(n: int) -> list:
    return [step(k) for k in range(n)]


# --- finding calls ---


def test_calls_are_seen_at_once_with_all_their_fields(any_client):
    """Nobody has to flush; values are plain, refs are refs."""
    part = Part(x=3)
    when = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)

    result, made = step.call(1, part=part, when=when, text="t", none=None)
    (call,) = any_client.get_calls()

    assert type(call) is Call
    assert call == made
    assert (call.id, call.trace_id, call.project_id) == (made.id, made.trace_id, "ent/proj")
    assert call.op_name == step.ref.uri()
    assert call.inputs == {
        "n": 1,
        "more": {"part": part.ref, "when": when, "text": "t", "none": None},
    }
    assert call.output == {"n": 1, "part": part.ref, "when": when, "text": "t", "none": None}
    assert call.started_at == made.started_at
    assert call.ended_at == made.ended_at
    assert (call.exception, call.parent_id, call.display_name) == (None, None, None)
    assert call.summary["weave"]["status"] == "success"
    assert call.summary["status_counts"] == {"success": 1, "error": 0}
    assert "weave" in call.attributes
    assert set(call.to_dict()) == set(made.to_dict())


def test_records_inside_values_come_back_as_their_class(any_client):
    """A pydantic model given to an op is one again."""

    class Config(pydantic.BaseModel):
        k: int

    step(1, config=Config(k=2))

    (call,) = any_client.get_calls()
    assert call.inputs["more"]["config"] == Config(k=2)


def test_get_calls_is_lazy_and_counts_on_the_server(any_client):
    """List, length, index, slices, limit and offset agree."""
    for n in range(25):
        step(n)

    found = any_client.get_calls(page_size=10)

    assert isinstance(found, CallsIter.__origin__)
    assert isinstance(found, PaginatedIterator)
    assert len(found) == 25
    assert [call.inputs["n"] for call in found] == list(range(25))
    assert [found[n].inputs["n"] for n in (0, 9, 10, 24)] == [0, 9, 10, 24]
    assert [call.inputs["n"] for call in found[5:20:7]] == [5, 12, 19]
    some = any_client.get_calls(limit=5, offset=22)
    assert (len(some), [call.inputs["n"] for call in some]) == (3, [22, 23, 24])
    step(25)
    assert len(found) == 26


def test_filters_queries_and_sorting_also_as_dicts(any_client):
    """Models and dicts mean the same."""
    outer(3)
    step(10)
    query = {"$expr": {"$gt": [{"$getField": "inputs.n"}, {"$literal": 0}]}}
    roots = {"trace_roots_only": True}

    by_dict = any_client.get_calls(filter=roots, query=query, sort_by=NEWEST)
    by_model = any_client.get_calls(
        filter=tsi.CallsFilter(**roots), query=Query(**query), sort_by=[SortBy(**NEWEST[0])]
    )

    assert [call.inputs["n"] for call in by_dict] == [10, 3]
    assert list(by_dict) == list(by_model)
    assert len(by_dict) == len(by_model) == 2
    assert len(any_client.get_calls(filter={"op_names": [step.ref.uri()]})) == 4


def test_columns(any_client):
    """Only those asked for are read; some always come."""
    step(1, text="t")

    (call,) = any_client.get_calls(columns=["inputs"])

    assert call.inputs == {"n": 1, "more": {"text": "t"}}
    assert call.output is None
    assert call.attributes == {}
    assert call.id and call.trace_id and call.op_name and call.started_at


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"limit": 0}, InvalidRequest, "limit"),
        ({"limit": -3}, InvalidRequest, "limit"),
        ({"offset": -1}, InvalidRequest, "offset"),
        ({"page_size": 0}, InvalidRequest, "page_size"),
        ({"filter": {"op_name": ["x"]}}, InvalidRequest, "filter has no field 'op_name'"),
        ({"filter": {"op_names": "x"}}, InvalidRequest, "filter: op_names"),
        ({"filter": ["x"]}, InvalidRequest, "filter must be a dict or a CallsFilter"),
        ({"query": {"$eq": [1, 1]}}, InvalidQueryError, "query"),
        ({"query": {"$expr": {"$what": []}}}, InvalidQueryError, "query"),
        ({"query": "text"}, InvalidQueryError, "query must be a dict or a Query"),
        ({"sort_by": "started_at"}, InvalidRequest, "sort_by must be a list"),
        ({"sort_by": [{"field": "id"}]}, InvalidRequest, "sort_by"),
        ({"sort_by": [{"field": "id", "direction": "up"}]}, InvalidRequest, "sort_by"),
        ({"columns": "inputs"}, InvalidRequest, "columns must be a list"),
        ({"columns": [1]}, InvalidRequest, "columns must be a list"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_read(client, options, error, message):
    """The error names the argument; it is a ValueError."""
    with pytest.raises(error, match=message) as caught:
        client.get_calls(**options)
    assert isinstance(caught.value, ValueError)


def test_what_the_server_refuses_is_raised_when_it_is_read(any_client):
    """Fields that do not exist."""
    sort_by = [{"field": "no_such_field", "direction": "asc"}]

    with pytest.raises(InvalidFieldError, match="no_such_field"):
        list(any_client.get_calls(sort_by=sort_by))


def test_get_call(any_client):
    """By id; an unknown one is an error that is also a ValueError."""
    _, made = step.call(4)

    call = any_client.get_call(made.id)

    assert (call, call.inputs["n"], call.output) == (made, 4, {"n": 4})
    assert any_client.get_call(made.id, columns=["output"]).inputs == {}
    with pytest.raises(NotFoundError, match="Call not found: 'nothing'"):
        any_client.get_call("nothing")
    with pytest.raises(ValueError, match="Call not found"):
        any_client.get_call("0" * 36)
    with pytest.raises(InvalidRequest, match="call_id"):
        any_client.get_call(None)


def test_the_old_names_warn(client):
    """``calls`` and ``call`` are those of ``get_calls`` and ``get_call``."""
    _, made = step.call(1)

    with pytest.warns(DeprecationWarning, match="get_calls"):
        assert list(client.calls()) == [made]
    with pytest.warns(DeprecationWarning, match="get_call"):
        assert client.call(made.id) == made


def test_a_call_that_was_read_can_be_given_to_an_op(client):
    """Its values are recorded, not the text of an object."""
    step(1, text="t")
    call = client.get_calls()[0]

    step(2, earlier=call.output, same=call.inputs)

    assert client.get_calls(sort_by=NEWEST)[0].inputs["more"] == {
        "earlier": {"n": 1, "text": "t"},
        "same": {"n": 1, "more": {"text": "t"}},
    }


def test_to_pandas(client):
    """A row per call, a column per key of ``to_dict``."""
    pytest.importorskip("pandas")
    outer(2)

    frame = client.get_calls().to_pandas()

    assert list(frame.columns) == list(client.get_calls()[0].to_dict())
    assert len(frame.columns) == 14
    assert list(frame["id"]) == [call.id for call in client.get_calls()]


def is_even(output):
    """A scorer."""
    return output["n"] % 2 == 0


def is_small(output):
    """A scorer."""
    return output["n"] < 2


def test_calls_are_found_by_who_scored_them(client):
    """By name for any version, by ref for one; all scorers of a list; together with a query."""
    calls = [step.call(n)[1] for n in range(4)]
    for call in calls[:3]:
        score = call.apply_scorer_sync(is_even)
    for call in calls[1:]:
        call.apply_scorer_sync(is_small)
    even = score.score_call.op_name
    over_one = {"$expr": {"$gt": [{"$getField": "inputs.n"}, {"$literal": 1}]}}

    def found(scored_by, **kwargs):
        return [call.inputs["n"] for call in client.get_calls(scored_by=scored_by, **kwargs)]

    assert found("is_even") == [0, 1, 2]
    assert found(even) == found([parse_uri(even)]) == found(parse_uri(even)) == [0, 1, 2]
    assert found(["is_even", "is_small"]) == found([even, "is_small"]) == [1, 2]
    assert found(["is_even"], query=over_one) == [2]
    assert len(client.get_calls(scored_by="is_small")) == 3
    assert found("is_odd") == found(even[:-43] + "x" * 43) == []
    assert len(client.get_calls(scored_by=[])) == len(client.get_calls())


@pytest.mark.parametrize(
    ("scored_by", "message"),
    [
        ("", "scored_by must not be empty"),
        ("weave:///e/p/call/1", "name or ref of a scorer"),
        (["weave:///e"], "Invalid ref"),
        ([5], "name or ref of a scorer"),
        (5, "scored_by must be the name or ref of a scorer, or a list of them, not 5"),
    ],
)
def test_what_is_no_scorer_is_refused(client, scored_by, message):
    """When the query is made."""
    with pytest.raises(InvalidRequest, match=message):
        client.get_calls(scored_by=scored_by)


def test_sizes_come_when_they_are_asked_for(any_client):
    """Of each call, and of the whole trace at its root."""
    outer(2)

    plain = any_client.get_calls()[0]
    root, *below = any_client.get_calls(include_storage_size=True, include_total_storage_size=True)

    assert (plain.storage_size_bytes, plain.total_storage_size_bytes) == (None, None)
    sizes = [call.storage_size_bytes for call in (root, *below)]
    assert len(sizes) > 1
    assert min(sizes) > 0
    assert root.total_storage_size_bytes == sum(sizes)
    assert {call.total_storage_size_bytes for call in below} == {None}


def test_refs_are_expanded_where_it_is_asked_for(client):
    """At the given paths only."""
    part = client.publisher.publish(Part(x=7), "part")
    client.log_call("use", {"part": part, "other": part})

    call = client.get_calls(expand_columns=["inputs.part"])[0]

    found = call.inputs["part"]
    assert (type(found), found.x, found.ref) == (Part, 7, part)
    assert call.inputs["other"] == part
    with pytest.raises(InvalidRequest, match="expand_columns must be a list of names"):
        client.get_calls(expand_columns="inputs.part")


# --- the client by the project's name alone ---


def test_a_client_of_the_default_store(client):
    """The store that init traces into; its name is read as init reads it."""
    made = client.log_call("op", {"a": 1}, 2)

    reader = WeaveClient("ent/proj")
    found = reader.get_calls(filter=CallsFilter(op_names=[made.op_name], trace_roots_only=True))

    assert [(call.id, call.output) for call in found] == [(made.id, 2)]
    assert WeaveClient("ent", "proj").get_call(made.id).output == 2
    assert (WeaveClient("mine").project_id, reader.server) == ("local/mine", client.server)
    for name in ("a/b/c", "", 5):
        with pytest.raises(InvalidNameError):
            WeaveClient(name)


def test_a_client_of_the_file_that_the_environment_names(tmp_path, monkeypatch):
    """It is opened, and shared with init where that has it open."""
    monkeypatch.setenv("WEAVE_LITE_DB", str(tmp_path / "named.db"))
    alone = WeaveClient("ent/proj")
    made = alone.log_call("op", {}, 1)
    alone.finish()

    active = init("ent/proj")
    beside = WeaveClient("ent/proj")

    assert active.get_call(made.id).output == 1
    assert beside.server is active.server is not alone.server
    finish()
    alone.recorder.close()
    alone.server.close()
    active.server.close()


# --- what a call can do ---


def test_children_and_display_name(any_client):
    """They are read and written through the client."""
    _, made = outer.call(3)
    call = any_client.get_call(made.id)

    assert [child.inputs["n"] for child in call.children()] == [0, 1, 2]
    assert len(call.children(page_size=2)) == 3
    call.set_display_name("shown")
    assert any_client.get_call(made.id).display_name == "shown"
    made.remove_display_name()
    call.remove_display_name()
    assert any_client.get_call(made.id).display_name is None


def test_deleting_calls_takes_their_descendants(any_client):
    """By the call, by the client, by ids; unknown ids do nothing."""
    made = [outer.call(2)[1] for _ in range(3)]
    other = step.call(9)[1]

    assert any_client.get_call(made[0].id).delete() is True
    any_client.delete_call(made[1])
    any_client.delete_calls([made[2].id, "unknown"])

    assert list(any_client.get_calls()) == [other]
    with pytest.raises(RequestTooLarge):
        any_client.delete_calls([str(n) for n in range(1001)])


@pytest.mark.parametrize("ids", ["an id", [5], [None]])
def test_ids_to_delete_are_a_list_of_texts(client, ids):
    """One text would be taken letter by letter."""
    with pytest.raises(InvalidRequest, match="call_ids must be a list of ids"):
        client.delete_calls(ids)
    with pytest.raises(InvalidRequest, match="use delete_calls"):
        client.delete_call(ids)


# --- calls by hand ---


def test_calls_by_hand(any_client):
    """Create, nest, finish, fail; the op may be a name."""
    root = any_client.create_call("my step", {"a": 1}, attributes={"env": "test"})
    child = any_client.create_call(step, {"n": 2}, display_name="shown")
    any_client.finish_call(child, {"n": 2})
    any_client.fail_call(root, ValueError("no"))
    free = any_client.create_call("my step", {"a": 2}, use_stack=False)
    any_client.finish_call(free, output=5)

    calls = list(any_client.get_calls())
    assert [(call.func_name, call.parent_id, call.status) for call in calls] == [
        ("my-step", None, "error"),
        ("step", root.id, "success"),
        ("my-step", None, "success"),
    ]
    assert calls[0].attributes["env"] == "test"
    assert '"message":"no"' in calls[0].exception.replace('": "', '":"')
    assert calls[1].display_name == "shown"
    assert calls[2].output == 5
    assert calls[0].op_name == calls[2].op_name


# --- objects ---


def test_save_and_get(any_client):
    """``save`` stores and reads back."""
    part = any_client.save(Part(x=8), "my part")

    assert (part, part.ref.name) == (Part(x=8), "my-part")
    assert any_client.get(part.ref) == part
    assert any_client.get("my-part:v0", objectify=False).x == 8


def test_deleting_versions(any_client):
    """Objects and ops alike."""
    ref = any_client.publisher.publish({"a": 1}, "cfg")
    op_ref = any_client.publisher.publish(step)

    any_client.delete_object_version(ref)
    any_client.delete_op_version(op_ref)

    for deleted in (ref, op_ref):
        with pytest.raises(NotFoundError, match="deleted"):
            any_client.get(deleted)
    step(1)
    assert any_client.get(step.ref).name == "step"


def test_a_dataset_through_any_server(any_client):
    """Tables are written and read by both doors."""
    dataset = Dataset(name="d", rows=[{"a": n, "b": {"c": [n]}} for n in range(1200)])

    found = any_client.get(any_client.publisher.publish(dataset))

    assert list(found) == dataset.rows.rows
    assert found.rows["".join(found.rows[7].ref.extra[-1])] == {"a": 7, "b": {"c": [7]}}
    assert len(found.add_rows([{"a": -1}])) == 1201


# --- the client itself ---


@pytest.mark.parametrize(
    ("entity", "project"),
    [
        ("", "p"),
        ("e", ""),
        ("a/b", "c"),
        ("a", "b/c"),
        (None, "p"),
        ("e", 5),
    ],
)
def test_wrong_project_names(entity, project):
    """The error names the project."""
    with SqliteTraceServer(":memory:") as server, pytest.raises(InvalidNameError, match="project"):
        WeaveClient(entity, project, server)


def test_the_server_may_rename_the_project():
    """The name that it gives replaces ours, if it is asked."""

    class Renaming(SqliteTraceServer):
        def ensure_project_exists(self, entity, project):
            return tsi.EnsureProjectExistsRes(project_name="clean-" + project)

    with Renaming(":memory:") as server:
        client = WeaveClient("e", "p", server)
        ref = client.publisher.publish({"a": 1}, "x")
        client.flush()

        assert (client.project_id, ref.project_id) == ("e/clean-p", "e/clean-p")
        assert client.get(ref) == {"a": 1}
        assert WeaveClient("e", "p", server, ensure_project_exists=False).project_id == "e/p"
        assert repr(client) == "WeaveClient('e/clean-p')"
        client.recorder.close()


def test_finish_tells_its_progress(any_client):
    """The last status has nothing pending; the client stays usable."""
    seen = []
    for n in range(200):
        step(n)

    any_client.finish(callback=seen.append)

    assert any_client.num_outstanding_jobs == 0
    last = seen[-1]
    assert last["has_pending_jobs"] is False
    assert set(last["job_counts"].values()) == {0}
    assert last["total_completed"] == last["max_total_jobs"]
    assert sum(status["completed_since_last_update"] for status in seen) == last["max_total_jobs"]
    any_client.finish(use_progress_bar=False)
    any_client.finish()
    any_client.flush()
    step(1)
    assert len(any_client.get_calls()) == 201


class SlowRecorder:
    """A recorder that writes one record at each look."""

    def __init__(self, count):
        self.left = count

    @property
    def outstanding(self):
        return self.left

    def flush(self):
        import time

        while self.left:
            time.sleep(0.06)
            self.left -= 1


def test_progress_of_a_slow_queue():
    """Numbers only go down, and add up."""
    seen = []

    flush_with_progress(SlowRecorder(5), seen.append)

    pending = [status["job_counts"]["total_jobs"] for status in seen]
    assert len(seen) >= 3
    assert pending == sorted(pending, reverse=True)
    assert seen[-1]["total_completed"] == 5
    assert sum(status["completed_since_last_update"] for status in seen) == 5


def test_the_progress_bar_is_for_terminals(monkeypatch, capsys):
    """It writes to stderr where that is a terminal, and nothing anywhere else."""
    flush_with_progress(SlowRecorder(2), progress_bar())
    assert capsys.readouterr() == ("", "")

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    flush_with_progress(SlowRecorder(3), progress_bar())
    assert capsys.readouterr().out == ""
