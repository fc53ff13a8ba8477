"""What is too large for one request, and what is gathered: in parts, with the same result."""

from __future__ import annotations

import httpx2
import orjson
import pytest

from weave_lite.core import digest as digests
from weave_lite.core.errors import DigestMismatchError, InvalidRequest, RemoteServerError
from weave_lite.trace_server import trace_server_interface as tsi

P = "acme/demo"
ROWS = [{"n": n, "text": "x" * 50} for n in range(40)]


def create(server, rows, **fields):
    table = tsi.TableSchemaForInsert(project_id=P, rows=rows, **fields)
    return server.table_create(tsi.TableCreateReq(table=table))


def rows_of(server, digest):
    return [
        row.val for row in server.table_query(tsi.TableQueryReq(project_id=P, digest=digest)).rows
    ]


def start(call_id, **fields):
    return {
        "project_id": P,
        "id": call_id,
        "trace_id": "t",
        "op_name": "op",
        "started_at": "2024-03-01T10:00:00Z",
        "attributes": {},
        "inputs": {},
    } | fields


def end(call_id, **fields):
    return {
        "project_id": P,
        "id": call_id,
        "ended_at": "2024-03-01T10:00:01Z",
        "summary": {},
    } | fields


def batch(*items):
    return {"batch": [{"mode": "start", "req": {"start": item}} for item in items]}


def ids(server):
    return [call.id for call in server.calls_query(tsi.CallsQueryReq(project_id=P)).calls]


@pytest.fixture
def asked(remote):
    """The paths that the client asks for, in order."""
    paths = []
    post = remote._http.post

    def noted(path, body, **options):
        paths.append((path, len(body)))
        return post(path, body, **options)

    remote._http.post = noted
    return paths


def test_a_large_table_is_that_of_one_request(remote, asked):
    """Its rows in requests within the limit, then their order in one; the digest is the same."""
    whole = create(remote, ROWS)
    asked.clear()
    remote.remote_request_bytes_limit = 500
    rows = [*ROWS, {"n": 40, "text": "é\u2028" * 20}]
    made = create(remote, rows)
    assert made.digest == digests.digest_rows([digests.digest_json(row) for row in rows])
    assert made.row_digests[:40] == whole.row_digests
    assert rows_of(remote, made.digest) == rows
    paths = [path for path, _ in asked]
    assert set(paths[:-2]) == {"/table/create"}
    assert paths[-2] == "/table/create_from_digests"
    assert all(size <= 600 for path, size in asked if path == "/table/create")


def test_a_large_table_checks_its_digest(remote):
    """As a small one does."""
    remote.remote_request_bytes_limit = 500
    right = create(remote, ROWS).digest
    assert create(remote, ROWS, expected_digest=right).digest == right
    with pytest.raises(DigestMismatchError):
        create(remote, ROWS, expected_digest="wrong")


def test_an_older_server_lets_a_table_grow(network):
    """One that does not know how to put rows together."""
    grown = []

    def answer(request):
        body = orjson.loads(request.content)
        if request.url.path == "/table/create_from_digests":
            return httpx2.Response(404, json={"detail": "Not Found"})
        if request.url.path == "/table/create":
            rows = body["table"]["rows"]
            return httpx2.Response(200, json={"digest": "base", "row_digests": ["r"] * len(rows)})
        grown.append([body["base_digest"], len(body["updates"])])
        names = ["u"] * len(body["updates"])
        return httpx2.Response(200, json={"digest": f"t{len(grown)}", "updated_row_digests": names})

    network.answers = [answer]
    client = network.client(remote_request_bytes_limit=1000)
    made = create(client, ROWS)
    assert sum(count for _, count in grown) == 40
    assert [base for base, _ in grown] == ["base", *(f"t{n}" for n in range(1, len(grown)))]
    assert (made.digest, made.row_digests) == (f"t{len(grown)}", ["u"] * 40)


def test_a_large_update_goes_in_parts(remote):
    """Each upon the last."""
    base = create(remote, []).digest
    remote.remote_request_bytes_limit = 500
    req = tsi.TableUpdateReq(
        project_id=P, base_digest=base, updates=[{"append": {"row": row}} for row in ROWS]
    )
    made = remote.table_update(req)
    assert len(made.updated_row_digests) == 40
    assert rows_of(remote, made.digest) == ROWS


def test_a_large_batch_goes_in_parts(remote, asked):
    """In order, each part within the limit."""
    remote.remote_request_bytes_limit = 1000
    names = [f"c{n:02}" for n in range(20)]
    answers = remote.call_start_batch(batch(*map(start, names))).res
    assert [answer.id for answer in answers] == names
    assert ids(remote) == names
    parts = [size for path, size in asked if path == "/call/upsert_batch"]
    assert len(parts) > 1
    assert all(size <= 1000 + 20 for size in parts)


def test_an_item_over_the_limit_is_sent_alone(remote, caplog):
    """And told: the server decides."""
    remote.remote_request_bytes_limit = 1000
    calls = [start("a"), start("b", inputs={"x": "y" * 2000}), start("c")]
    remote.call_start_batch(batch(*calls))
    assert ids(remote) == ["a", "b", "c"]
    (record,) = caplog.records
    assert "the limit of a request is 1000" in record.getMessage()


def test_a_bad_item_is_named_by_its_place_in_the_whole(remote):
    """Not by that in its part, nor by that of its start or end."""
    remote.remote_request_bytes_limit = 1000
    calls = [start(f"c{n}") for n in range(9)] + [start("c9", op_name="x" * 200)]
    with pytest.raises(InvalidRequest, match=r"^batch\[9\]: start\.op_name has 200"):
        remote.call_start_batch(batch(*calls))
    whole = [start(f"d{n}") | end(f"d{n}") for n in range(3)]
    whole[2]["op_name"] = "x" * 200
    with pytest.raises(InvalidRequest, match=r"^batch\[2\]: start\.op_name has 200"):
        remote.calls_complete({"batch": whole})


def test_gathered_calls_are_sent_by_flush(served, remote, store):
    """In one request, in order; flush tells when they are there."""
    client = type(remote)(served.url, should_batch=True)
    assert client.call_start({"start": start("1")}).model_dump() == {"id": "1", "trace_id": "t"}
    client.call_end({"end": end("1", output=5)})
    client.flush()
    (call,) = store.calls_query(tsi.CallsQueryReq(project_id=P)).calls
    assert (call.id, call.output) == ("1", 5)
    client.call_start({"start": start("2")})
    client.close()
    assert ids(store) == ["1", "2"]


@pytest.mark.parametrize("missing", ["id", "trace_id"])
def test_gathered_calls_need_ids(network, missing):
    """The answer is given before the server is asked."""
    client = network.client(should_batch=True)
    with pytest.raises(ValueError, match=r"start\.id and start\.trace_id"):
        client.call_start({"start": start("1") | {missing: None}})
    with pytest.raises(InvalidRequest, match=r"start\.inputs must be JSON"):
        client.call_start({"start": start("1", inputs={"a": object()})})
    assert network.requests == []


def test_feedback_is_not_stored_twice(remote, store):
    """When the answer was lost and the server was started again: the id was made here."""
    send = remote._http._client.send
    lost = []

    def losing(request, **options):
        # As a server that does not know a request again.
        request.headers["X-Weave-Retry-Id"] = f"attempt-{len(lost)}"
        response = send(request, **options)
        if len(lost) < 2:
            lost.append(request)
            raise httpx2.ReadError("the answer is lost")
        return response

    remote._http._client.send = losing
    feedback = {
        "project_id": P,
        "weave_ref": f"weave:///{P}/call/c",
        "feedback_type": "t",
        "payload": {},
    }
    res = remote.feedback_create_batch({"batch": [feedback, feedback]}).res
    found = store.feedback_query(tsi.FeedbackQueryReq(project_id=P)).result
    assert len(lost) == 2
    assert sorted(row["id"] for row in found) == sorted(each.id for each in res)
    assert len({each.id for each in res}) == 2


def test_an_unreachable_server_keeps_gathered_calls(network):
    """Until it is there again."""
    network.answers = [httpx2.ConnectError("x")]
    client = network.client(should_batch=True, attempts=1)
    client.call_start({"start": start("1")})
    client.flush()
    with pytest.raises(RemoteServerError):
        client.server_info()
    network.answers = [httpx2.Response(200, json={"res": []})]
    client.flush()
    assert orjson.loads(network.requests[-1].content)["batch"][0]["req"]["start"]["id"] == "1"
    client.close()
