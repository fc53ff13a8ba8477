"""Files: stored by digest, once per project."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from weave_lite.core.digest import digest_bytes
from weave_lite.core.errors import DigestMismatchError, InsertTooLarge, NotFoundError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedFile
from weave_lite.trace_server.store import content as content_rule
from weave_lite.trace_server.store import files

PROJECT = "acme/demo"
VECTORS = json.loads((Path(__file__).parent.parent / "data" / "digests.json").read_text())


def create(server, content, project=PROJECT, name="obj.py", **fields):
    req = tsi.FileCreateReq(project_id=project, name=name, content=content, **fields)
    return server.file_create(req).digest


def read(server, digest, project=PROJECT):
    req = tsi.FileContentReadReq(project_id=project, digest=digest)
    return server.file_content_read(req).content


def total(server, project=PROJECT):
    return server.files_stats(tsi.FilesStatsReq(project_id=project)).total_size_bytes


def bytes_of(given):
    if "base64" in given:
        return base64.b64decode(given["base64"])
    return given["repeat"].encode() * given["count"]


@pytest.mark.parametrize(
    "case", [case for case in VECTORS if case["kind"] == "file"], ids=lambda c: c["note"]
)
def test_vector_files(server, case):
    """Files have the digests of the reference and read back, the empty one too."""
    content = bytes_of(case["input"])
    assert create(server, content) == case["digest"]
    assert read(server, case["digest"]) == content


@pytest.mark.parametrize("size", [files._LARGE_BYTES - 1, files._LARGE_BYTES, 3_000_000])
def test_large_file(server, size):
    """Content on either side of the streamed path reads back, also after a second upload."""
    content = bytes(range(256)) * (size // 256) + b"\x00" * (size % 256)
    digest = create(server, content)
    assert digest == create(server, content, name="other") == digest_bytes(content)
    assert read(server, digest) == content
    assert total(server) == size


def test_repeats_are_stored_once(server):
    """The sum counts each content once; a project without files has none."""
    assert total(server) == 0
    create(server, b"12345")
    create(server, b"12345", name="again")
    create(server, b"678")
    assert total(server) == 8


def test_projects_are_apart(server):
    """A file is found in its own project only."""
    digest = create(server, b"hello", project="acme/one")
    create(server, b"other", project="acme/two")
    with pytest.raises(NotFoundError, match="does not exist in project 'acme/two'"):
        read(server, digest, project="acme/two")
    assert total(server, "acme/two") == 5
    assert total(server, "acme/none") == 0


@pytest.mark.parametrize("digest", ["", "unknown", "' OR 1=1 --"])
def test_unknown_file(server, digest):
    """An unknown digest is not found."""
    with pytest.raises(NotFoundError, match=r"file .* does not exist"):
        read(server, digest)


def test_expected_digest(server):
    """The right digest is fine, another is refused and nothing is stored."""
    digest = create(server, b"hello", expected_digest=digest_bytes(b"hello"))
    with pytest.raises(DigestMismatchError) as caught:
        create(server, b"other", expected_digest=digest)
    assert (caught.value.expected, caught.value.actual) == (digest, digest_bytes(b"other"))
    assert total(server) == 5


def test_content_that_is_too_large(server, monkeypatch):
    """Content beyond the row limit is refused with its size."""
    monkeypatch.setattr(content_rule, "MAX_CONTENT_BYTES", 10)
    with pytest.raises(InsertTooLarge, match="content has 11 bytes; at most 10"):
        create(server, b"x" * 11)
    assert read(server, create(server, b"x" * 10)) == b"x" * 10


@pytest.mark.in_process("the narrow door is that of this process")
def test_encoded_file(server):
    """The recorder's door stores the same file as the typed one."""
    digest = digest_bytes(b"hello")
    server.write_encoded([EncodedFile(PROJECT, digest, "obj.py", b"hello")] * 2)
    assert read(server, digest) == b"hello"
    assert create(server, b"hello") == digest
