"""The benchmarks of ``weave-lite serve``: what a client in another process sees of it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import data
import pytest
from subjects import FOLDER, QUIET, Workers, pythons
from timing import CLOCK, ROUNDS, in_turns, record

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer


class Served:
    """A process that serves a file: ours, or the reference behind the standard library's server."""

    def __init__(self, subject: str, file: Path) -> None:
        own = ["-m", "weave_lite", "serve", "--port", "0", "--db"]
        program = own if subject == "ours" else [str(FOLDER / "reference_http.py")]
        self.process = subprocess.Popen(
            [pythons()[subject], *program, str(file)],
            stdout=subprocess.PIPE,
            # Ours says its address on stderr, where people read it.
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **QUIET},
        )
        line = self.process.stdout.readline()
        while "http://" not in line:
            line = self.process.stdout.readline()
        self.url = "http://" + line.strip().split("http://")[1]

    def stream(self, project: str) -> tuple[float, int]:
        """Ask for all calls: seconds to the first row, and how many rows came."""
        request = urllib.request.Request(
            self.url + "/calls/stream_query",
            data=json.dumps({"project_id": project}).encode(),
            headers={"Content-Type": "application/json"},
        )
        begin = time.perf_counter()
        with urllib.request.urlopen(request) as rows:
            rows.readline()
            first = time.perf_counter() - begin
            return first, 1 + sum(1 for _ in rows)

    def take(self, content: bytes, project: str) -> None:
        """Send a file."""
        mark = "a-line-that-no-file-holds"
        fields = (
            f'--{mark}\r\nContent-Disposition: form-data; name="project_id"\r\n\r\n{project}\r\n'
        )
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
        request = urllib.request.Request(
            self.url + "/files/create",
            data=(fields + head).encode() + content + f"\r\n--{mark}--\r\n".encode(),
            headers={"Content-Type": f"multipart/form-data; boundary={mark}"},
        )
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["digest"]

    def peak_mb(self) -> float:
        """The most memory that the process has had so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def close(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


def kept(subject: str, file: Path) -> int:
    """How many calls that have ended are in a file."""
    if subject == "reference":
        conn = sqlite3.connect(file)
        found = conn.execute("SELECT count(*) FROM calls WHERE ended_at IS NOT NULL").fetchone()
        conn.close()
        return found[0]
    query = {"$expr": {"$gt": [{"$getField": "ended_at"}, {"$literal": 0}]}}
    with SqliteTraceServer(file) as server:
        req = tsi.CallsQueryStatsReq(project_id=f"{data.PROJECT_ENTITY}/http", query=query)
        return server.calls_query_stats(req).count


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize("subject", ["ours", "reference"])
def test_official_client(subject: str, benchmark: Any, tmp_path: Path) -> None:
    """The same unmodified official client traces into ours and into its own server."""
    reference = pythons().get("reference")
    if reference is None:
        pytest.skip("WEAVE_LITE_REFERENCE_PYTHON names no environment with the official SDK")
    count = iter(range(100))

    def ask() -> dict[str, Any]:
        file = tmp_path / f"{next(count)}.db"
        served = Served(subject, file)
        try:
            told = subprocess.run(
                [reference, str(FOLDER / "official_http_client.py"), served.url],
                env={**os.environ, **QUIET},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=True,
                timeout=120,
            )
        finally:
            served.close()
        answer = json.loads(told.stdout.splitlines()[-1])
        return {"value": answer["value"], "lost": 1 - kept(subject, file) / answer["ops"]}

    answers = in_turns({subject: ask}, {subject: 3})[subject]
    record(benchmark, "http_ops", subject, answers)
    assert subject != "ours" or not any(answer["lost"] for answer in answers)


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize("count", [data.FEW, data.CALL_COUNT])
def test_first_row(count: int, benchmark: Any, workers: Workers) -> None:
    """The first row of a stream comes as fast from many calls as from few."""
    place = "stored" if count == data.CALL_COUNT else "few"
    served = Served("ours", workers.get(place, "ours").file)
    try:
        served.stream(data.PROJECT)  # what the first request loads is no part of it

        def ask() -> dict[str, Any]:
            first, rows = served.stream(data.PROJECT)
            assert rows == count
            return {"value": first}

        answers = in_turns({"ours": ask}, {"ours": ROUNDS})["ours"]
        record(benchmark, f"http_first_row_of_{count}", "ours", answers)
    finally:
        served.close()


@pytest.mark.benchmark(timer=CLOCK)
def test_memory(benchmark: Any, workers: Workers) -> None:
    """Streaming all calls, then taking a file: what each adds to the most that the server has had."""

    def ask() -> dict[str, Any]:
        served = Served("ours", workers.get("stored", "ours").file)
        try:
            served.stream(f"{data.PROJECT_ENTITY}/none")  # what the first request loads
            before = served.peak_mb()
            assert served.stream(data.PROJECT)[1] == data.CALL_COUNT
            streamed = served.peak_mb()
            served.take(os.urandom(data.FILE_BYTES), f"{data.PROJECT_ENTITY}/files")
            return {"value": streamed - before, "file_mb": served.peak_mb() - streamed}
        finally:
            served.close()

    record(benchmark, "http_memory", "ours", [ask()])
