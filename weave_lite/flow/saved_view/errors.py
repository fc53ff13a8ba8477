"""What wrong use of a view raises. Messages name the argument and the remedy."""

from __future__ import annotations

from weave_lite.core.errors import UsageError

__all__ = ["ViewError", "ViewIndexError"]


class ViewError(UsageError, ValueError):
    """A part of a view does not exist, or cannot be what it was given as."""


class ViewIndexError(ViewError, IndexError):
    """There is no part at that position."""
