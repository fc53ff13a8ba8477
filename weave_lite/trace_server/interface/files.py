"""Files: bytes by digest, and what a server of files does."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from weave_lite.trace_server.interface.wire import WireModel

__all__ = [
    "FileContentReadReq",
    "FileContentReadRes",
    "FileCreateReq",
    "FileCreateRes",
    "FileServer",
    "FilesStatsReq",
    "FilesStatsRes",
]


class FileCreateReq(WireModel):
    """Store a file; the name is informative."""

    project_id: str
    name: str
    content: bytes
    expected_digest: str | None = None


class FileCreateRes(WireModel):
    """The digest of the stored file."""

    digest: str


class FileContentReadReq(WireModel):
    """Read a file."""

    project_id: str
    digest: str


class FileContentReadRes(WireModel):
    """The bytes of the file."""

    content: bytes


class FilesStatsReq(WireModel):
    """Sum the sizes of a project's files."""

    project_id: str


class FilesStatsRes(WireModel):
    """The stored bytes of a project's files."""

    total_size_bytes: int


class FileServer(Protocol):
    """What a server of files does."""

    @abstractmethod
    def file_create(self, req: FileCreateReq) -> FileCreateRes:
        """Store a file by digest."""

    @abstractmethod
    def file_content_read(self, req: FileContentReadReq) -> FileContentReadRes:
        """Read the bytes of a file."""

    @abstractmethod
    def files_stats(self, req: FilesStatsReq) -> FilesStatsRes:
        """Sum the stored bytes of a project's files."""
