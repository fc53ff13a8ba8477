"""Records reach a server that takes typed requests only, such as a remote one."""

from __future__ import annotations

from collections import Counter

import pytest

import weave_lite as weave
from weave_lite.core.digest import digest_bytes
from weave_lite.core.errors import NotSupportedError
from weave_lite.trace import client_context, settings
from weave_lite.trace.record_writer import writer_for
from weave_lite.trace.weave_client import WeaveClient
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedFeedback, EncodedStart
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer


class TypedOnly:
    """Passes on every method but the narrow one."""

    def __init__(self, server):
        self._server = server

    def __getattr__(self, name):
        if name == "write_encoded":
            raise AttributeError(name)
        return getattr(self._server, name)


def recorded(server):
    """What a program leaves in a store, without what differs by run."""
    settings.use(settings.Settings(client_parallelism=0))
    client = WeaveClient("ent", "proj", server)
    client_context.set_client(client)

    @weave.op(name="leaf")
    def leaf(x):
        if x < 0:
            raise ValueError("negative")
        return {"model": "m", "usage": {"total_tokens": x}, "n": 10**30}

    @weave.op(name="root")
    def root():
        with weave.attributes({"env": "a"}), weave.thread("t"):
            leaf(1)

    root()
    with pytest.raises(ValueError):
        leaf(-1)
    ref = weave.publish({"a": b"bytes"}, "thing")
    table = weave.publish(weave.Table([{"n": 1}, {"n": 2}]), "table")
    client.flush()
    client_context.set_client(None)
    calls = server.calls_query(tsi.CallsQueryReq(project_id="ent/proj")).calls
    content = server.file_content_read(
        tsi.FileContentReadReq(project_id="ent/proj", digest=digest_bytes(b"bytes"))
    ).content
    objects = server.objs_query(tsi.ObjQueryReq(project_id="ent/proj")).objs
    return (
        [(c.inputs, c.output, c.attributes, c.thread_id, c.exception and "error") for c in calls],
        [{k: v for k, v in c.summary.items() if k != "weave"} for c in calls],
        sorted((o.object_id, o.kind, o.digest, o.version_index, str(o.val)) for o in objects),
        content,
        ref,
        table,
    )


def test_typed_requests_store_the_same_as_encoded_records():
    """Calls, ops, objects, tables and files."""
    with SqliteTraceServer(":memory:") as one, SqliteTraceServer(":memory:") as two:
        assert recorded(TypedOnly(one)) == recorded(two)


def test_a_server_with_the_narrow_door_is_used_directly():
    """No request models are made."""
    with SqliteTraceServer(":memory:") as server:
        assert writer_for(server) == server.write_encoded


class Counting(TypedOnly):
    """Counts requests by method; one of the first generation cannot take feedback together."""

    def __init__(self, server, *, is_old):
        super().__init__(server)
        self.counts = Counter()
        self._is_old = is_old

    def __getattr__(self, name):
        method = super().__getattr__(name)

        def counted(*args, **kwargs):
            self.counts[name] += 1
            if self._is_old and name == "feedback_create_batch":
                raise NotSupportedError("no such path")
            return method(*args, **kwargs)

        return counted if callable(method) else method


def records():
    """Five calls with a score each, as an evaluation puts them into the queue."""
    for n in range(5):
        call_id = f"call-{n}"
        yield EncodedStart("ent/proj", call_id, "trace", None, "op", None, n + 1, "{}", "{}")
        yield EncodedEnd("ent/proj", call_id, n + 2, None, str(n), "{}")
        yield EncodedFeedback(
            "ent/proj", f"score-{n}", f"weave:///ent/proj/call/{call_id}", "score", f'{{"n":{n}}}'
        )


@pytest.mark.parametrize("is_old", [False, True])
def test_a_batch_takes_few_requests(is_old):
    """One for its calls and one for its feedback, not one per call that was scored."""
    with SqliteTraceServer(":memory:") as store:
        server = Counting(store, is_old=is_old)
        write = writer_for(server)
        write(list(records()))
        write(list(records()))  # again, as after a lost answer

        found = store.feedback_query(tsi.FeedbackQueryReq(project_id="ent/proj")).result
        calls = store.calls_query(tsi.CallsQueryReq(project_id="ent/proj")).calls
    assert [row["payload"] for row in found] == [{"n": n} for n in range(5)]
    assert [call.output for call in calls] == list(range(5))
    counts = {"feedback_create_batch": 1, "feedback_create": 10} if is_old else {}
    assert server.counts == {"call_start_batch": 2, "feedback_create_batch": 2, **counts}
