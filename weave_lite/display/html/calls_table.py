"""Calls as a table, a line each. Pure: calls in, HTML out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weave_lite.display.call_words import took, total_cost, total_tokens
from weave_lite.display.html.call_view import (
    inputs_line,
    money,
    started,
    write_outcome,
    write_status,
)
from weave_lite.display.html.page import rendered
from weave_lite.display.html.values import as_it_is

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weave_lite.display.html.call_view import CallView
    from weave_lite.display.html.page import Page
    from weave_lite.display.html.values import Look

__all__ = ["calls_table"]

# The head of an id is a time that neighbours share; the tail tells them apart.
_ID_TAIL = 12
_INPUTS = 110
_DATE = len("2026-01-01")


def calls_table(calls: Sequence[CallView], count: str, look: Look = as_it_is) -> str:
    """Show the first calls of a result.

    Args:
        calls: The first calls.
        count: How many there are, in words.
        look: Says how a value is to be seen.
    """
    has_usage = any(total_tokens(call.summary) for call in calls)
    has_costs = any(total_cost(call.summary) is not None for call in calls)
    names = ["", "op", "started", "took", *(["tokens"] if has_usage else [])]
    names += [*(["cost"] if has_costs else []), "inputs", "output", "id"]
    # The date of all of them stands above, once.
    days = {started(call)[:_DATE] for call in calls}
    skipped = _DATE + 1 if len(days) == 1 else 0

    def write(page: Page) -> None:
        with page.tag("div", "wl-head"):
            page.element("span", f"{count} {'call' if count == '1' else 'calls'}", "wl-name")
            if str(len(calls)) != count:
                page.element("span", f"the first {len(calls)} are shown", "wl-dim")
            if skipped:
                page.element("span", days.pop(), "wl-dim")
        if not calls:
            return
        with page.tag("table", "wl-rows wl-full"):
            with page.tag("thead"), page.tag("tr"):
                for name in names:
                    css = "wl-number" if name in {"took", "tokens", "cost"} else ""
                    page.element("th", name, css, attributes='scope="col"')
            with page.tag("tbody"):
                for call in calls:
                    if page.is_full:
                        return
                    with page.tag("tr"):
                        _write_start(page, call, skipped)
                        _write_use(page, call, has_usage=has_usage, has_costs=has_costs)
                        _write_values(page, call, look)

    return rendered(write)


def _write_start(page: Page, call: CallView, skipped: int) -> None:
    with page.tag("td"):
        write_status(page, call.status)
    page.element("td", call.name, "wl-op", attributes='dir="auto"')
    page.element("td", started(call)[skipped:], "wl-dim")
    page.element("td", took(call.started_at, call.ended_at), "wl-number")


def _write_use(page: Page, call: CallView, *, has_usage: bool, has_costs: bool) -> None:
    if has_usage:
        tokens = total_tokens(call.summary)
        page.element("td", f"{tokens:,}" if tokens else "", "wl-number")
    if has_costs:
        page.element("td", money(total_cost(call.summary)), "wl-number")


def _write_values(page: Page, call: CallView, look: Look) -> None:
    page.element("td", inputs_line(call, _INPUTS, look), "wl-wide", attributes='dir="auto"')
    with page.tag("td", "wl-wide"):
        write_outcome(page, call, look)
    page.element("td", (call.id or "")[-_ID_TAIL:], "wl-dim wl-code")
