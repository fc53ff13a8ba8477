"""Feedback as a table, or as a card when there is one. Pure: feedback in, text out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.table import Table

from weave_lite.display.call_words import when
from weave_lite.display.feedback_words import feedback_words
from weave_lite.display.grid_table import table_text
from weave_lite.display.text_cells import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weave_lite.trace_server.interface.feedback import Feedback

__all__ = ["feedback_text"]

_TITLES = ("Type", "Feedback", "Created", "ID", "Creator")


def feedback_text(feedbacks: Sequence[Feedback], *, show_refs: bool = False) -> str:
    """Lay feedback out as text.

    Args:
        feedbacks: The feedback.
        show_refs: Whether to show what each is about.
    """
    titles = ("Ref", *_TITLES) if show_refs else _TITLES
    rows = [_cells(each, show_refs=show_refs) for each in feedbacks]
    table = Table(show_header=len(rows) != 1)
    if len(rows) == 1:
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for title, cell in zip(titles, rows[0], strict=True):
            table.add_row(title, plain(cell))
    else:
        for title in titles:
            table.add_column(title, overflow="fold")
        for row in rows:
            table.add_row(*map(plain, row))
    return table_text(table)


def _cells(feedback: Feedback, *, show_refs: bool) -> list[str]:
    kind, content = feedback_words(feedback.feedback_type, feedback.payload)
    if not isinstance(content, str):
        content = json.dumps(content, indent=2, ensure_ascii=False)
    creator = feedback.creator or ""
    user = feedback.wb_user_id or ""
    cells = [
        kind,
        content,
        when(feedback.created_at),
        feedback.id,
        f"{creator} ({user})" if creator and user else creator or user,
    ]
    return [feedback.weave_ref, *cells] if show_refs else cells
