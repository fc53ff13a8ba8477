"""Bodies that are too much, cut off, or strange: refused as they come, or stored as they are."""

from __future__ import annotations

import gzip
import itertools
import json
import threading
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, reduce

import pytest

from weave_lite.serve import body
from weave_lite.serve.app import make_app
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

P = "acme/demo"
GOOD = json.dumps({"project_id": P}).encode()
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
MIB = 1024 * 1024


def post(served, path, content, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return served.http.post(path, content=content, headers=names)


@pytest.mark.parametrize("path", ["/calls/query", "/otel/v1/traces", "/files/create"])
def test_a_body_without_a_length_is_counted(served, remote, monkeypatch, path):
    """Up to the limit; what comes after is not kept."""
    monkeypatch.setattr(body, "MAX_FILE_BYTES", 2 * MIB)
    sent = itertools.chain([b"--b\r\n"], itertools.repeat(b" " * MIB, 150))
    tracemalloc.start()
    answer = post(served, path, sent, **(FORM if path == "/files/create" else {}))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code in {400, 413}
    assert most < 100 * MIB


def file_form(content):
    return (
        b'--b\r\nContent-Disposition: form-data; name="project_id"\r\n\r\nacme/demo\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        + content
        + b"\r\n--b--\r\n"
    )


def test_a_file_without_a_length_is_counted(served, remote, monkeypatch):
    """One that is not too large is stored."""
    monkeypatch.setattr(body, "MAX_FILE_BYTES", 2 * MIB)
    small, large = file_form(b"x" * MIB), file_form(b"x" * 8 * MIB)
    assert post(served, "/files/create", iter([small[:99], small[99:]]), **FORM).status_code == 200
    answer = post(served, "/files/create", iter([large[: 5 * MIB], large[5 * MIB :]]), **FORM)
    assert answer.status_code == 413
    assert answer.json()["reason"].startswith("the body is larger than")
    # Within the limit of the form, but not that of the file.
    just = file_form(b"x" * (2 * MIB + 10))
    assert post(served, "/files/create", just, **FORM).status_code == 413


@pytest.mark.parametrize(
    "content",
    [b"", b"--b--\r\n", b"--b\r\n\r\n", b"nothing", file_form(b"x")[:-20], b"--b\r\nX: " + b"a" * MIB, b"--b\r\nX: \r\r\n",
     file_form(b"x").replace(b'name="file"', b'name="other"'),
     file_form(b"x").replace(b"; filename", b"; other"),
     file_form(b"x").replace(b'name="project_id"', b'name="project"'),
     file_form(b"x")[:-7] + file_form(b"x")],
)  # fmt: skip
def test_forms_that_are_none(served, remote, content):
    """With a reason."""
    answer = post(served, "/files/create", content, **FORM)
    assert answer.status_code == 400
    assert answer.json()["reason"].startswith("the ")


def test_a_form_of_another_kind(served, remote):
    """Is said to be one, whatever it holds."""
    for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = post(served, "/files/create", b"file=x&project_id=acme%2Fdemo", Content_Type=kind)
        assert answer.status_code == 400


@lru_cache
def packed_bomb():
    return gzip.compress(bytes(40 * MIB))


def packed_nothing():
    """Blocks of a gzip that hold nothing, however many they are."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.flush(zlib.Z_FULL_FLUSH) or b"\x00\x00\x00\xff\xff"
    return [head, *[block * (MIB // len(block))] * 40]


PACKED = {
    "a bomb": (lambda: [packed_bomb()], 413),
    "a bomb in pieces": (lambda: [packed_bomb()[at:][:100] for at in range(0, 40_000, 100)], 413),
    "a bomb in a bomb": (lambda: [gzip.compress(packed_bomb())], 400),
    "two members": (lambda: [gzip.compress(GOOD), gzip.compress(GOOD)], 400),
    "bytes behind": (lambda: [gzip.compress(GOOD), *[b"x" * MIB] * 3], 400),
    "blocks of nothing": (packed_nothing, 413),
}


@pytest.mark.parametrize("name", PACKED)
def test_gzip(served, remote, name):
    """Is unpacked only as far as it may go; what follows it is not kept."""
    make, status = PACKED[name]
    parts = make()
    tracemalloc.start()
    answer = post(served, "/calls/query_stats", iter(parts), Content_Encoding="gzip")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == status
    assert most < 110 * MIB


@pytest.mark.parametrize(
    ("depth", "status"), [(400, 200), (490, 200), (600, 400), (5_000, 400), (900_000, 400)]
)
def test_depth(served, remote, depth, status):
    """Of lists and of objects."""
    for opened, closed in (("[", "]"), ('{"a":', "}")):
        inner = opened * depth + "1" + closed * depth
        content = f'{{"project_id":"{P}","extra":{inner}}}'.encode()
        answer = post(served, "/calls/query_stats", content)
        assert answer.status_code == status
        assert status == 200 or len(answer.content) < 200


@pytest.mark.parametrize("depth", [200, 480])
def test_deep_values_come_back(served, store, remote, depth):
    """Whatever goes in comes out, by each way of reading."""
    value = {"x": reduce(lambda inner, _: {"a": [inner]}, range(depth // 2), 1)}
    call_id = "01900000-0000-7000-8000-000000000001"
    start = {
        "project_id": P, "id": call_id, "trace_id": call_id, "op_name": "f", "started_at": 0,
        "attributes": {}, "inputs": value,
    }  # fmt: skip
    note = {"project_id": P, "weave_ref": f"weave:///{P}/call/{call_id}", "feedback_type": "x"}

    def ask(path, document):
        answer = served.http.post(path, json=document)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    ask("/call/start", {"start": start})
    ask("/obj/create", {"obj": {"project_id": P, "object_id": "o", "val": value}})
    table = ask("/table/create", {"table": {"project_id": P, "rows": [value]}})
    ask("/feedback/create", {**note, "payload": value})
    (call,) = ask("/calls/query", {"project_id": P})["calls"]
    assert call["inputs"] == value
    assert call == ask("/calls/stream_query", {"project_id": P})
    read = ask("/call/read", {"project_id": P, "id": call_id})["call"]
    assert (read["inputs"], read["started_at"]) == (value, call["started_at"])
    (obj,) = ask("/objs/query", {"project_id": P})["objs"]
    assert obj["val"] == value
    read = {"project_id": P, "object_id": "o", "digest": obj["digest"]}
    assert ask("/obj/read", read)["obj"] == obj
    rows = ask("/table/query", {"project_id": P, "digest": table["digest"]})["rows"]
    assert [row["val"] for row in rows] == [value]
    found = ask("/feedback/query", {"project_id": P})["result"]
    assert [each["payload"] for each in found] == [value]


def test_few_heavy_requests_are_held_at_once(served, store, remote, monkeypatch):
    """The others wait for their turn; light ones, and those that send slowly, hold nobody up."""
    running, most, everybody = [], [], threading.Event()
    count = store.calls_query_stats

    def counted(req):
        if req.limit == 7:
            running.append(req)
            most.append(len(running))
            everybody.wait(5)
            running.remove(req)
        return count(req)

    monkeypatch.setattr(store, "calls_query_stats", counted)
    heavy = json.dumps({"project_id": P, "limit": 7, "extra": "x" * 2 * MIB}).encode()
    with ThreadPoolExecutor(10) as pool:
        slow = [pool.submit(post, served, "/calls/query_stats", wait(everybody)) for _ in range(2)]
        asked = [pool.submit(post, served, "/calls/query_stats", heavy) for _ in range(8)]
        while len(running) < 4:
            time.sleep(0.01)
        assert post(served, "/calls/query_stats", GOOD).status_code == 200
        time.sleep(0.2)
        everybody.set()
        assert {each.result().status_code for each in [*slow, *asked]} == {200}
    assert max(most) == 4
    assert len(most) == 8


def wait(until):
    """A body whose end comes late."""
    yield GOOD
    until.wait(5)
    yield b" " * 2 * MIB


def test_many_faults_are_one(served, remote):
    """A million bad rows are not a million errors to be told, nor to be held."""
    content = b'{"table":{"project_id":"acme/demo","rows":[' + b"1," * 1_000_000 + b"1]}}"
    tracemalloc.start()
    answer = post(served, "/table/create", content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == 422
    assert [each["loc"] for each in answer.json()["detail"]] == [["table", "rows", 0]]
    assert most < 60 * MIB


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("-9223372036854775809", -9223372036854775809),
        ("18446744073709551615", 18446744073709551615),
        ("NaN", None),
        ("-Infinity", None),
        ('"\\ud800"', "\\ud800"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ("1e400", None),
        ("0.1", 0.1),
    ],
)
def test_values_that_json_readers_differ_in(served, store, remote, sent, stored):
    """Are stored as those that come in this process are."""
    start = {
        "project_id": P, "id": "01900000-0000-7000-8000-000000000001", "op_name": "f",
        "trace_id": "01900000-0000-7000-8000-000000000001", "started_at": 0, "attributes": {},
        "inputs": {"x": "here"},
    }  # fmt: skip
    content = json.dumps({"start": start}).replace('"here"', sent).encode()
    assert post(served, "/call/start", content).status_code == 200
    (call,) = store.calls_query(tsi.CallsQueryReq(project_id=P)).calls
    assert call.inputs == {"x": stored}
    (line,) = post(served, "/calls/stream_query", GOOD).text.splitlines()
    assert json.loads(line)["inputs"] == {"x": stored}


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/obj/read", {"project_id": P, "object_id": "\ud800", "digest": "latest"}),
        ("/calls/query", {"project_id": "\ud800"}),
        ("/call/read", {"project_id": P, "id": "\udfff"}),
        ("/graphql", {"query": "project(", "variables": {"name": "\ud800"}}),
        ("/service/projects_info", {"project_ids": ["\ud800"]}),
        ("/call/upsert_batch", {"batch": [{"mode": ["start"], "req": {}}]}),
        ("/call/upsert_batch", {"batch": [{"mode": {}, "req": []}]}),
        ("/completions/create", {"project_id": P, "inputs": {"model": "\ud800"}}),
    ],
)
def test_halves_of_characters_and_wrong_kinds(served, remote, path, document):
    """Are never a failure of the server, which clients ask again for ever."""
    answer = post(served, path, json.dumps(document).encode())
    assert answer.status_code < 500
    answer.json()


@pytest.mark.parametrize("path", ["/calls/query_stats", "/calls/stream_query", "/calls/query"])
def test_what_takes_too_long_is_stopped(served, tmp_path, path):
    """With a status also where lines are asked for; the next request is answered."""
    with SqliteTraceServer(tmp_path / "w.db", time_limit_s=0.03) as slow:
        inputs = {str(at): "x" * 500 for at in range(200)}
        item = {"start": {"project_id": P, "op_name": "f", "started_at": 0, "attributes": {}, "inputs": inputs}}  # fmt: skip
        batch = [{"mode": "start", "req": item}] * 60
        slow.call_start_batch(tsi.CallCreateBatchReq(batch=batch))
        operands = [
            {
                "$contains": {
                    "input": {"$getField": f"inputs.{at}"},
                    "substr": {"$literal": f"y{at}"},
                }
            }
            for at in range(200)
        ]
        content = json.dumps({"project_id": P, "query": {"$expr": {"$or": operands}}}).encode()
        served.app = make_app(slow)
        answer = post(served, path, content)
        assert answer.status_code == 413
        assert "keeps the database busy for too long" in answer.json()["reason"]
        assert post(served, "/calls/query_stats", GOOD).json()["count"] == 60
        served.app = None
