"""Unmodified official clients do the basic job: against ``weave-lite serve``, and in process.

Needs ``WEAVE_LITE_REFERENCE_PYTHON`` (0.51.45) and ``WEAVE_LITE_NEWER_PYTHON`` (0.54.0), as
``.ci/interop`` makes them, the package itself installed in both; without them the tests fail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import weave_lite

pytestmark = pytest.mark.interop
JOB = Path(__file__).with_name("official_job.py")
PYTHONS = {
    "0.51.45": "WEAVE_LITE_REFERENCE_PYTHON",
    "0.54.0": "WEAVE_LITE_NEWER_PYTHON",
}


@pytest.fixture
def served(tmp_path):
    """A file, and the address of a process that serves it."""
    file = tmp_path / "served.db"
    process = subprocess.Popen(
        [sys.executable, "-m", "weave_lite", "serve", "--db", str(file), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    yield file, process.stderr.readline().split(" at ")[1].strip()
    process.terminate()
    process.wait(20)
    process.stderr.close()


def do_job(version, folder, *options, **environment):
    told = folder / "told.json"
    found = subprocess.run(
        [os.environ[PYTHONS[version]], str(JOB), "acme/job", str(told), *options],
        env={**os.environ, "HOME": str(folder), "WANDB_API_KEY": "a" * 40, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-3000:]
    read = json.loads(told.read_text())
    assert read["version"] == version
    return read


def check_by_ours(file, told):
    """What the official client stored is what ours reads."""
    client = weave_lite.init("acme/job", db=file)
    try:
        assert len(client.get_calls()) == told["calls"]
        outer = client.get_call(told["outer"])
        assert (outer.display_name, outer.inputs["n"], outer.output) == ("renamed", 3, 8)
        assert weave_lite.ref("plain").get() == {"a": [1, {"b": None}]}
        assert [row["question"] for row in weave_lite.ref("questions").get().rows] == list("abcd")
        assert len(weave_lite.ref("larger").get().rows) == 2500
    finally:
        weave_lite.finish()


@pytest.mark.parametrize("version", PYTHONS)
def test_official_client_does_the_basic_job_over_http(version, served, tmp_path):
    """An unmodified client only has three variables set, and ours reads what it stored."""
    file, url = served
    told = do_job(version, tmp_path, WF_TRACE_SERVER_URL=url, WANDB_BASE_URL=url)
    check_by_ours(file, told)


@pytest.mark.parametrize("version", PYTHONS)
def test_official_client_does_the_basic_job_in_process(version, tmp_path):
    """With ``weave_lite.official.init`` there is no server, and no address that answers."""
    file = tmp_path / "own.db"
    nowhere = "http://127.0.0.1:9"
    told = do_job(
        version,
        tmp_path,
        "--in-process",
        WEAVE_LITE_DB=str(file),
        WF_TRACE_SERVER_URL=nowhere,
        WANDB_BASE_URL=nowhere,
    )
    check_by_ours(file, told)
