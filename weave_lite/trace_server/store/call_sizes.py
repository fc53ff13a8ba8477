"""Calls: the bytes that they take, as the JSON texts that are stored of them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from weave_lite.trace_server.interface.encoded import EncodedCall
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["add_sizes", "add_total_sizes", "total_size"]

# Bounds the JSON text that carries integers or ids into one statement.
_CHUNK_SIZE: Final = 50_000

# The length of a text is in characters, that of a blob in bytes.
_LENGTH: Final = "coalesce(length(CAST({} AS BLOB)), 0)"
_SIZE: Final = " + ".join(
    _LENGTH.format(column) for column in ("a.attributes", "i.inputs", "o.output", "calls.summary")
)
_SOURCE: Final = (
    "calls LEFT JOIN attribute_sets AS a ON a.pk = calls.attributes"
    " LEFT JOIN call_inputs AS i ON i.pk = calls.pk"
    " LEFT JOIN call_outputs AS o ON o.pk = calls.pk"
)
_SIZES: Final = (
    f"SELECT calls.id, {_SIZE} FROM {_SOURCE}"  # noqa: S608 - texts of this module
    " WHERE calls.project = ? AND calls.id IN (SELECT value FROM json_each(?))"
)
_ROOT_TRACES: Final = (
    "SELECT trace_id FROM calls WHERE pk IN (SELECT value FROM json_each(?)) AND parent_id IS NULL"
)
_TOTAL_SIZES: Final = (
    f"SELECT calls.trace_id, sum({_SIZE}) FROM {_SOURCE}"  # noqa: S608
    " WHERE calls.project = ? AND calls.trace_id IN (SELECT value FROM json_each(?))"
    " AND calls.started_at IS NOT NULL AND calls.deleted_at IS NULL GROUP BY calls.trace_id"
)


def add_sizes(
    conn: StoreConnection, project: int, calls: Sequence[EncodedCall]
) -> list[EncodedCall]:
    """Add to each call the bytes of its attributes, inputs, output and summary."""
    ids = orjson.dumps([call.id for call in calls]).decode()
    sizes = dict(conn.raw.execute(_SIZES, (project, ids)).fetchall())
    return [call._replace(storage_size_bytes=sizes[call.id]) for call in calls]


def add_total_sizes(
    conn: StoreConnection, project: int, calls: Sequence[EncodedCall]
) -> list[EncodedCall]:
    """Add to each root the bytes of all calls of its trace that are not deleted."""
    traces = list({call.trace_id for call in calls if call.parent_id is None})
    ids = orjson.dumps(traces).decode()
    sizes = dict(conn.raw.execute(_TOTAL_SIZES, (project, ids)).fetchall())
    return [
        call._replace(total_storage_size_bytes=sizes[call.trace_id])
        if call.parent_id is None
        else call
        for call in calls
    ]


def total_size(conn: StoreConnection, project: int, pks: Iterable[int]) -> int:
    """Sum the bytes of the traces whose roots are among some calls; each trace counts once.

    Args:
        conn: A connection.
        project: Integer of the project.
        pks: Integers of calls.
    """
    traces: set[str] = set()
    wanted = iter(pks)
    while chunk := list(islice(wanted, _CHUNK_SIZE)):
        found = conn.raw.execute(_ROOT_TRACES, (orjson.dumps(chunk).decode(),))
        traces.update(row[0] for row in found)
    rest = iter(traces)
    total = 0
    while names := list(islice(rest, _CHUNK_SIZE)):
        sizes = conn.raw.execute(_TOTAL_SIZES, (project, orjson.dumps(names).decode()))
        total += sum(row[1] for row in sizes)
    return total
