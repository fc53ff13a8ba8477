"""Requests to a trace server: retries, keys, streams, forks."""

from __future__ import annotations

import os
import socket
import threading
import time

import httpx2
import pytest

from weave_lite.core.errors import (
    AccessDeniedError,
    InvalidRequest,
    RemoteServerError,
    UsageError,
)
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server_bindings.http_transport import HttpTransport, RetryPolicy
from weave_lite.trace_server_bindings.remote_http_trace_server import RemoteHTTPTraceServer

P = "acme/demo"
INFO = {"min_required_weave_python_version": "1.2.3", "trace_server_version": None}


def ok(body=INFO):
    return httpx2.Response(200, json=body)


def refusal(status, **headers):
    return httpx2.Response(status, json={"reason": "no"}, headers=headers)


@pytest.mark.parametrize(
    "fault",
    [refusal(500), refusal(503), refusal(429), httpx2.ConnectError("x"), httpx2.ReadTimeout("x")],
)
def test_what_may_pass_is_asked_again(network, fault):
    """With the same id, by which a server knows it again."""
    network.answers = [fault, fault, ok()]
    assert network.client().server_info().min_required_weave_python_version == "1.2.3"
    ids = {request.headers["X-Weave-Retry-Id"] for request in network.requests}
    assert (len(network.requests), len(ids)) == (3, 1)


def test_each_request_has_an_id_of_its_own(network):
    """A server must not take one for the other."""
    network.answers = [ok()]
    client = network.client()
    client.server_info()
    client.server_info()
    assert len({request.headers["X-Weave-Retry-Id"] for request in network.requests}) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422, 501, 301])
def test_what_cannot_pass_is_asked_once(network, status):
    """The answer would be the same."""
    network.answers = [refusal(status)]
    with pytest.raises(Exception, match="no"):
        network.client().server_info()
    assert len(network.requests) == 1


def test_a_fault_that_stays_is_told(network):
    """After the attempts that are allowed, with the address."""
    network.answers = [httpx2.ConnectError("refused")]
    with pytest.raises(RemoteServerError, match=r"http://server\.test cannot be reached: refused"):
        network.client(attempts=2).server_info()
    assert len(network.requests) == 2
    network.answers = [refusal(503)]
    with pytest.raises(RemoteServerError, match="answered /server_info with 503: no") as caught:
        network.client(attempts=1).server_info()
    assert caught.value.status == 503


def test_a_server_says_how_long_to_wait(network):
    """As long at least; but no longer than the policy allows."""
    network.answers = [refusal(503, **{"Retry-After": "0.2"}), ok()]
    began = time.monotonic()
    network.client().server_info()
    assert time.monotonic() - began >= 0.2
    network.answers = [refusal(503, **{"Retry-After": "3600"}), ok()]
    client = network.client()
    client._http._policy.max_wait_s = 0.1
    began = time.monotonic()
    client.server_info()
    assert 0.1 <= time.monotonic() - began < 5


def test_pauses_grow():
    """Twice as long each time, with some jitter, up to the longest."""
    policy = RetryPolicy(5, max_wait_s=3.0, first_wait_s=1.0)
    waits = []
    loop = policy.attempts_of()
    loop.sleep = waits.append
    with pytest.raises(RemoteServerError):
        for attempt in loop:
            with attempt:
                raise RemoteServerError("x", 500)
    assert len(waits) == 4
    assert 1 <= waits[0] <= 2 <= waits[1] <= 3
    assert waits[2:] == [3.0, 3.0]


def test_keys_come_and_go(network):
    """From the next request on; a key that is refused says where it is set."""
    network.answers = [ok()]
    client = network.client()
    client.server_info()
    client.set_auth(("api", "secret"))
    client.server_info()
    client.set_auth(None)
    client.server_info()
    found = [request.headers.get("Authorization") for request in network.requests]
    assert found == [None, "Basic YXBpOnNlY3JldA==", None]
    network.answers = [refusal(401)]
    with pytest.raises(AccessDeniedError, match="set WANDB_API_KEY"):
        client.server_info()


def test_a_closed_client_says_so(network):
    """And is no mystery of the library below."""
    client = network.client()
    client.close()
    with pytest.raises(UsageError, match="is closed; make another one"):
        client.server_info()


def test_texts_with_other_ends_of_lines_stream(remote):
    """A line of the answer ends at a line feed only."""
    text = "a\u2028b\x85c\x1dd\r"
    rows = [{"text": text}, {"text": "z" * 200_000}, {"n": 2**70}]
    table = tsi.TableSchemaForInsert(project_id=P, rows=rows)
    digest = remote.table_create(tsi.TableCreateReq(table=table)).digest
    req = tsi.TableQueryReq(project_id=P, digest=digest)
    assert [row.val for row in remote.table_query_stream(req)] == rows


def test_an_answer_that_breaks_off_is_told(network):
    """What came is not taken for all."""

    class Broken(httpx2.SyncByteStream):
        def __iter__(self):
            yield b'{"digest": "d", "val": 1, "original_index": 0}\n{"dig'
            raise httpx2.ReadError("gone")

    network.answers = [httpx2.Response(200, stream=Broken())]
    rows = network.client().table_query_stream(tsi.TableQueryReq(project_id=P, digest="d"))
    assert next(rows).val == 1
    with pytest.raises(RemoteServerError, match="broke off its answer: gone; ask again"):
        next(rows)


def test_a_request_that_is_refused_is_known_at_once(remote):
    """Before the first row is asked for."""
    with pytest.raises(InvalidRequest, match="limit"):
        remote.calls_query_stream(tsi.CallsQueryReq(project_id=P, limit=-1))


def test_a_server_that_hangs_is_given_up():
    """After the time that is allowed."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        client = RemoteHTTPTraceServer(url, retries=RetryPolicy(1), timeout_s=0.2)
        began = time.monotonic()
        with pytest.raises(RemoteServerError, match="cannot be reached"):
            client.server_info()
        assert time.monotonic() - began < 5
        client.close()


def test_no_proxy_sees_what_stays_here(served, remote, monkeypatch):
    """Whatever the environment names."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    client = RemoteHTTPTraceServer(served.url, retries=RetryPolicy(1))
    assert client.server_info().min_required_weave_python_version
    client.close()


def test_a_forked_process_has_connections_of_its_own(remote):
    """Else it would read the answers to its parent, and the parent those to it."""
    remote.set_auth(("api", "k"))
    remote.server_info()
    transport = remote._http
    before = transport._client
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            is_new = transport._client is not before and transport._auth is not None
            status = 0 if is_new and remote.server_info() else 2
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    assert transport._client is before
    assert remote.server_info()


def test_threads_share_a_client(remote):
    """Each gets the answer to its own request."""
    wrong = []

    def work(number):
        for at in range(10):
            val = {"n": number, "at": at}
            obj = tsi.ObjSchemaForInsert(project_id=P, object_id=f"o{number}", val=val)
            digest = remote.obj_create(tsi.ObjCreateReq(obj=obj)).digest
            read = tsi.ObjReadReq(project_id=P, object_id=f"o{number}", digest=digest)
            if remote.obj_read(read).obj.val != val:
                wrong.append(val)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_transport_that_was_never_closed_ends_quietly():
    """A program need not close it."""
    transport = HttpTransport("http://127.0.0.1:9", RetryPolicy(1))
    closing = transport._closing
    del transport
    assert not closing.alive
