"""Settings of the connection, from `init` to a trace server behind HTTP."""

from __future__ import annotations

import pytest

import weave_lite as weave
from weave_lite.core.errors import ObjectDeletedError
from weave_lite.trace import settings
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer


@pytest.fixture
def url(monkeypatch, served):
    """Where an empty store is served."""
    monkeypatch.setenv("WEAVE_LITE_QUIET", "1")
    with SqliteTraceServer(":memory:") as server, served.serving(server):
        yield served.url
        weave.finish()
    settings.use(None)


def test_a_cache_saves_requests_of_the_next_client_too(url, tmp_path):
    """What one has read, the other has on disk; without the setting there is none."""
    cached = {"use_server_cache": True, "server_cache_dir": str(tmp_path)}
    first = weave.init("ent/proj", db=url, settings=cached)
    uri = weave.publish(weave.Dataset(name="d", rows=[{"n": n} for n in range(3)])).uri()
    assert [row["n"] for row in weave.ref(uri).get().rows] == [0, 1, 2]
    assert weave.init("ent/proj", db=url, settings=cached) is first
    weave.finish()

    second = weave.init("ent/proj", db=url, settings=cached)
    assert [row["n"] for row in weave.ref(uri).get().rows] == [0, 1, 2]
    counts = second.server.counts()
    assert (counts.hits > 0, counts.misses) == (True, 0)

    third = weave.init("ent/proj", db=url)
    assert third is not second
    assert not hasattr(third.server, "counts")
    weave.ref(uri).delete()
    with pytest.raises(ObjectDeletedError):
        weave.ref(uri).get()


def test_retries_and_time_limit(url):
    """As given; the same ones change nothing."""
    client = weave.init("ent/proj", db=url, settings={"retry_max_attempts": 7, "http_timeout": 3})
    again = weave.init("ent/proj", db=url, settings={"retry_max_attempts": 7, "http_timeout": 3})

    assert again is client
    assert client.server._http._policy.attempts == 7
    assert client.server._http._client.timeout.read == 3.0
