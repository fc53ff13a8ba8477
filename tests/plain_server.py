"""A trace server without the narrow door of the embedded one."""

from __future__ import annotations

from wrapped_server import WrappedServer


class PlainServer(WrappedServer):
    """A server that has the typed door only, as one behind HTTP would."""

    def __getattr__(self, name):
        if name.endswith("_encoded"):
            raise AttributeError(name)
        return super().__getattr__(name)
