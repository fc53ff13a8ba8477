"""The folder of a store is removed or replaced under a running program."""

from __future__ import annotations

import datetime as dt
import logging
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from weave_lite import api
from weave_lite.core.errors import StoreError
from weave_lite.trace.op import op
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store.file_watch import LOOK_EVERY_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def move_folder(folder: Path) -> None:
    folder.rename(folder.with_name("aside"))


def remove_file(folder: Path) -> None:
    (folder / "weave.db").unlink()


def put_a_text_there(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "weave.db").write_text("not a database\n" * 1000)


def put_a_fresh_store_there(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    SqliteTraceServer(folder / "weave.db").close()


@op
def double(n: int) -> int:
    return n * 2


def start_request() -> tsi.CallStartReq:
    return tsi.CallStartReq.model_validate(
        {
            "start": {
                "project_id": "local/demo",
                "op_name": "by hand",
                "started_at": dt.datetime.now(dt.UTC),
                "attributes": {},
                "inputs": {},
            }
        }
    )


@pytest.mark.parametrize(
    ("vanish", "reason"),
    [
        (remove_folder, "was moved or deleted while it was in use; put it back"),
        (move_folder, "was moved or deleted while it was in use; put it back"),
        (remove_file, "was moved or deleted while it was in use; put it back"),
        (put_a_text_there, "was replaced by another file while it was in use; put the old file"),
        (put_a_fresh_store_there, "was replaced by another file while it was in use; put the old"),
    ],
)
def test_results_pass_and_the_loss_is_said_once(
    vanish: Callable[[Path], None], reason: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Ops go on; reading and writing raise our error; the log says it once; nothing hangs."""
    folder = tmp_path / "store"
    folder.mkdir()
    client = api.init("demo", db=folder / "weave.db")
    try:
        assert double(1) == 2
        client.flush()
        assert len(client.get_calls()) == 1
        vanish(folder)
        time.sleep(2 * LOOK_EVERY_S)
        begun = time.monotonic()
        with caplog.at_level(logging.WARNING, logger="weave_lite"):
            for n in range(50):
                assert double(n) == n * 2
            client.flush()
            assert double(7) == 14
            client.flush()
        with pytest.raises(StoreError, match=reason):
            list(client.get_calls())
        with pytest.raises(StoreError, match=reason):
            client.server.call_start(start_request())
        kept = client.num_outstanding_jobs
    finally:
        with caplog.at_level(logging.WARNING, logger="weave_lite"):
            api.finish()
    assert time.monotonic() - begun < 15
    assert kept >= 102
    said = [record.getMessage() for record in caplog.records]
    assert sum(f"cannot write to its store: the store '{folder}" in text for text in said) == 1
    assert sum(reason in text for text in said) == 1
    assert sum(f"could not write {kept} records before the end" in text for text in said) == 1


def test_a_folder_that_comes_back_gets_all_records(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What was traced while the folder was away is written when it is there again."""
    folder = tmp_path / "store"
    folder.mkdir()
    client = api.init("demo", db=folder / "weave.db")
    try:
        double(0)
        client.flush()
        move_folder(folder)
        time.sleep(2 * LOOK_EVERY_S)
        with caplog.at_level(logging.WARNING, logger="weave_lite"):
            for n in range(1, 20):
                double(n)
            client.flush()
            (tmp_path / "aside").rename(folder)
            client.flush()
        assert [call.output for call in client.get_calls()] == [n * 2 for n in range(20)]
        assert client.num_outstanding_jobs == 0
    finally:
        api.finish()
    assert [record.getMessage() for record in caplog.records][-1] == (
        "weave_lite can write records again"
    )


def test_a_store_that_took_the_place_is_left_alone(tmp_path: Path) -> None:
    """Nothing of the old program gets into a new store at the same path, and closing spoils nothing."""
    folder = tmp_path / "store"
    folder.mkdir()
    old = SqliteTraceServer(folder / "weave.db")
    old.call_start(start_request())
    shutil.rmtree(folder)
    folder.mkdir()
    with SqliteTraceServer(folder / "weave.db") as new:
        new.call_start(start_request())
        time.sleep(2 * LOOK_EVERY_S)
        with pytest.raises(StoreError, match="was replaced by another file"):
            old.call_start(start_request())
        old.close()
        new.call_start(start_request())
    with SqliteTraceServer(folder / "weave.db") as again:
        count = again.calls_query_stats(tsi.CallsQueryStatsReq(project_id="local/demo")).count
    assert count == 2
