"""Our trace server in the form that an official client asks for."""

from __future__ import annotations

import sys
from collections.abc import Iterator  # noqa: TC003 - annotations are read
from dataclasses import dataclass
from typing import NamedTuple

import official_standin
import pytest

from weave_lite.core.errors import InvalidRequest, NotSupportedError
from weave_lite.official.adapter import OfficialServer
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

PROJECT = "acme/own"


@pytest.fixture
def adapter(standin, generation):
    with SqliteTraceServer(":memory:") as server:
        yield OfficialServer(lambda: server, official_standin.Interface, generation)


class Passing:
    """An interface whose answers are of no class."""

    def calls_query_stream(self, req: dict) -> Iterator[dict]: ...


def kinds(generation):
    name = "weave.trace_server.errors" if generation == "0.51" else "weave.vendor.weave_server_sdk"
    return sys.modules[name]


def bad_request(generation):
    return getattr(
        kinds(generation), "InvalidRequest" if generation == "0.51" else "BadRequestError"
    )


def create(adapter, value=1, name="thing"):
    return adapter.obj_create({"obj": {"project_id": PROJECT, "object_id": name, "val": value}})


def test_requests_are_models_or_dicts(adapter):
    """The older client sends models, the newer dicts with None for what it leaves out."""
    found = create(adapter)
    assert type(found) is tsi.ObjCreateRes
    req = {
        "project_id": PROJECT,
        "object_id": "thing",
        "digest": found.digest,
        "metadata_only": None,
    }
    assert adapter.obj_read(req).obj.val == 1
    model = tsi.ObjReadReq(project_id=PROJECT, object_id="thing", digest=found.digest)
    assert adapter.obj_read(model).obj.val == 1


def test_files_come_as_content_or_as_the_part_of_a_form(adapter):
    """0.54 gives a name and bytes together."""
    first = adapter.file_create({"project_id": PROJECT, "name": "a.txt", "content": b"hi"})
    second = adapter.file_create({"project_id": PROJECT, "file": ("a.txt", b"hi")})
    assert first.digest == second.digest
    read = adapter.file_content_read({"project_id": PROJECT, "digest": first.digest})
    assert read.content == b"hi"


def test_a_stream_is_read_as_it_is_used(adapter):
    """Each item is of the official class."""
    for n in range(3):
        start = {
            "project_id": PROJECT,
            "id": f"c{n}",
            "op_name": "f",
            "trace_id": "t",
            "started_at": f"2024-01-01T00:00:0{n}Z",
            "attributes": {},
            "inputs": {"n": n},
        }
        adapter.call_start({"start": start})
    stream = adapter.calls_query_stream({"project_id": PROJECT})
    first = next(stream)
    assert (type(first), first.id, first.inputs) == (tsi.CallSchema, "c0", {"n": 0})
    assert [each.id for each in stream] == ["c1", "c2"]


def test_errors_are_official_ones(adapter, generation):
    """Also of a request that does not fit, and of a bad name."""
    with pytest.raises(kinds(generation).NotFoundError):
        adapter.obj_read({"project_id": PROJECT, "object_id": "absent", "digest": "latest"})
    with pytest.raises(bad_request(generation)):
        adapter.calls_query_stream({"project_id": PROJECT, "limit": -1})
    with pytest.raises(bad_request(generation)):
        adapter.ensure_project_exists("acme", "a/b")
    if generation == "0.54":
        with pytest.raises(kinds(generation).UnprocessableEntityError):
            adapter.obj_read({"project_id": PROJECT})


def test_an_error_in_the_middle_of_a_stream_is_an_official_one(standin, generation):
    """What came before it was read."""

    class Failing:
        def calls_query_stream(self, req):
            yield tsi.CallSchema.model_construct(id="c0")
            raise InvalidRequest("too much")

    adapter = OfficialServer(Failing, Passing, generation)
    stream = adapter.calls_query_stream({"project_id": PROJECT})
    assert next(stream)["id"] == "c0"
    with pytest.raises(bad_request(generation), match="too much"):
        next(stream)


def test_what_the_store_does_not_offer(adapter):
    """A method of the official interface says so when it is called; another is no attribute."""
    with pytest.raises(NotSupportedError, match="agent_search"):
        adapter.agent_search({"project_id": PROJECT})
    for name in ("get_call_processor", "_server_x", "nothing"):
        assert not hasattr(adapter, name)


def test_answers_may_be_of_other_kinds(standin, generation):
    """Data classes, named tuples, dicts: whatever the interface names."""

    @dataclass
    class AsData:
        digest: str
        object_id: str | None

    class AsTuple(NamedTuple):
        digest: str
        object_id: str | None

    with SqliteTraceServer(":memory:") as server:
        for kind in (AsData, AsTuple, dict):

            class Interface:
                def obj_create(self, req: dict) -> kind: ...

            Interface.obj_create.__annotations__["return"] = kind
            found = create(OfficialServer(lambda: server, Interface, generation))
            assert isinstance(found, kind)


def test_every_project_exists(adapter):
    """The name is the answer; a bad one is refused."""
    assert adapter.ensure_project_exists("acme", "own").project_name == "own"
