"""Putting our store under the installed official SDK, and making that its client."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from weave_lite.core.names import split_project_name
from weave_lite.official.adapter import OfficialServer
from weave_lite.official.installed import generation, interface_of
from weave_lite.trace_server import place as places
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["fresh_client", "init", "use_server"]


def init(project_name: str, *, db: str | os.PathLike[str] | None = None) -> Any:
    """Let the installed official ``weave`` trace into a file of ours; no server, no network.

    Call it in place of ``weave.init``; ``weave.finish()`` ends it as usual.

    Args:
        project_name: ``"project"`` or ``"entity/project"``.
        db: Path of the file, or ``":memory:"``; by default where ``weave_lite.init`` looks.

    Returns:
        The official client.

    Raises:
        UsageError: The official package is not installed.
        NotSupportedError: It is of a version that is not known here.
    """
    generation()
    return use_server(project_name, SqliteTraceServer(places.resolve(db).text))


def use_server(project_name: str, server: SqliteTraceServer) -> Any:
    """Let the installed official ``weave`` trace into an open store.

    Args:
        project_name: ``"project"`` or ``"entity/project"``.
        server: The store; whoever opened it closes it.

    Returns:
        The official client.
    """
    known = generation()
    entity, project = split_project_name(project_name, places.default_entity())
    adapter = OfficialServer(server, interface_of(known), known)
    make = import_module("weave.trace.weave_client").WeaveClient
    client = make(entity, project, adapter, ensure_project_exists=False)
    import_module("weave.trace.context.weave_client_context").set_weave_client_global(client)
    return client


@contextmanager
def fresh_client(project_name: str = "local/test") -> Iterator[Any]:
    """Give an official client on a store in memory for the length of a block.

    Args:
        project_name: ``"entity/project"``.
    """
    generation()
    contexts = import_module("weave.trace.context.weave_client_context")
    before = contexts.get_weave_client()
    with SqliteTraceServer(":memory:") as server:
        client = use_server(project_name, server)
        try:
            yield client
        finally:
            client.flush()
            contexts.set_weave_client_global(before)
