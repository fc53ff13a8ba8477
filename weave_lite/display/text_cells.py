"""Short texts of a call for people: its name, status, latency, time, and previews of values.

Pure: values in, ``rich`` texts out. Everything is a ``Text``, so nothing stored is read as markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from weave_lite.core import jsontext
from weave_lite.display.call_words import took, total_tokens, when

if TYPE_CHECKING:
    import datetime as dt

    from weave_lite.trace_server.interface.calls import CallSchema

__all__ = [
    "latency_text",
    "name_text",
    "plain",
    "preview",
    "status_text",
    "time_text",
    "usage_text",
]

_STATUS = {"success": ("✓", "green"), "error": ("✗", "red"), "running": ("…", "yellow")}
# What a terminal would obey. A traced program may have stored anything.
_CONTROLS = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"
}


def plain(text: str) -> Text:
    """A text in which control characters are shown by their codes; its lines stay lines."""
    return Text(text.replace("\r\n", "\n").translate(_CONTROLS))


def _derived(call: CallSchema) -> dict[str, Any]:
    summary: dict[str, Any] = dict(call.summary or {})
    derived = summary.get("weave")
    return derived if isinstance(derived, dict) else {}


def name_text(call: CallSchema) -> Text:
    """The display name, else the op's name."""
    derived = _derived(call)
    return plain(str(derived.get("display_name") or derived.get("trace_name") or call.op_name))


def status_text(call: CallSchema) -> Text:
    """A mark and a colour for success, error or running."""
    mark, colour = _STATUS.get(str(_derived(call).get("status")), ("?", "dim"))
    return Text(mark, style=colour)


def latency_text(call: CallSchema) -> Text:
    """The latency with a unit; empty while the call runs."""
    return Text(took(call.started_at, call.ended_at))


def time_text(moment: dt.datetime) -> Text:
    """An instant in local time, to the second."""
    return Text(when(moment))


def usage_text(call: CallSchema) -> Text:
    """All tokens of the call, over all models; empty when it used none."""
    total = total_tokens(call.summary)
    return Text(f"{total:,}" if total else "")


def preview(value: Any, width: int = 60) -> Text:
    """One line of a value: text as it is, anything else as JSON; cut to ``width`` characters."""
    if value is None:
        return Text("")
    # A large value is cut before it is written, so that a preview costs little.
    text = value[: 4 * width] if isinstance(value, str) else jsontext.compact(value)[: 4 * width]
    line = " ".join(text.split())
    return plain(line if len(line) <= width else line[: width - 1] + "…")
