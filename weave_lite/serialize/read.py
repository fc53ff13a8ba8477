"""Stored JSON back to values: refs, custom types, files and object records. Never runs stored code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import NotFoundError
from weave_lite.core.refs import SCHEME, maybe_parse_uri
from weave_lite.serialize.codecs.stored_file import FILE_KEY, find_file_reader
from weave_lite.serialize.custom_type import CUSTOM_TYPE, type_id_of
from weave_lite.serialize.opaque import OpaqueValue
from weave_lite.serialize.registry import Source, find_decoder

if TYPE_CHECKING:
    from collections.abc import Callable

    BuildRecord = Callable[[dict[str, Any]], Any]

__all__ = ["Source", "decode", "is_plain_text"]

# What a text has that holds anything else than plain JSON. False alarms cost time only.
_find_key = re.compile(f'_(?<="_)(?:type|{re.escape(FILE_KEY[1:])})":').search
_find_ref = re.compile(f'/(?<="{re.escape(SCHEME[:-2])})//').search


def decode(value: Any, source: Source, build_record: BuildRecord | None = None) -> Any:
    """Read a stored JSON value.

    Lists and dicts are copied; ref texts become refs; custom types are read by their codec, or
    become an :class:`OpaqueValue` when there is none; stored bytes and arrays come back as such.

    Args:
        value: A JSON value, as parsed.
        source: Where the files are.
        build_record: Makes the value of an object record: it gets the record, ``_type``,
            ``_class_name`` and ``_bases`` included, with its fields read already. Without it
            a record stays that dict.

    Example:
        >>> decode({"at": "weave:///acme/demo/call/1"}, source=None)["at"].id
        '1'
    """
    # Without recursion, for stored values may be deep. Outer records come before inner ones in
    # `records`, so they are built from its end.
    top = [value]
    waiting: list[tuple[Any, Any]] = [(top, 0)]
    records: list[tuple[Any, Any]] = []
    while waiting:
        into, slot = waiting.pop()
        item = into[slot]
        kind = type(item)
        if kind is str:
            if item.startswith(SCHEME):
                into[slot] = maybe_parse_uri(item) or item
        elif kind is list:
            into[slot] = copy = item.copy()
            waiting.extend((copy, at) for at, part in enumerate(copy) if type(part) in _DEEP)
        elif kind is dict:
            plain = _decode_dict(item, source)
            if plain is not item:
                into[slot] = plain
                continue
            into[slot] = fields = item.copy()
            if build_record is not None and type(item.get("_type")) is str:
                records.append((into, slot))
            waiting.extend((fields, key) for key, part in fields.items() if type(part) in _DEEP)
    if build_record is not None:
        for into, slot in reversed(records):
            into[slot] = build_record(into[slot])
    return top[0]


_DEEP = frozenset({str, list, dict})


def is_plain_text(text: str) -> bool:
    """Tell whether compact JSON text surely reads back as plain JSON, without a walk."""
    # Texts have few of these two letters, and none is looked for ten times faster than a pattern.
    low, slash = text.find("_"), text.find("/")
    return (low < 0 or _find_key(text, low) is None) and (
        slash < 0 or _find_ref(text, slash) is None
    )


def _decode_dict(record: dict[str, Any], source: Source) -> Any:
    """Read a custom type or a stored file; any other dict is given back as it is."""
    if record.get("_type") == CUSTOM_TYPE:
        type_id = type_id_of(record)
        return record if type_id is None else _decode_custom(record, type_id, source)
    read = find_file_reader(record) if FILE_KEY in record else None
    if read is None:
        return record
    try:
        return read(source)
    except (NotFoundError, ImportError, ValueError):
        # The file is gone, or numpy is: the record still says what it was.
        return record


def _decode_custom(record: dict[str, Any], type_id: str, source: Source) -> Any:
    decoder = find_decoder(type_id)
    if decoder is None:
        return OpaqueValue(record, source)
    try:
        return decoder(record, source)
    except Exception as error:
        return OpaqueValue(record, source, error)
