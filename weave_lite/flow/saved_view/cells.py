"""Values of calls by path, and what a table shows for them. Knows no view."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from weave_lite.core.errors import NotFoundError
from weave_lite.core.refs import ObjectRef
from weave_lite.flow.saved_view.path import ObjectPath
from weave_lite.trace.values.record import WeaveObject, fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weave_lite.trace.call import Call

__all__ = ["cell", "natural_order", "paths_of", "server_columns", "value_at"]

_JSON_COLUMNS: Final = ("inputs", "output", "attributes", "summary")
# What the server has under another name.
_SERVER_NAMES: Final = {"func_name": "op_name", "ui_url": "id"}
_STATUS: Final = ["summary", "weave", "status"]
_MARKS: Final = {"success": "✅", "error": "❌", "running": "⏳"}
_DIGITS: Final = re.compile(r"([0-9]{1,18})")


def server_columns(paths: Iterable[ObjectPath]) -> list[str]:
    """List the columns that a server must send for these paths."""
    names = [str(path.elements[0]) for path in paths if path.elements]
    return list(dict.fromkeys(_SERVER_NAMES.get(name, name) for name in names))


def value_at(call: Call, path: ObjectPath) -> Any:
    """Return the value of a call at a path; None where there is none."""
    value: Any = call
    for depth, element in enumerate(path):
        value = getattr(call, str(element), None) if depth == 0 else _step(value, element)
        if value is None:
            return None
    return value


def cell(call: Call, path: ObjectPath) -> Any:
    """Return what a table shows of a call: the op's name is shortened, the status a mark."""
    if path.elements == ["op_name"]:
        return call.func_name
    value = value_at(call, path)
    if path.elements == _STATUS:
        return _MARKS.get(value, value)
    return value


def paths_of(call: Call) -> Iterator[str]:
    """List the paths of all values inside a call, those of dicts and lists too."""
    waiting = [(ObjectPath([name]), getattr(call, name)) for name in _JSON_COLUMNS]
    while waiting:
        path, value = waiting.pop()
        if len(path) > 1:
            yield path.to_str()
        waiting += [(ObjectPath([*path, element]), part) for element, part in _parts(value)]


def natural_order(text: str) -> list[Any]:
    """Return a key by which positions sort as numbers."""
    parts = _DIGITS.split(text)
    return [int(part) if at % 2 else part for at, part in enumerate(parts)]


def _parts(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, WeaveObject):
        value = fields_of(value)
    if isinstance(value, dict):
        yield from ((key, part) for key, part in value.items() if isinstance(key, str))
    elif isinstance(value, list | tuple):
        yield from enumerate(value)


def _step(value: Any, element: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(element, value.get(str(element)))
    if isinstance(value, list | tuple):
        index = int(element) if str(element).isdecimal() else -1
        return value[index] if 0 <= index < len(value) else None
    if isinstance(value, ObjectRef):
        return _step(_read(value), element)
    return getattr(value, element, None) if isinstance(element, str) else None


def _read(ref: ObjectRef) -> Any:
    try:
        return ref.get(objectify=False)
    except NotFoundError:
        return None
