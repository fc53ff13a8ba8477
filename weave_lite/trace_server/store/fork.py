"""Forks: which stores are told before and after one, and what the child must never touch."""

from __future__ import annotations

import os
import weakref
from typing import Any, Protocol

__all__ = ["leak", "watch"]


class _Forkable(Protocol):
    def quiesce(self) -> None:
        """Come to rest before the fork."""

    def resume(self, *, is_child: bool) -> None:
        """Go on after it."""


_watched: weakref.WeakSet[_Forkable] = weakref.WeakSet()
_resting: list[_Forkable] = []
_leaked: list[Any] = []


def watch(store: _Forkable) -> None:
    """Tell a store of forks, for as long as it lives."""
    _watched.add(store)


def leak(*connections: Any) -> None:
    """Keep connections of the parent for ever: to close one in the child would touch its locks."""
    _leaked.extend(connections)


def _before() -> None:
    for store in list(_watched):
        store.quiesce()
        _resting.append(store)


def _after_in_parent() -> None:
    while _resting:
        _resting.pop().resume(is_child=False)


def _after_in_child() -> None:
    while _resting:
        _resting.pop().resume(is_child=True)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
