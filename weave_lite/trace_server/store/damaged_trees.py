"""The trees of a damaged file: every cell that can be read, and the holes between them.

A tree of rows has integers as keys, in order, so that its parts have known bounds. A tree of keys
(an index, or a table without rowid) has records in all of its pages. Knows no tables.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.trace_server.store.damaged_pages import Pages

__all__ = ["Leaf", "Row", "Value", "children", "leaf_rows", "leaves", "records"]

Value = int | float | str | bytes | None
LOWEST: Final = -(2**63) - 1
HIGHEST: Final = 2**63 - 1

_ROW_LEAF: Final = 13
_ROW_NODE: Final = 5
_KEY_LEAF: Final = 10
_KEY_NODE: Final = 2
_MAX_DEPTH: Final = 24
_INT_SIZES: Final = (0, 1, 2, 3, 4, 6, 8)
_REAL: Final = 7
_MAX_COLUMNS: Final = 64


class DamagedError(ValueError):
    """A cell or page that cannot be what it should be; never leaves the salvage."""


class Leaf(NamedTuple):
    """A leaf of a tree of rows; its keys lie above ``low`` and not above ``high``.

    Attributes:
        number: Number of the page; None when a part of the tree is lost.
        depth: How many pages lie above it.
    """

    number: int | None
    low: int
    high: int
    depth: int = 0


class Row(NamedTuple):
    """A row: its integer key, and its values in the order of the file."""

    key: int
    values: list[Value]


def leaves(pages: Pages, root: int) -> Iterator[Leaf]:
    """Find the leaves of a tree of rows, and the holes in it, in order of their keys."""
    seen: set[int] = set()
    stack = [Leaf(root, LOWEST, HIGHEST)]
    while stack:
        part = stack.pop()
        content = (
            None if part.number in seen or part.depth > _MAX_DEPTH else _get(pages, part.number)
        )
        kind = None if content is None else content[_start(part.number)]
        if kind == _ROW_LEAF:
            yield part
        elif kind == _ROW_NODE and content is not None and part.number is not None:
            seen.add(part.number)
            stack.extend(reversed(_parts(pages, content, part)))
        else:
            yield part._replace(number=None)


def _parts(pages: Pages, content: bytes, node: Leaf) -> list[Leaf]:
    """List what lies below an inner page; the page itself as a hole when it is noise."""
    parts: list[Leaf] = []
    low, lost_count, is_lost, depth = node.low, 0, False, node.depth + 1
    start = _start(node.number)
    offsets = _cell_offsets(pages, content, start, 12)
    for offset in offsets:
        try:
            child = _child(pages, content, offset)
            key, _ = _varint(content, offset + 4)
        except (DamagedError, IndexError):
            key, child = LOWEST, 0
        if not low < key <= node.high:
            is_lost = True
            lost_count += 1
            continue
        if is_lost:
            parts.append(Leaf(None, low, key, depth))
        parts.append(Leaf(child, low, key, depth))
        low, is_lost = key, False
    if lost_count * 2 > len(offsets):
        return [node._replace(number=None)]
    if is_lost:
        parts.append(Leaf(None, low, node.high, depth))
    last = int.from_bytes(content[start + 8 : start + 12], "big")
    return [*parts, Leaf(last if 1 < last <= pages.count else None, low, node.high, depth)]


def leaf_rows(pages: Pages, leaf: Leaf, *, is_text: bool) -> Iterator[Row | None]:
    """Read the rows of a leaf; None for each that is damaged.

    Args:
        pages: The file.
        leaf: Where, and between which keys.
        is_text: The rows hold no bytes, so that a piece of nothing but zeros is damage.
    """
    content = _get(pages, leaf.number)
    start = _start(leaf.number)
    if content is None or content[start] != _ROW_LEAF:
        return
    low = leaf.low
    for offset in _cell_offsets(pages, content, start, 8):
        try:
            size, at = _varint(content, offset)
            key, at = _varint(content, at)
            if not low < key <= leaf.high:
                raise DamagedError
            local = _local_size(size, pages.usable, pages.usable - 35)
            values = _record(_payload(pages, content, at, size, local, is_text=is_text))
        except (DamagedError, IndexError, UnicodeDecodeError, struct.error):
            yield None
        else:
            low = key
            yield Row(key, values)


def records(
    pages: Pages, root: int | None, *, expected: int | None = None
) -> Iterator[list[Value] | None]:
    """Read all records of a tree of keys; None for each part that is damaged.

    Args:
        pages: The file.
        root: Number of the first page; None when that is lost.
        expected: How many values a record has; others are damage.
    """
    seen: set[int] = set()
    stack: list[int | None] = [root]
    while stack:
        number = stack.pop()
        content = None if number in seen else _get(pages, number)
        kind = None if content is None else content[_start(number)]
        if content is None or number is None or kind not in {_KEY_LEAF, _KEY_NODE}:
            yield None
            continue
        seen.add(number)
        is_node = kind == _KEY_NODE
        if is_node:
            stack.extend(children(pages, number))
        start = _start(number)
        found = [
            _key_record(pages, content, offset + 4 * is_node, expected)
            for offset in _cell_offsets(pages, content, start, 12 if is_node else 8)
        ]
        if found.count(None) * 2 > len(found):  # the page is noise, and so is its count of cells
            yield None
        else:
            yield from found


def _key_record(
    pages: Pages, content: bytes, offset: int, expected: int | None
) -> list[Value] | None:
    try:
        size, at = _varint(content, offset)
        local = _local_size(size, pages.usable, (pages.usable - 12) * 64 // 255 - 23)
        values = _record(_payload(pages, content, at, size, local, is_text=False))
    except (DamagedError, IndexError, UnicodeDecodeError, struct.error):
        return None
    return values if expected in {None, len(values)} else None


def children(pages: Pages, number: int) -> list[int | None]:
    """List the pages below a page of any tree; None for each that is lost. A leaf has none."""
    content = _get(pages, number)
    start = _start(number)
    if content is None or content[start] not in {_ROW_NODE, _KEY_NODE}:
        return []
    found: list[int | None] = []
    for offset in _cell_offsets(pages, content, start, 12):
        try:
            found.append(_child(pages, content, offset))
        except DamagedError:
            found.append(None)
    last = int.from_bytes(content[start + 8 : start + 12], "big")
    return [*found, last if 1 < last <= pages.count else None]


def _get(pages: Pages, number: int | None) -> bytes | None:
    return None if number is None else pages.get(number)


def _start(number: int | None) -> int:
    """Tell where a page begins: the first one has the header of the file before it."""
    return 100 if number == 1 else 0


def _child(pages: Pages, content: bytes, offset: int) -> int:
    number = int.from_bytes(content[offset : offset + 4], "big")
    if not 1 < number <= pages.count:
        raise DamagedError
    return number


def _cell_offsets(pages: Pages, content: bytes, start: int, header: int) -> list[int]:
    """List where cells begin; those that lie outside of the page's content as its last byte."""
    (count,) = struct.unpack_from(">H", content, start + 3)
    first = start + header
    count = min(count, (pages.usable - first) // 2)
    lowest, last = first + 2 * count, pages.usable - 1
    offsets = struct.unpack_from(f">{count}H", content, first)
    return [offset if lowest <= offset <= last - 3 else last for offset in offsets]


def _varint(content: bytes, at: int) -> tuple[int, int]:
    byte = content[at]
    if byte < 128:  # noqa: PLR2004 - the way of nearly all
        return byte, at + 1
    value = byte & 127
    for step in range(1, 8):
        byte = content[at + step]
        value = value << 7 | byte & 127
        if byte < 128:  # noqa: PLR2004
            return value, at + step + 1
    value = value << 8 | content[at + 8]
    return (value - (1 << 64) if value >> 63 else value), at + 9


def _local_size(size: int, usable: int, most: int) -> int:
    if size < 0:
        raise DamagedError
    if size <= most:
        return size
    least = (usable - 12) * 32 // 255 - 23
    local = least + (size - least) % (usable - 4)
    return local if local <= most else least


def _payload(
    pages: Pages, content: bytes, at: int, size: int, local: int, *, is_text: bool
) -> bytes:
    end = at + local
    if end > pages.usable or size > pages.count * pages.page_size:
        raise DamagedError
    if size == local:
        return content[at:end]
    pieces, have = [content[at:end]], local
    following = int.from_bytes(content[end : end + 4], "big")
    while have < size:
        page = pages.get(following) if 1 < following <= pages.count else None
        if page is None:
            raise DamagedError
        piece = page[4 : min(pages.usable, 4 + size - have)]
        if is_text and not piece.strip(b"\0"):
            raise DamagedError
        pieces.append(piece)
        have += len(piece)
        following = int.from_bytes(page[:4], "big")
    if following:  # the last page of a chain says so
        raise DamagedError
    return b"".join(pieces)


def _record(payload: bytes) -> list[Value]:
    header_size, at = _varint(payload, 0)
    if not 0 < header_size <= len(payload):
        raise DamagedError
    types: list[int] = []
    while at < header_size:
        kind, at = _varint(payload, at)
        types.append(kind)
    if at != header_size or len(types) > _MAX_COLUMNS:
        raise DamagedError
    values: list[Value] = []
    for kind in types:
        value, at = _value(payload, at, kind)
        values.append(value)
    if at != len(payload):
        raise DamagedError
    return values


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind >= 12:  # noqa: PLR2004 - even: bytes; odd: text
        end = at + (kind - 12) // 2
        if end > len(payload):
            raise DamagedError
        piece = payload[at:end]
        return (piece.decode() if kind % 2 else piece), end
    if kind == 0:
        return None, at
    if kind in {8, 9}:
        return kind - 8, at
    if kind == _REAL:
        return float(struct.unpack_from(">d", payload, at)[0]), at + 8
    if kind < _REAL:
        end = at + _INT_SIZES[kind]
        if end > len(payload):
            raise DamagedError
        return int.from_bytes(payload[at:end], "big", signed=True), end
    raise DamagedError
