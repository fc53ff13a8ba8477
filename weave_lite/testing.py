"""Helpers for tests of traced code: a steady clock, counted ids, a store in memory, traces as dicts."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from weave_lite.trace import client_context, settings
from weave_lite.trace.client_context import require_client
from weave_lite.trace.hooks import for_all_ops, set_for_all_ops
from weave_lite.trace.weave_client import WeaveClient
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.trace.call import Call

__all__ = ["CountingIds", "StepClock", "memory_client", "trace_as_dict"]


class StepClock:
    """A clock that goes on by one step at each look; for ``core.clock.replaced_clock``.

    Args:
        start: First time, in microseconds since the epoch.
        step: Microseconds per look.

    Example:
        >>> clock = StepClock(start=0, step=10)
        >>> clock(), clock()
        (0, 10)
    """

    def __init__(self, start: int = 1_704_067_200_000_000, step: int = 1_000) -> None:
        self._next = start
        self._step = step

    def __call__(self) -> int:
        """Return the time and step on."""
        now = self._next
        self._next += self._step
        return now


class CountingIds:
    """Ids that count: valid UUIDs that sort in the order of making; for ``core.ids.replaced_ids``.

    Example:
        >>> CountingIds()()
        '00000000-0000-7000-8000-000000000001'
    """

    def __init__(self) -> None:
        self._count = 0

    def __call__(self) -> str:
        """Return the next id."""
        self._count += 1
        return f"00000000-0000-7000-8000-{self._count:012x}"


@contextmanager
def memory_client(project_id: str = "local/test", **fields: Any) -> Iterator[WeaveClient]:
    """Trace into a store in memory inside the block; each op is committed when it returns.

    Args:
        project_id: ``entity/project``.
        fields: Settings, such as ``capture_code=False``. ``client_parallelism`` is 0 by default.

    Example:
        >>> with memory_client() as client:
        ...     client.project_id
        'local/test'
    """
    entity, _, project = project_id.partition("/")
    before_client = client_context.get_client()
    before_settings = settings.current()
    before_hooks = (
        for_all_ops.attributes,
        for_all_ops.postprocess_inputs,
        for_all_ops.postprocess_output,
    )
    client_context.set_client(None)
    settings.use(settings.resolve({"client_parallelism": 0, **fields}))
    set_for_all_ops(attributes=None, postprocess_inputs=None, postprocess_output=None)
    server = SqliteTraceServer(":memory:")
    client = WeaveClient(entity, project, server)
    client_context.set_client(client)
    try:
        yield client
    finally:
        client.flush()
        client.recorder.close()
        client_context.set_client(None)
        settings.use(before_settings)
        set_for_all_ops(
            attributes=before_hooks[0],
            postprocess_inputs=before_hooks[1],
            postprocess_output=before_hooks[2],
        )
        server.close()
        client_context.set_client(before_client)


def trace_as_dict(client: WeaveClient | None = None) -> list[dict[str, Any]]:
    """Return all calls of a client's project as trees of plain dicts, roots in order of start.

    Args:
        client: The client; by default the active one.

    Returns:
        Per call ``op`` (its name), ``inputs``, ``output``, ``exception`` (its JSON text), ``status``
        and ``children``.
    """
    calls = list((client or require_client()).get_calls())
    nodes = {call.id: _node(call) for call in calls}
    roots: list[dict[str, Any]] = []
    for call in calls:
        parent = nodes.get(call.parent_id) if call.parent_id else None
        (roots if parent is None else parent["children"]).append(nodes[call.id])
    return roots


def _node(call: Call) -> dict[str, Any]:
    return {
        "op": call.func_name,
        "inputs": call.inputs,
        "output": call.output,
        "exception": call.exception,
        "status": call.status,
        "children": [],
    }
