"""A store behind HTTP, in this process."""

from __future__ import annotations

from served_store import remote, store

__all__ = ["remote", "store"]
