"""The store of an official client: opened when it is asked, closed when its program has finished."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from weave_lite.core.errors import UsageError
from weave_lite.trace_server import place as places
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

if TYPE_CHECKING:
    import os

__all__ = ["OwnStore"]


class OwnStore:
    """A store that can be asked again after it was closed, since clients outlive ``weave.finish``.

    Args:
        db: Path of the file, or ``":memory:"``; by default where ``weave_lite.init`` looks.

    Raises:
        UsageError: It is the URL of a server.
    """

    def __init__(self, db: str | os.PathLike[str] | None) -> None:
        place = places.resolve(db)
        if place.is_url:
            raise UsageError(
                f"db is {place.text!r}, but this is for a file. An official SDK asks a server by "
                "itself: set WF_TRACE_SERVER_URL and WANDB_BASE_URL, and call weave.init"
            )
        places.prepare(place)
        self.place = place.text
        self._lock = threading.Lock()
        self._server: SqliteTraceServer | None = None
        self.server()

    def server(self) -> SqliteTraceServer:
        """Give the open store."""
        with self._lock:
            if self._server is None:
                self._server = SqliteTraceServer(self.place)
            return self._server

    def close(self) -> None:
        """Close the file. A store in memory stays: to close it is to lose it."""
        if self.place == places.MEMORY:
            return
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()
