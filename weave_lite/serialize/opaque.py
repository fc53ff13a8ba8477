"""What stands for a stored custom type that nothing here can read. Never runs stored code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import NotFoundError
from weave_lite.serialize.custom_type import type_id_of

if TYPE_CHECKING:
    from weave_lite.serialize.registry import Source

__all__ = ["OpaqueValue"]


class OpaqueValue:
    """A custom type record that could not be read; it is stored again as it was.

    Args:
        record: The stored record.
        source: Where its files are.
        error: Why its loader failed; None when there is no loader.

    Example:
        Register a loader and read again, or take the files as they are::

            value.type_id, value.val, value.files
            value.read("data.bin")
    """

    __slots__ = ("_source", "error", "record")

    def __init__(
        self, record: dict[str, Any], source: Source, error: Exception | None = None
    ) -> None:
        self.record = record
        self.error = error
        self._source = source

    @property
    def type_id(self) -> str:
        """The custom type: module and class name."""
        return type_id_of(self.record) or ""

    @property
    def val(self) -> Any:
        """The inline JSON value; None when the record has files instead."""
        return self.record.get("val")

    @property
    def files(self) -> dict[str, str]:
        """The files, path to digest."""
        files = self.record.get("files")
        return dict(files) if isinstance(files, dict) else {}

    def read(self, path: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            NotFoundError: The record has no such file, or the store does not have it.
        """
        files = self.files
        if path not in files:
            raise NotFoundError(f"There is no file {path!r}; the value has {sorted(files)}")
        return self._source.read_file(files[path])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OpaqueValue):
            return NotImplemented
        return self.record == other.record

    __hash__ = None  # type: ignore[assignment]  # the record is a dict

    def __repr__(self) -> str:
        reason = "no loader is registered" if self.error is None else repr(self.error)
        return f"<OpaqueValue {self.type_id}: {reason}>"
