"""A sink and source in memory, for the tests of serialize."""

from __future__ import annotations

from weave_lite.core.digest import digest_bytes
from weave_lite.core.errors import NotFoundError


class MemoryStore:
    """A sink that keeps files and gives objects a URI, and the source that reads the files."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.objects: list[object] = []

    def save_object(self, value: object) -> str:
        self.objects.append(value)
        return f"weave:///ent/proj/object/saved:{len(self.objects)}"

    def save_file(self, name: str, content: bytes) -> str:
        digest = digest_bytes(content)
        self.files[digest] = content
        return digest

    def read_file(self, digest: str) -> bytes:
        if digest not in self.files:
            raise NotFoundError(f"no file {digest}")
        return self.files[digest]
