"""A call as a card: what went in and out, what it used, what went wrong, and the calls below it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from weave_lite.display.call_words import took
from weave_lite.display.exception_text import exception_line, exception_lines
from weave_lite.display.html.call_tree import write_tree
from weave_lite.display.html.call_view import money, started, usage_words, write_status
from weave_lite.display.html.page import rendered
from weave_lite.display.html.rows_table import Column, write_table
from weave_lite.display.html.values import as_it_is, write_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from weave_lite.display.html.call_view import CallView
    from weave_lite.display.html.page import Page
    from weave_lite.display.html.values import Look

__all__ = ["call_card"]

# In bytes: a large value leaves room for the tree and all that comes after it.
_MOST_OF_INPUTS = 50_000
_MOST_OF_OUTPUT = 100_000
# Parts of a summary that the card shows in their own places.
_SHOWN = frozenset({"usage", "weave", "status_counts"})


def call_card(
    call: CallView, below: Sequence[CallView], look: Look = as_it_is, *, is_all: bool = True
) -> str:
    """Show a call.

    Args:
        call: The call.
        below: Calls below it.
        look: Says how a value is to be seen.
        is_all: Whether these are all that are below it.
    """

    def write(page: Page) -> None:
        with page.tag("div", "wl-card"):
            _write_head(page, call)
            if call.inputs:
                with _section(page, "inputs"), page.part(_MOST_OF_INPUTS):
                    write_value(page, call.inputs, look)
            if call.exception is not None:
                _write_exception(page, call.exception)
            elif call.ended_at is not None:
                with _section(page, "output"), page.part(_MOST_OF_OUTPUT):
                    write_value(page, call.output, look)
            _write_usage(page, call.summary)
            _write_feedback(page, call.summary, look)
            if below:
                with _section(page, "calls below"):
                    write_tree(page, below, call.id, look)
                    if not is_all:
                        page.element("p", f"the first {len(below):,} are shown", "wl-note")
            _write_more(page, call, look)
            if call.uri:
                with page.tag("p", "wl-note"):
                    page.element("code", call.uri, "wl-code")

    return rendered(write)


def _write_head(page: Page, call: CallView) -> None:
    with page.tag("div", "wl-head"):
        page.element("bdi", call.name, "wl-name")
        write_status(page, call.status, with_word=True)
        facts = [took(call.started_at, call.ended_at), *usage_words(call), started(call)]
        page.element("span", " · ".join(fact for fact in facts if fact), "wl-dim")


@contextmanager
def _section(page: Page, title: str) -> Iterator[None]:
    with page.tag("div"):
        page.element("div", title, "wl-title")
        yield


def _write_exception(page: Page, exception: str) -> None:
    with _section(page, "exception"):
        page.element("div", exception_line(exception), "wl-text wl-error", attributes='dir="auto"')
        frames = exception_lines(exception)[:-1]
        if frames:
            with page.tag("details"):
                page.element("summary", "traceback", "wl-dim")
                page.element("pre", "\n".join(frames), "wl-code wl-end")


def _write_usage(page: Page, summary: Mapping[str, Any]) -> None:
    usage = summary.get("usage")
    if not isinstance(usage, dict) or not usage:
        return
    weave = summary.get("weave")
    costs = weave.get("costs") if isinstance(weave, dict) else None
    rows = []
    for model, counts in usage.items():
        row: dict[str, Any] = {"model": str(model)}
        if isinstance(counts, dict):
            row |= {str(name): number for name, number in counts.items() if number is not None}
        prices = costs.get(model) if isinstance(costs, dict) else None
        if isinstance(prices, dict):
            row["cost"] = _cost(prices)
        rows.append(row)
    columns = [
        Column(name, name == "cost") for name in dict.fromkeys(name for row in rows for name in row)
    ]
    with _section(page, "usage"):
        write_table(
            page, columns, [[row.get(column.name, "") for column in columns] for row in rows]
        )


def _cost(prices: Mapping[str, Any]) -> str:
    parts = [price for name, price in prices.items() if name.endswith("_total_cost")]
    known = [price for price in parts if isinstance(price, int | float)]
    return money(float(sum(known))) if known else ""


def _write_feedback(page: Page, summary: Mapping[str, Any], look: Look) -> None:
    weave = summary.get("weave")
    given = weave.get("feedback") if isinstance(weave, dict) else None
    if not isinstance(given, list) or not given:
        return
    rows = [
        (row.get("feedback_type"), row.get("payload")) for row in given if isinstance(row, dict)
    ]
    with _section(page, "feedback"):
        write_table(page, [Column("type"), Column("payload")], rows, look)


def _write_more(page: Page, call: CallView, look: Look) -> None:
    added = {name: part for name, part in call.summary.items() if name not in _SHOWN}
    about = {name: fact for name, fact in call.about.items() if fact}
    for title, value in (("summary", added), ("attributes", call.attributes), ("about", about)):
        if value:
            with page.tag("details", "wl-more"):
                page.element("summary", title)
                write_value(page, dict(value), look)
