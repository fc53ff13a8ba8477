"""Calls: refs inside their values replaced by what they point to, in answers and in queries.

A path such as ``inputs.model`` is expanded where a text stands that is the ref of an object or op.
What cannot be read (missing, deleted, a bad path) stays the ref that it is.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from weave_lite.core.errors import InvalidRequest, NotFoundError
from weave_lite.core.jsontext import compact, parse
from weave_lite.core.refs import SCHEME
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store import refs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from weave_lite.trace_server.interface.encoded import EncodedCall
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["add", "expanding", "in_order"]

# The values of a call in which refs may stand, and their fields in a record.
_FIELDS: Final = {
    "inputs": "inputs_json",
    "output": "output_json",
    "attributes": "attributes_json",
    "summary": "summary_json",
}
# Objects that one query reads are remembered, up to this many.
_MAX_REMEMBERED: Final = 10_000
_ORIGINAL: Final = "_ref"
_FUNCTION: Final = "weave_expanded"


def in_order(paths: Iterable[str]) -> tuple[str, ...]:
    """Order the paths of a request so that a path comes after those above it; each once."""
    return tuple(sorted(dict.fromkeys(paths), key=lambda path: path.count(".")))


def add(
    conn: StoreConnection, paths: Sequence[str], calls: Sequence[EncodedCall]
) -> list[EncodedCall]:
    """Replace the refs at some paths of calls by the values that they point to.

    Args:
        conn: A connection; all is read of its snapshot.
        paths: Dotted paths from the root of a call, in order.
        calls: Calls as they are stored.
    """
    expander = _Expander(conn)
    return [_expanded_call(expander, paths, call) for call in calls]


def _expanded_call(expander: _Expander, paths: Sequence[str], call: EncodedCall) -> EncodedCall:
    changes: dict[str, Any] = {}
    for name, field in _FIELDS.items():
        text = getattr(call, field)
        below = [path for path in paths if path.partition(".")[0] == name]
        # Most values hold no ref; those need not be read.
        if below and text and SCHEME in text:
            changes[field] = expander.expand(text, below)
    return call._replace(**changes) if changes else call


@contextmanager
def expanding(conn: StoreConnection) -> Iterator[None]:
    """Let the queries of a connection call ``weave_expanded(document, root, paths)``.

    The function gives a stored JSON text with its refs replaced; ``paths`` is a JSON list.
    """
    expander = _Expander(conn)
    last: list[Any] = [None, None]

    def weave_expanded(document: Any, paths: str) -> Any:
        # One document is asked about several times in a row, once for each reading of a field.
        if not isinstance(document, str):
            return document
        if last[0] != (document, paths):
            last[:] = [(document, paths), expander.expand(document, parse(paths))]
        return last[1]

    conn.raw.create_function(_FUNCTION, 2, weave_expanded)
    try:
        yield
    finally:
        conn.raw.create_function(_FUNCTION, 2, None)


class _Expander:
    """Reads objects once, however many calls refer to them."""

    def __init__(self, conn: StoreConnection) -> None:
        self._conn = conn
        self._texts: dict[str, str | None] = {}

    def expand(self, text: str, paths: Sequence[str]) -> str:
        """Replace the refs at some paths in a JSON text; the first part of a path is its root."""
        holder = {"": parse(text)}
        for path in paths:
            _, _, rest = path.partition(".")
            self._expand_at(holder, "", rest.split(".") if rest else [])
        return compact(holder[""])

    def _expand_at(self, holder: dict[str, Any], key: str, parts: list[str]) -> None:
        value = holder[key]
        if not parts:
            if isinstance(value, str) and value.startswith(SCHEME):
                holder[key] = self._value_of(value)
            return
        if not isinstance(value, dict):
            return
        # A key may itself hold dots; the shortest that exists is meant.
        for count in range(1, len(parts) + 1):
            name = ".".join(parts[:count])
            if name in value:
                self._expand_at(value, name, parts[count:])
                return

    def _value_of(self, uri: str) -> Any:
        if uri not in self._texts:
            if len(self._texts) >= _MAX_REMEMBERED:
                self._texts.clear()
            self._texts[uri] = self._read(uri)
        text = self._texts[uri]
        if text is None:
            return uri
        value = parse(text)
        if isinstance(value, dict):
            value.setdefault(_ORIGINAL, uri)
        return value

    def _read(self, uri: str) -> str | None:
        try:
            (value,) = refs.read_batch(self._conn, tsi.RefsReadBatchReq(refs=[uri])).vals
        except (InvalidRequest, NotFoundError):
            return None
        return None if value is None else compact(value)
