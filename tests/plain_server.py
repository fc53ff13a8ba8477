"""A trace server without the narrow door of the embedded one."""

from __future__ import annotations


class PlainServer:
    """A server that has the typed door only, as one behind HTTP would."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        if name.endswith("_encoded"):
            raise AttributeError(name)
        return getattr(self._inner, name)
