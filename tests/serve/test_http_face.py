"""The HTTP face end to end: our client, raw requests, and who is refused."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading

import pytest

import weave_lite as weave
from weave_lite.core.errors import (
    InvalidRequest,
    NotFoundError,
    ObjectDeletedError,
    RemoteServerError,
    StoreBusyError,
    UsageError,
)
from weave_lite.flow.eval import Evaluation
from weave_lite.flow.scorer import Scorer
from weave_lite.serve.security import check_binding
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server_bindings.routes import ROUTES

P = "acme/demo"


class Short(Scorer):
    @weave.op
    def score(self, *, output):
        return len(output) < 3


@weave.op
def shout(q):
    return q.upper()


@pytest.fixture
def client(served, remote, tmp_path, monkeypatch):
    """The whole SDK over HTTP."""
    monkeypatch.chdir(tmp_path)
    client = weave.init(P, db=served.url)
    yield client
    weave.finish()


def post(served, path, body=None, **options):
    return served.http.post(path, json=body, **options)


# --- the SDK over HTTP ---


def test_the_sdk_works_over_http(client, store):
    """Calls, objects, datasets, evaluation, feedback; read back on both sides."""
    shout("a")
    with pytest.raises(AttributeError):
        shout(None)
    dataset = weave.publish(weave.Dataset(name="d", rows=[{"q": "x"}, {"q": "long"}])).get()
    assert [row["q"] for row in dataset.rows] == ["x", "long"]
    summary = asyncio.run(Evaluation(dataset=dataset, scorers=[Short()]).evaluate(shout))
    assert summary["Short"] == {"true_count": 1, "true_fraction": 0.5}
    first = client.get_calls(limit=1)[0]
    first.feedback.add_reaction("👍")
    assert [f.payload["alias"] for f in first.feedback] == [":thumbs_up:"]
    client.flush()
    assert len(client.get_calls()) == len(store.calls_query(tsi.CallsQueryReq(project_id=P)).calls)
    assert client.get_calls(filter={"op_names": [shout.ref.uri()]})[1].status == "error"


def test_errors_come_back_as_they_are(client):
    """What is not there, what is refused, what was deleted."""
    with pytest.raises(NotFoundError, match="nope"):
        weave.ref("nope").get()
    with pytest.raises(InvalidRequest, match="no_such_field"):
        list(client.get_calls(query={"$expr": {"$eq": [{"$getField": "no_such_field"}, 1]}}))
    ref = weave.publish({"a": 1}, name="gone")
    ref.delete()
    with pytest.raises(ObjectDeletedError) as caught:
        ref.get()
    assert caught.value.deleted_at.tzinfo is not None


def test_files_of_any_size(remote, store):
    """Up and down, by content."""
    content = bytes(range(256)) * 4096
    req = tsi.FileCreateReq(project_id=P, name="x.bin", content=content)
    digest = remote.file_create(req).digest
    read = tsi.FileContentReadReq(project_id=P, digest=digest)
    assert remote.file_content_read(read).content == content
    assert store.file_content_read(read).content == content


def test_large_tables_and_batches_go_in_parts(remote):
    """With the digests of a whole one."""
    remote.remote_request_bytes_limit = 500
    rows = [{"n": n, "text": "x" * 50} for n in range(40)]
    table = tsi.TableSchemaForInsert(project_id=P, rows=rows)
    res = remote.table_create(tsi.TableCreateReq(table=table))
    assert len(res.row_digests) == 40
    found = remote.table_query(tsi.TableQueryReq(project_id=P, digest=res.digest)).rows
    assert [row.val["n"] for row in found] == list(range(40))


# --- raw requests ---


def test_every_route_is_there(served, remote):
    """Under both prefixes; a body that does not fit is 422 with a reason."""
    for route in ROUTES:
        if route.kind == "upload":
            continue
        for path in route.paths:
            for prefix in ("", "/traces"):
                answer = post(served, prefix + path, {"nothing": 1})
                assert answer.status_code in {200, 422}, path
                assert answer.status_code == 200 or answer.json()["reason"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/obj/read", {"project_id": P, "object_id": "o", "digest": "latest"}, 404),
        ("/calls/query", {"project_id": "bad"}, 400),
        ("/calls/query", {"project_id": P, "limit": "many"}, 422),
        ("/no/such/path", {}, 404),
        ("/graphql", {"query": "{ secrets }"}, 400),
        ("/service/projects_info", {"project_ids": [P]}, 200),
        ("/service/projects_info", {"project_ids": [P, 1]}, 400),
        ("/service/projects_info", [], 400),
        ("/graphql", {"query": "{ viewer { username } }"}, 200),
    ],
)
def test_statuses(served, remote, path, body, status):
    """With JSON always."""
    answer = post(served, path, body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    answer.json()


def test_bodies(served, remote):
    """No JSON, gzip, cut gzip, a bomb, too deep, an unknown coding."""
    good = json.dumps({"project_id": P}).encode()
    packed = gzip.compress(good)
    bomb = gzip.compress(b" " * 40_000_000)
    deep = b'{"project_id":"acme/demo","query":' + b"[" * 900 + b"]" * 900 + b"}"
    for content, coding, status in (
        (good, None, 200),
        (packed, "gzip", 200),
        (packed[:-9], "gzip", 400),
        (good, "gzip", 400),
        (good, "br", 400),
        (b"{", None, 400),
        (b"\xff", None, 400),
        (deep, None, 400),
        (bomb, "gzip", 413),
    ):
        headers = {} if coding is None else {"Content-Encoding": coding}
        answer = served.http.post("/calls/query_stats", content=content, headers=headers)
        assert answer.status_code == status, (content[:20], coding)


def test_a_retry_stores_nothing_twice(served, remote, store):
    """The same request id is the same request."""
    body = {
        "project_id": P,
        "weave_ref": f"weave:///{P}/call/1",
        "feedback_type": "wandb.note.1",
        "payload": {"note": "x"},
    }
    headers = {"X-Weave-Retry-Id": "one"}
    answers = [post(served, "/feedback/create", body, headers=headers).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert len(store.feedback_query(tsi.FeedbackQueryReq(project_id=P)).result) == 1


NOTE = {
    "project_id": P,
    "weave_ref": f"weave:///{P}/call/1",
    "feedback_type": "wandb.note.1",
    "payload": {"note": "x"},
}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/feedback/create", NOTE),
        ("/feedback/create", {**NOTE, "id": None}),
        ("/feedback/batch/create", {"batch": [NOTE, {**NOTE, "payload": {"note": "y"}}]}),
        ("/feedback/replace", {**NOTE, "feedback_id": "none"}),
        (
            "/cost/create",
            {
                "project_id": P,
                "costs": {
                    name: {"prompt_token_cost": 1, "completion_token_cost": 2}
                    for name in ("a", "b")
                },
            },
        ),
    ],
)
def test_a_retry_after_a_restart_stores_nothing_twice(served, store, path, body):
    """The server was killed before its answer left: the next one gives the same."""

    def stored():
        notes = store.feedback_query(tsi.FeedbackQueryReq(project_id=P)).result
        return notes, store.cost_query(tsi.CostQueryReq(project_id=P)).results

    answers, contents = [], []
    for retry_id in ("one", "one", "other"):
        with served.serving(store):
            headers = {"X-Weave-Retry-Id": retry_id}
            answers.append(post(served, path, body, headers=headers).json())
            contents.append(stored())
    assert answers[0] == answers[1] != answers[2]
    assert contents[0] == contents[1]
    assert sum(map(len, contents[2])) == 2 * sum(map(len, contents[0])) > 0


def test_the_user_is_never_taken_from_the_body(served, remote, store, monkeypatch):
    """The store's own user, or the one who authenticates by name."""
    monkeypatch.setenv("WANDB_USERNAME", "owner")
    start = {
        "project_id": P, "id": "c", "trace_id": "t", "op_name": "f", "attributes": {},
        "inputs": {}, "started_at": "2026-01-01T00:00:00Z", "wb_user_id": "mallory",
    }  # fmt: skip
    post(served, "/call/start", {"start": start})
    start["id"] = "d"
    post(served, "/call/start", {"start": start}, auth=("ada", "key"))
    calls = store.calls_query(tsi.CallsQueryReq(project_id=P)).calls
    assert {call.id: call.wb_user_id for call in calls} == {"c": "owner", "d": "ada"}


def test_the_description_is_there(served, remote):
    """OpenAPI, with every route."""
    described = served.http.get("/openapi.json").json()
    assert {path for route in ROUTES for path in route.paths} <= set(described["paths"])
    assert served.http.get("/server_info").json()["trace_server_version"]
    assert served.http.get("/health").status_code == 200


# --- streams that do not come to their end ---


@pytest.fixture
def endless(store, monkeypatch):
    """Let the store give one call again and again; tells when that is closed."""
    start = tsi.StartedCallSchemaForInsert(
        project_id=P, op_name="f", started_at=0, attributes={}, inputs={"text": "x" * 1000}
    )
    store.call_start(tsi.CallStartReq(start=start))
    (call,) = store.calls_query_encoded(tsi.CallsQueryReq(project_id=P))
    closed = threading.Event()
    fault = []

    def calls(req):
        try:
            yield call
            while not fault:
                yield call
            raise fault[0]
        finally:
            closed.set()

    monkeypatch.setattr(store, "calls_query_encoded", calls)
    return closed, fault


def test_a_stream_that_nobody_reads_any_more_is_closed(served, remote, endless):
    """Soon after the client has gone, and others are answered meanwhile."""
    closed, _ = endless
    with served.http.stream("POST", "/calls/stream_query", json={"project_id": P}) as answer:
        lines = answer.iter_lines()  # kept: what is dropped ends the answer
        assert next(lines)
        assert not closed.is_set()
        assert served.http.get("/health").status_code == 200
    assert closed.wait(5)


def test_a_stream_that_fails_is_not_taken_for_a_short_one(served, remote, endless, caplog):
    """Its client is told, though the status was sent long ago."""
    closed, fault = endless
    lines = remote.calls_query_stream(tsi.CallsQueryReq(project_id=P))
    assert next(lines).inputs == {"text": "x" * 1000}
    fault.append(StoreBusyError("busy"))
    with pytest.raises(RemoteServerError, match="broke off its answer"):
        list(lines)
    assert closed.wait(5)
    assert "a stream was broken off: busy" in caplog.text


def test_a_stream_that_fails_at_once_has_the_status_of_its_error(
    served, remote, store, monkeypatch
):
    """As an answer in one piece does."""

    def fails(req):
        raise NotFoundError("it is gone")
        yield

    monkeypatch.setattr(store, "calls_query_encoded", fails)
    answer = post(served, "/calls/stream_query", {"project_id": P})
    assert (answer.status_code, answer.json()["reason"]) == (404, "it is gone")


def test_an_empty_stream(served, remote):
    """Is an answer without lines."""
    answer = post(served, "/calls/stream_query", {"project_id": P})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/jsonl"


# --- who is refused ---

HOSTS = [
    "example.org", "example.org:80", "127.0.0.1.example.org", "localhost.example.org", "0.0.0.0",
    "10.0.0.1", "[2001:db8::1]", "", "127.0.0.1:x", "127.0.0.1, example.org", "user@127.0.0.1",
    "127.0.0.1/x", "127.0.0.1#x", "127.0.0.1?x",
]  # fmt: skip
ORIGINS = [
    "null", "http://example.org", "https://127.0.0.1.example.org", "http://localhost.example.org",
    "file://", "http://127.0.0.1:1", "chrome-extension://abc", "http://[::1]", "", "http://",
]  # fmt: skip
SITES = ["cross-site", "same-site", "CROSS-SITE", "nonsense", ""]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("Host", each) for each in HOSTS),
        *(("Origin", each) for each in ORIGINS),
        *(("Sec-Fetch-Site", each) for each in SITES),
    ],
)
def test_foreign_requests_are_refused(served, remote, name, value):
    """Before anything is read of them."""
    answer = served.http.get("/server_info", headers={name: value})
    assert answer.status_code in {400, 403}, value


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost"},
        {"Host": "127.0.0.2:99"},
        {"Host": "[::1]:6345"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Host": "localhost:5", "Origin": "http://localhost:5"},
    ],
)
def test_own_requests_are_answered(served, remote, headers):
    """Of this machine, and of its own pages."""
    assert served.http.get("/server_info", headers=headers).status_code == 200


def test_a_token_is_asked_for(served, store):
    """As basic or bearer, exactly; other names of this machine are good then."""
    with served.serving(store, token="secret"):
        body = {"project_id": P}
        for options, status in (
            ({}, 401),
            ({"auth": ("api", "wrong")}, 401),
            ({"auth": ("api", "secre")}, 401),
            ({"headers": {"Authorization": "Bearer"}}, 401),
            ({"headers": {"Authorization": "Basic !!!"}}, 401),
            ({"auth": ("api", "secret")}, 200),
            ({"headers": {"Authorization": "bearer secret"}}, 200),
            ({"auth": ("api", "secret"), "headers": {"Host": "box.example.org"}}, 200),
        ):
            answer = post(served, "/calls/query_stats", body, **options)
            assert answer.status_code == status, options
            assert "secret" not in answer.text
        assert served.http.get("/server_info").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "box.example.org", "::"])
def test_other_machines_need_a_token(host):
    """It refuses to listen to them without."""
    with pytest.raises(UsageError, match="--token"):
        check_binding(host, None)
    check_binding(host, "secret")
    check_binding("localhost", None)
    with pytest.raises(UsageError, match="must not be empty"):
        check_binding("localhost", " ")
