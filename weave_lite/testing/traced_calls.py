"""TracedCalls: what a test traced, to look at and to assert. Raises plain AssertionErrors.

Knows no pytest: the names it sets for it are only hints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import UsageError
from weave_lite.testing.call_lines import call_line, cut, difference, parsed, shown, tree_lines
from weave_lite.testing.call_match import has_inputs, is_of, name_of, near_names, unlike_inputs
from weave_lite.trace.client_context import get_client, require_client
from weave_lite.trace.weave_client import WeaveClient
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from weave_lite.trace.call import Call

__all__ = ["TracedCalls", "trace_as_dict"]

_MAX_SHOWN = 5  # calls that nearly are what was wanted
_NOTHING = "nothing was traced: is the function decorated with @weave.op, and was it called?"


class TracedCalls:
    """The calls in the store of a client, of all its projects, in order of start.

    Every look is at the calls of that moment. Iterating and ``len`` work.

    Args:
        client: The client; its server must hold nothing but the calls in question.

    Example:
        >>> import weave_lite as weave
        >>> from weave_lite.testing import memory_client
        >>> @weave.op
        ... def double(x):
        ...     return 2 * x
        >>> with memory_client() as client:
        ...     _ = double(4)
        ...     calls = TracedCalls(client)
        ...     calls.assert_called("double", times=1, inputs={"x": 4})
        ...     print(calls.tree())
        double(x=4) -> 8
    """

    def __init__(self, client: WeaveClient) -> None:
        self._client = client
        self._readers = {client.project_id: client}

    def __iter__(self) -> Iterator[Call]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return f"<TracedCalls: {len(self)} calls>"

    def find(self, op: Any = None, *, inputs: Mapping[str, Any] | None = None) -> list[Call]:
        """Return the calls of an op that have some inputs, in order of start.

        Args:
            op: The op, its name (``"search"``, ``"Agent.search"``) or URI; None means any.
            inputs: Names and values that a call must have; it may have others as well.

        Raises:
            UsageError: ``op`` is none of these.
        """
        return _matching(self._all(), op, inputs)

    def one(self, op: Any = None, *, inputs: Mapping[str, Any] | None = None) -> Call:
        """Return the only call that :meth:`find` finds.

        Args:
            op: As of ``find``.
            inputs: As of ``find``.

        Raises:
            AssertionError: There is none, or more than one.
            UsageError: ``op`` is neither an op nor a text.
        """
        __tracebackhide__ = True
        calls = self._all()
        found = _matching(calls, op, inputs)
        if len(found) != 1:
            raise AssertionError(_report(calls, op, inputs, found, 1))
        return found[0]

    def assert_called(
        self, op: Any, *, times: int | None = None, inputs: Mapping[str, Any] | None = None
    ) -> None:
        """Fail unless an op was called.

        Args:
            op: As of :meth:`find`.
            times: How often; None means at least once, 0 not at all.
            inputs: As of ``find``.

        Raises:
            AssertionError: It was not; the message tells what was.
            UsageError: ``op`` is neither an op nor a text.
        """
        __tracebackhide__ = True
        calls = self._all()
        found = _matching(calls, op, inputs)
        if len(found) != times and (times is not None or not found):
            raise AssertionError(_report(calls, op, inputs, found, times))

    def tree(self, root: Call | None = None) -> str:
        """Write the calls as a tree, one a line: ``name(inputs) -> output``, indented below its parent.

        Args:
            root: Only this call and what is below it; None means all.
        """
        return "\n".join(map(str, self._lines(root)))

    def assert_tree(self, expected: str, root: Call | None = None) -> None:
        """Fail unless the calls form a tree.

        Args:
            expected: A line per call, indented below its parent. A line is ``name``,
                ``name(inputs)``, ``name -> output`` or ``name(inputs) -> output``, as
                :meth:`tree` writes it.
            root: Only this call and what is below it; None means all.

        Raises:
            AssertionError: They form another; the message shows where.
            UsageError: ``expected`` is no text, or its indentation fits no tree.
        """
        __tracebackhide__ = True
        if not isinstance(expected, str):
            raise UsageError(
                f"expected must be a text with a line per call, not {type(expected).__name__}"
            )
        lines = difference(parsed(expected), self._lines(root))
        if lines:
            raise AssertionError(
                f"the calls form another tree (- expected, + traced):\n{cut(lines)}"
            )

    def _lines(self, root: Call | None) -> list[Any]:
        return tree_lines(self._all(), None if root is None else root.id)

    def _all(self) -> list[Call]:
        active = get_client()
        if active is not None:
            active.flush()
        server = self._client.server
        if not isinstance(server, SqliteTraceServer):
            return list(self._client.get_calls())
        calls = [call for name in server.project_ids() for call in self._reader(name).get_calls()]
        # Ids sort by the order of making, which tells more when a clock stands still.
        return sorted(calls, key=lambda call: (call.started_at, call.id))

    def _reader(self, project_id: str) -> WeaveClient:
        """Find who reads the calls of a project: code under test may have called ``init``."""
        reader = self._readers.get(project_id)
        if reader is None:
            entity, _, project = project_id.partition("/")
            reader = self._readers[project_id] = WeaveClient(
                entity, project, self._client.server, ensure_project_exists=False
            )
        return reader


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


def _matching(calls: list[Call], op: Any, inputs: Mapping[str, Any] | None) -> list[Call]:
    name = None if op is None else name_of(op)
    return [
        call for call in calls if (name is None or is_of(call, name)) and has_inputs(call, inputs)
    ]


def _report(
    calls: list[Call],
    op: Any,
    inputs: Mapping[str, Any] | None,
    found: list[Call],
    times: int | None,
) -> str:
    """Say what was wanted, what there is, and what comes near."""
    name = None if op is None else name_of(op)
    what = f"calls of {name}" if name else "calls"
    if inputs:
        what += " with " + ", ".join(f"{key}={shown(value)}" for key, value in inputs.items())
    wanted = "at least 1" if times is None else str(times)
    lines = [f"expected {what}: {wanted}, traced: {len(found)}"]
    if found:
        return cut([*lines, *(f"  {call_line(call)}" for call in found)])
    of_op = [call for call in calls if name is None or is_of(call, name)]
    if not calls:
        lines.append(_NOTHING)
    elif of_op:
        lines.append("with other inputs:")
        # Those that differ in least come first.
        said = [(unlike_inputs(call, inputs or {}), call) for call in of_op]
        said.sort(key=lambda pair: len(pair[0]))
        for unlike, call in said[:_MAX_SHOWN]:
            lines.extend([f"  {call_line(call)}", f"    {'; '.join(unlike)}"])
        if len(said) > _MAX_SHOWN:
            lines.append(f"  … {len(said) - _MAX_SHOWN} more calls")
    else:
        near = near_names(name or "", calls)
        lines[0] += f"; did you mean {' or '.join(near)}?" if near else ""
        lines.extend(["all that was traced:", *(f"  {line}" for line in tree_lines(calls))])
    return cut(lines)
