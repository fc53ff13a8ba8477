"""The command as a process: killed, shared, crowded, kept to its memory, told to end."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time

import httpx2
import pytest
from server_process import ServerProcess

import weave_lite as weave
from weave_lite.core.errors import UsageError
from weave_lite.serve.run import serve
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server_bindings.http_transport import RetryPolicy
from weave_lite.trace_server_bindings.remote_http_trace_server import RemoteHTTPTraceServer

P = "acme/demo"


@pytest.fixture
def path(tmp_path):
    """Where the store is."""
    return tmp_path / "served.db"


def starts(count, text="", first=0):
    """A batch of starts of calls."""
    return tsi.CallCreateBatchReq(
        batch=[
            {
                "mode": "start",
                "req": {
                    "start": {
                        "project_id": P,
                        "id": f"01900000-0000-7000-8000-{at:012d}",
                        "trace_id": f"01900000-0000-7000-8000-{at:012d}",
                        "op_name": "f",
                        "started_at": at,
                        "attributes": {},
                        "inputs": {"n": at, "text": text},
                    }
                },
            }
            for at in range(first, first + count)
        ]
    )


@weave.op
def double(n):
    return n * 2


def test_a_server_that_is_killed_loses_nothing(path):
    """In the middle of a client's run, three times; nor is anything there twice."""
    policy = RetryPolicy(attempts=100, max_wait_s=0.2, first_wait_s=0.02)
    done = []
    with ServerProcess(path) as server:
        client = RemoteHTTPTraceServer(server.url, retries=policy)

        def work(worker):
            """Write one of everything that is written, again and again."""
            for at in range(25):
                n = worker * 1000 + at
                client.call_start_batch(starts(1, first=n))
                client.table_create(
                    tsi.TableCreateReq(
                        table=tsi.TableSchemaForInsert(project_id=P, rows=[{"n": n}])
                    )
                )
                note = {"note": f"note {n}"}
                content = {
                    "project_id": P, "weave_ref": f"weave:///{P}/call/{n}",
                    "feedback_type": "wandb.note.1", "payload": note,
                }  # fmt: skip
                made = client.feedback_create(tsi.FeedbackCreateReq(**content))
                client.feedback_replace(tsi.FeedbackReplaceReq(**content, feedback_id=made.id))
                price = {"prompt_token_cost": n, "completion_token_cost": 0}
                client.cost_create(tsi.CostCreateReq(project_id=P, costs={f"model {n}": price}))
                done.append(n)

        threads = [threading.Thread(target=work, args=(each,)) for each in range(3)]
        for thread in threads:
            thread.start()
        for share in (0.1, 0.4, 0.7):
            while len(done) < 75 * share:
                time.sleep(0.002)
            server.kill()
            server.start()
        for thread in threads:
            thread.join(60)
        client.close()
        server.kill()
    expected = sorted(worker * 1000 + at for worker in range(3) for at in range(25))
    with SqliteTraceServer(path) as store:
        calls = store.calls_query(tsi.CallsQueryReq(project_id=P)).calls
        assert sorted(call.inputs["n"] for call in calls) == expected
        notes = store.feedback_query(tsi.FeedbackQueryReq(project_id=P)).result
        assert sorted(each["payload"]["note"] for each in notes) == sorted(
            f"note {n}" for n in expected
        )
        costs = store.cost_query(tsi.CostQueryReq(project_id=P)).results
        assert sorted(each.prompt_token_cost for each in costs) == expected


def test_the_sdk_survives_a_restart(path, tmp_path, monkeypatch):
    """Calls that ended while no server was there arrive, once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEAVE_RETRY_MAX_ATTEMPTS", "50")
    monkeypatch.setenv("WEAVE_RETRY_MAX_INTERVAL", "0.2")
    with ServerProcess(path) as server:
        client = weave.init(P, db=server.url)
        for n in range(20):
            double(n)
        server.kill()
        for n in range(20, 40):
            double(n)
        server.start()
        for n in range(40, 60):
            double(n)
        client.flush()
        assert sorted(call.output for call in client.get_calls()) == [n * 2 for n in range(60)]
        weave.finish()


def test_a_thousand_at_once(path):
    """A thousand clients ask something light, each on a connection of its own.

    Also where a system gives a process no more than 256 files to begin with.
    """
    with ServerProcess(path, files=256) as server, SqliteTraceServer(path) as store:
        store.call_start_batch(starts(10))
        host, port = server.url.removeprefix("http://").split(":")
        asked = json.dumps({"project_id": P}).encode()
        head = f"POST /calls/query_stats HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        request = f"{head}Content-Length: {len(asked)}\r\n\r\n".encode() + asked

        async def ask(all_here):
            reader, writer = await asyncio.open_connection(host, int(port))
            await all_here.wait()
            writer.write(request)
            answer = await reader.read()
            writer.close()
            return answer

        async def ask_all():
            all_here = asyncio.Barrier(1000)
            return await asyncio.gather(*(ask(all_here) for _ in range(1000)))

        for answer in asyncio.run(ask_all()):
            head, _, content = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert json.loads(content)["count"] == 10


def test_one_file_is_served_and_written_at_once(path):
    """By this process and over HTTP; both see all of it."""
    with ServerProcess(path) as server, SqliteTraceServer(path) as store:
        client = RemoteHTTPTraceServer(server.url)
        failures = []

        def write(target, first):
            try:
                for at in range(first, first + 300, 10):
                    target.call_start_batch(starts(10, first=at))
            except Exception as error:
                failures.append(error)

        threads = [
            threading.Thread(target=write, args=each) for each in ((store, 0), (client, 1000))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        req = tsi.CallsQueryStatsReq(project_id=P)
        assert client.calls_query_stats(req).count == store.calls_query_stats(req).count == 600
        client.close()


def test_memory_and_first_rows_do_not_grow(path):
    """While 10,000 calls of 4 KB leave, and files of 30 MB come and go."""
    with SqliteTraceServer(path) as store:
        for first in range(0, 10_000, 1000):
            store.call_start_batch(starts(1000, "x" * 4000, first))

    def stream(limit):
        """Give the seconds to the first bytes, and count the lines."""
        start, first_s, lines = time.perf_counter(), None, 0
        body = {"project_id": P, "limit": limit}
        with httpx2.stream("POST", f"{server.url}/calls/stream_query", json=body) as answer:
            for piece in answer.iter_bytes():
                first_s = first_s or time.perf_counter() - start
                lines += piece.count(b"\n")
        return first_s, lines

    with ServerProcess(path) as server:
        stream(10)
        short_s = min(stream(100)[0] for _ in range(3))
        resident, _ = server.resident_mb()
        whole = [stream(10_000) for _ in range(2)]
        assert [lines for _, lines in whole] == [10_000, 10_000]
        assert min(first_s for first_s, _ in whole) < 5 * short_s + 0.1
        assert server.resident_mb()[1] < resident + 25
        content = os.urandom(30_000_000)
        form = {"data": {"project_id": P}, "files": {"file": ("x", content)}}
        for _ in range(2):
            digest = httpx2.post(f"{server.url}/files/create", **form).json()["digest"]
            read = {"project_id": P, "digest": digest}
            assert httpx2.post(f"{server.url}/files/content", json=read).content == content
        # Nowhere is the file whole.
        assert server.resident_mb()[1] < resident + 25


def test_the_token_is_said_nowhere(path):
    """Not in the log, whatever goes wrong; it comes by the environment or as an option."""
    token = "token-of-the-house"
    with ServerProcess(path, "--token", token) as server:
        for auth, content in ((("api", token), b"{"), (("api", token + "x"), b"{}")):
            answer = httpx2.post(f"{server.url}/calls/query", content=content, auth=auth)
            assert answer.status_code in {400, 401}
            assert token not in answer.text + repr(answer.headers)
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "multipart/form-data; boundary=b",
        }
        httpx2.post(f"{server.url}/files/create", content=b"--b\r\nX: \r\r", headers=headers)
        httpx2.get(f"{server.url}/none?token={token}", headers=headers)
        assert server.stop() == 0
        assert "serving" in server.log.read_text()
        assert token not in server.log.read_text()


def test_a_server_ends_when_told_while_it_streams(path):
    """In order, without a word of complaint."""
    with SqliteTraceServer(path) as store:
        store.call_start_batch(starts(3000, "x" * 4000))
    with ServerProcess(path) as server:
        body = {"project_id": P}
        with httpx2.stream("POST", f"{server.url}/calls/stream_query", json=body) as answer:
            next(answer.iter_bytes())
            start = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - start < 12
        assert "Traceback" not in server.log.read_text()


def test_a_port_that_is_taken(path):
    """Is said once, with what to do."""
    with ServerProcess(path) as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(UsageError) as caught:
            serve(str(path), port=port)
    assert str(caught.value) == (
        f"port {port} of 127.0.0.1 is taken; is another server running? Choose another --port, or 0 "
        "for a free one"
    )


def test_a_host_that_is_not_here(path):
    """Is said in the system's words, without its repetition."""
    with pytest.raises(UsageError) as caught:
        serve(str(path), host="192.0.2.1", token="x", port=1)
    assert str(caught.value).startswith("cannot listen at 192.0.2.1 port 1: ")
    assert str(caught.value).count("192.0.2.1") == 1
