"""Calls as lines of text, and trees of such lines compared. Pure: calls in, text out."""

from __future__ import annotations

import re
import textwrap
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from weave_lite.core.errors import UsageError
from weave_lite.core.refs import ObjectRef
from weave_lite.display.exception_text import exception_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from weave_lite.trace.call import Call

__all__ = ["Line", "call_line", "cut", "difference", "parsed", "shown", "tree_lines"]

_INDENT: Final = "  "
_MAX_VALUE: Final = 60  # characters of a value
_MAX_LINES: Final = 60  # of a tree within a message
_NAME: Final = re.compile(r"[(\s]")  # ends the name at the beginning of a line


class Line(NamedTuple):
    """One line of a tree.

    Args:
        depth: How many calls are above it.
        forms: Texts that mean the call, the shortest first: its name; with inputs; with outcome;
            with both. A line that somebody wrote has one form.
    """

    depth: int
    forms: tuple[str, ...]

    def __str__(self) -> str:
        return _INDENT * self.depth + self.forms[-1]


def shown(value: Any) -> str:
    """A value in one line, cut; an object by its name and version."""
    if isinstance(value, ObjectRef):
        return f"<{value.name}:{value.digest[:6]}>"
    try:
        text = " ".join(repr(value).split("\n"))
    except Exception as error:
        text = f"<{type(value).__name__} whose repr fails: {type(error).__name__}>"
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"


def call_line(call: Call, depth: int = 0) -> Line:
    """Write a call as ``name(inputs) -> output``, ``… raises Error: message`` or ``… is running``."""
    name = call.func_name
    inputs = call.inputs
    given = ", ".join(f"{key}={shown(value)}" for key, value in inputs.items())
    if call.exception is not None:
        outcome = f"raises {' '.join(exception_line(call.exception).split())}"
    elif call.ended_at is None:
        outcome = "is running"
    else:
        outcome = f"-> {shown(call.output)}"
    return Line(
        depth, (name, f"{name}({given})", f"{name} {outcome}", f"{name}({given}) {outcome}")
    )


def tree_lines(calls: Iterable[Call], root_id: str | None = None) -> list[Line]:
    """Lay calls out as a tree, each below its parent and in the order of the calls.

    Args:
        calls: The calls, in order of start.
        root_id: Only this call and what is below it; None means all.
    """
    by_id = {call.id: call for call in calls}
    children: dict[str | None, list[Call]] = {}
    for call in by_id.values():
        parent = call.parent_id if call.parent_id in by_id else None
        children.setdefault(parent, []).append(call)
    top = children.get(None, []) if root_id is None else [by_id[root_id]]
    lines: list[Line] = []
    # A stack in place of recursion: traces may be deeper than Python's.
    waiting = [(0, call) for call in reversed(top)]
    while waiting:
        depth, call = waiting.pop()
        lines.append(call_line(call, depth))
        waiting.extend((depth + 1, child) for child in reversed(children.get(call.id, [])))
    return lines


def parsed(text: str) -> list[Line]:
    """Read a tree that somebody wrote: a call a line, below its parent by indentation.

    Args:
        text: Indented as a whole as it may be; empty lines are left out.

    Raises:
        UsageError: A line is indented like none of the lines that it could stand beside.
    """
    lines: list[Line] = []
    indents: list[int] = []
    for row in textwrap.dedent(text.expandtabs()).splitlines():
        content = row.strip()
        if not content:
            continue
        indent = len(row) - len(row.lstrip())
        is_back = False
        while indents and indent < indents[-1]:
            indents.pop()
            is_back = True
        if not indents or indent > indents[-1]:
            if is_back:
                raise UsageError(
                    f"the indentation of the line {content!r} is that of no line above it; give "
                    "calls with one parent the same indentation"
                )
            indents.append(indent)
        lines.append(Line(len(indents) - 1, (content,)))
    return lines


def difference(expected: list[Line], traced: list[Line]) -> list[str]:
    """Compare two trees; nothing is returned when each line of the one means that of the other.

    Args:
        expected: What somebody wrote.
        traced: What there is.

    Returns:
        The lines of both, ``-`` before those that are only expected, ``+`` before those only traced.
    """
    if len(expected) == len(traced) and all(map(_means, expected, traced)):
        return []
    rows: list[tuple[str, Line]] = []
    matcher = SequenceMatcher(
        None, [_key(line) for line in expected], [_key(line) for line in traced], autojunk=False
    )
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        if kind != "equal":
            rows.extend(("- ", line) for line in expected[a:a_end])
            rows.extend(("+ ", line) for line in traced[b:b_end])
            continue
        for wanted, found in zip(expected[a:a_end], traced[b:b_end], strict=True):
            if _means(wanted, found):
                rows.append(("  ", wanted))
            else:
                rows.extend([("- ", wanted), ("+ ", found)])
    return _near_changes(rows)


def _means(wanted: Line, found: Line) -> bool:
    return wanted.depth == found.depth and wanted.forms[0] in found.forms


def _key(line: Line) -> tuple[int, str]:
    return line.depth, _NAME.split(line.forms[0], maxsplit=1)[0]


def _near_changes(rows: list[tuple[str, Line]]) -> list[str]:
    """Leave out what is alike and far from any change, when it is much."""
    keep = set(range(len(rows)))
    if len(rows) > _MAX_LINES:
        changed = [number for number, (sign, _) in enumerate(rows) if sign != "  "]
        keep = {near for number in changed for near in range(number - 3, number + 4)}
    lines: list[str] = []
    left_out = 0
    for number, (sign, line) in enumerate(rows):
        if number not in keep:
            left_out += 1
            continue
        if left_out:
            lines.append(f"  … {left_out} lines that are alike")
            left_out = 0
        lines.append(f"{sign}{line}")
    if left_out:
        lines.append(f"  … {left_out} lines that are alike")
    return lines


def cut(lines: list[str]) -> str:
    """Join lines; of very many only the first."""
    if len(lines) > _MAX_LINES:
        lines = [*lines[:_MAX_LINES], f"… {len(lines) - _MAX_LINES} more lines"]
    return "\n".join(lines)
