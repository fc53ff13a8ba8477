"""What the commands share, without a process around it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from weave_lite.cli import options
from weave_lite.core.errors import StoreError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

if TYPE_CHECKING:
    from pathlib import Path


def start_request(**fields: Any) -> tsi.CallStartReq:
    start = {
        "project_id": "local/demo",
        "id": "1",
        "trace_id": "t",
        "op_name": "f",
        "started_at": "2024-03-01T10:00:00Z",
        "attributes": {},
        "inputs": {},
    }
    return tsi.CallStartReq.model_validate({"start": {**start, **fields}})


def test_a_value_nested_deeper_than_pydantic_follows_is_a_line_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All fields are there, in the same order and form as for a flat value."""
    deep: Any = "core"
    for _ in range(400):
        deep = [deep]
    with SqliteTraceServer(":memory:") as server:
        server.call_start(start_request(id="1", inputs={"a": deep}))
        server.call_start(start_request(id="2", inputs={"a": 1}))
        request = tsi.CallsQueryReq(project_id="local/demo")
        options.print_json_lines(server.calls_query_stream(request))
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["inputs"] == {"a": deep}
    assert list(first) == list(second)
    assert {**first, "id": "2", "inputs": {"a": 1}} == second


def test_a_store_of_somebody_else_can_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the right to write, the store is opened read-only and left as it is."""
    place = tmp_path / "weave.db"
    with SqliteTraceServer(place) as server:
        server.call_start(start_request())
    before = place.read_bytes()
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
    with options.open_store(str(place)) as server:
        assert server.project_ids() == ["local/demo"]
        with pytest.raises(StoreError, match="read-only"):
            server.call_start(start_request())
    assert place.read_bytes() == before
