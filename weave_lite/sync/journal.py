"""What was moved already, so that a run that was broken off goes on, and a second one moves the rest."""

from __future__ import annotations

from typing import Protocol

__all__ = ["DryJournal", "Journal", "MemoryJournal"]


class Journal(Protocol):
    """Texts by kind and key. What is noted must outlive the process."""

    def read(self, kind: str) -> dict[str, str]:
        """Read all of a kind: value by key."""

    def note(self, kind: str, entries: dict[str, str]) -> None:
        """Note values by key; all of them or none."""

    def drop(self, kind: str, keys: list[str]) -> None:
        """Forget some notes of a kind; all of them or none."""

    def forget(self) -> None:
        """Forget all notes."""


class MemoryJournal:
    """A journal of this process alone: where nothing local can be written."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[str, str]] = {}

    def read(self, kind: str) -> dict[str, str]:
        """Read all of a kind."""
        return dict(self._kinds.get(kind, {}))

    def note(self, kind: str, entries: dict[str, str]) -> None:
        """Note values by key."""
        self._kinds.setdefault(kind, {}).update(entries)

    def drop(self, kind: str, keys: list[str]) -> None:
        """Forget some notes of a kind."""
        notes = self._kinds.get(kind, {})
        for key in keys:
            notes.pop(key, None)

    def forget(self) -> None:
        """Forget all notes."""
        self._kinds.clear()


class DryJournal(MemoryJournal):
    """The journal of a dry run: it knows what another one knows, and writes nothing there.

    Args:
        known: The other journal.
    """

    def __init__(self, known: Journal | None) -> None:
        super().__init__()
        self._known = known

    def read(self, kind: str) -> dict[str, str]:
        """Read all of a kind, from both; a kind is taken over when it is first read."""
        if kind not in self._kinds:
            self._kinds[kind] = {} if self._known is None else self._known.read(kind)
        return super().read(kind)

    def note(self, kind: str, entries: dict[str, str]) -> None:
        """Note values by key, here alone."""
        self.read(kind)
        super().note(kind, entries)

    def drop(self, kind: str, keys: list[str]) -> None:
        """Forget some notes of a kind, here alone."""
        self.read(kind)
        super().drop(kind, keys)

    def forget(self) -> None:
        """Forget all notes, and those of the other one, here alone."""
        super().forget()
        self._known = None
