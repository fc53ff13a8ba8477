"""Rows of a table as they are stored: of each its compact text and its digest."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from weave_lite.core import jsontext
from weave_lite.core.digest import digest_canonical
from weave_lite.serialize.walk import encode
from weave_lite.trace.table import check_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from weave_lite.core.refs import TableRef
    from weave_lite.serialize.registry import Sink

__all__ = ["append_in_parts", "encoded_rows"]

_ROWS_PER_APPEND = 10_000
_PLAIN = frozenset({str, int, float, bool, type(None)})


def encoded_rows(rows: Iterable[dict[str, Any]], sink: Sink) -> tuple[list[str], list[str]]:
    """Return the digests and the texts of rows, in order.

    Args:
        rows: Dicts of any values.
        sink: Saves what stands on its own inside them.
    """
    digests: list[str] = []
    texts: list[str] = []
    for row in rows:
        # A subclass of dict is a row like any other.
        plain = row if type(row) is dict else dict.copy(row)
        text = _fast_text(plain)
        if text is None:
            text = encode(plain, sink, redact=False).text
            canonical = jsontext.canonical(jsontext.parse(text))
        else:
            canonical = jsontext.canonical(plain)
        texts.append(text)
        digests.append(digest_canonical(canonical))
    return digests, texts


def append_in_parts(
    ref: TableRef,
    rows: Iterable[dict[str, Any]],
    sink: Sink,
    append: Callable[[TableRef, list[dict[str, Any]]], TableRef],
) -> TableRef:
    """Append rows to a stored table, so many at a time that few copies of it are made.

    Args:
        ref: The table.
        rows: Dicts of any values.
        sink: Saves what stands on its own inside them.
        append: Stores a copy of a table with more rows, given as JSON values.

    Raises:
        TypeError: A row is not a dict.
    """
    remaining = iter(rows)
    while part := list(islice(remaining, _ROWS_PER_APPEND)):
        for row in part:
            check_row(row)
        texts = encoded_rows(part, sink)[1]
        ref = append(ref, [jsontext.parse(text) for text in texts])
    return ref


def _fast_text(row: dict[str, Any]) -> str | None:
    """Write a row of plain values without a walk; None when it holds others."""
    for value in row.values():
        if type(value) not in _PLAIN:
            return None
    try:
        return orjson.dumps(row).decode()
    except TypeError:  # keys that are not text, lone surrogates, integers beyond 64 bits
        return None
