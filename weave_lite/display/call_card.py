"""All of one call. Pure: a call in, a ``rich`` renderable out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from weave_lite.display.exception_text import exception_lines
from weave_lite.display.text_cells import latency_text, name_text, plain, status_text, time_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from weave_lite.trace_server.interface.calls import CallSchema

__all__ = ["call_card"]


def call_card(call: CallSchema) -> Group:
    """Lay one call out: its facts, then inputs, output, exception, summary and attributes."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    facts.add_row("op", plain(call.op_name))
    facts.add_row("id", plain(call.id))
    facts.add_row("trace", plain(call.trace_id))
    if call.parent_id:
        facts.add_row("parent", plain(call.parent_id))
    facts.add_row("started", time_text(call.started_at))
    if call.ended_at is not None:
        facts.add_row("took", latency_text(call))
    for label, value in (
        ("user", call.wb_user_id),
        ("run", call.wb_run_id),
        ("thread", call.thread_id),
        ("turn", call.turn_id),
    ):
        if value:
            facts.add_row(label, plain(value))
    title = Text.assemble(status_text(call), " ", (name_text(call).plain, "bold"))
    parts: list[RenderableType] = [title, facts]
    parts += _section("inputs", call.inputs)
    if call.exception is not None:
        parts += [
            Text("\nexception", style="bold"),
            plain("\n".join(exception_lines(call.exception))),
        ]
    else:
        parts += _section("output", call.output)
    parts += _section("summary", call.summary)
    parts += _section("attributes", call.attributes)
    return Group(*parts)


def _section(title: str, value: Any) -> list[RenderableType]:
    body = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return [Text(f"\n{title}", style="bold"), plain(body)]
