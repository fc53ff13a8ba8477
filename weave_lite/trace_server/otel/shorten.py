"""Names that are too long, cut where they fall apart by themselves."""

from __future__ import annotations

import hashlib
from typing import Final

from weave_lite.core.names import MAX_DISPLAY_NAME_LENGTH, MAX_NAME_LENGTH

__all__ = ["short_display_name", "short_op_name"]

_DELIMITERS: Final = ",;| /?."
_HASH_LENGTH: Final = 4


def short_op_name(name: str) -> str:
    """Cut a name to 128 characters; what was cut stays told apart by a hash of the whole.

    Example:
        >>> short_op_name("GET /items?" + "id=1," * 40)[-14:]
        'id=1,id=1:5bb4'
    """
    if len(name) <= MAX_NAME_LENGTH:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()
    return _cut(name, MAX_NAME_LENGTH, f":{digest[:_HASH_LENGTH]}", _DELIMITERS)


def short_display_name(name: str) -> str:
    """Cut a display name to 1024 characters, ending in ``...`` when something was cut.

    Example:
        >>> short_display_name("to be, or not, " * 80)[-14:]
        'e, or not, ...'
    """
    if len(name) <= MAX_DISPLAY_NAME_LENGTH:
        return name
    return _cut(name, MAX_DISPLAY_NAME_LENGTH, "...", ".")


def _cut(name: str, limit: int, suffix: str, left_out: str) -> str:
    """Cut a name after its last delimiter that fits.

    Args:
        name: The name.
        limit: How long the result may be.
        suffix: What is put at its end.
        left_out: The delimiters that are not wanted before the suffix.
    """
    room = limit - len(suffix)
    last = max(name.rfind(delimiter, 0, room) for delimiter in _DELIMITERS)
    # A name that begins with its only delimiters would have nothing left.
    kept = name[: last + 1] if name[: last + 1].strip(_DELIMITERS) else name[:room]
    return (kept.rstrip(left_out) or name[:room]) + suffix
