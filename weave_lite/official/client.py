"""Putting our store under the installed official SDK, and making that its client."""

from __future__ import annotations

import atexit
import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.core.names import split_project_name
from weave_lite.official import sdk
from weave_lite.official.adapter import OfficialServer
from weave_lite.official.installed import generation, interface_of
from weave_lite.official.store import OwnStore
from weave_lite.official.telemetry import silence
from weave_lite.trace_server import place as places
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["fresh_client", "init", "use_server"]


class _Session(NamedTuple):
    """What ``init`` began.

    Args:
        client: The official client.
        store: Ours, under it.
    """

    client: Any
    store: OwnStore

    def end(self) -> None:
        """Write what is left, and close the file."""
        self.client.flush()
        self.store.close()


class _Sessions:
    """The session of this process; one at a time, as the official package has one client."""

    def __init__(self) -> None:
        self.active: _Session | None = None

    def end(self) -> None:
        """End the active session, if there is one."""
        session, self.active = self.active, None
        if session is not None:
            session.end()


_sessions = _Sessions()
atexit.register(_sessions.end)


def init(
    project_name: str,
    *,
    db: str | os.PathLike[str] | None = None,
    settings: Any = None,
    autopatch_settings: Any = None,
) -> Any:
    """Let the installed official ``weave`` trace into a file of ours; no server, no network.

    Call it in place of ``weave.init``; ``weave.finish()`` ends it as usual. The package's reports
    about itself to its maker are turned off.

    Args:
        project_name: ``"project"`` or ``"entity/project"``.
        db: Path of the file, or ``":memory:"``; by default where ``weave_lite.init`` looks.
        settings: As of ``weave.init``: a dict or ``UserSettings``.
        autopatch_settings: As of ``weave.init``.

    Returns:
        The official client.

    Raises:
        UsageError: The official package is not installed, or ``db`` is a URL.
        NotSupportedError: It is of a version that is not known here.
    """
    known = generation()
    names = split_project_name(project_name, places.default_entity())
    store = OwnStore(db)
    _sessions.end()
    sdk.apply_settings(known, settings)
    adapter = OfficialServer(store.server, interface_of(known), known)
    silence()
    client = sdk.make_client(known, names, adapter, _sessions.end)
    _sessions.active = _Session(client, store)
    sdk.patch_libraries(known, autopatch_settings)
    _announce("/".join(names), store.place)
    return client


def _announce(project_id: str, place: str) -> None:
    """Tell once where the traces go."""
    line = f"the official weave traces {project_id} into {place}; look at it with: weave-lite calls"
    logging.getLogger("weave_lite").info(line)
    if not os.environ.get("WEAVE_LITE_QUIET"):
        sys.stderr.write(line + "\n")


def use_server(project_name: str, server: SqliteTraceServer) -> Any:
    """Let the installed official ``weave`` trace into an open store.

    Args:
        project_name: ``"project"`` or ``"entity/project"``.
        server: The store; whoever opened it closes it.

    Returns:
        The official client.

    Raises:
        UsageError: The official package is not installed.
        NotSupportedError: It is of a version that is not known here.
    """
    known = generation()
    names = split_project_name(project_name, places.default_entity())
    adapter = OfficialServer(lambda: server, interface_of(known), known)
    silence()
    return sdk.make_client(known, names, adapter)


@contextmanager
def fresh_client(project_name: str = "local/test") -> Iterator[Any]:
    """Give an official client on a store in memory for the length of a block.

    Args:
        project_name: ``"entity/project"``.
    """
    with sdk.restored(generation()), SqliteTraceServer(places.MEMORY) as server:
        client = use_server(project_name, server)
        try:
            yield client
        finally:
            client.flush()
