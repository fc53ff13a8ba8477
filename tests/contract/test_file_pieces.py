"""Files piece by piece: the same files as through the typed door."""

from __future__ import annotations

import io
import os

import pytest

from weave_lite.core.digest import digest_bytes
from weave_lite.core.errors import (
    DigestMismatchError,
    InsertTooLarge,
    InvalidRequest,
    NotFoundError,
    StoreError,
)
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.file_pieces import FilePiecesServer
from weave_lite.trace_server.store import content as content_rule
from weave_lite.trace_server.store import files

pytestmark = pytest.mark.in_process("the narrow door is that of this process")

PROJECT = "acme/demo"
LARGE = files._LARGE_BYTES


def create(server, content, **fields):
    return server.file_create_from(PROJECT, "x.bin", io.BytesIO(content), **fields).digest


def request_for(digest):
    return tsi.FileContentReadReq(project_id=PROJECT, digest=digest)


def total(server):
    return server.files_stats(tsi.FilesStatsReq(project_id=PROJECT)).total_size_bytes


@pytest.mark.parametrize("size", [0, 1, LARGE - 1, LARGE, LARGE + 1, 3 * LARGE, 3 * LARGE + 5])
def test_both_doors_give_the_same_file(server, size):
    """What one stores the other finds, under one digest and once."""
    content = os.urandom(size)
    digest = create(server, content)

    typed = tsi.FileCreateReq(project_id=PROJECT, name="y.bin", content=content)
    assert digest == digest_bytes(content) == server.file_create(typed).digest
    assert create(server, content, expected_digest=digest) == digest
    assert server.file_content_read(request_for(digest)).content == content
    found = server.file_content_pieces(request_for(digest))
    assert found.size_bytes == size
    pieces = list(found.pieces)
    assert b"".join(pieces) == content
    assert all(0 < len(piece) <= LARGE for piece in pieces)
    assert total(server) == size
    assert isinstance(server, FilePiecesServer)


def test_the_whole_file_counts_wherever_it_stands(server):
    """A source is read from its start."""
    source = io.BytesIO(b"x" * LARGE + b"tail")
    source.read(17)
    digest = server.file_create_from(PROJECT, "x", source).digest
    assert digest == digest_bytes(b"x" * LARGE + b"tail")


def test_what_is_refused(server, monkeypatch):
    """Nothing of it is stored."""
    with pytest.raises(DigestMismatchError):
        create(server, b"x" * LARGE, expected_digest="other")
    with pytest.raises(InvalidRequest, match="project_id"):
        server.file_create_from("acme", "x", io.BytesIO(b"x"))
    with pytest.raises(InvalidRequest, match="name"):
        server.file_create_from(PROJECT, "\ud800", io.BytesIO(b"x"))
    monkeypatch.setattr(content_rule, "MAX_CONTENT_BYTES", LARGE)
    with pytest.raises(InsertTooLarge, match="content has"):
        create(server, b"x" * (LARGE + 1))
    assert total(server) == 0


class Changing(io.BytesIO):
    """A file that another size is found of when it is read again."""

    def __init__(self, size, then):
        super().__init__(b"x" * size)
        self.then = then

    def seek(self, offset, whence=os.SEEK_SET):
        place = super().seek(offset, whence)
        if whence == os.SEEK_END:
            self.truncate(0)
            super().seek(0)
            self.write(b"x" * self.then)
        return place


@pytest.mark.parametrize(
    ("size", "then"),
    [
        *((2 * LARGE, then) for then in (LARGE, 2 * LARGE - 1, 2 * LARGE + 1, 5 * LARGE)),
        *((10, then) for then in (0, 9, 11, 2 * LARGE)),
    ],
)
def test_a_source_that_changes_is_not_stored(server, size, then):
    """Its digest would be another one."""
    with pytest.raises(InvalidRequest, match="another size"):
        server.file_create_from(PROJECT, "x", Changing(size, then))
    assert total(server) == 0
    assert create(server, b"y" * 2 * LARGE) == digest_bytes(b"y" * 2 * LARGE)


def test_an_unknown_file_is_told_at_once(server):
    """Not by the first piece."""
    with pytest.raises(NotFoundError, match="file 'none' does not exist"):
        server.file_content_pieces(request_for("none"))


def test_pieces_that_are_not_taken_hold_nothing(server):
    """Others write meanwhile, and closed pieces are over."""
    digest = create(server, b"a" * 3 * LARGE)
    pieces = server.file_content_pieces(request_for(digest)).pieces
    assert next(pieces)[:1] == b"a"
    other = create(server, b"b" * 3 * LARGE)
    assert next(pieces)[:1] == b"a"
    pieces.close()
    assert list(pieces) == []
    assert server.file_content_read(request_for(other)).content == b"b" * 3 * LARGE


def test_pieces_of_a_closed_server(server):
    """Say so, and do not end as if all had come."""
    digest = create(server, b"a" * 3 * LARGE)
    pieces = server.file_content_pieces(request_for(digest)).pieces
    server.close()
    if server.place != ":memory:":
        with pytest.raises(StoreError, match="closed"):
            next(pieces)
    else:
        assert b"".join(pieces) == b"a" * 3 * LARGE
