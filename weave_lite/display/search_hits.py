"""Where a text stands in the values of calls, and lines that show it. Pure: calls in, a ``rich`` text out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rich.text import Text

from weave_lite.core import jsontext
from weave_lite.display.calls_table import ID_TAIL
from weave_lite.display.text_cells import name_text, plain, status_text, time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weave_lite.trace_server.interface.calls import CallSchema

__all__ = ["Hit", "find_hit", "hits_text"]

# How much of a text stands around a hit.
_BEFORE: Final = 24
_AFTER: Final = 120
_PATH: Final = 40


class Hit(NamedTuple):
    """Where a text was found.

    Attributes:
        path: The field, such as ``inputs.messages.0.content``.
        text: The text around it.
        start: Where in that text it begins.
        end: Where it ends.
    """

    path: str
    text: str
    start: int
    end: int


def hits_text(calls: Iterable[CallSchema], searched: str, *, ignore_case: bool) -> Text:
    """Write two lines for each call: what it is, and the place where a text was found.

    Args:
        calls: Calls with inputs, output and summary.
        searched: The text.
        ignore_case: Whether it was searched without regard to case.
    """
    lines = []
    for call in calls:
        moment = Text(f"{time_text(call.started_at)}  ", style="dim")
        tail = plain(call.id[-ID_TAIL:])
        tail.stylize("dim")
        name = name_text(call)
        name.stylize("bold")
        lines.append(Text.assemble(status_text(call), " ", name, "  ", moment, tail))
        hit = find_hit(call, searched, ignore_case=ignore_case)
        if hit is not None:
            path = hit.path if len(hit.path) <= _PATH else "…" + hit.path[1 - _PATH :]
            lines.append(Text.assemble("  ", plain(path), ": ", _marked(hit)))
    return Text("\n").join(lines)


def find_hit(call: CallSchema, searched: str, *, ignore_case: bool) -> Hit | None:
    """Find the first place in a call's inputs, then its output, that holds a text.

    Args:
        call: The call.
        searched: The text.
        ignore_case: Whether to disregard case.
    """
    sides = (("inputs", call.inputs), ("output", call.output))
    for name, value in sides:
        for path, text in _texts(value, name):
            hit = _hit(path, text, searched, ignore_case)
            if hit is not None:
                return hit
    for name, value in sides:  # it may lie across several values, as they are written
        hit = _hit(name, jsontext.compact(value), searched, ignore_case)
        if hit is not None:
            return hit
    return None


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """List the texts of a value and what they are at: keys, texts, and scalars as JSON writes them."""
    to_visit = [(path, value)]
    while to_visit:
        path, value = to_visit.pop()
        if isinstance(value, dict):
            yield from ((f"{path}.{key}", str(key)) for key in value)
            to_visit += [(f"{path}.{key}", value[key]) for key in reversed(value)]
        elif isinstance(value, list):
            to_visit += [(f"{path}.{n}", value[n]) for n in reversed(range(len(value)))]
        else:
            yield path, value if isinstance(value, str) else jsontext.compact(value)


def _hit(path: str, text: str, searched: str, ignore_case: bool) -> Hit | None:
    found = _position(text, searched, ignore_case)
    if found is None:
        return None
    start, end = found
    first, last = max(0, start - _BEFORE), min(len(text), end + _AFTER)
    before, after = "…" if first else "", "…" if last < len(text) else ""
    # What is wide in a terminal, such as line ends, becomes a blank of the same length.
    line = "".join(" " if character.isspace() else character for character in text[first:last])
    shift = len(before) - first
    return Hit(path, before + line + after, start + shift, end + shift)


def _position(text: str, searched: str, ignore_case: bool) -> tuple[int, int] | None:
    if not ignore_case:
        start = text.find(searched)
        return None if start < 0 else (start, start + len(searched))
    lowered, wanted = text.lower(), searched.lower()
    start = lowered.find(wanted)
    if start < 0:
        return None
    end = start + len(wanted)
    if len(lowered) != len(text):  # a few letters are longer when lowered
        origins = [n for n, letter in enumerate(text) for _ in letter.lower()]
        return origins[start], origins[end - 1] + 1
    return start, end


def _marked(hit: Hit) -> Text:
    parts = (hit.text[: hit.start], hit.text[hit.start : hit.end], hit.text[hit.end :])
    before, found, after = map(plain, parts)
    found.stylize("bold yellow")
    return Text.assemble(before, found, after)
