"""In whose name a request writes: never as its body says."""

from __future__ import annotations

from typing import Any

__all__ = ["signed"]

_FIELD = "wb_user_id"
# Where requests have parts that are written in somebody's name.
_PARTS = ("start", "obj", "op_obj", "req")


def signed(document: Any, user: str | None) -> Any:
    """Put a user into a request in place of the one it names.

    Args:
        document: The request; changed in place.
        user: The user; None leaves it to the store, which knows who runs it.
    """
    if not isinstance(document, dict):
        return document
    if _FIELD in document or user is not None:
        document[_FIELD] = user
    for part in _PARTS:
        signed(document.get(part), user)
    batch = document.get("batch")
    if isinstance(batch, list):
        for each in batch:
            signed(each, user)
    return document
