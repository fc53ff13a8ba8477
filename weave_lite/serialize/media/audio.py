"""Audio: sound as the bytes of a file and its format; read from the store when asked for."""

from __future__ import annotations

import base64
from pathlib import Path
from types import GenericAlias
from typing import TYPE_CHECKING, Any, ClassVar, Self

from weave_lite.core.errors import InvalidFieldError
from weave_lite.serialize.media.given import is_file
from weave_lite.serialize.media.mimetype import UNKNOWN, extension_of, sniffed

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = ["FORMATS", "Audio"]

FORMATS = ("aac", "flac", "m4a", "mp3", "ogg", "opus", "pcm16", "wav", "webm")


class Audio:
    """Sound, to be traced, published, or put into a dataset.

    Args:
        data: The bytes of a sound file; base64 is decoded.
        format: ``wav``, ``mp3`` or another of :data:`FORMATS`. The official SDK reads these two.
        validate_base64: Look whether ``data`` is base64.

    Raises:
        InvalidFieldError: ``data`` is no bytes, or the format is not known.

    Example:
        >>> Audio(b"RIFF....WAVE", "wav")
        Audio(format='wav', size=12)
    """

    # Audio["wav"] says in an annotation what is meant; it is the same class.
    __class_getitem__: ClassVar[Any] = classmethod(GenericAlias)

    def __init__(self, data: bytes, format: str, validate_base64: bool = True) -> None:
        if not isinstance(data, bytes):
            raise InvalidFieldError(
                f"data must be bytes, not {type(data).__name__}; use Audio.from_data for base64 text"
            )
        self.format = _checked(format)
        self._data: bytes | None = _decoded(data) if validate_base64 else data
        self._read: Callable[[], bytes] | None = None

    @classmethod
    def from_data(cls, data: str | bytes, format: str) -> Self:
        """Make it of bytes, or of base64 as bytes or text.

        Raises:
            InvalidFieldError: A text is not base64, or the format is not known.
        """
        if isinstance(data, str):
            try:
                data = base64.b64decode(data, validate=True)
            except ValueError as error:
                raise InvalidFieldError(f"data must be base64 when it is a text: {error}") from None
            return cls(data, format, validate_base64=False)
        return cls(data, format)

    @classmethod
    def from_path(cls, path: str | bytes | Path | os.PathLike[str]) -> Self:
        """Make it of a sound file; its extension is the format.

        Raises:
            InvalidFieldError: The extension is no known format.
            OSError: The file cannot be read.
        """
        place = Path(path.decode() if isinstance(path, bytes) else path)
        format = _checked(place.suffix.lstrip(".").lower())  # noqa: A001 - the documented name
        return cls(place.read_bytes(), format, validate_base64=False)

    @classmethod
    def _from_guess(
        cls, value: Any, mimetype: str | None = None, extension: str | None = None
    ) -> Any:
        """Make it of bytes, or of the path of a file that is there; anything else is given back."""
        if isinstance(value, bytes | bytearray | memoryview):
            data = bytes(value)
            ending = extension or extension_of(mimetype or sniffed(data) or UNKNOWN) or ""
            format = ending.lstrip(".")  # noqa: A001 - the documented name
            return cls(data, format, validate_base64=False) if format in FORMATS else value
        is_path = isinstance(value, str | Path) and is_file(value)
        return cls.from_path(value) if is_path else value

    @classmethod
    def _stored(cls, read: Callable[[], bytes], format: str) -> Self:
        """Make one of which the bytes are not read yet.

        Raises:
            InvalidFieldError: The format is not known.
        """
        audio = cls.__new__(cls)
        audio.format, audio._data, audio._read = _checked(format), None, read  # noqa: SLF001 - its own class
        return audio

    @property
    def data(self) -> bytes:
        """The bytes of the sound file.

        Raises:
            NotFoundError: It was read from a store which does not have them any more.
        """
        if self._data is None and self._read is not None:
            self._data = self._read()
        return self._data or b""

    def export(self, path: str | bytes | Path | os.PathLike[str]) -> None:
        """Write the sound file.

        Raises:
            OSError: It cannot be written.
        """
        Path(path.decode() if isinstance(path, bytes) else path).write_bytes(self.data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Audio):
            return NotImplemented
        return self.format == other.format and self.data == other.data

    def __hash__(self) -> int:
        return hash((self.format, self.data))

    def __repr__(self) -> str:
        size = "not read yet" if self._data is None else len(self._data)
        return f"Audio(format={self.format!r}, size={size})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.data, self.format, False)


def _checked(format: str) -> str:
    if format not in FORMATS:
        raise InvalidFieldError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")
    return format


def _decoded(data: bytes) -> bytes:
    try:
        return base64.b64decode(data, validate=True) or data
    except ValueError:
        return data
