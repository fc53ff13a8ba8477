"""Requests as JSON: what the store in this process would refuse is refused here, by the same words.

A request that JSON cannot carry must not reach a server as something else.
"""

from __future__ import annotations

import datetime as dt
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import orjson

from weave_lite.core import jsontext
from weave_lite.core.errors import EncodeError, InvalidRequest
from weave_lite.trace_server.interface import texts
from weave_lite.trace_server.interface.wire import WireModel

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["json_text", "written"]


class _Member(NamedTuple):
    """A field of a request: its name, its name in JSON, and whether its value is any JSON."""

    name: str
    key: str
    is_json: bool


def written(request: WireModel, field: str = "") -> bytes:
    """Write a request, or a part of one, as a JSON document.

    Args:
        request: The request.
        field: What messages call it, as a part of a larger one.

    Raises:
        InvalidRequest: A value is not JSON, or a text not UTF-8; the message names the field.

    Example:
        >>> from weave_lite.trace_server import trace_server_interface as tsi
        >>> written(tsi.CallReadReq(project_id="e/p", id="1", include_costs=None))[:32]
        b'{"project_id":"e/p","id":"1","in'
    """
    try:
        return orjson.dumps(request, _members, orjson.OPT_PASSTHROUGH_SUBCLASS)
    except TypeError:
        return _part(request, field)


def json_text(value: Any, field: str) -> bytes:
    """Write a value that may be any JSON.

    Raises:
        InvalidRequest: It is not JSON.
    """
    try:
        return jsontext.compact(value).encode()
    except (TypeError, EncodeError) as error:
        raise InvalidRequest(f"{field} must be JSON: {error}; convert it first") from error


def _members(part: Any) -> dict[str, Any]:
    """Give the fields of a part; a TypeError sends the request the slow way, which knows the field."""
    if not isinstance(part, WireModel):
        raise TypeError
    fields = part.__dict__
    for value in fields.values():
        if type(value) is float and not math.isfinite(value):
            raise TypeError
    if _has_other_keys(type(part)):
        return {key: fields[name] for name, key, _ in _shape(type(part))}
    return fields


def _part(value: Any, field: str, *, is_json: bool = False) -> bytes:
    if isinstance(value, WireModel):
        return _record(
            (key, getattr(value, name), _path(field, name), is_any)
            for name, key, is_any in _shape(type(value))
        )
    if is_json:
        return json_text(value, field)
    if isinstance(value, dict):
        for key in value:
            texts.check_text(key, field)
        return _record((key, each, f"{field}[{key!r:.140}]", False) for key, each in value.items())
    if isinstance(value, list | tuple):
        return b"[%b]" % b",".join(_part(each, f"{field}[{at}]") for at, each in enumerate(value))
    if isinstance(value, dt.datetime):
        value = value.isoformat()
    if isinstance(value, str):
        texts.check_text(value, field)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidRequest(f"{field} must be a finite number, not {value}")
    return json_text(value, field)


def _record(members: Iterable[tuple[str, Any, str, bool]]) -> bytes:
    written_members = (
        b"%b:%b" % (json_text(key, field), _part(value, field, is_json=is_json))
        for key, value, field, is_json in members
    )
    return b"{%b}" % b",".join(written_members)


def _path(field: str, name: str) -> str:
    name = name.rstrip("_")
    return f"{field}.{name}" if field else name


@lru_cache(maxsize=256)
def _shape(kind: type[WireModel]) -> tuple[_Member, ...]:
    return tuple(
        _Member(name, info.alias or name, _holds_any(info.annotation))
        for name, info in kind.model_fields.items()
    )


@lru_cache(maxsize=256)
def _has_other_keys(kind: type[WireModel]) -> bool:
    return any(name != key for name, key, _ in _shape(kind))


def _holds_any(annotation: Any) -> bool:
    return annotation is Any or any(map(_holds_any, get_args(annotation)))
