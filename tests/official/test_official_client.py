"""Putting our store under the official package: a session begins, ends, and leaves a closed file."""

from __future__ import annotations

import sys

import pytest

from weave_lite import official
from weave_lite.core.errors import StoreError, UsageError
from weave_lite.official import client as client_module
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

PROJECT = "acme/own"


@pytest.fixture(autouse=True)
def no_session():
    """Each test ends what it began."""
    yield
    client_module._sessions.end()


def publish(client, value, name="thing"):
    obj = tsi.ObjSchemaForInsert(project_id=PROJECT, object_id=name, val=value)
    return client.server.obj_create(tsi.ObjCreateReq(obj=obj)).digest


def stored(file):
    with SqliteTraceServer(file) as server:
        found = server.objs_query(tsi.ObjQueryReq(project_id=PROJECT)).objs
    return [each.val for each in found]


def files(folder):
    return sorted(each.name for each in folder.iterdir())


def test_a_session_stores_until_it_is_finished(standin, tmp_path, capsys):
    """The client is the package's, ``finish`` flushes it and closes the file."""
    file = tmp_path / "new folder" / "own.db"
    client = official.init(PROJECT, db=file)
    assert (standin.active, client.entity, client.project) == (client, "acme", "own")
    assert type(client).__name__ == "WeaveClient"
    publish(client, {"a": 1})
    sys.modules["weave"].finish()
    assert standin.active is None
    assert client.flushes >= 1
    assert files(file.parent) == ["own.db"]
    assert stored(file) == [{"a": 1}]
    assert f"traces {PROJECT} into {file}" in capsys.readouterr().err


def test_a_client_can_be_asked_after_its_session(standin, tmp_path):
    """Programs read their calls back after ``weave.finish()``; the store opens again for them."""
    file = tmp_path / "own.db"
    client = official.init(PROJECT, db=file)
    digest = publish(client, [1])
    sys.modules["weave"].finish()
    req = tsi.ObjReadReq(project_id=PROJECT, object_id="thing", digest=digest)
    assert client.server.obj_read(req).obj.val == [1]


def test_a_store_in_memory_outlives_its_session(standin):
    """To close it would be to lose what the client may still be asked."""
    client = official.init(PROJECT, db=":memory:")
    digest = publish(client, [1])
    sys.modules["weave"].finish()
    req = tsi.ObjReadReq(project_id=PROJECT, object_id="thing", digest=digest)
    assert client.server.obj_read(req).obj.val == [1]


def test_a_session_begins_where_another_ends(standin, tmp_path):
    """The first file is whole and closed, the second takes what comes now."""
    first = official.init(PROJECT, db=tmp_path / "first.db")
    publish(first, 1)
    second = official.init(PROJECT, db=tmp_path / "second.db")
    assert files(tmp_path)[:2] == ["first.db", "second.db"]
    assert first.flushes == 1
    assert standin.active is second
    publish(second, 2)
    sys.modules["weave"].finish()
    assert (stored(tmp_path / "first.db"), stored(tmp_path / "second.db")) == ([1], [2])


def test_a_longer_flush_is_no_end(monkeypatch, tmp_path):
    """``client.finish()`` of 0.54 in the middle of a program leaves the file open."""
    import official_standin

    official_standin.install(monkeypatch, "0.54")
    client = official.init(PROJECT, db=tmp_path / "own.db")
    publish(client, 1)
    client.finish()
    assert client_module._sessions.active is not None
    assert "own.db-wal" in files(tmp_path)


def test_settings_are_applied_without_links_to_pages(standin, tmp_path, generation):
    """A page of a call is nowhere; all else is as the user says, as are patches of libraries."""
    official.init(PROJECT, db=":memory:", settings={"capture_code": False}, autopatch_settings="a")
    assert standin.settings == {"print_call_link": False, "capture_code": False}
    assert standin.patched == (["a"] if generation == "0.51" else ["now", "later"])
    official.init(PROJECT, db=":memory:")
    assert standin.settings == {"print_call_link": False}
    own = object()
    official.init(PROJECT, db=":memory:", settings=own)
    assert standin.settings is own


def test_the_package_reports_nothing_about_itself(standin):
    """Neither what it began before nor what it would begin."""
    official.init(PROJECT, db=":memory:")
    assert standin.reporter._disabled is True
    assert standin.reports_to.transport is None


def test_a_url_is_refused(standin):
    """The official package asks a server by itself."""
    with pytest.raises(UsageError, match="WF_TRACE_SERVER_URL"):
        official.init(PROJECT, db="http://127.0.0.1:6345")
    assert standin.active is None


def test_an_unreadable_file_leaves_the_session_before(standin, tmp_path):
    """A mistake in a second ``init`` does not end the first."""
    first = official.init(PROJECT, db=":memory:")
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError):
        official.init(PROJECT, db=broken)
    assert standin.active is first


def test_a_given_server_stays_open(standin):
    """``use_server`` takes a store that somebody else closes."""
    with SqliteTraceServer(":memory:") as server:
        client = official.use_server("own", server)
        assert client.entity == "local"
        sys.modules["weave"].finish()
        assert server.objs_query(tsi.ObjQueryReq(project_id=PROJECT)).objs == []


def test_a_fresh_client_puts_back_the_one_before(standin, generation):
    """What a test did is gone with it, and ``weave.finish`` still finds the outer client."""
    outer = official.init(PROJECT, db=":memory:")
    with client_module.fresh_client("acme/test") as inner:
        assert standin.active is inner
        assert inner is not outer
        publish(inner, 1)
    assert standin.active is outer
    assert inner.flushes == 1
    sys.modules["weave"].finish()
    assert standin.active is None
    assert client_module._sessions.active is None


def test_the_fixture_gives_such_a_client(standin, request):
    """``official_weave_client`` of the pytest plugin."""
    client = request.getfixturevalue("official_weave_client")
    assert standin.active is client
    assert (client.entity, client.project) == ("local", "test")
