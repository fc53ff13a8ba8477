"""A client on a store in memory for the length of a block; all that is process-wide comes back after."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from weave_lite import api
from weave_lite.integrations import autopatch as patches
from weave_lite.trace import client_context, context, settings
from weave_lite.trace.hooks import for_all_ops, set_for_all_ops
from weave_lite.trace.weave_client import WeaveClient
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextvars import ContextVar

__all__ = ["memory_client"]

# What a block or an unfinished call outside, or of an earlier test, must not hang calls into.
_OUTSIDE: dict[ContextVar[Any], Any] = {
    context.call_stack: None,
    context.blocks: None,
    context.attribute_scope: None,
    context.thread_scope: None,
    context.tracing_enabled: True,
}


@contextmanager
def memory_client(
    project_id: str = "local/test", *, autopatch: bool = False, **fields: Any
) -> Iterator[WeaveClient]:
    """Trace into a store in memory inside the block; each op is committed when it returns.

    ``init`` inside the block traces into the same store, unless it is given a ``db``.

    Args:
        project_id: ``entity/project``.
        autopatch: Patch libraries as ``init`` does.
        fields: Settings, such as ``capture_code=False``. ``client_parallelism`` is 0 by default.

    Example:
        >>> with memory_client() as client:
        ...     client.project_id
        'local/test'
    """
    resolved = settings.resolve({"client_parallelism": 0, **fields})
    entity, _, project = project_id.partition("/")
    server = SqliteTraceServer(":memory:")
    restore = _remembered()
    try:
        _begin_anew(server, resolved)
        if autopatch:
            patches.autopatch(patches.wished(None))
        client = WeaveClient(entity, project, server, ensure_project_exists=False)
        client_context.set_client(client)
        try:
            yield client
        finally:
            if client_context.get_client() is not client:
                # The block called `init`: that client may have a thread to end.
                api.finish()
            client.flush()
            client.recorder.close()
    finally:
        restore()
        server.close()


def _remembered() -> Callable[[], None]:
    """Look at all that is process-wide; returns what sets it back."""
    active, opened = client_context.active, api._opened  # noqa: SLF001 - set back as it was
    # Not `current()`, which would read the environment for good.
    in_force = settings._current  # noqa: SLF001
    client, is_unset = active.client, active.is_unset
    was_opened = (opened.client, opened.key, opened.test_store)
    hooks = vars(for_all_ops).copy()
    variables = [(variable, variable.get()) for variable in _OUTSIDE]
    libraries, asked = patches._state.wanted, patches._state.asked.copy()  # noqa: SLF001

    def restore() -> None:
        client_context.set_client(None)
        settings.use(in_force)
        vars(for_all_ops).update(hooks)
        opened.client, opened.key, opened.test_store = was_opened
        patches._state.asked = asked  # noqa: SLF001
        patches.autopatch(libraries)
        for variable, value in variables:
            variable.set(value)
        client_context.set_client(client)
        active.is_unset = is_unset

    return restore


def _begin_anew(server: SqliteTraceServer, resolved: settings.Settings) -> None:
    client_context.set_client(None)
    settings.use(resolved)
    set_for_all_ops(attributes=None, postprocess_inputs=None, postprocess_output=None)
    # The client outside is none of `init`'s while the block lasts, so that `init` leaves it alone.
    opened = api._opened  # noqa: SLF001
    opened.client, opened.test_store = None, server
    for variable, value in _OUTSIDE.items():
        variable.set(value)
