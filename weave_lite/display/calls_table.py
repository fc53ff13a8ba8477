"""A table of calls, a line each. Pure: calls in, a ``rich`` table out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from weave_lite.display.exception_text import exception_line
from weave_lite.display.text_cells import (
    latency_text,
    name_text,
    preview,
    status_text,
    time_text,
    usage_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weave_lite.trace_server.interface.calls import CallSchema

__all__ = ["ID_TAIL", "calls_table"]

# The head of an id is a time that neighbours share; the tail tells them apart.
ID_TAIL = 12


def calls_table(calls: Iterable[CallSchema]) -> Table:
    """Lay calls out as a table, in the order given.

    Args:
        calls: Calls with inputs, output and summary.
    """
    rows = list(calls)
    usage = [usage_text(call) for call in rows]
    has_usage = any(usage)
    table = Table(box=None, header_style="bold", pad_edge=False, expand=True)
    table.add_column("", no_wrap=True)
    table.add_column("op", no_wrap=True, max_width=32)
    table.add_column("started", no_wrap=True, style="dim")
    table.add_column("took", no_wrap=True, justify="right")
    if has_usage:
        table.add_column("tokens", no_wrap=True, justify="right")
    table.add_column("inputs", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("output", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("id", no_wrap=True, style="dim")
    for call, tokens in zip(rows, usage, strict=True):
        cells = [status_text(call), name_text(call), time_text(call.started_at), latency_text(call)]
        if has_usage:
            cells.append(tokens)
        result = call.output if call.exception is None else exception_line(call.exception)
        cells += [preview(call.inputs), preview(result), preview(call.id[-ID_TAIL:])]
        table.add_row(*cells)
    return table
