"""The little folder that files-form serializers write into and read from. Knows no server."""

from __future__ import annotations

import io
import weakref
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from weave_lite.core.errors import InvalidNameError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["FilesArtifact"]


class FilesArtifact:
    """Files by path, in memory; on disk only for code that needs a real path.

    Args:
        path_contents: The files there already are, path to bytes.

    Example:
        >>> artifact = FilesArtifact()
        >>> with artifact.new_file("note.txt") as file:
        ...     _ = file.write("hello")
        >>> artifact.path_contents
        {'note.txt': b'hello'}
    """

    def __init__(self, path_contents: Mapping[str, bytes] | None = None) -> None:
        self.path_contents: dict[str, bytes] = dict(path_contents or {})
        self._folder: Path | None = None

    @contextmanager
    def new_file(
        self, path: str, binary: bool = False, encoding: str | None = None
    ) -> Iterator[IO[Any]]:
        """Write a new file: text, or bytes with ``binary``.

        Raises:
            InvalidNameError: The path is absolute or leads out of the artifact.
        """
        _check_path(path)
        file: IO[Any] = io.BytesIO() if binary else io.StringIO()
        yield file
        content = file.getvalue()  # type: ignore[attr-defined]  # IO does not name it
        self.path_contents[path] = content if binary else content.encode(encoding or "utf-8")

    @contextmanager
    def writeable_file_path(self, path: str) -> Iterator[str]:
        """Give a real path to write to; its bytes are taken over at the end of the block.

        Raises:
            InvalidNameError: The path is absolute or leads out of the artifact.
        """
        place = self._place(path)
        yield str(place)
        self.path_contents[path] = place.read_bytes()

    @contextmanager
    def open(self, path: str, binary: bool = False) -> Iterator[IO[Any]]:
        """Read a file: text, or bytes with ``binary``.

        Raises:
            NotFoundError: There is no such file.
        """
        content = self._content(path)
        yield io.BytesIO(content) if binary else io.StringIO(content.decode())

    def path(self, path: str) -> str:
        """Return a real path at which a file can be read while the artifact lives.

        Raises:
            NotFoundError: There is no such file.
        """
        content = self._content(path)
        place = self._place(path)
        place.write_bytes(content)
        return str(place)

    def _content(self, path: str) -> bytes:
        try:
            return self.path_contents[path]
        except KeyError:
            raise NotFoundError(
                f"There is no file {path!r}; the artifact has {sorted(self.path_contents)}"
            ) from None

    def _place(self, path: str) -> Path:
        import shutil  # noqa: PLC0415 - kept out of the import of the decorators
        import tempfile  # noqa: PLC0415
        from pathlib import Path  # noqa: PLC0415

        _check_path(path)
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="weave-lite-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        place = self._folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


def _check_path(path: str) -> None:
    # The paths of a fetched record come from elsewhere: they must not reach out of the folder.
    parts = path.replace("\\", "/").split("/")
    if "" in parts or ".." in parts or ":" in parts[0]:
        raise InvalidNameError(f"path {path!r} must be relative and stay inside the artifact")
