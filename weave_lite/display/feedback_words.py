"""What feedback says, in the words that people have for it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["feedback_words"]

# Type -> its short name, and the field that says all of it.
_KNOWN: Final = {"wandb.reaction.1": ("reaction", "emoji"), "wandb.note.1": ("note", "note")}


def feedback_words(feedback_type: str, payload: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the short name of the type, and what it says: the emoji, the note, else the payload.

    Example:
        >>> feedback_words("wandb.note.1", {"note": "fine"})
        ('note', 'fine')
        >>> feedback_words("grade", {"value": 3})
        ('grade', {'value': 3})
    """
    name, field = _KNOWN.get(feedback_type, (feedback_type, ""))
    return name, payload.get(field, payload)
