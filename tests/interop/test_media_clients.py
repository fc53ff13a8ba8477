"""Media between unmodified official clients and ours, in both directions, over ``weave-lite serve``.

Needs the environments that ``test_official_clients`` needs. Images are exchanged where the client's
environment has PIL. Ours runs the very job of the official clients, as ``weave``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.interop
JOB = Path(__file__).with_name("media_job.py")
PYTHONS = {
    "0.51.45": "WEAVE_LITE_REFERENCE_PYTHON",
    "0.54.0": "WEAVE_LITE_NEWER_PYTHON",
}
# What an official client has no class for. (0.54.0 reads Markdown where rich is installed.)
UNREADABLE = {
    "0.51.45": {"audio", "content-base64", "content-bytes", "content-text"},
    "0.54.0": set(),
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


def run(command, folder, told, **environment):
    file = folder / "told.json"
    file.write_text(json.dumps(told))
    found = subprocess.run(
        [*command, str(file)],
        env={**os.environ, "HOME": str(folder), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-3000:]
    return json.loads(file.read_text())


def official(version, url, job, folder, told=None):
    command = [os.environ[PYTHONS[version]], str(JOB), "acme/media", job]
    names = ("WF_TRACE_SERVER_URL", "WANDB_BASE_URL")
    # Else it leaves out what it sent to the server of an earlier run.
    fresh = {"WANDB_API_KEY": "a" * 40, "WEAVE_USE_SERVER_CACHE": "false"}
    answer = run(command, folder, told, **dict.fromkeys(names, url), **fresh)
    assert answer["version"] == version
    return answer["told"]


def ours(db, job, folder, told=None):
    command = [sys.executable, "-m", "weave_lite", "run", str(JOB), "acme/media", job]
    return run(command, folder, told, WEAVE_LITE_DB=str(db))["told"]


def alike(read, written, lossy):
    """Whether three readings are what was written; the format is known only of what was a file."""
    if written[0] == "image":
        read = [[*each[:1], written[1], *each[2:]] for each in read]
        if written[1] in lossy:  # compressed anew when it was stored
            read, written = [each[:4] for each in read], written[:4]
    return read == [written] * 3


@pytest.mark.parametrize("version", PYTHONS)
def test_ours_reads_what_the_official_client_wrote(version, served, tmp_path):
    """Every kind that it has, from objects, inputs and outputs."""
    file, url = served
    written = official(version, url, "write", tmp_path)
    assert {"datetime", "markdown", "wave"} <= set(written)
    assert ("audio" in written) == (version == "0.54.0")
    read = ours(file, "read", tmp_path, written)
    lossy = {"JPEG", "WEBP"}
    assert [n for n, (value, _) in written.items() if not alike(read[n], value, lossy)] == [], read


@pytest.mark.parametrize("version", PYTHONS)
def test_the_official_client_reads_what_ours_wrote(version, served, tmp_path):
    """Every kind that it has a class for."""
    file, url = served
    written = ours(file, "write", tmp_path)
    assert {"datetime", "markdown", "wave", "content-text", "audio"} <= set(written)
    read = official(version, url, "read", tmp_path, written)
    refused = {name for name in written if isinstance(read[name], str)}
    no_pil = {name for name in refused if name.startswith("image-") and "PIL" in read[name]}
    assert refused - no_pil == UNREADABLE[version], read
    readable = {name: value for name, (value, _) in written.items() if name not in refused}
    assert [n for n, value in readable.items() if not alike(read[n], value, {"JPEG"})] == []
