"""The cache in front of a trace server: what is asked for once, and what always."""

from __future__ import annotations

import pytest

from weave_lite.core.errors import NotFoundError, ObjectDeletedError
from weave_lite.trace import settings
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server_bindings.caching_middleware_trace_server import (
    CachingMiddlewareTraceServer,
)
from weave_lite.trace_server_bindings.response_cache import CacheCounts

PROJECT = "ent/proj"


class Counting:
    """A trace server that notes what it is asked."""

    def __init__(self, server):
        self.server = server
        self.asked = []

    def __getattr__(self, name):
        if name == "trace_server_url":
            raise AttributeError(name)

        def method(req):
            self.asked.append((name, req))
            return getattr(self.server, name)(req)

        return method


@pytest.fixture
def behind():
    """The server behind the cache."""
    with SqliteTraceServer(":memory:") as server:
        yield Counting(server)


@pytest.fixture
def server(behind):
    """The cache."""
    return CachingMiddlewareTraceServer(behind)


def names(behind):
    """What the server behind was asked, since the last time."""
    found = [name for name, _ in behind.asked]
    behind.asked.clear()
    return found


def created(server, name="o", val=None):
    """Store an object; gives its digest."""
    obj = {"project_id": PROJECT, "object_id": name, "val": val or {"a": [1, 2.5, "ä"]}}
    return server.obj_create(tsi.ObjCreateReq.model_validate({"obj": obj})).digest


def read(server, digest, name="o"):
    return server.obj_read({"project_id": PROJECT, "object_id": name, "digest": digest})


def test_objects(server, behind):
    """By their digest once; by a name that moves always."""
    digest = created(server)
    names(behind)

    first = read(server, digest)
    assert read(server, digest) == first
    assert names(behind) == ["obj_read"]
    assert server.counts() == CacheCounts(hits=1, misses=1)

    assert read(server, "latest") == read(server, "v0") == read(server, "latest")
    assert names(behind) == ["obj_read"] * 3
    assert server.counts() == CacheCounts(hits=1, misses=1, skips=3)


def test_a_deleted_object_is_forgotten(server, behind):
    """And what its refs led to; others stay."""
    digest, other = created(server), created(server, "other")
    uris = [
        f"weave:///{PROJECT}/object/o:{digest}",
        f"weave:///{PROJECT}/object/o:{digest}/key/a/index/1",
        f"weave:///{PROJECT}/object/other:{other}",
    ]
    before = server.refs_read_batch(tsi.RefsReadBatchReq(refs=uris)).vals
    assert before == [{"a": [1, 2.5, "ä"]}, 2.5, {"a": [1, 2.5, "ä"]}]
    read(server, digest)
    read(server, other, "other")

    server.obj_delete({"project_id": PROJECT, "object_id": "o", "digests": [digest]})
    names(behind)

    with pytest.raises(ObjectDeletedError):
        read(server, digest)
    read(server, other, "other")
    after = server.refs_read_batch(tsi.RefsReadBatchReq(refs=uris)).vals
    assert after == behind.server.refs_read_batch(tsi.RefsReadBatchReq(refs=uris)).vals
    assert behind.asked[0][0] == "obj_read"
    assert behind.asked[1][1].refs == uris[:2]
    assert len(behind.asked) == 2


def test_only_refs_that_are_missing_are_asked_for(server, behind):
    """Each answer stands under its own ref, in the order that was asked for."""
    digests = [created(server, "o", {"n": number}) for number in range(3)]
    uris = [f"weave:///{PROJECT}/object/o:{digest}/key/n" for digest in digests]
    assert server.refs_read_batch({"refs": uris[:2]}).vals == [0, 1]
    names(behind)

    assert server.refs_read_batch({"refs": [uris[2], uris[1], uris[0]]}).vals == [2, 1, 0]
    assert [req.refs for _, req in behind.asked] == [[uris[2]]]
    names(behind)
    moving = f"weave:///{PROJECT}/object/o:latest/key/n"
    assert server.refs_read_batch({"refs": [moving, *uris]}).vals == [2, 0, 1, 2]
    assert server.refs_read_batch({"refs": [moving]}).vals == [2]
    assert [req.refs for _, req in behind.asked] == [[moving], [moving]]


def test_tables_and_their_counts(server, behind):
    """Page by page, however a page is asked for; a table that is not there is asked for again."""
    rows = [{"n": number} for number in range(5)]
    table = {"table": {"project_id": PROJECT, "rows": rows}}
    digest = server.table_create(tsi.TableCreateReq.model_validate(table)).digest
    names(behind)
    page = {"project_id": PROJECT, "digest": digest, "limit": 2, "offset": 1}

    assert [row.val for row in server.table_query_stream(page)] == rows[1:3]
    assert [row.val for row in server.table_query_stream(page)] == rows[1:3]
    assert [row.val for row in server.table_query(page).rows] == rows[1:3]
    assert names(behind) == ["table_query_stream"]
    whole = {"project_id": PROJECT, "digest": digest}
    assert [row.val for row in server.table_query_stream(whole)] == rows
    assert [row.val for row in server.table_query_stream(whole)] == rows
    assert names(behind) == ["table_query_stream"] * 2

    for _ in range(2):
        assert server.table_query_stats({"project_id": PROJECT, "digest": digest}).count == 5
        both = {"project_id": PROJECT, "digests": [digest, "B" * 43]}
        assert [row.count for row in server.table_query_stats_batch(both).tables] == [5]
    assert names(behind) == [
        "table_query_stats",
        "table_query_stats_batch",
        "table_query_stats_batch",
    ]


def test_files(server, behind):
    """Any bytes; one that is not there is asked for again."""
    content = bytes(range(256))
    file = tsi.FileCreateReq(project_id=PROJECT, name="f", content=content)
    digest = server.file_create(file).digest
    names(behind)

    for _ in range(2):
        found = server.file_content_read({"project_id": PROJECT, "digest": digest})
        assert found.content == content
        with pytest.raises(NotFoundError):
            server.file_content_read({"project_id": PROJECT, "digest": "C" * 43})
    assert names(behind) == ["file_content_read"] * 3


def test_a_value_that_json_cannot_carry_is_not_kept(server, behind):
    """It comes from the server each time, the same."""
    digest = created(server, val={"n": 10**30})
    names(behind)

    assert [read(server, digest).obj.val for _ in range(2)] == [{"n": 10**30}] * 2
    assert names(behind) == ["obj_read"] * 2
    assert server.counts().errors == 2


def test_a_damaged_answer_is_asked_for_again(server, behind):
    """And replaced."""
    digest = created(server)
    expected = read(server, digest)
    server._cache._database.execute("UPDATE answers SET answer = x'7b'")
    names(behind)

    assert [read(server, digest) for _ in range(3)] == [expected] * 3
    assert names(behind) == ["obj_read"]


def test_two_servers_share_a_folder(tmp_path, behind):
    """Neither gives the answers of the other."""
    behind.trace_server_url = "http://127.0.0.1:1"
    first = CachingMiddlewareTraceServer(behind, tmp_path)
    digest = created(first)
    read(first, digest)
    with SqliteTraceServer(":memory:") as empty:
        other = Counting(empty)
        other.trace_server_url = "http://127.0.0.1:2"
        with pytest.raises(NotFoundError):
            read(CachingMiddlewareTraceServer(other, tmp_path), digest)


def test_from_env(tmp_path, monkeypatch, behind):
    """Folder and size."""
    monkeypatch.setenv("WEAVE_SERVER_CACHE_DIR", str(tmp_path / "here"))
    monkeypatch.setenv("WEAVE_SERVER_CACHE_SIZE_LIMIT", "0")
    server = CachingMiddlewareTraceServer.from_env(behind)
    digest = created(server)

    assert read(server, digest) == read(server, digest)
    assert (tmp_path / "here" / "responses.db").exists()
    assert server.counts() == CacheCounts(misses=2)


def test_the_settings_make_one(tmp_path):
    """Between the client and a server behind HTTP."""
    pytest.importorskip("httpx2")
    from weave_lite.trace.remote_server import remote_server

    given = {
        "use_server_cache": True,
        "server_cache_dir": str(tmp_path),
        "retry_max_attempts": 7,
        "retry_max_interval": 2.5,
        "http_timeout": 12.0,
        "max_calls_queue_size": 9,
    }
    server = remote_server("http://127.0.0.1:9", settings.resolve(given, {}))

    assert isinstance(server, CachingMiddlewareTraceServer)
    behind = server._next_trace_server
    policy = behind._http._policy
    assert (policy.attempts, policy.max_wait_s) == (7, 2.5)
    assert behind._http._client.timeout.read == 12.0
    assert behind._max_calls_queue_size == 9
    plain = remote_server("http://127.0.0.1:9", settings.resolve({}, {}))
    assert type(plain).__name__ == "RemoteHTTPTraceServer"
    assert plain._http._client.timeout.read == 30.0
    plain.close()
    server.close()
