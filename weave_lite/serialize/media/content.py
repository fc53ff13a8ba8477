"""Content: bytes with a media type, a name and notes; read from the store when they are asked for.

The type of the same name of the newest official SDK, with its fields and its stored form.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from types import GenericAlias
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from weave_lite.core.errors import InvalidFieldError, NotSupportedError
from weave_lite.serialize.media.facts import facts_of, stored_facts
from weave_lite.serialize.media.given import (
    as_bytes,
    as_text,
    from_base64,
    is_data_url,
    is_file,
    parse_data_url,
    to_base64,
    type_name,
)
from weave_lite.serialize.media.mimetype import detect

if TYPE_CHECKING:
    import weakref
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["Content"]

_DEFAULT_ENCODING: Final = "utf-8"
_BASE64: Final = "base64"


class Content:
    """Bytes of any media type, to be traced, published, or put into a dataset.

    Made by one of its class methods. The bytes are kept as they are passed, and stored once however
    often they are used; of a content that was read from the store they are fetched when first used.

    Attributes:
        ref: Not used; None.

    Example:
        >>> content = Content.from_text("# Title", extension="md")
        >>> content.mimetype, content.size, content.as_string()
        ('text/markdown', 7, '# Title')

    As an annotation it says how an argument or a result is recorded, while the function gets the
    plain value: ``def read(page: Annotated[bytes, Content]) -> str``.
    """

    ref = None

    def __init__(self, *args: object, **kwargs: object) -> None:
        del args, kwargs
        raise NotSupportedError(
            "Content(...) cannot be called; use Content.from_path, from_bytes, from_text, "
            "from_base64, from_data_url or from_url"
        )

    # Content["pdf"] says in an annotation what is meant; it is the same class.
    __class_getitem__: ClassVar[Any] = classmethod(GenericAlias)

    # --- making ---

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        /,
        extension: str | None = None,
        mimetype: str | None = None,
        metadata: dict[str, Any] | None = None,
        encoding: str = _DEFAULT_ENCODING,
    ) -> Self:
        """Make a content of bytes.

        Args:
            data: The bytes; not copied.
            extension: Says the type, when ``mimetype`` does not.
            mimetype: The type; by default found out.
            metadata: Notes, as JSON.
            encoding: How the bytes become text.

        Raises:
            InvalidFieldError: ``data`` is not bytes.
        """
        kept = as_bytes(data)
        found = detect(kept, mimetype=mimetype, extension=extension)
        return cls._made(kept, found, ("bytes", type_name(data), encoding), metadata)

    @classmethod
    def from_text(
        cls,
        text: str,
        /,
        extension: str | None = None,
        mimetype: str | None = None,
        metadata: dict[str, Any] | None = None,
        encoding: str = _DEFAULT_ENCODING,
    ) -> Self:
        """Make a content of a text.

        Raises:
            InvalidFieldError: ``text`` is no text, or the encoding cannot write it.
        """
        if not isinstance(text, str):
            raise InvalidFieldError(f"text must be a text, not {type_name(text)}")
        try:
            data = text.encode(encoding)
        except (LookupError, UnicodeEncodeError) as error:
            raise InvalidFieldError(f"text cannot be written as {encoding!r}: {error}") from None
        found = detect(data, mimetype=mimetype, extension=extension)
        return cls._made(data, found, ("text", type_name(text), encoding), metadata)

    @classmethod
    def from_base64(
        cls,
        b64_data: str | bytes,
        /,
        extension: str | None = None,
        mimetype: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Self:
        """Make a content of base64. Its ``as_string()`` is base64 again.

        Raises:
            InvalidFieldError: It is not base64.
        """
        data = from_base64(b64_data)
        found = detect(data, mimetype=mimetype, extension=extension)
        return cls._made(data, found, (_BASE64, type_name(b64_data), _BASE64), metadata)

    @classmethod
    def from_path(
        cls,
        path: str | Path,
        /,
        encoding: str = _DEFAULT_ENCODING,
        mimetype: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Self:
        """Make a content of a file, as it is now; its name is kept.

        Raises:
            OSError: The file cannot be read.
        """
        place = Path(path)
        data = place.read_bytes()
        found = detect(data, mimetype=mimetype, filename=place.name)
        return cls._made(data, found, ("file", type_name(path), encoding), metadata, place.name)

    @classmethod
    def from_data_url(cls, url: str, /, metadata: dict[str, Any] | None = None) -> Self:
        """Make a content of a ``data:`` URL.

        Raises:
            InvalidFieldError: It is no such URL.
        """
        said = parse_data_url(url)
        found = detect(said.data, mimetype=said.mimetype or "text/plain")
        marks = (":encoding" if said.charset else "", ":base64" if said.is_base64 else "")
        origin = (f"data_url{''.join(marks)}", "str", said.charset or "us-ascii")
        return cls._made(said.data, found, origin, metadata)

    @classmethod
    def from_url(
        cls,
        url: str,
        /,
        headers: dict[str, Any] | None = None,
        timeout: float | None = 30,
        metadata: dict[str, Any] | None = None,
    ) -> Self:
        """Make a content of what an HTTP server gives now; ``timeout`` is in seconds.

        Raises:
            InvalidFieldError: It is no URL of HTTP.
            NotFoundError: It cannot be read.
        """
        from weave_lite.serialize.media.fetch import fetch  # noqa: PLC0415 - rarely needed

        got = fetch(url, headers, timeout)
        found = detect(got.data, mimetype=got.mimetype, filename=got.filename)
        origin = ("url", "str", _DEFAULT_ENCODING)
        return cls._made(got.data, found, origin, metadata, got.filename)

    @classmethod
    def _from_guess(
        cls, value: Any, mimetype: str | None = None, extension: str | None = None
    ) -> Any:
        """Make a content of bytes, a path, a ``data:`` URL or a text; anything else is given back."""
        if isinstance(value, BytesIO):
            value = value.getvalue()  # all of it, and its position stays
        if isinstance(value, bytes | bytearray | memoryview):
            return cls.from_bytes(bytes(value), mimetype=mimetype, extension=extension)
        if isinstance(value, Path):
            # One that is not there may be where the function writes to.
            return cls.from_path(value, mimetype=mimetype) if is_file(value) else value
        if not isinstance(value, str):
            return value
        if is_data_url(value):
            return cls.from_data_url(value)
        if is_file(value):
            return cls.from_path(value, mimetype=mimetype)
        return cls.from_text(value, mimetype=mimetype, extension=extension)

    @classmethod
    def _made(
        cls,
        data: bytes,
        found: tuple[str, str | None],
        origin: tuple[str, str, str],
        metadata: dict[str, Any] | None,
        filename: str | None = None,
    ) -> Self:
        return cls._restored(data, facts_of(data, found, origin, metadata, filename))

    @classmethod
    def _restored(cls, data: bytes, facts: dict[str, Any]) -> Self:
        content = cls.__new__(cls)
        content._data, content._facts = data, facts  # noqa: SLF001 - its own class
        return content

    @classmethod
    def _stored(cls, read_data: Callable[[], bytes], read_facts: Callable[[], bytes]) -> Self:
        """Make a content of which nothing is read yet."""
        content = cls.__new__(cls)
        content._data = content._facts = None  # noqa: SLF001 - its own class
        content._read_data, content._read_facts = read_data, read_facts  # noqa: SLF001
        return content

    # --- what it holds ---

    _data: bytes | None
    _facts: dict[str, Any] | None
    _read_data: Callable[[], bytes]
    _read_facts: Callable[[], bytes]
    # The store that has the bytes, and their digest there.
    _saved: tuple[weakref.ref[Any], str] | None = None

    @property
    def data(self) -> bytes:
        """The bytes.

        Raises:
            NotFoundError: It was read from a store which does not have them any more.
        """
        if self._data is None:
            self._data = self._read_data()
        return self._data

    def _fact(self, name: str) -> Any:
        if self._facts is None:
            self._facts = stored_facts(self._read_facts(), lambda: self.data)
        return self._facts[name]

    @property
    def size(self) -> int:
        """How many bytes they are."""
        return self._fact("size")  # type: ignore[no-any-return]

    @property
    def mimetype(self) -> str:
        """Their media type."""
        return self._fact("mimetype")  # type: ignore[no-any-return]

    @property
    def digest(self) -> str:
        """Their SHA-256, in hexadecimal."""
        return self._fact("digest")  # type: ignore[no-any-return]

    @property
    def filename(self) -> str:
        """The file's name, or one made of type and digest."""
        return self._fact("filename")  # type: ignore[no-any-return]

    @property
    def extension(self) -> str | None:
        """The extension, with its dot."""
        return self._fact("extension")  # type: ignore[no-any-return]

    @property
    def encoding(self) -> str:
        """How the bytes become text; ``base64`` when they came so."""
        return self._fact("encoding")  # type: ignore[no-any-return]

    @property
    def metadata(self) -> dict[str, Any] | None:
        """Notes."""
        return self._fact("metadata")  # type: ignore[no-any-return]

    @property
    def content_type(self) -> str:
        """What it was made of: ``bytes``, ``text``, ``base64``, ``file``, ``url`` or ``data_url``."""
        return self._fact("content_type")  # type: ignore[no-any-return]

    @property
    def input_type(self) -> str:
        """The Python type that it was made of."""
        return self._fact("input_type")  # type: ignore[no-any-return]

    def model_dump(self) -> dict[str, Any]:
        """Return all fields as a dict."""
        return {"data": self.data, **self._all_facts()}

    def _all_facts(self) -> dict[str, Any]:
        self._fact("size")
        return dict(self._facts or {})

    # --- using it ---

    def as_string(self) -> str:
        """Return the bytes as text; as base64 when the content came as base64.

        Raises:
            InvalidFieldError: Python does not know the encoding.
            UnicodeDecodeError: They are not text of this encoding.
        """
        return (
            to_base64(self.data) if self.encoding == _BASE64 else as_text(self.data, self.encoding)
        )

    def to_data_url(self, use_base64: bool = True) -> str:
        """Return a ``data:`` URL: base64, or percent-encoded.

        Example:
            >>> Content.from_text("a b").to_data_url(use_base64=False)
            'data:text/plain;charset=utf-8,a%20b'
        """
        head = f"data:{self.mimetype}"
        if use_base64:
            return f"{head};base64,{to_base64(self.data)}"
        from urllib.parse import quote_from_bytes  # noqa: PLC0415 - rarely needed

        charset = "" if self.encoding in {_BASE64, "us-ascii"} else f";charset={self.encoding}"
        return f"{head}{charset},{quote_from_bytes(self.data, safe='')}"

    def save(self, dest: str | Path) -> None:
        """Write the bytes to a file, under their own name when ``dest`` is a folder.

        Raises:
            OSError: The file cannot be written.
        """
        place = Path(dest)
        if place.is_dir():
            # A colon means a drive or a stream on some systems.
            place /= self.filename.replace(":", "_")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(self.data)

    def open(self) -> bool:
        """Show the content in the program of the system for its type; tell whether that began.

        Only for images, sound, video, PDF and text: anything else might be run.
        """
        from weave_lite.serialize.media.show import show  # noqa: PLC0415 - rarely needed

        return show(self.data, self.mimetype)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Content):
            return NotImplemented
        return self._all_facts() == other._all_facts()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        name = type(self).__name__
        try:
            return f"{name}({self.filename!r}, mimetype={self.mimetype!r}, size={self.size})"
        except Exception as error:  # of a store that is closed, or no longer has it
            return f"<{name} that cannot be read: {error}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self)._restored, (self.data, self._all_facts())  # noqa: SLF001 - its own class

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from weave_lite.serialize.media.content_schema import schema_of  # noqa: PLC0415 - pydantic asks, so it is loaded

        del source, handler
        return schema_of(cls)
