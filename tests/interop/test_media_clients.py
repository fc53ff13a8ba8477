"""Media between unmodified official clients and ours, in both directions, over ``weave-lite serve``.

Images are exchanged where the client's environment has PIL. Ours runs the very job of the official
clients, as ``weave``.
"""

from __future__ import annotations

import json

import pytest
from official_clients import OURS, PYTHONS, pointed_at, run_job

pytestmark = pytest.mark.interop
JOB = "media_job.py"
# What an official client has no class for. (0.54.0 reads Markdown where rich is installed.)
UNREADABLE = {
    "0.51.45": {"audio", "content-base64", "content-bytes", "content-text"},
    "0.54.0": set(),
}


def official(version, url, job, folder, told=None):
    (folder / f"media_job-{version}.json").write_text(json.dumps(told))
    answer = run_job(version, JOB, "acme/media", job, folder=folder, **pointed_at(url))
    assert answer["version"] == version
    return answer["told"]


def ours(db, job, folder, told=None):
    (folder / f"media_job-{OURS}.json").write_text(json.dumps(told))
    return run_job(OURS, JOB, "acme/media", job, folder=folder, WEAVE_LITE_DB=str(db))["told"]


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
