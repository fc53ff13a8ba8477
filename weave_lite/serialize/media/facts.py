"""What is known about a content besides its bytes: the fields that are stored beside them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from weave_lite.serialize.media.mimetype import default_filename, detect

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["facts_of", "stored_facts"]

# Of a content of which it is not known what it was made of.
_ORIGIN: Final = ("bytes", "bytes", "utf-8")
_OTHERS: Final = ("content_type", "input_type", "encoding", "metadata", "extension")
_NEEDED: Final = frozenset({"size", "mimetype", "digest", "filename"})


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
    """Read stored facts; what they lack is found out from the bytes.

    Args:
        text: JSON, perhaps not ours.
        data: Gives the bytes.
    """
    try:
        stored = json.loads(text)
    except ValueError:  # the bytes say enough
        stored = None
    stored = stored if type(stored) is dict else {}
    name = stored.get("filename")
    # A stored name comes from elsewhere: it must not lead out of a folder.
    name = str(name).replace("\\", "/").rpartition("/")[2].replace("\0", "") if name else None
    name = None if name in {"", ".", ".."} else name
    if _NEEDED - stored.keys() or name is None:
        found = detect(data(), mimetype=stored.get("mimetype"), filename=name)
        stored = {**facts_of(data(), found, _ORIGIN, None, name), **stored}
        name = name or default_filename(stored["mimetype"], stored["digest"], found[1])
    facts = {**stored, "filename": name}
    for key, value in zip(_OTHERS, (*_ORIGIN, None, None), strict=True):
        facts.setdefault(key, value)
    return facts
