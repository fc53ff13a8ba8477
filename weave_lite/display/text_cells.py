"""Short texts of a call for people: its name, status, latency, time, and previews of values.

Pure: values in, ``rich`` texts out. Everything is a ``Text``, so nothing stored is read as markup.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from rich.text import Text

from weave_lite.core import jsontext

if TYPE_CHECKING:
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
_MINUTE_MS = 60_000
_SECOND_MS = 1_000


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
    if call.ended_at is None:
        return Text("")
    millis = (call.ended_at - call.started_at) / dt.timedelta(milliseconds=1)
    if millis >= _MINUTE_MS:
        return Text(f"{millis / _MINUTE_MS:.1f} min")
    if millis >= _SECOND_MS:
        return Text(f"{millis / _SECOND_MS:.2f} s")
    return Text(f"{millis:.0f} ms" if millis >= 10 else f"{millis:.1f} ms")  # noqa: PLR2004


def time_text(moment: dt.datetime) -> Text:
    """An instant in local time, to the second."""
    return Text(moment.astimezone().strftime("%Y-%m-%d %H:%M:%S"))


def usage_text(call: CallSchema) -> Text:
    """All tokens of the call, over all models; empty when it used none."""
    usage = dict(call.summary or {}).get("usage")
    if not isinstance(usage, dict):
        return Text("")
    total = 0
    for counts in usage.values():
        if not isinstance(counts, dict):
            continue
        given = counts.get("total_tokens")
        parts = (
            counts.get("prompt_tokens", counts.get("input_tokens")),
            counts.get("completion_tokens", counts.get("output_tokens")),
        )
        total += given if isinstance(given, int) else sum(p for p in parts if isinstance(p, int))
    return Text(f"{total:,}" if total else "")


def preview(value: Any, width: int = 60) -> Text:
    """One line of a value: text as it is, anything else as JSON; cut to ``width`` characters."""
    if value is None:
        return Text("")
    # A large value is cut before it is written, so that a preview costs little.
    text = value[: 4 * width] if isinstance(value, str) else jsontext.compact(value)[: 4 * width]
    line = " ".join(text.split())
    return plain(line if len(line) <= width else line[: width - 1] + "…")
