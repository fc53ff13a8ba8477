"""Trace servers that do most things as another one does."""

from __future__ import annotations


class WrappedServer:
    """Hands on to a server what a test does not make different.

    Attributes:
        missing: Methods that it has not.
    """

    missing = frozenset()

    def __init__(self, server):
        self._server = server

    def __getattr__(self, name):
        if name in self.missing:
            raise AttributeError(name)
        return getattr(self._server, name)
