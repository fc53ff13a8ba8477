"""Which media type some bytes have, by their first bytes, by a file's name, or as text.

The same answer on every machine: the tables of the operating system are not asked.
"""

from __future__ import annotations

import codecs
import json
from functools import cache
from mimetypes import MimeTypes
from typing import Any

from weave_lite.core.errors import InvalidFieldError

__all__ = ["UNKNOWN", "default_filename", "detect", "extension_of", "sniffed", "type_of_name"]

UNKNOWN = "application/octet-stream"
_TEXT = "text/plain"

# What a content begins with.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"PAR1", "application/vnd.apache.parquet"),
)
_MP3_FRAME = 0xF2
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
_EBML = b"\x1a\x45\xdf\xa3"
_ZIP = b"PK\x03\x04"
# The folder that each kind of office document has beside its list of parts.
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OFFICE_FOLDERS = {
    b"word/": f"{_OFFICE}.wordprocessingml.document",
    b"xl/": f"{_OFFICE}.spreadsheetml.sheet",
    b"ppt/": f"{_OFFICE}.presentationml.presentation",
}
_OFFICE_PARTS = b"[Content_Types].xml"
_EPUB = b"mimetypeapplication/epub+zip"
_MARKUP = (
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<svg", "image/svg+xml"),
)
_MARKUP_HEAD_BYTES = 1024
_PARTS_HEAD_BYTES = 8192
# An MPEG-4 file names its kind at byte 8.
_MP4 = {
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"heic": "image/heic",
    b"avif": "image/avif",
}

# Where the standard library knows none, or another on another version of Python.
_EXTENSIONS = {
    _TEXT: ".txt",
    UNKNOWN: ".bin",
    "text/markdown": ".md",
    "application/json": ".json",
    "application/gzip": ".gz",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/tiff": ".tiff",
    "image/heic": ".heic",
    "image/avif": ".avif",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "video/webm": ".webm",
    "video/mp4": ".mp4",
    "application/yaml": ".yaml",
    "application/toml": ".toml",
    "application/x-ndjson": ".jsonl",
    f"{_OFFICE}.wordprocessingml.document": ".docx",
    f"{_OFFICE}.spreadsheetml.sheet": ".xlsx",
    f"{_OFFICE}.presentationml.presentation": ".pptx",
    "application/zip": ".zip",
    "image/x-icon": ".ico",
    "image/svg+xml": ".svg",
    "text/html": ".html",
    "video/x-msvideo": ".avi",
    "application/vnd.apache.parquet": ".parquet",
    "application/x-ipynb+json": ".ipynb",
    "application/epub+zip": ".epub",
    "video/x-matroska": ".mkv",
    "text/javascript": ".js",
    "application/xml": ".xml",
}
_TYPES = {
    **{extension: mimetype for mimetype, extension in _EXTENSIONS.items()},
    ".yml": "application/yaml",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
}
_NO_NAME = frozenset("/\\\0")
_HEAD_BYTES = 65_536
_MAX_JSON_BYTES = 1_000_000


def sniffed(content: bytes) -> str | None:
    """Tell the type from the first bytes; None when they are those of no type known here.

    Example:
        >>> sniffed(b"%PDF-1.7 ...")
        'application/pdf'
    """
    if content[:4] == b"RIFF" and content[8:12] in _RIFF:
        return _RIFF[content[8:12]]
    if content[4:8] == b"ftyp":
        return _MP4.get(content[8:12], "video/mp4")
    if content.startswith(_EBML):
        return "video/x-matroska" if b"matroska" in content[:64] else "video/webm"
    if content.startswith(_ZIP):
        return _type_of_zip(content[:_PARTS_HEAD_BYTES])
    # Frames of MP3: eleven bits that are set, MPEG version 1 or 2, layer III.
    if content[:1] == b"\xff" and content[1:2] and content[1] & 0xF6 == _MP3_FRAME:
        return "audio/mpeg"
    for start, mimetype in _SIGNATURES:
        if content.startswith(start):
            return mimetype
    return None


def _type_of_zip(head: bytes) -> str:
    if head[30:].startswith(_EPUB):
        return "application/epub+zip"
    if _OFFICE_PARTS in head:
        for folder, mimetype in _OFFICE_FOLDERS.items():
            if folder in head:
                return mimetype
    return "application/zip"


def type_of_name(name: str) -> str | None:
    """Tell the type from a file's name or extension; None when it says nothing.

    Example:
        >>> type_of_name("notes.md"), type_of_name("notes")
        ('text/markdown', None)
    """
    dot = name.rfind(".")
    if dot < 0:
        return None
    extension = name[dot:].lower()
    return _TYPES.get(extension) or _known().guess_type(f"file{extension}", strict=False)[0]


def extension_of(mimetype: str) -> str | None:
    """Return the usual extension of a type, with its dot."""
    return _EXTENSIONS.get(mimetype) or _known().guess_extension(mimetype, strict=False)


def detect(
    content: bytes,
    *,
    mimetype: str | None = None,
    extension: str | None = None,
    filename: str | None = None,
) -> tuple[str, str | None]:
    """Find the type and the extension of a content; what is given is taken as it is.

    Args:
        content: The bytes.
        mimetype: Its type, when it is known.
        extension: Its extension, with or without the dot.
        filename: Its name, which may have an extension.

    Raises:
        InvalidFieldError: The extension is none, or the type is no text.

    Example:
        >>> detect(b'{"a": 1}'), detect(b"hi", extension="md")
        (('application/json', '.json'), ('text/markdown', '.md'))
    """
    extension = _dotted(extension) or (filename and _extension_in(filename))
    if not isinstance(mimetype, str | None):
        raise InvalidFieldError(f"mimetype must be a text, not {type(mimetype).__name__}")
    if mimetype is None:
        mimetype = (extension and type_of_name(extension)) or sniffed(content)
        if mimetype is None:
            mimetype = _type_of_text(content) if _is_text(content) else UNKNOWN
    return mimetype, extension or extension_of(mimetype)


def default_filename(mimetype: str, digest: str, extension: str | None) -> str:
    """Name a content that has no name: its general type, the begin of its digest, its extension."""
    general = "".join(filter(str.isalnum, mimetype.partition("/")[0]))
    word = "file" if general in {"", "application"} else general
    return f"{word}-{digest[:4]}{extension or ''}"


def _dotted(extension: Any) -> str | None:
    """Check an extension that is given; it becomes a part of a file's name."""
    if not extension:
        return None
    if not isinstance(extension, str) or _NO_NAME & set(extension):
        raise InvalidFieldError(f"extension must be one, such as 'pdf', not {extension!r:.80}")
    return f".{extension.lstrip('.')}"


def _extension_in(filename: str) -> str | None:
    _, dot, extension = filename.lstrip(".").rpartition(".")
    return f".{extension}" if dot and extension else None


@cache
def _known() -> MimeTypes:
    return MimeTypes(filenames=())


def _is_text(content: bytes) -> bool:
    """Tell whether bytes are UTF-8 with no NUL, by their begin."""
    head = content[:_HEAD_BYTES]
    if b"\0" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(content) <= _HEAD_BYTES)
    except UnicodeDecodeError:
        return False
    return True


def _type_of_text(content: bytes) -> str:
    if content.lstrip()[:1] in {b"{", b"["} and len(content) <= _MAX_JSON_BYTES:
        try:
            json.loads(content)
        except (ValueError, RecursionError):
            return _TEXT
        return "application/json"
    head = content[:_MARKUP_HEAD_BYTES].lstrip().lower()
    for start, mimetype in _MARKUP:
        if head.startswith(start):
            return mimetype
    if head.startswith(b"<?xml"):
        return "image/svg+xml" if b"<svg" in head else "application/xml"
    return _TEXT
