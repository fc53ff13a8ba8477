"""The tree of calls of a trace. Pure: calls in, a ``rich`` tree out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from weave_lite.display.exception_text import exception_line
from weave_lite.display.text_cells import (
    latency_text,
    name_text,
    plain,
    preview,
    status_text,
    usage_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weave_lite.trace_server.interface.calls import CallSchema

__all__ = ["call_tree"]


def call_tree(calls: Iterable[CallSchema], root_id: str) -> Tree:
    """Lay the call ``root_id`` and all below it out as a tree, children by start time.

    Args:
        calls: The calls of the trace, in any order; those that are not below the root are left out.
        root_id: Id of the call at the top; it must be among ``calls``.
    """
    by_id: dict[str, CallSchema] = {}
    children: dict[str | None, list[CallSchema]] = {}
    for call in sorted(calls, key=lambda call: (call.started_at, call.id)):
        by_id[call.id] = call
        children.setdefault(call.parent_id, []).append(call)
    tree = Tree(_line(by_id[root_id]), guide_style="dim")
    # A stack in place of recursion: traces may be deeper than Python's.
    open_nodes = [(root_id, tree)]
    seen = {root_id}
    while open_nodes:
        call_id, node = open_nodes.pop()
        for child in children.get(call_id, []):
            if child.id not in seen:
                seen.add(child.id)
                open_nodes.append((child.id, node.add(_line(child))))
    return tree


def _line(call: CallSchema) -> Text:
    line = Text.assemble(
        status_text(call), " ", (name_text(call).plain, "bold"), " ", latency_text(call)
    )
    if tokens := usage_text(call):
        line.append(f" {tokens} tokens", style="dim")
    inputs = preview(call.inputs, 50).plain
    if call.exception is not None:
        outcome = plain(exception_line(call.exception))
        outcome.stylize("red")
    else:
        outcome = preview(call.output, 50)
    line.append(f"  {inputs} → ", style="dim")
    return line.append_text(outcome)
