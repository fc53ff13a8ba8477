"""File: a file as a content, under the name that official SDKs before Content had for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from weave_lite.serialize.media.content import Content
from weave_lite.serialize.media.given import is_file

__all__ = ["File"]


class File(Content):
    """A file, with its bytes; stored as a :class:`Content`, which the newest official SDK reads.

    Args:
        path: Where it is; it is read now.
        mimetype: Its media type; by default found out.

    Raises:
        OSError: The file cannot be read.
    """

    # Where it was; None of one that was read from a store.
    path: Path | None = None

    def __init__(self, path: str | Path, mimetype: str | None = None) -> None:
        read = Content.from_path(path, mimetype=mimetype)
        self._data, self._facts = read._data, read._facts  # noqa: SLF001 - the same class
        self.path = Path(path)

    @classmethod
    def _from_guess(
        cls, value: Any, mimetype: str | None = None, extension: str | None = None
    ) -> Any:
        """Make a file of bytes, or of a path that is there; anything else is given back."""
        if isinstance(value, str) and not is_file(value):
            return value
        return super()._from_guess(value, mimetype, extension)
