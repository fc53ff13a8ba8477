"""What is known about a content besides its bytes: the fields that are stored beside them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from weave_lite.serialize.media.mimetype import default_filename, detect

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["facts_of", "json_object", "stored_facts"]

# Of a content of which it is not known what it was made of.
_ORIGIN: Final = ("bytes", "bytes", "utf-8")
_OTHERS: Final = ("content_type", "input_type", "encoding", "metadata", "extension")
_NEEDED: Final = frozenset({"size", "mimetype", "digest", "filename"})
_TEXTS: Final = ("mimetype", "digest", "filename", "content_type", "input_type", "encoding")
# What file systems take, and some more is added by whoever saves it.
_MAX_NAME_BYTES: Final = 200


def facts_of(
    data: bytes,
    found: tuple[str, str | None],
    origin: tuple[str, str, str],
    metadata: dict[str, Any] | None,
    filename: str | None,
) -> dict[str, Any]:
    """Return the facts about a content.

    Args:
        data: The bytes.
        found: Their media type and extension.
        origin: Content type, input type and encoding.
        metadata: Notes.
        filename: Its name; by default made of type and digest.
    """
    mimetype, extension = found
    content_type, input_type, encoding = origin
    digest = hashlib.sha256(data).hexdigest()
    # The order is that of the official SDK, so that equal contents have equal files.
    return {
        "size": len(data),
        "mimetype": mimetype,
        "digest": digest,
        "filename": filename or default_filename(mimetype, digest, extension),
        "content_type": content_type,
        "input_type": input_type,
        "encoding": encoding,
        "metadata": metadata,
        "extension": extension,
    }


def stored_facts(text: bytes, data: Callable[[], bytes]) -> dict[str, Any]:
    """Read stored facts; what they lack, or say wrongly, is found out from the bytes.

    Args:
        text: JSON, perhaps not ours.
        data: Gives the bytes.
    """
    stored = _checked(json_object(text))
    name = stored.get("filename")
    if _NEEDED - stored.keys():
        found = detect(data(), mimetype=stored.get("mimetype"), filename=name)
        stored = {**facts_of(data(), found, _ORIGIN, None, name), **stored}
    for key, value in zip(_OTHERS, (*_ORIGIN, None, None), strict=True):
        stored.setdefault(key, value)
    return stored


def json_object(text: bytes) -> dict[str, Any]:
    """Read a JSON object; anything else says nothing."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if type(found) is dict else {}


def _checked(stored: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not of its type, or could lead somewhere."""
    wrong = {name for name in _TEXTS if not _is_word(stored.get(name))}
    size, extension = stored.get("size"), stored.get("extension")
    if type(size) is not int or size < 0:
        wrong.add("size")
    if extension is not None and (not _is_word(extension) or {"/", "\\"} & set(extension)):
        wrong.add("extension")
    name = _bare_name(stored["filename"]) if "filename" not in wrong else None
    if name is None:
        wrong.add("filename")
    # In the order in which they stand, so that a content that is stored again is the same.
    return {
        key: name if key == "filename" else value
        for key, value in stored.items()
        if key not in wrong
    }


def _is_word(value: Any) -> bool:
    return type(value) is str and value.isprintable()


def _bare_name(stored: str) -> str | None:
    """Return the last part of a stored name, which comes from elsewhere."""
    name = stored.replace("\\", "/").rpartition("/")[2]
    # The end of it, where the extension is.
    name = name.encode()[-_MAX_NAME_BYTES:].decode(errors="ignore")
    return None if name in {"", ".", ".."} else name
