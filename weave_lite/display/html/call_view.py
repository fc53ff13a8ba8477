"""CallView: what is shown of a call, whoever read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.display.call_words import took, total_cost, total_tokens, when
from weave_lite.display.exception_text import exception_line
from weave_lite.display.html.values import Named, brief

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from weave_lite.display.html.page import Page
    from weave_lite.display.html.values import Look

__all__ = [
    "CallView",
    "inputs_line",
    "money",
    "started",
    "usage_words",
    "write_line",
    "write_outcome",
    "write_status",
]

_MARKS = {"success": "✓", "error": "✗", "running": "…"}
_CENT = 0.01
_TREE_INPUTS = 60
_LEAST = 0.000_001


class CallView(NamedTuple):
    """A call to be shown.

    Attributes:
        id: Its id; None when it was not traced.
        parent_id: Id of the calling call.
        name: Display name, else the op's.
        status: ``success``, ``error`` or ``running``.
        started_at: When it started.
        ended_at: When it ended.
        inputs: Dict of argument name to value, or the text of it.
        output: What it gave.
        exception: JSON text of the exception.
        summary: Usage, counts, costs, and what user code added.
        attributes: Its attributes.
        uri: Its link.
        about: More facts by name: user, run, thread, turn.
    """

    id: str | None
    parent_id: str | None
    name: str
    status: str
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    inputs: Any
    output: Any
    exception: str | None
    summary: Mapping[str, Any]
    attributes: Any = None
    uri: str = ""
    about: Mapping[str, str | None] = {}


def money(cost: float | None) -> str:
    """A sum of US dollars; empty for none."""
    if cost is None:
        return ""
    if cost == 0 or cost >= _CENT:
        return f"${cost:,.2f}"
    return f"${cost:.6f}".rstrip("0") if cost >= _LEAST else f"<${_LEAST:.6f}"


def usage_words(call: CallView) -> list[str]:
    """Tokens and cost of a call, as far as it has them."""
    tokens, cost = total_tokens(call.summary), money(total_cost(call.summary))
    return [*([f"{tokens:,} tokens"] if tokens else []), *([cost] if cost else [])]


def write_status(page: Page, status: str, *, with_word: bool = False) -> None:
    """Write the mark of a status, in its colour."""
    css = f"wl-{status}" if status in _MARKS else "wl-dim"
    mark = _MARKS.get(status, "?")
    text = f"{mark} {status}" if with_word else mark
    page.element("span", text, css, attributes="" if with_word else 'role="img"')


def inputs_line(call: CallView, width: int, look: Look) -> str:
    """Write the inputs in a line as a program passes them; ``self`` only where it is alone."""
    inputs = call.inputs
    if not isinstance(inputs, dict):
        return brief(inputs, width, look).text if inputs else ""
    shown = {name: value for name, value in inputs.items() if name != "self"} or inputs
    line = brief(Named("", shown), width + 2, look)
    return line.text[1:-1] if line.is_whole else line.text[1:]


def write_outcome(page: Page, call: CallView, look: Look) -> None:
    """Write the output in a line, or the exception."""
    if call.exception is not None:
        page.element("bdi", brief(exception_line(call.exception)).text, "wl-error")
    elif call.ended_at is not None:
        page.element("bdi", brief(call.output, look=look).text)


def write_line(page: Page, call: CallView, look: Look) -> None:
    """Write a call in a line, as it stands in a tree."""
    write_status(page, call.status)
    page.text(" ")
    page.element("bdi", call.name, "wl-op")
    for word in (took(call.started_at, call.ended_at), *usage_words(call)):
        if word:
            page.element("span", word, "wl-dim wl-gap")
    with page.tag("span", "wl-gap"):
        page.element("bdi", inputs_line(call, _TREE_INPUTS, look), "wl-dim")
        page.element("span", " → ", "wl-dim")
        write_outcome(page, call, look)


def started(call: CallView) -> str:
    """When a call started; empty when it never did."""
    return "" if call.started_at is None else when(call.started_at)
