"""What was moved already, so that a run that was broken off goes on, and a second one moves the rest."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Journal", "MemoryJournal"]


class Journal(Protocol):
    """Texts by kind and key. What is noted must outlive the process."""

    def read(self, kind: str) -> dict[str, str]:
        """Read all of a kind: value by key."""

    def note(self, kind: str, entries: dict[str, str]) -> None:
        """Note values by key; all of them or none."""


class MemoryJournal:
    """A journal of this process alone: for a dry run, and where nothing local can be written."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[str, str]] = {}

    def read(self, kind: str) -> dict[str, str]:
        """Read all of a kind."""
        return dict(self._kinds.get(kind, {}))

    def note(self, kind: str, entries: dict[str, str]) -> None:
        """Note values by key."""
        self._kinds.setdefault(kind, {}).update(entries)
